"""Renders all public forms of a page from its view."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from typing import Any, Final

import orjson
from django.template.loader import render_to_string
from django.utils.feedgenerator import Atom1Feed

from status.snapshots.markdown import public_markdown
from status.snapshots.statuspage_json import json_forms
from status.snapshots.view import NoticeView, PageView

HTML: Final = "text/html; charset=utf-8"
JSON: Final = "application/json; charset=utf-8"
MAX_FEED: Final = 30


@dataclass(frozen=True, slots=True)
class Form:
    """A rendered form."""

    content_type: str
    etag: str
    body: bytes
    compressed: bytes


def render_forms(view: PageView, logo: tuple[bytes, str] = (b"", "")) -> dict[str, Form]:
    """All forms by name."""
    forms = {name: _form(JSON, orjson.dumps(body)) for name, body in json_forms(view).items()}
    forms["index"] = _page("index", view)
    forms |= _history(view)
    forms["subscribe"] = _page("subscribe", view)
    for one in (*view.incidents, *view.maintenance):
        forms[f"incidents/{one.public_id}"] = _page("incident", view, notice=one)
    forms["history.atom"] = _form("application/atom+xml; charset=utf-8", _feed(view).encode())
    forms["theme.css"] = _form("text/css; charset=utf-8", theme(view.color).encode())
    if logo[0]:
        forms["logo"] = _form(logo[1], logo[0])
    return forms


def _history(view: PageView) -> dict[str, Form]:
    """The pages of the history: `history`, `history/2`, ...; maintenance is on the first."""
    parts = view.incident_pages
    return {
        history_form(number): _page(
            "history", view, notices=part, number=number,
            newer=history_form(number - 1) if number > 1 else "",
            older=history_form(number + 1) if number < len(parts) else "",
        )
        for number, part in enumerate(parts, 1)
    }  # fmt: skip


def history_form(number: int) -> str:
    """The form of a page of the history."""
    return "history" if number == 1 else f"history/{number}"


def theme(color: str) -> str:
    """Style sheet with the page's colour, used for a strip only, so that text stays legible."""
    return f":root {{ --page: {color}; }}\n"


def _page(name: str, view: PageView, **more: Any) -> Form:
    return _form(HTML, render_to_string(f"status/public/{name}.html", {"page": view, **more}).encode())


def _form(content_type: str, body: bytes) -> Form:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return Form(content_type, etag, body, gzip.compress(body, 6, mtime=0))


def _feed(view: PageView) -> str:
    feed = Atom1Feed(
        title=f"{view.title} status", link=view.url, description=view.description,
        feed_url=f"{view.url}/history.atom", feed_guid=view.url,
    )  # fmt: skip
    notices = sorted((*view.incidents, *view.maintenance), key=lambda one: one.updated_at, reverse=True)
    for one in notices[:MAX_FEED]:
        address = f"{view.url}/incidents/{one.public_id}"
        feed.add_item(
            title=one.title, link=address, description=_updates_html(one), unique_id=address,
            pubdate=one.created_at, updateddate=one.updated_at,
        )  # fmt: skip
    text: str = feed.writeString("utf-8")
    return text


def _updates_html(one: NoticeView) -> str:
    return "".join(
        f"<p><strong>{update.label}</strong>, {update.at:%Y-%m-%d %H:%M} UTC</p>"
        f"{public_markdown(update.body)}"
        for update in one.updates
    )
