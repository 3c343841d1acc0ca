"""Renders the page as JSON in the format of Statuspage's public API v2. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from status.snapshots.view import ComponentView, NoticeView, PageView, UpdateView
from status.vocabulary import worst

MAX_LISTED: Final = 50  # as Statuspage; older incidents follow in documents of their own


def json_forms(view: PageView) -> dict[str, dict[str, Any]]:
    """All documents by form."""
    page = _page(view)
    first, *older = [[_notice(view, one) for one in part] for part in view.incident_pages]
    unresolved = [_notice(view, one) for one in view.active]
    works = [_notice(view, one) for one in view.maintenance[:MAX_LISTED]]
    planned = [_notice(view, one) for one in view.planned]
    status = {"indicator": view.indicator, "description": view.sentence}
    components = _components(view)
    upcoming = [one for one in works if one["status"] == "scheduled"]
    active = [one for one in works if one["status"] in ("in_progress", "verifying")]
    documents: dict[str, dict[str, Any]] = {
        "summary": {
            "components": components, "incidents": unresolved,
            "scheduled_maintenances": planned, "status": status,
        },
        "status": {"status": status},
        "components": {"components": components},
        "incidents": {"incidents": first},
        **{f"incidents/page/{number}": {"incidents": part} for number, part in enumerate(older, 2)},
        "incidents/unresolved": {"incidents": unresolved},
        "scheduled-maintenances": {"scheduled_maintenances": works},
        "scheduled-maintenances/upcoming": {"scheduled_maintenances": upcoming},
        "scheduled-maintenances/active": {"scheduled_maintenances": active},
    }  # fmt: skip
    return {f"api/v2/{name}.json": {"page": page, **body} for name, body in documents.items()}


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _page(view: PageView) -> dict[str, Any]:
    return {
        "id": _id(view.page_id), "name": view.title, "url": view.url, "time_zone": view.time_zone,
        "updated_at": _time(view.at),
    }  # fmt: skip


def _id(seed: str) -> str:
    return hashlib.sha256(seed.encode()).hexdigest()[:12]


def _components(view: PageView) -> list[dict[str, Any]]:
    found = []
    for name, members in view.groups:
        group_id = _id(f"{view.page_id}/{name}") if name else None
        found += [_component(view, one, group_id) for one in members]
        if group_id:
            found.append(_group(view, name, group_id, members))
    return found


def _component(view: PageView, one: ComponentView, group_id: str | None) -> dict[str, Any]:
    return {
        "id": one.public_id, "name": one.name, "status": one.state, "created_at": _time(one.created_at),
        "updated_at": _time(one.updated_at), "position": one.position,
        "description": one.description or None, "showcase": True, "start_date": None, "group_id": group_id,
        "page_id": _id(view.page_id), "group": False, "only_show_if_degraded": False,
    }  # fmt: skip


def _group(view: PageView, name: str, group_id: str, members: Sequence[ComponentView]) -> dict[str, Any]:
    return {
        "id": group_id, "name": name, "status": worst([one.state for one in members]),
        "created_at": _time(members[0].created_at),
        "updated_at": _time(max(one.updated_at for one in members)), "position": members[0].position,
        "description": None, "showcase": False, "start_date": None, "group_id": None,
        "page_id": _id(view.page_id), "group": True, "only_show_if_degraded": False,
        "components": [one.public_id for one in members],
    }  # fmt: skip


def _notice(view: PageView, one: NoticeView) -> dict[str, Any]:
    shown = {component.public_id: component for component in view.components}
    found = {
        "id": one.public_id, "name": one.title, "status": one.status, "impact": one.impact,
        "created_at": _time(one.created_at), "updated_at": _time(one.updated_at),
        "started_at": _time(one.started_at), "monitoring_at": _time(one.monitoring_at),
        "resolved_at": _time(one.resolved_at), "page_id": _id(view.page_id),
        "shortlink": f"{view.url}/incidents/{one.public_id}", "reminder_intervals": None,
        "incident_updates": [_update(one, update) for update in one.updates],
        "components": [_component(view, shown[key], None) for key in one.components if key in shown],
    }  # fmt: skip
    if one.scheduled_for is not None:
        found |= {"scheduled_for": _time(one.scheduled_for), "scheduled_until": _time(one.scheduled_until)}
    if one.postmortem_url:
        found["postmortem_url"] = one.postmortem_url
    return found


def _update(one: NoticeView, update: UpdateView) -> dict[str, Any]:
    return {
        "id": _id(f"{one.public_id}/{update.key}"), "status": update.status, "body": update.body,
        "incident_id": one.public_id, "created_at": _time(update.at), "updated_at": _time(update.at),
        "display_at": _time(update.at), "affected_components": None, "deliver_notifications": True,
        "custom_tweet": None, "tweet_id": None,
    }  # fmt: skip
