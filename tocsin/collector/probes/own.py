"""Operators' own probes: one TOML file each in `probes.d`, with a command and a filter of its output."""

from __future__ import annotations

import functools
import os
import re
import stat
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from tocsin.collector.context import Context, run_command
from tocsin.collector.files import UnreadableError, open_regular
from tocsin.collector.items import LOGS, PARTIAL, WHOLE, Item, Probe, skipped
from tocsin.collector.toml_config import ConfigError, read_toml

MAX_PROBES = 50
MAX_FILE_BYTES = 64_000
DEFAULT_SECONDS, MAX_SECONDS = 10.0, 60.0
MAX_LINES = 100_000
KEYS = ("argv", "seconds", "lines", "keep")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}")


class OwnProbe(NamedTuple):
    """A file of `probes.d`: the command, and which of its lines are included."""

    argv: Sequence[str]
    seconds: float = DEFAULT_SECONDS
    lines: int = MAX_LINES  # the last ones
    keep: Sequence[str] = ()  # a line is included if it contains one of these words; none: all lines


def folder() -> str:
    """Return the folder of the files."""
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(base, "tocsin", "probes.d")


def own_probes(where: str) -> list[Probe]:
    """Return a probe for each file, in order of their names. Invalid ones are skipped with the reason."""
    try:
        names = sorted(name for name in os.listdir(where) if name.endswith(".toml"))[:MAX_PROBES]
    except OSError:
        return []
    return [_probe(os.path.join(where, name)) for name in names]


def _probe(path: str) -> Probe:
    name = os.path.basename(path)[: -len(".toml")]
    try:
        own = _read(path, name)
    except (ConfigError, UnreadableError, UnicodeDecodeError) as error:
        return Probe(f"own:{name}", 1.0, LOGS, functools.partial(_unusable, path, str(error)))
    return Probe(f"own:{name}", own.seconds + 1.0, LOGS, functools.partial(_run, name, own))


def _unusable(path: str, reason: str, _context: Context) -> Iterator[Item]:
    yield skipped(path, reason)


def _run(name: str, own: OwnProbe, context: Context) -> Iterator[Item]:
    """Return the output of the command, as a log."""
    source = f"probes.d/{name}.toml"
    output = run_command(own.argv, min(own.seconds, max(0.1, context.left())))
    if output is None:
        yield skipped(source, f"{own.argv[0]} is not installed")
        return
    words = [word.encode() for word in own.keep]
    lines = [line for line in output.text.splitlines() if not words or any(word in line for word in words)]
    shown = lines[-own.lines :]
    reason = output.reason or (f"exit code {output.code}" if output.code else "")
    text = b"".join(line + b"\n" for line in shown)
    state = PARTIAL if output.reason else WHOLE
    yield Item(f"logs/probe_{name}.log", source, [text], state=state, reason=reason)


def _read(path: str, name: str) -> OwnProbe:
    if not _NAME.fullmatch(name):
        raise ConfigError("its name may have letters, digits, dot, dash and underscore, and begins with one")
    opened = open_regular(path)
    with opened.file as file:
        info = os.fstat(file.fileno())
        if info.st_uid not in (0, os.getuid()) or info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise ConfigError("others may write this file, and it names a command. Try: chmod go-w")
        given = read_toml(file.read(MAX_FILE_BYTES).decode("utf-8"))
    return _checked(given)


def _checked(given: Any) -> OwnProbe:
    unknown = sorted(set(given) - set(KEYS))
    if unknown:
        raise ConfigError(f"{', '.join(unknown)} is not known. Known: {', '.join(KEYS)}")
    argv = given.get("argv")
    if not _is_words(argv) or not argv:
        raise ConfigError('argv must be a list of words, such as ["rabbitmqctl", "list_queues"]')
    seconds, lines, keep = (given.get(key, default) for key, default in _DEFAULTS)
    if not _is_number(seconds) or not 0 < seconds <= MAX_SECONDS:
        raise ConfigError(f"seconds must be a number up to {MAX_SECONDS:g}")
    if not _is_number(lines) or not 1 <= lines <= MAX_LINES:
        raise ConfigError(f"lines must be a number from 1 to {MAX_LINES}")
    if not _is_words(keep):
        raise ConfigError("keep must be a list of words")
    return OwnProbe(tuple(argv), float(seconds), int(lines), tuple(keep))


_DEFAULTS: Sequence[Any] = (("seconds", DEFAULT_SECONDS), ("lines", MAX_LINES), ("keep", ()))


def _is_words(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(word, str) for word in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
