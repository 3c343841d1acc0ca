"""The reference page equals the commands' help; every operation of the API can be reached."""

from __future__ import annotations

from pathlib import Path

from tocsin.cli.reference import text

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "cli.md"


def test_page_is_written_from_the_commands() -> None:
    assert PAGE.read_text() == text(), "run: python -m tocsin.cli.reference > docs/reference/cli.md"


def test_the_third_command_of_the_readme_is_the_command_line() -> None:
    first_block = (ROOT / "README.md").read_text().split("```bash\n")[1].split("```")[0].splitlines()
    assert [line.split("#")[0].strip() for line in first_block] == [
        "make run", "make test", 'pip install . && tocsin incident create --summary "Services not starting"'
    ]  # fmt: skip
