"""Help and completion: complete, in order, and without the modules that take long to import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from tocsin.cli import main
from tocsin.cli.main import build
from tocsin.cli.nouns import NOUNS

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "httpx2",
    "rich",
    "ssl",
    "urllib.request",
    "tocsin.redaction",
    "tocsin.collector",
    "tocsin.cli.commands.",
)


def test_the_list_of_first_words_is_that_of_the_commands() -> None:
    made = typer.main.get_command(build()).commands
    assert {word: command.help.splitlines()[0] for word, command in made.items()} == {
        word: noun.help for word, noun in NOUNS.items()
    }
    assert {word for word, command in made.items() if not hasattr(command, "commands")} == {
        word for word, noun in NOUNS.items() if noun.is_command
    }


def test_one_word_alone_has_all_its_commands() -> None:
    everything = typer.main.get_command(build()).commands
    for word in NOUNS:
        alone = typer.main.get_command(build(word)).commands
        assert sorted(getattr(alone[word], "commands", {})) == sorted(
            getattr(everything[word], "commands", {})
        )
        assert sorted(alone) == sorted(everything)


def test_a_word_that_the_list_does_not_have_is_looked_for_among_all(monkeypatch: pytest.MonkeyPatch) -> None:
    rest = {word: noun for word, noun in NOUNS.items() if word != "silences"}
    monkeypatch.setattr(main, "NOUNS", rest)
    assert main._noun_of(["silences", "list"]) == ""
    assert main._noun_of(["stages", "show"]) == "stages"


def _run(code: str, **environment: str) -> str:
    env = {**os.environ, **environment}
    argv = [sys.executable, "-c", code]
    ran = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, check=True, timeout=60)
    return ran.stdout


def test_help_imports_no_command_and_nothing_of_the_network() -> None:
    said = _run(
        "import sys; from tocsin.cli.main import run; run(['--help']); print('IMPORTED', *sys.modules)"
    )
    shown, imported = said.split("IMPORTED")
    assert [name for name in imported.split() if name.startswith(HEAVY)] == []
    assert all(f"  {word} " in shown for word in NOUNS)


@pytest.mark.parametrize(
    ("line", "words"),
    [("tocsin sil", ["silences"]), ("tocsin silences ", ["create", "end", "list", "show", "update"])],
    ids=["first word", "its commands"],
)
def test_a_shell_completes_words_and_their_commands(line: str, words: list[str]) -> None:
    asked = {"_TOCSIN_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    assert sorted(_run("from tocsin.cli.main import main; main([])", **asked).split()) == words
