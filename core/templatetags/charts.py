"""Template tags for server-rendered SVG charts with a data table."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core.ui import charts
from core.ui.charts import Bar, Cell, Chart

register = template.Library()
DRAWN: Final = 64  # fragments of each kind cached per process: one has 10 to 20 KB and takes 3 ms to draw
MAX_TOOLTIPS: Final = 400  # beyond, a mark is too thin to point at
CELL, GAP, MARGIN = 12, 2, 12  # of a heat map, in its own units
_DAYS: Final = ((0, "Mon"), (2, "Wed"), (4, "Fri"))
_BOX: Final = "0 0 100 100"


@register.simple_tag
@lru_cache(maxsize=DRAWN)
def bars(chart: Chart) -> SafeString:
    """Render the series of a chart side by side."""
    return _figure(chart, _plot(chart, charts.bars(chart), (v for one in chart.series for v in one.values)))


@register.simple_tag
@lru_cache(maxsize=DRAWN)
def stacked_bars(chart: Chart) -> SafeString:
    """Render the series of a chart on top of each other."""
    return _figure(chart, _plot(chart, charts.stacked(chart), chart.sums))


@register.simple_tag
@lru_cache(maxsize=DRAWN)
def spark(chart: Chart) -> SafeString:
    """Render a line through the first series, without axes, and its table."""
    return format_html('<figure class="chart">{}{}</figure>', spark_line(chart), _table(chart))


@register.simple_tag
def spark_line(chart: Chart) -> SafeString:
    """Render the line alone, for places that show the table elsewhere."""
    points = charts.spark(chart.series[0].values) if chart.series else []
    line = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
    drawn = format_html('<polyline class="spark-line" points="{}" vector-effect="non-scaling-stroke"/>', line)
    return _svg(chart, "spark", drawn if points else SafeString(""))


@register.simple_tag
def heat_map(title: str, days: Sequence[tuple[date, int]], unit: str = "incidents") -> SafeString:
    """Render days in columns of weeks, darker with higher counts, with the count on hover."""
    cells = charts.heat(days)
    labels = tuple(f"{day:%a %d %b %Y}" for day, _ in days)
    chart = Chart(title, labels, (charts.Series(unit.capitalize(), tuple(n for _, n in days)),), unit)
    columns = max((cell.column for cell in cells), default=0) + 1
    box = f"-24 0 {columns * (CELL + GAP) + 24} {MARGIN + 7 * (CELL + GAP)}"
    marks = format_html("{}{}{}", _week_days(), _months(cells), _cells(cells, unit))
    return _figure(chart, _svg(chart, "heat", marks, box, stretched=False), legend=False)


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _key(chart: Chart) -> str:
    """Return a stable key of a chart, so that its open table stays open when it is rendered again."""
    return f"{zlib.crc32('|'.join((chart.title, *(one.name for one in chart.series))).encode()):08x}"


def _svg(chart: Chart, css: str, marks: SafeString, box: str = _BOX, *, stretched: bool = True) -> SafeString:
    key, ratio = _key(chart), "none" if stretched else "xMinYMin meet"
    return format_html(
        '<svg class="{}" viewBox="{}" preserveAspectRatio="{}" role="img"'
        ' aria-labelledby="chart-{}-title chart-{}-desc"><title id="chart-{}-title">{}</title>'
        '<desc id="chart-{}-desc">{}</desc>{}</svg>',
        css, box, ratio, key, key, key, chart.title, key, chart.description, marks,
    )  # fmt: skip


def _plot(chart: Chart, drawn: Sequence[Bar], values: Iterable[float]) -> SafeString:
    if chart.is_empty:
        words = f"No {chart.unit or 'values'} in this time."
        return format_html('<div class="chart-none"><p>{}</p></div>', words)
    marks = _rects(chart, drawn)
    return format_html(
        '<div class="chart-plot"><span class="chart-top num" aria-hidden="true">{}</span>{}</div>{}',
        charts.short(charts.top_of(values)), _svg(chart, "plot", marks), _axis(chart.labels),
    )  # fmt: skip


def _rects(chart: Chart, drawn: Sequence[Bar]) -> SafeString:
    has_words = len(drawn) <= MAX_TOOLTIPS
    return format_html_join(
        "",
        '<rect class="tone-{}" x="{}" y="{}" width="{}" height="{}">{}</rect>',
        (
            (chart.series[b.series].tone, _n(b.x), _n(b.y), _n(b.width), _n(b.height),
             _tooltip(chart, b) if has_words else "")
            for b in drawn
        ),
    )  # fmt: skip


def _tooltip(chart: Chart, bar: Bar) -> SafeString:
    one = chart.series[bar.series]
    value = f"{one.values[bar.place]:,.10g}"
    return format_html("<title>{}, {}: {}</title>", chart.labels[bar.place], one.name, value)


def _axis(labels: Sequence[str]) -> SafeString:
    """Return the first, the middle and the last label; the table has them all."""
    shown = list(labels) if len(labels) <= 3 else [labels[0], labels[len(labels) // 2], labels[-1]]
    words = format_html_join("", "<span>{}</span>", ((one,) for one in shown))
    return format_html('<div class="chart-axis num" aria-hidden="true">{}</div>', words)


def _figure(chart: Chart, drawing: SafeString, *, legend: bool = True) -> SafeString:
    keys = _legend(chart) if legend and len(chart.series) > 1 and not chart.is_empty else ""
    return format_html('<figure class="chart">{}{}{}</figure>', drawing, keys, _table(chart))


def _legend(chart: Chart) -> SafeString:
    keys = format_html_join(
        "",
        '<li><span class="key tone-{}" aria-hidden="true"></span>{} <span class="num">{}</span></li>',
        ((one.tone, one.name, charts.short(sum(one.values))) for one in chart.series),
    )
    return format_html('<ul class="legend">{}</ul>', keys)


def _table(chart: Chart) -> SafeString:
    if chart.is_empty:
        return SafeString("")
    head = format_html_join("", '<th scope="col" class="end">{}</th>', ((s.name,) for s in chart.series))
    return format_html(
        '<details class="chart-data" id="chart-{}"><summary>Show as a table</summary>'
        '<div class="table-scroll" tabindex="0" role="region" aria-label="{}, as a table">'
        '<table class="table"><thead><tr><th scope="col">When</th>{}</tr></thead><tbody>{}</tbody></table>'
        "</div></details>",
        _key(chart), chart.title, head, _table_rows(chart),
    )  # fmt: skip


def _table_rows(chart: Chart) -> SafeString:
    def numbers(place: int) -> SafeString:
        values: Iterable[tuple[Any]] = ((f"{s.values[place]:,.10g}",) for s in chart.series)
        return format_html_join("", '<td class="end num">{}</td>', values)

    rows = ((label, numbers(place)) for place, label in enumerate(chart.labels))
    return format_html_join("", '<tr><th scope="row">{}</th>{}</tr>', rows)


def _x(column: int) -> int:
    return column * (CELL + GAP)


def _y(row: int) -> int:
    return MARGIN + row * (CELL + GAP)


def _week_days() -> SafeString:
    words = ((_y(row) + 9, name) for row, name in _DAYS)
    return format_html_join("", '<text class="heat-words" x="-24" y="{}">{}</text>', words)


def _months(cells: Sequence[Cell]) -> SafeString:
    """Return month names above the column in which they begin, where they fit."""
    firsts = [cell for cell in cells if cell.day.day == 1]
    words = ((_x(cell.column), f"{cell.day:%b}") for cell in firsts)
    return format_html_join("", '<text class="heat-words" x="{}" y="8">{}</text>', words)


def _cells(cells: Sequence[Cell], unit: str) -> SafeString:
    return format_html_join(
        "",
        '<rect class="heat-{}" x="{}" y="{}" width="12" height="12" rx="2"><title>{}: {} {}</title></rect>{}',
        (
            (c.level, _x(c.column), _y(c.row), f"{c.day:%a %d %b %Y}", c.count, unit, _number(c))
            for c in cells
        ),
    )


def _number(cell: Cell) -> SafeString | str:
    """Return the count inside the cell, so that colour is not the only information."""
    if not cell.count:
        return ""
    words = str(cell.count) if cell.count < 100 else "99+"
    return format_html(
        '<text class="heat-count heat-count-{}" x="{}" y="{}" aria-hidden="true">{}</text>',
        cell.level, _x(cell.column) + CELL / 2, _y(cell.row) + 8.5, words,
    )  # fmt: skip


@register.simple_tag
def level(percent: int, tone: str) -> SafeString:
    """Render a bar filled to a percentage; the number itself is shown beside it."""
    return format_html(
        '<svg class="level-bar level-{}" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"'
        ' focusable="false"><rect class="level-rest" width="100" height="4"/>'
        '<rect class="level-full" width="{}" height="4"/></svg>',
        tone, max(0, min(100, percent)),
    )  # fmt: skip
