"""The program `tocsin`: builds the commands, runs one, turns errors into exit codes."""

from __future__ import annotations

import difflib
import functools
import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence
from typing import Any, Final

import typer

from tocsin.cli import commands, frame, operations
from tocsin.cli.nouns import NOUNS
from tocsin.cli.operation import group_of, register
from tocsin.problems import INTERRUPTED, USAGE, TocsinError

UsageError: Final[type[Exception]] = typer.BadParameter.__mro__[1]
HELP: Final = """Incident management from the terminal.

Everywhere: --format table|json|csv, --quiet (ids only), --url, --profile, --workspace, --no-color, --verbose,
--insecure-http. Exit codes: 0 done, 1 refused, 2 usage, 3 unreachable, 130 interrupted.
"""
# Of the group `incident` for bundles, which is easily confused with `incidents`.
ONE_OR_MANY: Final = ("get", "resolve", "close", "acknowledge", "assign", "update", "timeline", "watch")


INCIDENTS: Final = ("incidents_read", "incidents_write", "mitigate", "rules", "watch")
ALL: Final = ""


def build(noun: str = ALL) -> typer.Typer:
    """Build the commands.

    With a first word, only its commands are imported; the others have only their help.
    """
    app = typer.Typer(
        name="tocsin", help=HELP, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False
    )
    if noun in (ALL, "incidents"):
        incidents = typer.Typer(help=NOUNS["incidents"].help, no_args_is_help=True)
        for name in INCIDENTS:
            _module(name).register(incidents)
        app.add_typer(incidents, name="incidents")
    chosen = NOUNS if noun == ALL else {noun} & NOUNS.keys()
    for name in sorted({NOUNS[word].module for word in chosen} - {"", "incidents"}):
        _module(name).register(app)
    if chosen:
        _add_operations(app, noun)
    _add_help(app)
    return app


def _module(name: str) -> Any:
    return importlib.import_module(f"{commands.__name__}.{name}")


def _add_help(app: typer.Typer) -> None:
    """Add the words whose commands were not imported, and sort all."""
    known = {group.name for group in app.registered_groups}
    known |= {command.name for command in app.registered_commands}
    for word, noun in NOUNS.items():
        if word not in known and noun.is_command:
            app.command(word, help=noun.help)(_left_out)
        elif word not in known:
            app.add_typer(typer.Typer(help=noun.help), name=word)
    app.registered_groups.sort(key=lambda group: str(group.name))
    app.registered_commands.sort(key=lambda command: str(command.name))


def _left_out() -> None:
    """Placeholder of a command that is not imported, in the list of all commands."""


def _add_operations(app: typer.Typer, noun: str) -> None:
    """Add the commands of every file of `operations/`."""
    files = sorted(module.name for module in pkgutil.iter_modules(operations.__path__))
    tables = [importlib.import_module(f"{operations.__name__}.{name}") for name in files]
    groups = {noun: text for table in tables for noun, text in table.GROUPS.items()}
    for table in tables:
        for operation in table.OPERATIONS:
            if noun == ALL or operation.command.startswith(f"{noun} "):
                register(group_of(app, operation, groups), operation)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command; return the exit code."""
    try:
        return _ran(frame.take_global_flags(arguments))
    except TocsinError as error:
        return _failed(str(error), error.exit_code)
    except UsageError as error:
        return _failed(_usage(error, arguments), USAGE)
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted(arguments)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as error:
        return _failed(f"{error.filename or ''}: {error.strerror}".removeprefix(": "), 1)
    finally:
        if frame.STATE.client is not None:
            frame.STATE.client.close()


@functools.cache
def _command(noun: str) -> Any:
    return typer.main.get_command(build(noun))


def _ran(arguments: list[str]) -> int:
    code: Any = _command(_noun_of(arguments)).main(arguments, prog_name="tocsin", standalone_mode=False)
    return _interrupted(arguments) if code == INTERRUPTED else code if isinstance(code, int) else 0


def _interrupted(arguments: Sequence[str]) -> int:
    """Return exit code 0 for commands that run until Ctrl-C."""
    return 0 if "watch" in arguments or "dashboard" in arguments else INTERRUPTED


def _noun_of(arguments: Sequence[str]) -> str:
    """Return the first word; for completion, only once it is complete."""
    if "_TOCSIN_COMPLETE" in os.environ:
        line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or ""
        arguments = line.split()[1:]
    first = arguments[0] if arguments else "--help"
    return first if first in NOUNS or first.startswith("-") else ALL


def _failed(message: str, code: int) -> int:
    first, *more = message.splitlines() or [""]
    frame.say(f"tocsin: {first}")
    for line in more:
        frame.say(line)
    return code


def _usage(error: Exception, arguments: Sequence[str]) -> str:
    """Return the error with the known words and the nearest one."""
    message = str(getattr(error, "format_message", lambda: error)())
    if list(arguments[:1]) == ["incident"] and len(arguments) > 1 and arguments[1] in ONE_OR_MANY:
        return f"incident {arguments[1]} is not a command. Did you mean: tocsin incidents {arguments[1]}"
    context = getattr(error, "ctx", None)
    group = getattr(context, "command", None)
    known = sorted(getattr(group, "commands", {}))
    word = next((a for a in arguments if a not in known and f"'{a}'" in message), "")
    if "No such command" not in message or not known:
        return message
    near = difflib.get_close_matches(word, known, 1, 0.5)
    hint = f" Did you mean {near[0]}?" if near and "Did you mean" not in message else ""
    return f"{message.rstrip('.')}{'' if message.endswith('?') else '.'}{hint} Known: {', '.join(known)}."
