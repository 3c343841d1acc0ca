#!/bin/sh
# install.sh VENV LOCK STAMP: make the environment if need be and bring it to exactly what the lock names.
# Uses uv (from the lock, with its hashes) when it can be had, else pip.
set -eu
venv=$1 lock=$2 stamp=$3
python=${PYTHON:-python3}
say() { echo "tocsin: $*" >&2; }

for candidate in "$python" python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$candidate; break; fi
done
[ -n "${found:-}" ] || { say "Python 3.11 or newer is needed; name it with: make run PYTHON=/path/to/python3.11"; exit 1; }

if [ ! -x "$venv/bin/python" ]; then
    log=$("$found" -m venv "$venv" 2>&1) || {
        rm -rf "$venv"
        case $log in
        *ensurepip*) say "this Python cannot make environments; on Debian and Ubuntu: apt-get install python3-venv" ;;
        *) say "the environment in $venv could not be made: $(echo "$log" | tail -n 1)" ;;
        esac
        exit 1
    }
fi

say "installing $(basename "$lock" .txt) packages"
uv=$venv/bin/uv
if [ ! -x "$uv" ]; then
    only_uv=$(mktemp)
    sed -n '/^uv==/,/^[a-z#]/{/^uv==/p;/^ *--hash/p;}' "$(dirname "$lock")/dev.txt" >"$only_uv"
    "$venv/bin/python" -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r "$only_uv" || true
    rm -f "$only_uv"
fi
with_pip() { "$venv/bin/python" -m pip install -q --disable-pip-version-check --require-hashes -r "$lock"; }

# uv does not read pip's settings: hand over the index and trust the certificates that pip trusts.
index=$("$venv/bin/python" -m pip config get global.index-url 2>/dev/null || true)
[ -z "$index" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"
export UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1

# Compiled once, as pip does, not by every program at every start where Python may not write beside what it reads.
if [ -x "$uv" ]; then
    keep=$(mktemp)
    cat "$lock" >"$keep"
    grep -q '^uv==' "$lock" || sed -n '/^uv==/,/^[a-z#]/{/^uv==/p;/^ *--hash/p;}' "$(dirname "$lock")/dev.txt" >>"$keep"
    "$uv" pip sync -q --compile-bytecode --python "$venv/bin/python" --require-hashes "$keep" || with_pip
    rm -f "$keep"
else
    with_pip
fi
touch "$stamp"
