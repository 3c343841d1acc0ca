"""Builds the view of a page from the database, and records component states as spans."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q

from core.redaction import redact
from incidents.models import AffectedComponent, TimelineEntry
from incidents.vocabulary import UNRESOLVED, Status
from postmortems.documents.models import Postmortem
from status.pages.models import PublicComponent, StateSpan, StatusPage
from status.publishing.models import Maintenance, PublicIncident
from status.publishing.selectors import internal_names, is_hidden, maintenance_of, published_incidents
from status.snapshots.bars import DAYS, day_bars, uptime
from status.snapshots.maintenance_view import is_in_progress, view_of_maintenance
from status.snapshots.states import state_of
from status.snapshots.updates import TEXTS, public_updates
from status.snapshots.view import ComponentView, NoticeView, PageView, UpdateView
from status.vocabulary import INCIDENT_IMPACT, PUBLIC_STATUS, Follows

MAX_ENTRIES: Final = 20_000


def read_page(page: StatusPage, now: datetime) -> PageView:
    """The current view of a page."""
    workspace_id = page.workspace_id
    published, planned = published_incidents(workspace_id), maintenance_of(workspace_id)
    rows = list(
        PublicComponent.objects.of(workspace_id)
        .select_related("group")
        .order_by("group__position", "group__name", "position", "name")
    )
    states = component_states(rows, published, planned, now)
    return PageView(
        slug=page.slug, page_id=f"page-{page.slug}", title=page.title, description=page.description,
        color=page.color, has_logo=bool(page.logo_type), time_zone=page.time_zone,
        url=f"{settings.BASE_URL}/status/{page.slug}", at=now, is_public=page.access == "public",
        components=_components(page, rows, states, now),
        incidents=_incidents(published, rows),
        maintenance=tuple(view_of_maintenance(one, now) for one in planned),
    )  # fmt: skip


def component_states(
    rows: Sequence[PublicComponent],
    published: Sequence[PublicIncident],
    planned: Sequence[Maintenance],
    now: datetime,
) -> dict[int, str]:
    """State of each public component by id."""
    if not rows:
        return {}
    shown = {one.incident_id for one in published}
    touched = AffectedComponent.objects.of(rows[0].workspace_id).filter(
        restored_at=None, incident__status__in=[status.value for status in UNRESOLVED]
    )
    impacts: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for one in touched.select_related("incident"):
        if is_hidden(one.incident):
            continue
        impacts[one.component_id][Follows.INCIDENTS.value].append(one.impact)
        if one.incident_id in shown:
            impacts[one.component_id][Follows.PUBLISHED.value].append(one.impact)
    worked_on = {part.pk for one in planned if is_in_progress(one, now) for part in one.components.all()}
    return {
        row.pk: state_of(row, impacts[row.component_id] if row.component_id else {}, row.pk in worked_on)
        for row in rows
    }


def _components(
    page: StatusPage, rows: Sequence[PublicComponent], states: dict[int, str], now: datetime
) -> tuple[ComponentView, ...]:
    """Component views with bars; a changed state starts a new span."""
    since = now - timedelta(days=DAYS + 1)
    spans = StateSpan.objects.of(page.workspace_id).filter(component__in=rows)
    recent = spans.filter(Q(ends_at=None) | Q(ends_at__gte=since)).order_by("starts_at", "id")
    of: dict[int, list[StateSpan]] = defaultdict(list)
    for span in recent:
        of[span.component_id].append(span)
    zone, found = ZoneInfo(page.time_zone), []
    for row in rows:
        _follow(row, of[row.pk], states[row.pk], now)
        parts = [(span.state, span.starts_at, span.ends_at) for span in of[row.pk]]
        found.append(
            ComponentView(
                row.public_id, row.name, row.description, row.group.name if row.group else "", row.position,
                states[row.pk], day_bars(parts, zone, now), uptime(parts, now), row.created_at,
                row.updated_at,
            )
        )  # fmt: skip
    return tuple(found)


def _follow(row: PublicComponent, spans: list[StateSpan], state: str, now: datetime) -> None:
    last = spans[-1] if spans and spans[-1].ends_at is None else None
    if last is not None and last.state == state:
        return
    if last is not None:
        last.ends_at = now
        last.save(update_fields=["ends_at"])
    made = StateSpan(workspace_id=row.workspace_id, component=row, state=state, starts_at=now)
    made.save(force_insert=True)
    spans.append(made)


def _incidents(
    published: Sequence[PublicIncident], rows: Sequence[PublicComponent]
) -> tuple[NoticeView, ...]:
    if not published:
        return ()
    workspace_id, ids = published[0].workspace_id, [one.incident_id for one in published]
    entries: dict[int, list[TimelineEntry]] = defaultdict(list)
    kinds = [kind.value for kind in TEXTS]
    timeline = TimelineEntry.objects.of(workspace_id).filter(incident_id__in=ids, kind__in=kinds)
    for entry in reversed(timeline.order_by("-occurred_at", "-id")[:MAX_ENTRIES]):
        entries[entry.incident_id].append(entry)
    affected: dict[int, set[int]] = defaultdict(set)
    for touched in AffectedComponent.objects.of(workspace_id).filter(incident_id__in=ids):
        affected[touched.incident_id].add(touched.component_id)
    links = postmortem_links(workspace_id, ids)
    inside, outside = internal_names(workspace_id), [row.name for row in rows]
    return tuple(
        _incident(
            one,
            [row for row in rows if row.component_id in affected[one.incident_id]],
            links.get(one.incident_id, ""),
            public_updates(one, entries[one.incident_id], internal=inside, public=outside),
        )
        for one in published
    )


def postmortem_links(workspace_id: int, incident_ids: Sequence[int]) -> dict[int, str]:
    """Public links of postmortems by incident."""
    rows = Postmortem.objects.of(workspace_id).filter(
        incident_id__in=incident_ids, public_link=True, published_revision__isnull=False
    )
    return {
        incident_id: f"{settings.BASE_URL}/public/postmortems/{key}"
        for incident_id, key in rows.exclude(public_key="").values_list("incident_id", "public_key")
    }


def _incident(
    one: PublicIncident, rows: Sequence[PublicComponent], link: str, updates: tuple[UpdateView, ...]
) -> NoticeView:
    incident = one.incident
    is_over = incident.status in (Status.RESOLVED, Status.CLOSED)
    return NoticeView(
        public_id=one.public_id, title=redact(one.public_title) or plain_title(rows),
        status=PUBLIC_STATUS[incident.status], impact=INCIDENT_IMPACT[incident.severity],
        started_at=incident.detected_at, created_at=one.published_at,
        updated_at=max([one.published_at, *(update.at for update in updates)]),
        components=tuple(row.public_id for row in rows), updates=updates,
        monitoring_at=incident.mitigated_at, resolved_at=incident.resolved_at if is_over else None,
        postmortem_url=link if is_over else "",
    )  # fmt: skip


def plain_title(rows: Sequence[PublicComponent]) -> str:
    """Generated title of a published incident without a public title."""
    names = ", ".join(row.name for row in rows[:3])
    return f"Problem with {names}" if names else "Service disruption"
