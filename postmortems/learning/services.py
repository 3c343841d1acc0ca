"""Changes five whys: adds and answers whys, marks root causes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from core.errors import NotFound
from core.outbox.events import publish
from incidents.events import IncidentChanged
from incidents.models import Incident
from incidents.roles.services import member_of
from incidents.selectors import incident_for
from incidents.validation import clean_line, clean_text, invalid
from postmortems.drafting.services import refresh_facts
from postmortems.learning.models import FactorNode, FiveWhys
from postmortems.learning.selectors import MAX_NODES, factor_nodes_of
from postmortems.learning.tree import depth_of

MAX_DEPTH: Final = 12
MAX_QUESTION_CHARS: Final = 500


def start_five_whys(actor: Actor, reference: int | str, *, facilitator: str | None = None) -> FiveWhys:
    """Start the analysis of an incident, or return the existing one; `facilitator` is a user name.

    Idempotent; a facilitator given later replaces the previous one. Raises Invalid, NotFound, Forbidden.
    """
    require(actor, Capability.POSTMORTEMS_WRITE)
    incident = incident_for(actor, reference)
    user = member_of(actor.workspace_id, facilitator, None) if facilitator else None
    with transaction.atomic():
        analysis = _locked(actor, incident)
        chosen = user.pk if user else analysis.facilitator_id or actor.user_id
        if chosen != analysis.facilitator_id:
            analysis.facilitator_id = chosen
            analysis.save(update_fields=["facilitator"])
        return analysis


def add_why(
    actor: Actor,
    reference: int | str,
    *,
    question: str,
    answer: str = "",
    answered_by: str | None = None,
    parent: int | None = None,
    beside: bool = False,
) -> FactorNode:
    """Add a why below `parent`, else below the last answer of the chain; `beside` starts a new branch.

    Raises Invalid (fields `question`, `answer`, `answered_by`, `parent`), NotFound, Forbidden.
    """
    words = clean_line("question", question, MAX_QUESTION_CHARS)
    return _add(actor, reference, FactorNode.Kind.WHY, words, answer, answered_by, parent, beside)


def add_factor(
    actor: Actor, reference: int | str, *, factor: str, answered_by: str | None = None
) -> FactorNode:
    """Add a contributing factor. Raises Invalid (field `factor`), NotFound, Forbidden."""
    text = clean_line("factor", factor, MAX_QUESTION_CHARS)
    return _add(actor, reference, FactorNode.Kind.CONTRIBUTING_FACTOR, "", text, answered_by, None, True)


def answer_why(
    actor: Actor,
    reference: int | str,
    node_id: int,
    *,
    question: str | None = None,
    answer: str | None = None,
    answered_by: str | None = None,
    is_root_cause: bool | None = None,
) -> FactorNode:
    """Update a why: question, answer, answered by, root cause. Raises Invalid, NotFound."""
    require(actor, Capability.POSTMORTEMS_WRITE)
    incident = incident_for(actor, reference)
    with transaction.atomic():
        analysis = _locked(actor, incident)
        node = _node(analysis, node_id)
        if question is not None and node.kind == FactorNode.Kind.WHY:
            node.question = clean_line("question", question, MAX_QUESTION_CHARS)
        if answer is not None:
            node.answer = clean_text("answer", answer)
            _sign(actor, node, answered_by)
        if is_root_cause is not None:
            node.is_root_cause = is_root_cause
        node.save()
        _finish(actor, incident, analysis, f"changed a why of {incident.reference}")
        return node


def identify_root_cause(
    actor: Actor, reference: int | str, *, root_cause: str, node: int | None = None
) -> FactorNode:
    """Add a root cause: the answer of `node`, else of the last why; if that is answered, of a new why below.

    Raises Invalid (field `root_cause`), NotFound, Forbidden.
    """
    require(actor, Capability.POSTMORTEMS_WRITE)
    text = clean_text("root_cause", root_cause, required=True)
    incident = incident_for(actor, reference)
    with transaction.atomic():
        analysis = _locked(actor, incident)
        chain = [one for one in factor_nodes_of(incident) if one.kind == FactorNode.Kind.WHY]
        found = _node(analysis, node) if node is not None else (chain[-1] if chain else None)
        if found is None:
            found = _new(analysis, FactorNode.Kind.WHY, f"Why did “{incident.title}” happen?"[:500], None, 0)
        found.answer, found.is_root_cause = text, True
        _sign(actor, found, None)
        found.save()
        analysis.finished_at = timezone.now()
        analysis.save(update_fields=["finished_at"])
        _finish(actor, incident, analysis, f"named a root cause of {incident.reference}: {text[:100]}")
        return found


def remove_why(actor: Actor, reference: int | str, node_id: int) -> None:
    """Remove a why with everything below it. Raises NotFound, Forbidden."""
    require(actor, Capability.POSTMORTEMS_WRITE)
    incident = incident_for(actor, reference)
    with transaction.atomic():
        analysis = _locked(actor, incident)
        node = _node(analysis, node_id)
        words = node.question or node.answer
        node.delete()
        _finish(actor, incident, analysis, f"removed a why of {incident.reference}: {words[:150]}")


def _add(
    actor: Actor,
    reference: int | str,
    kind: FactorNode.Kind,
    question: str,
    answer: str,
    answered_by: str | None,
    parent: int | None,
    beside: bool,
) -> FactorNode:
    require(actor, Capability.POSTMORTEMS_WRITE)
    text = clean_text("answer", answer)
    incident = incident_for(actor, reference)
    with transaction.atomic():
        analysis = _locked(actor, incident)
        nodes = factor_nodes_of(incident)
        above = _node(analysis, parent).pk if parent is not None else _last(nodes, kind, beside)
        _refuse_too_many(nodes, above)
        node = _new(analysis, kind, question, above, len(nodes))
        node.answer = text
        if text or answered_by:
            _sign(actor, node, answered_by)
        node.save()
        _finish(actor, incident, analysis, f"asked a why of {incident.reference}: {(question or text)[:150]}")
        return node


def _last(nodes: list[FactorNode], kind: FactorNode.Kind, beside: bool) -> int | None:
    whys = [node.pk for node in nodes if node.kind == FactorNode.Kind.WHY]
    return whys[-1] if whys and not beside and kind == FactorNode.Kind.WHY else None


def _refuse_too_many(nodes: list[FactorNode], above: int | None) -> None:
    if len(nodes) >= MAX_NODES:
        raise invalid("question", "max_items", f"cannot be added: there are already {MAX_NODES}")
    if depth_of(nodes, above) >= MAX_DEPTH:
        raise invalid("parent", "max_depth", f"is {MAX_DEPTH} whys deep")


def _new(
    analysis: FiveWhys, kind: FactorNode.Kind, question: str, parent: int | None, position: int
) -> FactorNode:
    made: FactorNode = FactorNode.objects.create(
        workspace_id=analysis.workspace_id,
        five_whys=analysis,
        kind=kind,
        question=question,
        parent_id=parent,
        position=position,
    )
    return made


def _sign(actor: Actor, node: FactorNode, username: str | None) -> None:
    user = member_of(actor.workspace_id, username, None) if username else None
    node.answered_by_id = user.pk if user else actor.user_id
    node.answered_by_label = user.label if user else actor.label[:150]


def _locked(actor: Actor, incident: Incident) -> FiveWhys:
    values: dict[str, Any] = {"workspace_id": actor.workspace_id, "incident_id": incident.pk}
    rows = FiveWhys.objects.of(actor.workspace_id)
    rows.get_or_create(incident_id=incident.pk, defaults=values)
    found: FiveWhys = rows.select_for_update().get(incident_id=incident.pk)
    return found


def _node(analysis: FiveWhys, node_id: int) -> FactorNode:
    rows = FactorNode.objects.of(analysis.workspace_id).filter(five_whys=analysis, pk=node_id)
    found: FactorNode | None = rows.first()
    if found is None:
        raise NotFound("There is no such why in this analysis.")
    return found


def _finish(actor: Actor, incident: Incident, analysis: FiveWhys, what: str) -> None:
    analysis.version += 1
    analysis.save(update_fields=["version"])
    record(actor, action="five_whys.edit", target=analysis, summary=f"{actor.label} {what}")
    publish(IncidentChanged(actor.workspace_id, incident.pk, incident.number, incident.version))
    refresh_facts(actor, incident.pk)


def add_root_causes(actor: Actor, reference: int | str, causes: Sequence[str]) -> None:
    """Add root causes that are not in the chain yet. Idempotent. Raises Invalid, NotFound, Forbidden."""
    incident = incident_for(actor, reference)
    known = {node.answer for node in factor_nodes_of(incident) if node.is_root_cause}
    for cause in dict.fromkeys(causes):
        text = clean_text("root_causes", cause, required=True)
        if text not in known:
            question = f"Why did “{incident.title}” happen?"[:MAX_QUESTION_CHARS]
            node = add_why(actor, reference, question=question, answer=text, beside=True)
            answer_why(actor, reference, node.pk, is_root_cause=True)
