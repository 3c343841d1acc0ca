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

from tocsin.cli import frame, operations
from tocsin.cli.commands import (
    attachments,
    bundles,
    incidents_read,
    incidents_write,
    mitigate,
    response,
    rules,
    session,
    watch,
)
from tocsin.cli.operation import group_of, register
from tocsin.problems import INTERRUPTED, USAGE, TocsinError

UsageError: Final[type[Exception]] = typer.BadParameter.__mro__[1]
HELP: Final = """Incident management from the terminal.

Everywhere: --format table|json|csv, --quiet (ids only), --url, --profile, --workspace, --no-color, --verbose,
--insecure-http. Exit codes: 0 done, 1 refused, 2 usage, 3 unreachable, 130 interrupted.
"""
# Of the bundles' noun `incident`, which is easily taken for `incidents`.
ONE_OR_MANY: Final = ("get", "resolve", "close", "acknowledge", "assign", "update", "timeline", "watch")


def build(noun: str = "") -> typer.Typer:
    """All commands; with a first word, those behind other words may be left out, which takes less time."""
    app = typer.Typer(
        name="tocsin", help=HELP, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False
    )
    incidents = typer.Typer(help="Incidents.", no_args_is_help=True)
    for module in (incidents_read, incidents_write, mitigate, rules, watch):
        module.register(incidents)
    app.add_typer(incidents, name="incidents")
    for other in (attachments, bundles, response, session):
        other.register(app)
    _add_operations(app, noun)
    return app


def _add_operations(app: typer.Typer, noun: str) -> None:
    """Add the commands of every file of `operations/`."""
    files = sorted(module.name for module in pkgutil.iter_modules(operations.__path__))
    tables = [importlib.import_module(f"{operations.__name__}.{name}") for name in files]
    groups = {noun: text for table in tables for noun, text in table.GROUPS.items()}
    for table in tables:
        for operation in table.OPERATIONS:
            group = group_of(app, operation, groups)
            if not noun or operation.command.startswith(f"{noun} "):
                register(group, operation)


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
        return 0 if "watch" in arguments or "dashboard" in arguments else INTERRUPTED
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
    code: Any = _command(arguments[0] if arguments else "--help").main(
        arguments, prog_name="tocsin", standalone_mode=False
    )
    return code if isinstance(code, int) else 0


def _failed(message: str, code: int) -> int:
    first, *more = message.splitlines() or [""]
    frame.say(f"tocsin: {first}")
    for line in more:
        frame.say(line)
    return code


def _usage(error: Exception, arguments: Sequence[str]) -> str:
    """The error with the known words and the nearest one."""
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
    return f"{message.rstrip('.?')}.{hint} Known: {', '.join(known)}."
