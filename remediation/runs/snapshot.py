"""Facts of a run bound by approvals, and orders for executors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from core.errors import FieldFault, Invalid, Unavailable
from core.http.client import HttpPassingError, HttpPermanentError
from incidents.models import Component, Incident
from incidents.selectors import affected_of
from remediation.catalogue.models import RemediationAction
from remediation.catalogue.stored import SECRETS, opened
from remediation.executors.base import Order, executor_for
from remediation.executors.placeholders import Placeholder, PlaceholderError
from remediation.runs.digest import POLICY_VERSION, run_digest
from remediation.runs.models import RemediationRun
from remediation.runs.policy import run_risk
from remediation.vocabulary import Risk


def main_component(incident: Incident) -> Component | None:
    """The default target of actions: the first affected component."""
    affected = affected_of(incident.workspace_id, incident.pk)
    first = min(affected, key=lambda one: int(one.pk), default=None)
    return first.component if first else None


def order_for(
    action: RemediationAction, target: str, arguments: Mapping[str, Any], *, run_id: int, preview: str = ""
) -> Order:
    """The order for an executor. `preview` lets it refuse if the target changed since it was shown."""
    known = dict(arguments) | ({"_preview": preview} if preview else {})
    return Order(
        run_id=run_id, action=action.slug, target=target, arguments=known, config=action.config,
        timeout_s=action.timeout_s, steps=tuple(action.steps), secrets=secrets_of(action),
    )  # fmt: skip


def secrets_of(action: RemediationAction) -> dict[str, str]:
    """The decrypted secrets of an action; unsupported names are reported by a health check."""
    return {name: value for name, value in opened(action.secrets).items() if name in SECRETS}


def target_key(action: RemediationAction, component: Component | None) -> str:
    """Key of a target, on which at most one run may be live."""
    return f"component:{component.pk}" if component else f"workspace:{action.workspace_id}"


def facts_of(
    incident: Incident,
    action: RemediationAction,
    component: Component | None,
    arguments: Mapping[str, Any],
    preview: str,
) -> dict[str, Any]:
    """Everything shown to approvers; see `runs.digest.BOUND`."""
    tier = component.tier if component else None
    return {
        "workspace_id": incident.workspace_id,
        "incident_number": incident.number,
        "action": action.slug,
        "action_version": action.version,
        "executor": action.executor,
        "arguments": dict(arguments),
        "target": component.name if component else "",
        "target_tier": tier,
        "risk": run_risk(Risk(action.risk), tier).value,
        "rollback": action.rollback,
        "timeout_s": action.timeout_s,
        "preview": preview,
        "is_drill": incident.is_drill,
        "policy": POLICY_VERSION,
    }


def preview_of(action: RemediationAction, component: Component | None, arguments: Mapping[str, Any]) -> str:
    """The dry run of an action on a target, shown before approval. Raises Problem."""
    _refuse_unknown(action, arguments)
    order = order_for(action, component.name if component else "", arguments, run_id=0)
    try:
        return executor_for(action.executor).preview(order)
    except (HttpPassingError, HttpPermanentError) as error:
        raise Unavailable(f"The dry run of {action.name} failed: {error}. Nothing was started.") from error


def _refuse_unknown(action: RemediationAction, arguments: Mapping[str, Any]) -> None:
    parameters = parameters_of(action)
    for name in arguments:
        if name not in parameters:
            known = ", ".join(sorted(parameters)) or "none"
            fault = FieldFault(f"arguments.{name}", "known", f"is not a parameter; known: {known}")
            raise Invalid(f"{action.name}: {name} is not a parameter. Nothing was started.", faults=[fault])


def parameters_of(action: RemediationAction) -> dict[str, Placeholder]:
    """Parameters of an action by name. Raises Invalid."""
    try:
        return executor_for(action.executor).parameters(action.config)
    except PlaceholderError as error:
        raise Invalid(f"{action.name}: {error}. Nothing was started.") from error


def facts_now(run: RemediationRun) -> dict[str, Any]:
    """Current bound facts, from the database; with the preview that was shown."""
    current = (
        RemediationAction.objects.of(run.workspace_id)
        .filter(slug=run.action.slug, is_current=True, is_enabled=True)
        .first()
    )
    action = current or run.action
    facts = facts_of(run.incident, action, run.component, run.snapshot["arguments"], run.snapshot["preview"])
    return facts if current else facts | {"action_version": "withdrawn"}


def is_as_shown(run: RemediationRun) -> bool:
    """Whether no bound fact has changed."""
    return run_digest(facts_now(run)) == run.digest


def order_of(run: RemediationRun) -> Order:
    """The order of a stored run."""
    shown = run.snapshot["preview"] if run.action.executor == "kubernetes" else ""
    target = run.snapshot["target"]
    return order_for(run.action, target, run.snapshot["arguments"], run_id=run.pk, preview=shown)


def actor_of(run: RemediationRun) -> Actor:
    """The system actor in the workspace of the run."""
    return Actor(workspace_id=run.workspace_id, kind="system", label="Tocsin")
