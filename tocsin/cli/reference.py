"""Generates the reference of the command line from the commands."""

from __future__ import annotations

from typing import Any, Final

import typer

from tocsin.cli.main import build

HEAD: Final = """# Command line

`pip install tocsin` gives the command `tocsin` and the library `tocsin.Client`; neither needs Django. This page is
written from the commands: `python -m tocsin.cli.reference > docs/reference/cli.md`.

## Everywhere

These flags may be given before or after the verb.

| Flag | Meaning |
| --- | --- |
| `--format table\\|json\\|csv` | Tables show CRITICAL, HIGH, MEDIUM, LOW and the stage; JSON and CSV show canonical values and both words |
| `--quiet`, `-q` | Ids alone, one a line |
| `--url`, `--profile`, `--workspace` | Which server, which part of the configuration file, which workspace |
| `--insecure-http` | Allow plain http to another host |
| `--verbose` | Each request with its status and time, on stderr |
| `--no-color` | Accepted; output has no colour on any terminal |

Order: flag, then `TOCSIN_URL`, `TOCSIN_TOKEN`, `TOCSIN_TOKEN_FILE`, `TOCSIN_PROFILE`, `TOCSIN_FORMAT`, then the
configuration file (`tocsin config path`), then the default. Data goes to stdout, everything else to stderr. Off a
terminal there are no box lines and no questions. `tocsin login` puts the token into the keyring of the system where
the package `keyring` is installed (`pip install 'tocsin[keyring]'`) and works, else into the configuration file,
which only its owner may read; it is sent to that server alone. `tocsin completion bash` prints what makes a shell complete commands and incidents. Each incident may be named `INC-42`, `inc_00042` or `42`.

| Code | Means |
| --- | --- |
| 0 | done |
| 1 | refused: not found, conflict, not allowed, or some of several refused |
| 2 | usage: a word, flag or value that is not known |
| 3 | the server cannot be reached, or responds with 5xx or 429 after all retries |
| 130 | interrupted |

When the server cannot be reached, `incidents create`, `notes add` and internal `updates post` are stored on this
host and sent once by `tocsin sync`, in order; `local-1` names such an incident, also in `bundle create --incident`.
A request that the server refuses is kept and reported, and so are those that need it; the others are sent.
`incidents mitigate --approved-by` requests that person's approval and waits; it approves only where the
caller is that person. `incidents test-rule` opens nothing, with or without
`--dry-run`; only `--open` sends the events of its file. Each operation of the API has a command; where a request has more fields than flags, `--file`
takes them as JSON.
"""


def text() -> str:
    """Return the whole page."""
    return "\n".join([HEAD, *_group(typer.main.get_command(build()), "tocsin")]).rstrip() + "\n"


def _group(command: Any, name: str) -> list[str]:
    lines: list[str] = []
    for word, inner in sorted(command.commands.items()):
        if inner.hidden:
            continue
        if hasattr(inner, "commands"):
            lines += [f"## {name} {word}", "", f"{inner.help}", "", *_group(inner, f"{name} {word}")]
        else:
            lines += _command(inner, f"{name} {word}")
    return lines


def _command(command: Any, name: str) -> list[str]:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [
        p for p in command.params if p.param_type_name == "option" and not p.hidden and p.name != "help"
    ]
    usage = " ".join([name, *(_argument(a) for a in arguments)])
    rows = [f"| `{', '.join([*p.opts, *p.secondary_opts])}` | {p.help or ''} |" for p in options]
    table = ["| Flag | Meaning |", "| --- | --- |", *rows, ""] if rows else []
    return [f"### `{usage}`", "", " ".join((command.help or "").split()), "", *table]


def _argument(argument: Any) -> str:
    name = argument.metavar or argument.name.upper().rstrip("_")
    word = name + ("…" if argument.nargs == -1 else "")
    return word if argument.required else f"[{word}]"


if __name__ == "__main__":
    print(text(), end="")
