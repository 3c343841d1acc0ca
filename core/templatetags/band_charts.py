"""Template tag for a chart of two lines with a band between them, beside its table."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Final

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core.ui.bands import Band, Point, lines

register = template.Library()
MAX_LABELS: Final = 4


@register.simple_tag
def band_chart(band: Band) -> SafeString:
    """Render both lines, the band between them, the axis and a legend."""
    low, high = lines(band)
    key = f"{zlib.crc32(band.title.encode()):08x}"
    drawing = format_html(
        '<svg class="plot" viewBox="0 0 100 100" preserveAspectRatio="none" role="img"'
        ' aria-labelledby="band-{}-title band-{}-desc"><title id="band-{}-title">{}</title>'
        '<desc id="band-{}-desc">{}</desc><polygon class="band-area" points="{}"/>'
        '<polyline class="band-high" points="{}"/><polyline class="band-low" points="{}"/></svg>',
        key, key, key, band.title, key, band.description,
        _points([*low, *reversed(high)]), _points(high), _points(low),
    )  # fmt: skip
    return format_html(
        '<figure class="chart"><div class="chart-plot">'
        '<span class="chart-top num" aria-hidden="true">{}</span>{}</div>'
        '<div class="chart-axis num" aria-hidden="true">{}</div><ul class="legend">'
        '<li><span class="key tone-accent" aria-hidden="true"></span>{}</li>'
        '<li><span class="key tone-band-high" aria-hidden="true"></span>{}</li></ul></figure>',
        band.top, drawing, _axis(band.labels), band.low_name, band.high_name,
    )  # fmt: skip


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in points)


def _axis(labels: Sequence[str]) -> SafeString:
    """Return the first and the last label, and some between them at the right distances."""
    step = max(1, -(-(len(labels) - 1) // (MAX_LABELS - 1)))
    even = (len(labels) - 1) % step == 0
    shown = labels[::step] if even else (labels[0], labels[-1])
    return format_html_join("", "<span>{}</span>", ((one,) for one in shown))
