#!/bin/sh
# All static checks.
set -eu
export TOCSIN_ENV=test
run() { echo "== $*"; "$@"; }
echo "== mypy, beside the others: it takes longer than all of them"
mypy &
types=$!
trap 'kill "$types" 2>/dev/null || true' EXIT
run ruff check
run ruff format --check
run lint-imports
run djlint --quiet --lint templates
run djangofmt --quiet --check templates
run python -m scripts.format_css --check
run python manage.py check
wait "$types"
# Whoever runs all tests afterwards need not run these twice.
[ -n "${CHECK_WITHOUT_TESTS:-}" ] || run python -m pytest -q tests/architecture
