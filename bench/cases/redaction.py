"""Goal 18: speed of redaction for ordinary log lines and for hostile ones."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable

from bench.harness.figures import in_turn, median
from bench.harness.report import Report, Verdict
from bench.harness.scale import Scale
from core.redaction import redact
from tests.runtime.redaction import shapes
from tests.runtime.redaction.first_hard import HARD
from tests.runtime.redaction.first_harmless import HARMLESS, LOOKALIKES
from tests.runtime.redaction.first_plain import PLAIN
from tests.runtime.redaction.hostile import hostile_lines

MEGABYTE = 1_000_000


def ordinary_and_hostile(scale: Scale) -> Report:
    """Goal 18."""
    size = MEGABYTE // 50 if scale.is_smoke else MEGABYTE
    lines = _lines(size)
    candidates = {
        "logging, into memory": lambda: _speed(lines, _logged()),
        "redaction": lambda: _speed(lines, redact),
    }
    measured = in_turn(scale.repetitions, candidates)
    hostile = {name: _seconds_for_a_megabyte(text) for name, text in hostile_lines(size).items()}
    worst = max(hostile, key=hostile.__getitem__)
    medians = {name: median(speeds) for name, speeds in measured.items()}
    verdicts = [
        Verdict("redaction of log lines", medians["redaction"], 5, unit=" MB/s"),
        Verdict("redaction / logging", medians["redaction"] / medians["logging, into memory"], 0.5, unit="×"),
        Verdict("worst hostile line", hostile[worst], 1, unit=" s/MB", more_is_better=False),
    ]
    rows = [(f"{name}, MB/s", medians[name], min(all_), max(all_)) for name, all_ in measured.items()]
    slowest = sorted(hostile.items(), key=lambda pair: -pair[1])[:5]
    rows += [(f"hostile, {name}, s/MB", seconds, seconds, seconds) for name, seconds in slowest]
    note = "CPU time of one thread. Of a hundred lines five hold a secret; each hostile line is 1 MB."
    return Report(
        18, "secrets taken out of log lines", ("what", "median", "least", "most"), rows, verdicts, note
    )


def _lines(size: int) -> list[str]:
    """Return about `size` characters of log: of 100 lines 5 contain a secret, 15 a lookalike."""
    count = size // 100
    made = [
        *shapes.lines(HARMLESS, count * 8 // 10, 1),
        *shapes.lines(LOOKALIKES, count * 15 // 100, 2),
        *shapes.lines(PLAIN, count * 4 // 100, 3),
        *shapes.lines(HARD, count // 100, 4),
    ]
    return [line.text for line in made]


def _logged() -> Callable[[str], object]:
    """Write lines with the standard library's logging, without the disk."""
    logger = logging.Logger("bench")
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger.addHandler(handler)
    return logger.warning


def _speed(lines: list[str], work: Callable[[str], object]) -> float:
    """Return MB per second of CPU."""
    began = time.process_time()
    for line in lines:
        work(line)
    return sum(map(len, lines)) / MEGABYTE / (time.process_time() - began)


def _seconds_for_a_megabyte(text: str) -> float:
    began = time.process_time()
    redact(text)
    return (time.process_time() - began) * MEGABYTE / len(text)
