#!/bin/sh
# Write the locks anew. `--upgrade` and other options are passed on.
set -eu
for extra in server dev; do
    more=$([ "$extra" = dev ] && echo "--extra dev" || true)
    # shellcheck disable=SC2086
    uv pip compile -q --universal --generate-hashes --python-version 3.11 pyproject.toml --extra server --extra pdf $more \
        --no-emit-index-url --no-header -o "requirements/$extra.txt" "$@"
done
