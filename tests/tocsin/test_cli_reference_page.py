"""The reference page is what the commands say; every operation of the API can be reached."""

from __future__ import annotations

from pathlib import Path

from tocsin.cli.reference import text

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "cli.md"


def test_the_page_is_written_from_the_commands() -> None:
    assert PAGE.read_text() == text(), "run: python -m tocsin.cli.reference > docs/reference/cli.md"
