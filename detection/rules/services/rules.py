"""Creates, updates, enables, disables and deletes rules; ingest applies a change within 0.1 s."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from core.errors import Conflict, FieldFault, Invalid
from core.outbox.events import publish
from detection.events import RulesChanged
from detection.models import DetectionRule
from detection.rules.builtin_rules import builtin_rules
from detection.rules.parsing import READERS, read_rule
from detection.rules.rule_checks import DECIDING, check_can_fire, with_defaults
from detection.selectors import rule_for, rule_json

MAX_RULES = 2000


def create_rule(actor: Actor, *, fields: Mapping[str, Any]) -> DetectionRule:
    """Create a custom rule. `fields` may use every alias.

    Raises Forbidden, Invalid naming the fields, Conflict.
    """
    require(actor, Capability.RULES_WRITE)
    values = with_defaults(read_rule(fields, is_new=True))
    check_can_fire(values)
    if DetectionRule.objects.of(actor.workspace_id).count() >= MAX_RULES:
        raise Invalid(f"A workspace may have {MAX_RULES} rules. Delete one first.")
    try:
        with transaction.atomic():
            rule: DetectionRule = DetectionRule.objects.create(workspace_id=actor.workspace_id, **values)
            rule.refresh_from_db()
            _record(actor, rule, "rule.create", f"{actor.label} created the rule {rule.rule_id}", {})
    except IntegrityError:
        fault = FieldFault("rule_id", "unique", "is used by another rule")
        raise Conflict(
            "The rule was not saved: its rule_id is in use.", extra={"errors": [_plain(fault)]}
        ) from None
    return rule


def update_rule(
    actor: Actor, *, rule_id: str, fields: Mapping[str, Any], version: int | None = None
) -> DetectionRule:
    """Change fields of a rule; does nothing when they already have these values.

    Raises Forbidden, NotFound, Invalid naming the fields, Conflict when `version` is stale.
    """
    require(actor, Capability.RULES_WRITE)
    values = read_rule(fields, is_new=False)
    with transaction.atomic():
        rule = rule_for(actor, rule_id, lock=True)
        _check(rule, values, version)
        changes = {
            name: [_value(getattr(rule, name)), _value(value)]
            for name, value in values.items()
            if getattr(rule, name) != value
        }
        if not changes:
            return rule
        if any(name in DECIDING for name in changes):
            check_can_fire({name: getattr(rule, name) for name in DECIDING} | values)
        for name in changes:
            setattr(rule, name, values[name])
        _save(rule, list(changes))
        _record(actor, rule, "rule.update", f"{actor.label} changed the rule {rule.rule_id}", changes)
    return rule


def reset_rule(actor: Actor, *, rule_id: str, version: int | None = None) -> DetectionRule:
    """Reset a built-in rule to its defaults, including whether it is enabled and a dry run.

    Raises Forbidden, NotFound, Conflict for a custom rule and when `version` is stale.
    """
    require(actor, Capability.RULES_WRITE)
    rule = rule_for(actor, rule_id)
    original = builtin_values(rule)
    if original is None:
        raise Conflict("Only built-in rules can be reset. Nothing was changed.")
    return update_rule(actor, rule_id=rule_id, fields=original, version=version)


def builtin_values(rule: DetectionRule) -> dict[str, Any] | None:
    """Return the defaults of a built-in rule, as `update_rule` accepts them; None for a custom rule."""
    known = {builtin.rule_id: builtin for builtin in builtin_rules()}
    if not rule.is_builtin or rule.rule_id not in known:
        return None
    fresh = DetectionRule(workspace_id=rule.workspace_id, **_stored(asdict(known[rule.rule_id])))
    values = rule_json(fresh)
    return {name: values[name] for name in READERS if name != "rule_id"}


def enable_rule(actor: Actor, *, rule_id: str) -> DetectionRule:
    """Enable a rule. Raises Forbidden, NotFound."""
    return update_rule(actor, rule_id=rule_id, fields={"enabled": True})


def disable_rule(actor: Actor, *, rule_id: str) -> DetectionRule:
    """Disable a rule; its incidents stay. Raises Forbidden, NotFound."""
    return update_rule(actor, rule_id=rule_id, fields={"enabled": False})


def delete_rule(actor: Actor, *, rule_id: str) -> None:
    """Delete a custom rule and its findings; its incidents stay. Raises Forbidden, NotFound, Conflict."""
    require(actor, Capability.RULES_WRITE)
    with transaction.atomic():
        rule = rule_for(actor, rule_id, lock=True)
        if rule.is_builtin:
            raise Conflict("Built-in rules can be disabled, not deleted. Nothing was changed.")
        _record(actor, rule, "rule.delete", f"{actor.label} deleted the rule {rule.rule_id}", {})
        rule.delete()


def install_builtin_rules(actor: Actor) -> list[DetectionRule]:
    """Add the built-in rules a workspace lacks; existing ones keep changes. Returns the new ones."""
    require(actor, Capability.RULES_WRITE)
    with transaction.atomic():
        known = set(DetectionRule.objects.of(actor.workspace_id).values_list("rule_id", flat=True))
        rules = [
            DetectionRule.objects.create(
                workspace_id=actor.workspace_id, is_builtin=True, **_stored(asdict(rule))
            )
            for rule in builtin_rules()
            if rule.rule_id not in known
        ]
        for rule in rules:
            record(actor, action="rule.install", target=rule, summary=f"Installed the rule {rule.rule_id}")
        if rules:
            publish(RulesChanged(actor.workspace_id, tuple(rule.rule_id for rule in rules)))
    return rules


def _stored(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}


def _check(rule: DetectionRule, values: Mapping[str, Any], version: int | None) -> None:
    if version is not None and version != rule.version:
        raise Conflict(
            "Someone else changed the rule meanwhile. Nothing was saved; review it again.",
            extra={"current": rule_json(rule)},
        )
    if "rule_id" in values and values["rule_id"] != rule.rule_id:
        fault = FieldFault("rule_id", "read_only", "cannot be changed")
        raise Invalid("The rule was not saved.", faults=[fault])


def _save(rule: DetectionRule, names: list[str]) -> None:
    rule.version += 1
    rule.updated_at = timezone.now()
    # Re-checked at once: a lower threshold may already be crossed.
    rule.last_swept_at = None
    rule.save(update_fields=[*names, "version", "updated_at", "last_swept_at"])


def _record(actor: Actor, rule: DetectionRule, action: str, summary: str, changes: Mapping[str, Any]) -> None:
    record(actor, action=action, target=rule, summary=summary, changes=changes)
    publish(RulesChanged(actor.workspace_id, (rule.rule_id,)))


def _value(value: Any) -> Any:
    return (
        list(value)
        if isinstance(value, list | tuple)
        else value
        if isinstance(value, bool | int)
        else str(value)
    )


def _plain(fault: FieldFault) -> dict[str, str]:
    return {"field": fault.field, "rule": fault.rule, "message": fault.message}
