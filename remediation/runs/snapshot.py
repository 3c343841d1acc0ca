"""The facts of a run that an approval binds, and the order its executor gets."""

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
    """The component an action is aimed at unless another is named: the first affected one."""
    affected = affected_of(incident.workspace_id, incident.pk)
    first = min(affected, key=lambda one: int(one.pk), default=None)
    return first.component if first else None


def order_for(
    action: RemediationAction, target: str, arguments: Mapping[str, Any], *, run_id: int, preview: str = ""
) -> Order:
    """What the executor gets. `preview` lets it refuse when what it sees is no longer what was shown."""
    known = dict(arguments) | ({"_preview": preview} if preview else {})
    return Order(
        run_id=run_id, action=action.slug, target=target, arguments=known, config=action.config,
        timeout_s=action.timeout_s, steps=tuple(action.steps), secrets=secrets_of(action),
    )  # fmt: skip


def secrets_of(action: RemediationAction) -> dict[str, str]:
    """The stored secrets of an action, decrypted; a health check names actions that have others."""
    return {name: value for name, value in opened(action.secrets).items() if name in SECRETS}


def target_key(action: RemediationAction, component: Component | None) -> str:
    """What at most one live run may act on."""
    return f"component:{component.pk}" if component else f"workspace:{action.workspace_id}"


def facts_of(
    incident: Incident,
    action: RemediationAction,
    component: Component | None,
    arguments: Mapping[str, Any],
    preview: str,
) -> dict[str, Any]:
    """Everything that was shown to whoever approves; see `runs.digest.BOUND`."""
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
    """The dry run of an action on a target, as it is shown before approval. Raises Problem."""
    _refuse_unknown(action, arguments)
    order = order_for(action, component.name if component else "", arguments, run_id=0)
    try:
        return executor_for(action.executor).preview(order)
    except (HttpPassingError, HttpPermanentError) as error:
        raise Unavailable(f"The dry run of {action.name} failed: {error}. Nothing was started.") from error


def _refuse_unknown(action: RemediationAction, arguments: Mapping[str, Any]) -> None:
    asked = asked_of(action)
    for name in arguments:
        if name not in asked:
            known = ", ".join(sorted(asked)) or "none"
            fault = FieldFault(f"arguments.{name}", "known", f"is not asked for; asked for: {known}")
            raise Invalid(f"{action.name}: {name} is not asked for. Nothing was started.", faults=[fault])


def asked_of(action: RemediationAction) -> dict[str, Placeholder]:
    """What whoever requests a run of the action gives, by name. Raises Invalid."""
    try:
        return executor_for(action.executor).asks(action.config)
    except PlaceholderError as error:
        raise Invalid(f"{action.name}: {error}. Nothing was started.") from error


def facts_now(run: RemediationRun) -> dict[str, Any]:
    """The bound facts as they are now, by what the database says; the preview stays the one shown."""
    current = (
        RemediationAction.objects.of(run.workspace_id)
        .filter(slug=run.action.slug, is_current=True, is_enabled=True)
        .first()
    )
    action = current or run.action
    facts = facts_of(run.incident, action, run.component, run.snapshot["arguments"], run.snapshot["preview"])
    return facts if current else facts | {"action_version": "withdrawn"}


def is_as_shown(run: RemediationRun) -> bool:
    """Whether nothing that the digest binds has changed since."""
    return run_digest(facts_now(run)) == run.digest


def order_of(run: RemediationRun) -> Order:
    """What the executor of a stored run gets."""
    shown = run.snapshot["preview"] if run.action.executor == "kubernetes" else ""
    target = run.snapshot["target"]
    return order_for(run.action, target, run.snapshot["arguments"], run_id=run.pk, preview=shown)


def acts_for(run: RemediationRun) -> Actor:
    """The actor of what a run's worker does: Tocsin, for the workspace of the run."""
    return Actor(workspace_id=run.workspace_id, kind="system", label="Tocsin")
