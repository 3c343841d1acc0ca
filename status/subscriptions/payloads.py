"""Content of messages to subscribers. Pure."""

from __future__ import annotations

from typing import Any

from status.snapshots.view import NoticeView, PageView


def message_payload(view: PageView, notice: NoticeView) -> dict[str, Any]:
    """Message content, made from the view, so that it is limited to public content."""
    newest = notice.updates[0]
    return {
        "page": view.title, "page_url": view.url, "id": notice.public_id, "title": notice.title,
        "status": newest.status, "label": newest.label, "impact": notice.impact, "body": newest.body,
        "at": newest.at.isoformat(), "url": f"{view.url}/incidents/{notice.public_id}",
        "components": view.names(notice.components), "indicator": view.indicator,
        "description": view.sentence,
    }  # fmt: skip
