"""Exit criteria evaluated from incidents: no new incident, required checklist items done."""

from __future__ import annotations

from incidents.models import ChecklistItem, Component, Incident
from incidents.recovery.criteria import Outcome, Question, Verdict, criterion, not_measured
from incidents.vocabulary import Stage


@criterion("no_new_incidents", "No new incidents")
def no_new_incidents(question: Question) -> Outcome:
    """Pass when nothing new was detected on the components and their dependents for a whole window."""
    workspace_id = question.incident.workspace_id
    components = Component.objects.of(workspace_id).filter(name__in=question.components)
    near = set(components.values_list("id", flat=True))
    near |= set(components.exclude(dependents=None).values_list("dependents", flat=True))
    new = Incident.objects.of(workspace_id).filter(
        affected__component_id__in=near, detected_at__gt=question.since, is_drill=question.incident.is_drill
    )
    found = new.exclude(pk=question.incident.pk).filter(merged_into=None).order_by("id").first()
    if found is not None:
        name = "A new incident" if found.is_private else found.reference
        return Outcome(Verdict.FAILED, f"{name} was detected meanwhile.")
    if not question.is_whole:
        return Outcome(Verdict.UNKNOWN, f"None so far; {question.progress}.")
    return Outcome(Verdict.PASSED, f"None within {question.window.total_seconds():.0f} s.")


@criterion("checklist_done", "Required checklist items done")
def checklist_done(question: Question) -> Outcome:
    """Pass when every required item of the recovery checklist is ticked."""
    items = ChecklistItem.objects.of(question.incident.workspace_id).filter(
        incident=question.incident, stage=Stage.RECOVERY, is_required=True
    )
    left = items.filter(ticked_at=None).count()
    if left:
        return Outcome(Verdict.FAILED, f"{left} required item{'s' if left > 1 else ''} left.")
    return Outcome(Verdict.PASSED, "All are done.") if items.exists() else not_measured("None is required.")
