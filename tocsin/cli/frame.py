"""Shared parts of commands: the global flags, the connection, and the output of results."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import sys
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tocsin.cli.cards import card
from tocsin.cli.tables import boxed, plain
from tocsin.client import Client
from tocsin.problems import BadUsageError
from tocsin.settings import load_settings

FORMATS: Final = ("table", "json", "csv")
_WITH_VALUE: Final = {
    "--profile": "profile",
    "--url": "url",
    "--workspace": "workspace",
    "--format": "format",
}
_SWITCHES: Final = {
    "--quiet": "quiet", "-q": "quiet", "--no-color": "no_color", "--verbose": "verbose",
    "--insecure-http": "insecure_http",
}  # fmt: skip
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_FORMULA: Final = re.compile(r"^[\t\r\n\ufeff]|^[\s\"'\ufeff\u200b]*[=+\-@|%\u2212\uff1d\uff0b\uff0d\uff20]")

Columns = Mapping[str, str | Callable[[Mapping[str, Any]], Any]]


@dataclass
class State:
    """The global flags of one invocation."""

    given: dict[str, str] = field(default_factory=dict)
    client: Client | None = None

    def has(self, switch: str) -> bool:
        return bool(self.given.get(switch))


STATE = State()


def take_global_flags(arguments: Sequence[str]) -> list[str]:
    """Remove the global flags from the arguments, before and after the verb; return the others."""
    STATE.given, STATE.client = {}, None
    rest: list[str] = []
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        name, _, value = word.partition("=")
        if word == "--":
            return [*rest, word, *waiting]
        if word in _SWITCHES:
            STATE.given[_SWITCHES[word]] = "1"
        elif name in _WITH_VALUE:
            if "=" not in word and not waiting:
                raise BadUsageError(f"{name} needs a value.")
            STATE.given[_WITH_VALUE[name]] = value if "=" in word else waiting.pop(0)
        else:
            rest.append(word)
    if STATE.given.get("format", "table") not in FORMATS:
        raise BadUsageError(f"--format {STATE.given['format']!r} is not known. Known: {', '.join(FORMATS)}.")
    return rest


def client() -> Client:
    """Return the client of this invocation."""
    if STATE.client is None:
        trace = say if STATE.has("verbose") else None
        STATE.client = Client(settings=load_settings(STATE.given), trace=trace)
    return STATE.client


def new_key() -> str:
    """Return an Idempotency-Key, under which a request may be repeated."""
    return str(uuid.uuid4())


def output_format(default: str = "table") -> str:
    """Return the format requested by flag or environment, else the default of the command."""
    chosen = STATE.given.get("format") or os.environ.get("TOCSIN_FORMAT") or default
    if chosen not in FORMATS:
        raise BadUsageError(f"TOCSIN_FORMAT {chosen!r} is not known. Known: {', '.join(FORMATS)}.")
    return chosen


def is_quiet() -> bool:
    """Return whether only ids are printed."""
    return STATE.has("quiet")


def say(text: str) -> None:
    """Print a line for people, on stderr."""
    print(safe(text), file=sys.stderr, flush=True)


def put(text: str) -> None:
    """Print a line of data, on stdout."""
    print(text, flush=True)


def safe(text: str) -> str:
    """Return untrusted text without terminal control characters."""
    return _CONTROL.sub(lambda m: "".join(f"\\x{ord(c):02x}" for c in m.group()), text)


def put_json(value: Any) -> None:
    """Print one JSON document."""
    put(json.dumps(value, indent=2, ensure_ascii=not _is_unicode()))


def put_list(
    rows: Iterable[Mapping[str, Any]],
    columns: Columns,
    *,
    id_field: str,
    title: str = "",
    empty: str = "",
) -> None:
    """Print a list in the requested format. `columns`: heading -> field, or a function of the row."""
    found = list(rows)
    if is_quiet():
        for row in found:
            put(safe(str(row[id_field])))
        return
    if output_format() == "json":
        put_json(found)
    elif output_format() == "csv":
        put_csv(found)
    else:
        cells = [[cell(row, column) for column in columns.values()] for row in found]
        if not cells and empty:
            say(empty)
            return
        if title:
            put(title)
        put_table(list(columns), cells)


def put_table(headings: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """Print a table: boxed and fitted on a terminal, plain columns elsewhere; never truncated."""
    is_boxed = sys.stdout.isatty() or _wants_boxes()
    put(boxed(headings, cells, most=terminal_columns()) if is_boxed else plain(headings, cells))


def terminal_columns() -> int:
    """Return the width of tables: 0, unlimited, off a terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def put_csv(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print every field of every row; cells that a spreadsheet would evaluate are disarmed."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer.writerow(names)
    writer.writerows([[_csv_cell(row.get(name)) for name in names] for row in rows])
    sys.stdout.write(file.getvalue())


def put_object(value: Mapping[str, Any], *, id_field: str = "id", default: str = "table") -> None:
    """Print one object: JSON, one CSV row, or a card of names and values."""
    if is_quiet():
        put(safe(str(value.get(id_field, ""))))
    elif output_format(default) == "json":
        put_json(value)
    elif output_format(default) == "csv":
        put_csv([value])
    else:
        for line in card(value, text_of, terminal_columns()):
            put(line)


def cell(row: Mapping[str, Any], column: str | Callable[[Mapping[str, Any]], Any]) -> str:
    """Return the text of one cell, on one line."""
    return text_of(column(row) if callable(column) else row.get(column))


def text_of(value: Any) -> str:
    """Return a value on one line, without terminal control characters."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "✓" if value else ""
    if isinstance(value, list | dict):
        flat = all(isinstance(item, str) for item in value) and isinstance(value, list)
        value = ", ".join(value) if flat else json.dumps(value, ensure_ascii=False)
    return safe(str(value)).replace("\n", " ").replace("\t", " ")


def _csv_cell(value: Any) -> str:
    if isinstance(value, list | dict):
        value = json.dumps(value, ensure_ascii=False)
    text = "" if value is None else str(value)
    return f"'{text}" if _FORMULA.match(text) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(?:\.\d+)?", text) is not None


def _wants_boxes() -> bool:
    return STATE.given.get("format") == "table" and bool(os.environ.get("TOCSIN_BOXES"))


def _is_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
