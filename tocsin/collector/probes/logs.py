"""Log files by patterns, including rotated ones, and units of the journal."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence

from tocsin.collector.context import MAX_LOG_BYTES, Context, run_command
from tocsin.collector.files import (
    UnreadableError,
    is_binary,
    is_packed,
    matching,
    open_regular,
    tail,
    unpacked,
)
from tocsin.collector.items import LOGS, TAIL, WHOLE, Item, probe, skipped

DEFAULT_PATTERNS = (
    "/var/log/*.log", "/var/log/syslog", "/var/log/messages", "~/.local/share/tocsin/*.log",
)  # fmt: skip
_ROTATED = re.compile(r"\.(\d{1,3})(?:\.(?:gz|xz|bz2))?$|-(\d{8})(?:\.(?:gz|xz|bz2))?$")


@probe("logs", seconds=60.0, phase=LOGS)
def logs(context: Context) -> Iterator[Item]:
    """Yield logs/*.log."""
    patterns = (
        tuple(context.options.logs) or tuple(context.section("logs").get("paths", ())) or DEFAULT_PATTERNS
    )
    left = context.options.max_bytes
    earliest = time.time() - context.options.since_s
    names: set[str] = set()
    for group in _rotations([path for pattern in patterns for path in matching(str(pattern))]):
        for number, path in enumerate(group):
            item, size = _one(path, left, earliest, names)
            left -= size
            yield item._replace(continues=number + 1 < len(group)) if item.path else item
    yield from _journal(context)


def _one(path: str, left: int, earliest: float, names: set[str]) -> tuple[Item, int]:
    try:
        opened = open_regular(path)
    except UnreadableError as error:
        return skipped(path, str(error)), 0
    if opened.modified < earliest:
        return skipped(path, "was not written in the requested time"), 0
    if left <= 0:
        return skipped(path, "all logs together have reached their limit"), 0
    most = min(left, MAX_LOG_BYTES)
    if is_packed(path):
        return Item(_name(path, names), path, unpacked(opened, path, most)), min(most, opened.size * 4)
    if is_binary(opened):
        return skipped(path, "is no text"), 0
    state = TAIL if opened.size > most else WHOLE
    reason = f"the last {most} of {opened.size} bytes" if state == TAIL else ""
    return Item(_name(path, names), path, tail(opened, most), state=state, reason=reason), min(
        most, opened.size
    )


def _rotations(paths: Sequence[str]) -> list[list[str]]:
    """Group the files of one rotation, oldest first: a key may begin in one and end in the next."""
    groups: dict[str, list[str]] = {}
    for path in dict.fromkeys(paths):
        groups.setdefault(_ROTATED.sub("", path), []).append(path)
    return [sorted(group, key=_age, reverse=True) for group in groups.values()]


def _age(path: str) -> int:
    found = _ROTATED.search(path)
    if not found:
        return -(10**9)
    return int(found.group(1)) if found.group(1) else -int(found.group(2))


def _name(path: str, names: set[str]) -> str:
    plain = re.sub(r"\.(gz|xz|bz2)$", "", path)
    base = re.sub(r"[^A-Za-z0-9._-]+", "_", plain.strip("/").replace("/", "_"))[-120:] or "log"
    name, number = f"logs/{base}" + ("" if base.endswith(".log") else ".log"), 2
    while name in names:
        name, number = f"logs/{base}-{number}.log", number + 1
    names.add(name)
    return name


def _journal(context: Context) -> Iterator[Item]:
    units = [str(unit) for unit in context.section("logs").get("units", ())][:20]
    choices = [["-u", unit] for unit in units] or ([["-p", "warning"]] if not context.options.logs else [])
    since = f"--since=-{int(context.options.since_s)}s"
    for choice in choices:
        argv = ["journalctl", "--no-pager", "-o", "short-iso", "-n", "5000", since, *choice]
        output = run_command(argv, min(15.0, max(1.0, context.left())))
        if output is None:
            return
        if output.text.strip() and output.code == 0:
            name = re.sub(r"[^A-Za-z0-9._-]+", "_", choice[-1])
            yield Item(
                f"logs/journal_{name}.log",
                f"journalctl {' '.join(choice)}",
                [output.text],
                reason=output.reason,
            )
        elif output.reason:
            yield skipped(f"journalctl {' '.join(choice)}", output.reason)


def folder_of(path: str) -> str:
    """Return the folder of a path."""
    return os.path.dirname(os.path.abspath(path))
