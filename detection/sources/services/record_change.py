"""Records changes reported over the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import FieldFault, Invalid
from detection.ingest.services.accept_events import catalogue_sources
from detection.models import ChangeEvent
from detection.sources.services.changes import row_of
from detection.webhooks.parsed import Change, ChangeKind
from detection.webhooks.values import line, link, links, moment
from incidents.validation import clean_line

FIELDS: Final = frozenset(
    {"summary", "kind", "component", "version", "author", "occurred_at", "key", "url", "detail"}
)
SUMMARY_LENGTH: Final = 1024


def record_change(actor: Actor, *, fields: Mapping[str, Any]) -> tuple[ChangeEvent, bool]:
    """Store a change; returns it and whether it is new. A known `key` returns the stored one.

    Raises Forbidden, Invalid naming each field.
    """
    require(actor, Capability.EVENTS_WRITE)
    change, now = _change(actor, fields), timezone.now()
    with transaction.atomic():
        row = row_of(actor.workspace_id, None, change, now)
        ChangeEvent.objects.bulk_create([row], ignore_conflicts=True)
        if row.component:
            catalogue_sources(actor.workspace_id, {row.component})
        stored = ChangeEvent.objects.of(actor.workspace_id).get(source=None, key=row.key)
    return stored, stored.received_at == now


def _change(actor: Actor, fields: Mapping[str, Any]) -> Change:
    if unknown := sorted(set(fields) - FIELDS):
        raise _invalid(str(unknown[0])[:60], "unknown", "is not a field of a change")
    texts = {name: fields.get(name) or "" for name in ("component", "version", "author", "key")}
    for name, value in texts.items():
        if not isinstance(value, str):
            raise _invalid(name, "type", "must be text")
    occurred_at = fields.get("occurred_at")
    if occurred_at is not None and moment(occurred_at) is None:
        raise _invalid("occurred_at", "format", "must be an ISO 8601 date-time or seconds since 1970")
    return Change(
        summary=clean_line("summary", fields.get("summary") or "", SUMMARY_LENGTH), kind=_kind(fields),
        key=f"key:{texts['key']}" if texts["key"] else "", component=line(texts["component"]),
        version=line(texts["version"]), author=line(texts["author"]) or line(actor.label),
        occurred_at=moment(occurred_at), links=links(_link(fields)), detail=_detail(fields),
    )  # fmt: skip


def _kind(fields: Mapping[str, Any]) -> ChangeKind:
    kind = fields.get("kind") or ChangeKind.DEPLOYMENT
    if kind not in tuple(ChangeKind):
        raise _invalid("kind", "choice", f"must be one of {', '.join(ChangeKind)}")
    return ChangeKind(kind)


def _link(fields: Mapping[str, Any]) -> Any:
    found = link(fields.get("url"))
    if fields.get("url") and found is None:
        raise _invalid("url", "format", "must be an http or https address")
    return found


def _detail(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    detail = fields.get("detail") or {}
    if not isinstance(detail, dict):
        raise _invalid("detail", "type", "must be an object")
    return detail


def _invalid(field: str, rule: str, message: str) -> Invalid:
    return Invalid(f"{field} {message}. Nothing was stored.", faults=[FieldFault(field, rule, message)])
