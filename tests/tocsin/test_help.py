"""Help and completion: complete, in order, and without the modules that take long to import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from tests.fakes.receiver import Receiver, Reply, running
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


def test_list_of_first_words_is_that_of_the_commands() -> None:
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


def test_word_that_the_list_does_not_have_is_looked_for_among_all(monkeypatch: pytest.MonkeyPatch) -> None:
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
    output = _run(
        "import sys; from tocsin.cli.main import run; run(['--help']); print('IMPORTED', *sys.modules)"
    )
    shown, imported = output.split("IMPORTED")
    assert [name for name in imported.split() if name.startswith(HEAVY)] == []
    assert all(f"  {word} " in shown for word in NOUNS)


def test_shell_completes_active_incidents_of_the_last_half_minute(tmp_path: Path) -> None:
    found = [{"incident_id": f"INC-{n}", "title": f"Trouble \x1b[2J{n}"} for n in (1, 12, 20)]
    body = json.dumps(found).encode()
    with running(Receiver(lambda _: Reply(200, body, {"Content-Type": "application/json"}))) as fake:
        environment = {
            "_TOCSIN_COMPLETE": "complete_bash", "COMP_CWORD": "3", "TOCSIN_URL": fake.url,
            "TOCSIN_TOKEN": "x", "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path),
        }  # fmt: skip
        for verb, word, ids in [
            ("incidents get", "inc-1", ["inc-1", "inc-12"]),
            ("incidents resolve", "", ["INC-1", "INC-12", "INC-20"]),
            ("stages show", "INC-2", ["INC-20"]),
        ]:
            output = _run(
                "from tocsin.cli.main import main; main([])",
                **environment,
                COMP_WORDS=f"tocsin {verb} {word}",
            )
            assert output.split() == ids
    assert len(fake.received) == 1
    [stored] = tmp_path.rglob("completion.json")
    assert stored.stat().st_mode & 0o777 == 0o600
    assert "\x1b" not in json.loads(stored.read_text())["incidents"][0]["title"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_of_a_shell_is_printed(
    shell: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main.run(["completion", shell]) == 0
    shown = capsys.readouterr().out
    assert "_TOCSIN_COMPLETE" in shown
    if shell == "bash":
        (tmp_path / "tocsin").write_text(shown)
        subprocess.run(["bash", "-n", str(tmp_path / "tocsin")], check=True, timeout=30)
    assert main.run(["completion", "tcsh"]) == 2


@pytest.mark.parametrize(
    ("line", "words"),
    [("tocsin sil", ["silences"]), ("tocsin silences ", ["create", "end", "list", "show", "update"])],
    ids=["first word", "its commands"],
)
def test_shell_completes_words_and_their_commands(line: str, words: list[str]) -> None:
    environment = {
        "_TOCSIN_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(line.count(" ")),
    }
    assert sorted(_run("from tocsin.cli.main import main; main([])", **environment).split()) == words
