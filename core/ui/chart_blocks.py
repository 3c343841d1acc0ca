"""Charts in Markdown: a fenced block named `chart` with a title and one `label: number` a line. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

MAX_ROWS: Final = 50
MAX_LABEL_CHARS: Final = 120
_NUMBER: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,6})?")


@dataclass(frozen=True)
class ChartBlock:
    """Named numbers; `share` of a number is its part of the largest one, 0 to 100."""

    title: str
    rows: tuple[tuple[str, float], ...]

    def share(self, value: float) -> int:
        """Return the length of its bar."""
        most = max((number for _, number in self.rows), default=0)
        return round(100 * value / most) if most else 0


def read_chart(info: str, text: str) -> ChartBlock | None:
    """Parse the chart of a fenced block; None if it is no chart or a line is not understood."""
    if info.strip() != "chart":
        return None
    title, rows = "", []
    for line in filter(None, (one.strip() for one in text.split("\n"))):
        label, colon, number = line.rpartition(":")
        if colon and _NUMBER.fullmatch(number.strip()):
            rows.append((label.strip()[:MAX_LABEL_CHARS], float(number)))
        elif not title and not rows:
            title = line[:MAX_LABEL_CHARS]
        else:
            return None
    return ChartBlock(title or "Chart", tuple(rows)) if 0 < len(rows) <= MAX_ROWS else None


def write_chart(title: str, rows: list[tuple[str, float]]) -> str:
    """Return the fenced block of named numbers; empty without any."""
    lines = [f"{_plain(label)}: {number:g}" for label, number in rows[:MAX_ROWS]]
    return "\n".join(["```chart", _plain(title).replace(":", ","), *lines, "```"]) if lines else ""


def chart_html(chart: ChartBlock) -> SafeString:
    """Render a table of labels, bars and numbers; screen readers get the numbers."""
    rows = format_html_join(
        "",
        '<tr><th scope="row">{}</th><td><svg class="bar-line" viewBox="0 0 100 8" width="120" height="10"'
        ' preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect width="{}" height="8"'
        ' fill="currentColor"/></svg></td><td class="num">{}</td></tr>',
        ((label, chart.share(number), f"{number:,g}") for label, number in chart.rows),
    )
    return format_html(
        '<table class="chart-block"><caption>{}</caption><tbody>{}</tbody></table>', chart.title, rows
    )


def _plain(words: str) -> str:
    """Return the text as one line that cannot end the block."""
    return " ".join(words.replace("`", "'").split())[:MAX_LABEL_CHARS] or "?"
