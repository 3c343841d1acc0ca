"""Streaming CSV responses, safe against formula injection."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

# A cell that begins like this is a formula to a spreadsheet, also behind characters that some of them skip.
_FORMULA: Final = ("=", "+", "-", "@", "|", "%", "\u2212", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_LEFT_OUT: Final = " \t\r\n\"'\ufeff\u200b\u00a0"
_ODD: Final = ("\t", "\r", "\n", "\ufeff")


def csv_lines(rows: Iterable[Sequence[object]]) -> str:
    """Yield rows as CSV with CRLF; a text that a spreadsheet would run is prefixed with an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
    return text.getvalue()


def _harmless(cell: object) -> object:
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return cell
    return f"'{cell}" if is_formula(cell) else cell


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet would evaluate the text of a cell or change its value."""
    return text.startswith(_ODD) or text.lstrip(_LEFT_OUT).startswith(_FORMULA)


def csv_response(
    name: str, header: Sequence[str], pages: Iterator[Sequence[Sequence[Any]]]
) -> StreamingHttpResponse:
    """Return a download called `name`, generated page by page while it is sent."""
    response = StreamingHttpResponse(_stream(header, pages), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


async def _stream(header: Sequence[str], pages: Iterator[Sequence[Sequence[Any]]]) -> AsyncIterator[str]:
    yield csv_lines([header])
    take = sync_to_async(lambda: next(pages, None))
    while (page := await take()) is not None:
        yield csv_lines(page)
