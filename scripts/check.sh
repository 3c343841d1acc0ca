#!/bin/sh
# Everything that can be said about the code without running it for real.
set -eu
export TOCSIN_ENV=test
run() { echo "== $*"; "$@"; }
run ruff check
run ruff format --check
run mypy
run lint-imports
run djlint --quiet --lint templates
run python manage.py check
run python -m pytest -q tests/architecture
