"""Links related incidents, each link with its reasons. Links merge and close nothing.

Reasons: shared correlation ids, shared message templates, dependent components, the same change, starts close
together, and the same alert before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.db import transaction

from core.templatetags.ui import compact
from incidents.links.models import IncidentLink, LinkKind
from incidents.merging.proposals import CLOSE, NEARBY, Facts, Reason, facts_of, reasons_between
from incidents.models import Incident, IncidentSignal

MIN_SCORE: Final = 0.3
MAX_CANDIDATES: Final = 50
MAX_LINKS_MADE: Final = 20  # per call, the strongest
AUTHOR: Final = "Tocsin"


def record_links(workspace_id: int, incident_id: int) -> int:
    """Link an incident with related ones; returns how many links were created or got other reasons.

    Idempotent. A link that a person removed is not created again. Drills are linked with drills only, private
    incidents with none.
    """
    incident = Incident.objects.of(workspace_id).filter(pk=incident_id, merged_into=None).first()
    if incident is None or incident.is_private:
        return 0
    found = {one.pk: reasons for one, reasons in _near(incident)}
    if (before := _before(incident)) is not None:
        earlier, reason = before
        found[earlier] = [reason, *found.get(earlier, [])]
    ranked = sorted(found, key=lambda pk: (-_score(found[pk]), -pk))[:MAX_LINKS_MADE]
    with transaction.atomic():
        return sum(_store(incident, pk, found[pk]) for pk in sorted(ranked))


def _near(incident: Incident) -> list[tuple[Incident, list[Reason]]]:
    """Yield incidents that began within an hour, with enough reasons."""
    near = Incident.objects.of(incident.workspace_id).filter(
        merged_into=None,
        is_drill=incident.is_drill,
        is_private=False,
        started_at__range=(incident.started_at - NEARBY, incident.started_at + NEARBY),
        detected_at__gte=incident.detected_at - 2 * NEARBY,
        detected_at__lte=incident.detected_at + 2 * NEARBY,
    )
    others = list(near.exclude(pk=incident.pk).order_by("-detected_at", "-id")[:MAX_CANDIDATES])
    if not others:
        return []
    facts = facts_of(incident.workspace_id, [incident, *others])
    pairs = [(one, link_reasons(facts[incident.pk], facts[one.pk])) for one in others]
    return [(one, reasons) for one, reasons in pairs if _score(reasons) >= MIN_SCORE]


def link_reasons(one: Facts, other: Facts) -> list[Reason]:
    """Return why two incidents are related, strongest first; a start close by only adds to other reasons."""
    found = reasons_between(one, other)
    apart = abs(one.incident.started_at - other.incident.started_at)
    if found and apart <= CLOSE:
        words = f"They began {compact(apart)} apart" if apart else "They began at the same time"
        found.append(Reason(LinkKind.TIME, words, 0.1))
    return sorted(found, key=lambda reason: -reason.weight)


def _before(incident: Incident) -> tuple[int, Reason] | None:
    """Return the latest earlier incident of one of its alerts."""
    signals = IncidentSignal.objects.of(incident.workspace_id)
    own = list(signals.filter(incident=incident).values_list("fingerprint", flat=True)[:50])
    same = signals.filter(
        fingerprint__in=own,
        incident_id__lt=incident.pk,
        incident__is_private=False,
        incident__is_drill=incident.is_drill,
        incident__merged_into=None,
    )
    last = same.select_related("incident").order_by("-incident_id").first()
    if last is None:
        return None
    ended = last.incident.resolved_at
    since = f", resolved {compact(max(timedelta(0), incident.started_at - ended))} before" if ended else ""
    return last.incident_id, Reason(LinkKind.RECURRENCE, f"The same alert opened it{since}", 1.0)


def _score(reasons: Sequence[Reason]) -> float:
    return min(1.0, sum(reason.weight for reason in reasons))


def _store(incident: Incident, other_id: int, reasons: Sequence[Reason]) -> bool:
    low, high = sorted((incident.pk, other_id))
    reasons_json = [{"kind": str(one.kind), "text": one.text, "weight": one.weight} for one in reasons]
    kind = str(reasons[0].kind)
    known = IncidentLink.objects.of(incident.workspace_id).filter(low_id=low, high_id=high).first()
    if known is not None:
        if known.removed_at is not None or {one["kind"] for one in known.reasons} >= {
            r["kind"] for r in reasons_json
        }:
            return False
        known.kind, known.reasons, known.score = kind, reasons_json, _score(reasons)
        known.save(update_fields=["kind", "reasons", "score"])
        return True
    row = IncidentLink(
        workspace_id=incident.workspace_id, low_id=low, high_id=high, kind=kind, reasons=reasons_json,
        score=_score(reasons), by_label=AUTHOR,
    )  # fmt: skip
    IncidentLink.objects.bulk_create([row], ignore_conflicts=True)
    return True
