"""Reads the configuration: `tomllib` if Python has it, else a parser of the needed subset."""

from __future__ import annotations

import ast
import re
from typing import Any

_TABLE = re.compile(r"\[([\w.\"-]+)\]")
_LIST = re.compile(r"\[\[([\w.-]+)\]\]")
_PAIR = re.compile(r"([\w-]+|\"[^\"]*\")\s*=\s*(.*)", re.DOTALL)


class ConfigError(ValueError):
    """The configuration cannot be read."""


def read_toml(text: str) -> dict[str, Any]:
    """Parse tables, lists of tables, strings, integers, true and false, and lists of those."""
    try:
        import tomllib
    except ImportError:
        return read_subset(text)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(error)) from error


def read_subset(text: str) -> dict[str, Any]:
    """Parser for Python 3.9 and 3.10."""
    root: dict[str, Any] = {}
    table = root
    pending = ""
    for number, raw in enumerate(text.splitlines(), 1):
        line = pending + _without_comment(raw).strip()
        pending = ""
        if not line:
            continue
        if found := _LIST.fullmatch(line):
            table = {}
            _parent(root, found.group(1)).setdefault(_last(found.group(1)), []).append(table)
        elif found := _TABLE.fullmatch(line):
            table = _parent(root, found.group(1)).setdefault(_last(found.group(1)), {})
        elif found := _PAIR.fullmatch(line):
            if found.group(2).count("[") > found.group(2).count("]"):
                pending = line + " "
                continue
            table[found.group(1).strip('"')] = _value(found.group(2), number)
        else:
            raise ConfigError(f"line {number} is not understood: {raw.strip()[:60]}")
    if pending:
        raise ConfigError("a list is not closed")
    return root


def _without_comment(line: str) -> str:
    quote = ""
    for at, letter in enumerate(line):
        if quote:
            quote = "" if letter == quote and line[at - 1] != "\\" else quote
        elif letter in "\"'":
            quote = letter
        elif letter == "#":
            return line[:at]
    return line


def _parent(root: dict[str, Any], name: str) -> dict[str, Any]:
    table = root
    for part in name.split(".")[:-1]:
        found = table.setdefault(part.strip('"'), {})
        table = found[-1] if isinstance(found, list) else found
    return table


def _last(name: str) -> str:
    return name.split(".")[-1].strip('"')


def _value(text: str, number: int) -> Any:
    words = {"true": "True", "false": "False"}
    try:
        return ast.literal_eval(words.get(text.strip(), text.strip()))
    except (ValueError, SyntaxError) as error:
        raise ConfigError(f"line {number}: {text.strip()[:60]} is not understood") from error
