"""Changes the action catalogue: installs shipped actions, creates new versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from core.errors import FieldFault, Invalid, NotFound
from core.http.addresses import address_fault, is_other_server
from core.secrets.encryption import encrypt
from remediation.catalogue.definitions import MAX_TIMEOUT_S, Definition, shipped_actions
from remediation.catalogue.models import RemediationAction
from remediation.catalogue.stored import SECRETS, definition_of, row_of
from remediation.executors.base import executor_for
from remediation.executors.placeholders import names_in, text_faults
from remediation.vocabulary import ExecutorKind, Risk

MAX_SECRET: Final = 2_000
ADDRESSES: Final = ("url", "status_url", "server")  # settings with the address to which secrets are sent


def ensure_catalogue(workspace_id: int) -> None:
    """Install missing shipped actions in a workspace. Idempotent; changed ones stay as they are."""
    have = set(RemediationAction.objects.of(workspace_id).values_list("slug", flat=True))
    missing = [one for one in shipped_actions() if one.slug not in have]
    rows = [row_of(workspace_id, one, "Tocsin") for one in missing]
    RemediationAction.objects.bulk_create(rows, ignore_conflicts=True)


def change_action(
    actor: Actor, slug: str, *, fields: Mapping[str, Any], secrets: Mapping[str, str] | None = None
) -> RemediationAction:
    """Create a new version of an action with `fields` changed; equal content changes nothing.

    `secrets` replaces the stored ones; None leaves them unchanged. Raises NotFound, Invalid, Forbidden.
    """
    require(actor, Capability.REMEDIATION_WRITE)
    ensure_catalogue(actor.workspace_id)
    with transaction.atomic():
        current: RemediationAction | None = (
            RemediationAction.objects.of(actor.workspace_id)
            .filter(slug=slug, is_current=True)
            .select_for_update()
            .first()
        )
        if current is None:
            raise NotFound(f"There is no action {slug!r} in this workspace.")
        wanted = _changed(definition_of(current), fields)
        _check(wanted)
        _check_rollback(actor.workspace_id, wanted)
        _check_secrets(current, wanted, secrets)
        if wanted.version == definition_of(current).version and secrets is None:
            return current
        return _written(actor, current, wanted, secrets)


def _changed(before: Definition, fields: Mapping[str, Any]) -> Definition:
    try:
        values = dict(fields)
        for name, kind in (("risk", Risk), ("executor", ExecutorKind)):
            if name in values:
                values[name] = kind(values[name])
        for name in ("steps", "incident_types"):
            if name in values:
                values[name] = tuple(values[name])
        return replace(before, **values)
    except (TypeError, ValueError) as error:
        raise Invalid("The action was not saved.", faults=[FieldFault("", "value", str(error))]) from error


def _check(wanted: Definition) -> None:
    faults = [FieldFault(f"config.{name}", "value", text) for name, text in _config_faults(wanted)]
    if not 1 <= wanted.timeout_s <= MAX_TIMEOUT_S:
        faults.append(FieldFault("timeout_s", "range", f"must be from 1 to {MAX_TIMEOUT_S} seconds"))
    faults += [FieldFault(name, "url", text) for name, text in _health_faults(wanted)]
    unknown = (
        set().union(*(names_in(step) for step in wanted.steps)) - {"component"} if wanted.steps else set()
    )
    if unknown:
        faults.append(
            FieldFault("steps", "placeholder", f"{{{min(unknown)}}} is unknown; known: {{component}}")
        )
    if faults:
        raise Invalid("The action was not saved.", faults=faults)


def _check_rollback(workspace_id: int, wanted: Definition) -> None:
    """Validate that the rollback is an action and not part of a cycle. Raises Invalid."""
    rows = RemediationAction.objects.of(workspace_id).filter(is_current=True)
    after = dict(rows.values_list("slug", "rollback")) | {wanted.slug: wanted.rollback}
    way, step = [wanted.slug], wanted.rollback
    while step:
        if step not in after:
            raise Invalid(
                "The action was not saved.",
                faults=[FieldFault("rollback", "known", f"{step!r} is not an action")],
            )
        way.append(step)
        if step in way[:-1]:
            text = f"must not be a cycle: {' → '.join(way)}"
            raise Invalid("The action was not saved.", faults=[FieldFault("rollback", "cycle", text)])
        step = after[step]


def _check_secrets(current: RemediationAction, wanted: Definition, secrets: Mapping[str, str] | None) -> None:
    """Validate names of secrets; stored ones must be entered again for another server. Raises Invalid.

    Commands get secrets as environment variables, so names that affect programs are refused.
    """
    faults = []
    for name, value in (secrets or {}).items():
        if name not in SECRETS:
            text = f"may hold {' and '.join(SECRETS)}, not {name[:40]!r}"
            faults.append(FieldFault("secrets", "choice", text))
        elif len(value) > MAX_SECRET or not value.isprintable():
            text = f"{name} must be printable and have at most {MAX_SECRET:,} characters"
            faults.append(FieldFault("secrets", "value", text))
    if secrets is None and current.secrets and _names_other_server(current.config, wanted.config):
        words = "must be entered again: the settings name another server"
        faults.append(FieldFault("secrets", "typed_again", words))
    if faults:
        raise Invalid("The action was not saved.", faults=faults)


def _names_other_server(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    known = [str(before[name]) for name in ADDRESSES if before.get(name)]
    named = [str(after[name]) for name in ADDRESSES if after.get(name)]
    return any(all(is_other_server(one, url) for one in known) for url in named)


def _health_faults(wanted: Definition) -> list[tuple[str, str]]:
    """The address of the health check: others see it, and Tocsin fills in the component alone."""
    url = wanted.health_url
    if url and (fault := address_fault(url)):
        return [("health_url", fault)]
    if odd := names_in(url) - {"component"}:
        return [("health_url", f"holds {{{min(odd)}}}; only {{component}} is known here")]
    return text_faults({"health_url": url}, ("health_url",))


def _config_faults(wanted: Definition) -> list[tuple[str, str]]:
    return executor_for(wanted.executor).faults(wanted.config)


def _written(
    actor: Actor, current: RemediationAction, wanted: Definition, secrets: Mapping[str, str] | None
) -> RemediationAction:
    """Make the wanted content current, as enabled as before, with the entered secrets or the current ones."""
    rows = RemediationAction.objects.of(actor.workspace_id).filter(slug=wanted.slug)
    rows.filter(pk=current.pk).update(is_current=False)
    row = None if secrets is not None else _earlier(rows, wanted, current.secrets)
    if row is not None:
        rows.filter(pk=row.pk).update(is_current=True, is_enabled=current.is_enabled)
        row.is_current, row.is_enabled = True, current.is_enabled
    else:
        row = row_of(actor.workspace_id, wanted, actor.label)
        row.secrets = current.secrets if secrets is None else _encrypted(secrets)
        row.is_enabled = current.is_enabled
        if rows.filter(version=wanted.version).exists():  # equal content with other secrets is a new version
            row.version = f"{wanted.version[:55]}-{rows.latest('pk').pk}"[:64]
        row.save(force_insert=True)
    changes = {"version": [current.version[:12], row.version[:12]]}
    summary = f"{actor.label} changed the action {row.name}"
    record(actor, action="remediation.action_change", target=row, summary=summary, changes=changes)
    return row


def _earlier(rows: QuerySet[RemediationAction], wanted: Definition, secrets: str) -> RemediationAction | None:
    """The version of an action with this content and these encrypted secrets, if there is one."""
    same = Q(version=wanted.version) | Q(version__startswith=f"{wanted.version[:55]}-")
    found: RemediationAction | None = rows.filter(same, secrets=secrets).order_by("-pk").first()
    return found


def _encrypted(secrets: Mapping[str, str]) -> str:
    lines = "\n".join(f"{name}={value}" for name, value in sorted(secrets.items()) if value)
    return encrypt(lines) if lines else ""


def enable_action(actor: Actor, slug: str, *, is_enabled: bool) -> RemediationAction:
    """Enable or disable an action for new runs. Idempotent. Raises NotFound, Forbidden."""
    require(actor, Capability.REMEDIATION_WRITE)
    ensure_catalogue(actor.workspace_id)
    with transaction.atomic():
        rows = RemediationAction.objects.of(actor.workspace_id).filter(slug=slug, is_current=True)
        current: RemediationAction | None = rows.select_for_update().first()
        if current is None:
            raise NotFound(f"There is no action {slug!r} in this workspace.")
        if current.is_enabled != is_enabled:
            rows.update(is_enabled=is_enabled)
            current.is_enabled = is_enabled
            word = "enabled" if is_enabled else "disabled"
            summary = f"{actor.label} {word} the action {current.name}"
            changes = {"enabled": [not is_enabled, is_enabled]}
            record(
                actor, action="remediation.action_switch", target=current, summary=summary, changes=changes
            )
        return current
