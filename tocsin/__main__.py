"""`python -m tocsin`."""

from __future__ import annotations

from tocsin.cli.main import main

main()
