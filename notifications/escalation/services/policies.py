"""Creates, changes and deletes escalation policies, and installs the default ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db import IntegrityError, transaction

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import Membership, OnCallSchedule
from accounts.permissions import Capability, require
from accounts.validation import clean_name, invalid
from core.errors import Conflict, NotFound
from notifications.channels.models import Channel
from notifications.escalation.models import EscalationPolicy, EscalationStep
from notifications.escalation.plan import Step, plan_json, target_json
from notifications.escalation.state import plan_of
from notifications.escalation.validation import Known, PolicyValues, checked_steps

ON_CALL: Final = {"kind": "on_call"}
COMMANDER: Final = {"kind": "role", "role": "commander"}
MANAGERS: Final = {"kind": "role", "role": "manager"}


def default_policies() -> list[PolicyValues]:
    """Default policies of a new workspace. The first step for security breaches has no target yet."""
    sev1 = [_wait(300, ON_CALL), _wait(300, ON_CALL, COMMANDER), _wait(300, MANAGERS)]
    sev2 = [_wait(600, ON_CALL), _wait(600, ON_CALL, COMMANDER), _wait(600, MANAGERS)]
    breach = [_wait(0), *sev1]
    return [
        PolicyValues("SEV1", sev1, severities=["sev1"], repeat=2),
        PolicyValues("SEV2", sev2, severities=["sev2"], repeat=1),
        PolicyValues("Security breach", breach, types=["security_breach"], repeat=2),
    ]


def install_default_policies(actor: Actor) -> None:
    """Create the default policies that are missing by name. Raises Forbidden."""
    require(actor, Capability.ONCALL_WRITE)
    held = set(EscalationPolicy.objects.of(actor.workspace_id).values_list("name", flat=True))
    for values in default_policies():
        if values.name not in held:
            put_policy(actor, values=values)


def put_policy(
    actor: Actor, *, values: PolicyValues, policy_id: int | None = None, version: int | None = None
) -> EscalationPolicy:
    """Create or replace a policy; running escalations continue with the previous version.

    Raises Forbidden, NotFound, Invalid (field), Conflict for a stale version.
    """
    require(actor, Capability.ONCALL_WRITE)
    with transaction.atomic():
        policy = _locked(actor, policy_id, version)
        steps = checked_steps(values, _known(actor))
        before = plan_json(plan_of(policy)) if policy.pk else None
        policy.name = clean_name(values.name)
        policy.severities, policy.types = list(values.severities), list(values.types)
        policy.components = [clean_name(one, field="components", most=200) for one in values.components]
        policy.repeat, policy.is_enabled = values.repeat, values.is_enabled
        _save(policy)
        _write_steps(policy, steps)
        verb = "changed" if policy_id else "created"
        changes = {"plan": [before, {"steps": [_step_json(step) for step in steps], "repeat": policy.repeat}]}
        _record(actor, policy, verb, changes)
    return policy


def delete_policy(actor: Actor, *, policy_id: int) -> None:
    """Delete a policy; running escalations continue. Raises Forbidden, NotFound."""
    require(actor, Capability.ONCALL_WRITE)
    with transaction.atomic():
        policy = _locked(actor, policy_id, None)
        _record(actor, policy, "deleted", {})
        policy.delete()


def _locked(actor: Actor, policy_id: int | None, version: int | None) -> EscalationPolicy:
    if policy_id is None:
        return EscalationPolicy(workspace_id=actor.workspace_id, version=0)
    rows = EscalationPolicy.objects.of(actor.workspace_id).select_for_update(no_key=True)
    policy: EscalationPolicy | None = rows.filter(pk=policy_id).first()
    if policy is None:
        raise NotFound("There is no such escalation policy in this workspace.")
    if version is not None and version != policy.version:
        raise Conflict(
            f"{policy.name} has changed since you read it: it is at version {policy.version}. "
            "Nothing was changed.",
            extra={"current": {"name": policy.name, "version": policy.version}},
        )
    return policy


def _save(policy: EscalationPolicy) -> None:
    policy.version += 1
    try:
        with transaction.atomic():
            policy.save()
    except IntegrityError as error:
        raise invalid("name", "unique", "is used by another policy") from error


def _write_steps(policy: EscalationPolicy, steps: Sequence[Step]) -> None:
    EscalationStep.objects.of(policy.workspace_id).filter(policy=policy).delete()
    EscalationStep.objects.bulk_create(
        EscalationStep(workspace_id=policy.workspace_id, policy=policy, position=position, **_step_json(step))
        for position, step in enumerate(steps)
    )


def _step_json(step: Step) -> dict[str, Any]:
    return {"wait_s": step.wait_s, "targets": [target_json(one) for one in step.targets]}


def _known(actor: Actor) -> Known:
    members = Membership.objects.of(actor.workspace_id).values_list("user_id", flat=True)
    schedules = OnCallSchedule.objects.of(actor.workspace_id).values_list("pk", flat=True)
    return Known(set(members), set(schedules), _channel_ids(actor.workspace_id))


def _channel_ids(workspace_id: int) -> set[int]:
    """Ids of the channels that steps may name."""
    return set(Channel.objects.of(workspace_id).values_list("pk", flat=True))


def _record(actor: Actor, policy: EscalationPolicy, verb: str, changes: dict[str, Any]) -> None:
    summary = f"{actor.label} {verb} the escalation policy {policy.name}"
    record(actor, action=f"escalation.{verb}", target=policy, summary=summary, changes=changes)


def _wait(wait_s: int, *targets: dict[str, Any]) -> dict[str, Any]:
    return {"wait_s": wait_s, "targets": list(targets)}
