"""Reads discrepancies between the status page and incidents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db.models import Q

from accounts.actor import Actor
from accounts.permissions import Capability, require
from incidents.models import AffectedComponent, Incident, TimelineEntry
from incidents.vocabulary import UNRESOLVED, Severity
from status.pages.models import PublicComponent, StateSpan
from status.publishing.drift import Drift, IncidentFacts, drifts_of, manual_drifts
from status.publishing.models import PublicIncident
from status.publishing.selectors import internal_names, is_hidden
from status.publishing.sensitive import flags_in
from status.snapshots.updates import TEXTS


def drifts_in(workspace_id: int, now: datetime) -> list[Drift]:
    """All discrepancies of the workspace's page."""
    components = list(PublicComponent.objects.of(workspace_id))
    states = dict(
        StateSpan.objects.of(workspace_id).filter(ends_at=None).values_list("component_id", "state")
    )
    affected = _open_incidents(workspace_id)
    facts = _facts(workspace_id, affected, components, states)
    touched = {pk for _, parts in affected for pk in parts}
    by_hand = [(one.name, one.manual_state, one.component_id in touched) for one in components]
    return drifts_of(facts, now) + manual_drifts(by_hand)


def drifts_for(actor: Actor, now: datetime, incident_id: int | None = None) -> list[Drift]:
    """The same for a member, for one or all incidents. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    found = drifts_in(actor.workspace_id, now)
    return [one for one in found if incident_id is None or one.incident_id == incident_id]


def _open_incidents(workspace_id: int) -> list[tuple[Incident, set[int]]]:
    """Unresolved SEV1s and published ones, with the components they affect."""
    rows = Incident.objects.of(workspace_id).filter(status__in=[status.value for status in UNRESOLVED])
    published = PublicIncident.objects.of(workspace_id).filter(withdrawn_at=None).values("incident_id")
    found = list(rows.filter(Q(severity=Severity.SEV1) | Q(pk__in=published), is_drill=False)[:200])
    parts: dict[int, set[int]] = defaultdict(set)
    for one in AffectedComponent.objects.of(workspace_id).filter(incident__in=found, restored_at=None):
        parts[one.incident_id].add(one.component_id)
    return [(one, parts[one.pk]) for one in found if not is_hidden(one)]


def _facts(
    workspace_id: int,
    affected: Sequence[tuple[Incident, set[int]]],
    components: Sequence[PublicComponent],
    states: Mapping[int, str],
) -> list[IncidentFacts]:
    ids = [incident.pk for incident, _ in affected]
    rows = PublicIncident.objects.of(workspace_id).filter(withdrawn_at=None, incident_id__in=ids)
    published = {one.incident_id: one for one in rows}
    held = held_entries(workspace_id, published, [one.name for one in components])
    return [
        IncidentFacts(
            incident.pk, incident.reference, incident.severity, incident.status, incident.detected_at,
            incident.update_due_at, incident.pk in published,
            [states.get(one.pk, "operational") for one in components if one.component_id in parts],
            held.get(incident.pk, ()),
        )
        for incident, parts in affected
    ]  # fmt: skip


def held_entries(
    workspace_id: int, published: Mapping[int, PublicIncident], public: Collection[str]
) -> dict[int, list[tuple[int, str]]]:
    """Held public entries by incident, with the reason."""
    internal = internal_names(workspace_id)
    entries = TimelineEntry.objects.of(workspace_id).filter(
        incident_id__in=list(published), kind__in=[kind.value for kind in TEXTS]
    )
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for entry in entries.filter(Q(is_public=True) | Q(published_at__isnull=False)):
        if not entry.is_shown_publicly or entry.pk in published[entry.incident_id].allowed_entries:
            continue
        if flags := flags_in(entry.text, internal=internal, public=public):
            found[entry.incident_id].append((entry.pk, flags[0].words))
    return found
