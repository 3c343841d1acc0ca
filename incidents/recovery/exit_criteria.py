"""Exit criteria answered from incidents themselves: no new incident, required checklist items done."""

from __future__ import annotations

from incidents.models import ChecklistItem, Component, Incident
from incidents.recovery.criteria import Outcome, Question, Verdict, criterion, not_measured
from incidents.vocabulary import Stage


@criterion("no_new_incidents", "No new incidents")
def no_new_incidents(asked: Question) -> Outcome:
    """Passes when nothing new was detected on the components and their dependents for a whole window."""
    workspace_id = asked.incident.workspace_id
    components = Component.objects.of(workspace_id).filter(name__in=asked.components)
    near = set(components.values_list("id", flat=True))
    near |= set(components.exclude(dependents=None).values_list("dependents", flat=True))
    new = Incident.objects.of(workspace_id).filter(
        affected__component_id__in=near, detected_at__gt=asked.since, is_drill=asked.incident.is_drill
    )
    found = new.exclude(pk=asked.incident.pk).filter(merged_into=None).order_by("id").first()
    if found is not None:
        name = "A new incident" if found.is_private else found.reference
        return Outcome(Verdict.FAILED, f"{name} was detected meanwhile.")
    if not asked.is_whole:
        return Outcome(Verdict.UNKNOWN, f"None so far; {asked.progress}.")
    return Outcome(Verdict.PASSED, f"None within {asked.window.total_seconds():.0f} s.")


@criterion("checklist_done", "Required checklist items done")
def checklist_done(asked: Question) -> Outcome:
    """Passes when every required item of the recovery checklist is ticked."""
    items = ChecklistItem.objects.of(asked.incident.workspace_id).filter(
        incident=asked.incident, stage=Stage.RECOVERY, is_required=True
    )
    left = items.filter(ticked_at=None).count()
    if left:
        return Outcome(Verdict.FAILED, f"{left} required item{'s' if left > 1 else ''} left.")
    return Outcome(Verdict.PASSED, "All are done.") if items.exists() else not_measured("None is required.")
