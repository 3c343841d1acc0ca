"""Records the outcome of an inspection: ready, quarantined or rejected."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.actor import system_actor
from accounts.audit.services import record
from bundles.plain_text import plain
from bundles.records.models import Bundle, BundleStatus
from bundles.records.publishing import publish_change
from core.redaction import redact, redact_value
from incidents.timeline.services.system_entries import add_system_entry
from incidents.vocabulary import EntryKind

MAX_CHECKS: Final = 200
_UNREDACTED: Final = "It was collected without redaction."


def record_verdict(workspace_id: int, bundle_id: int, found: dict[str, Any]) -> None:
    """Record the outcome of an inspection. Idempotent. `found` is the output of the child process."""
    with transaction.atomic():
        rows = Bundle.objects.of(workspace_id).select_related("incident")
        bundle = rows.select_for_update(no_key=True, of=("self",)).get(pk=bundle_id)
        if bundle.status != BundleStatus.UPLOADED:
            return
        bundle.inspected_at = timezone.now()
        if "refused" not in found:
            _describe(bundle, found)
        bundle.status, bundle.why = _verdict(bundle, found)
        bundle.save()
        if bundle.status != BundleStatus.READY:
            _record_on_incident(bundle)
        publish_change(bundle)


def _verdict(bundle: Bundle, found: dict[str, Any]) -> tuple[BundleStatus, str]:
    if "refused" in found:
        return BundleStatus.REJECTED, plain(f"The file {found['refused']}.", 500)
    if str(found["metadata"].get("bundle_id")) != str(bundle.public_id):
        return BundleStatus.REJECTED, "The file has another bundle id than was announced."
    if bundle.is_dangerous:
        refused = BundleStatus.QUARANTINED if settings.BUNDLES_UNREDACTED else BundleStatus.REJECTED
        return refused, _UNREDACTED
    if found["is_leaking"] or bundle.has_unlisted_hits:
        named = ", ".join(f"{rule} ({count})" for rule, count in [*found["rules"].items()][:5])
        return BundleStatus.QUARANTINED, plain(f"Secrets were found: {named}.", 500)
    return BundleStatus.READY, ""


def _describe(bundle: Bundle, found: dict[str, Any]) -> None:
    metadata, health, system = found["metadata"], found["health"], found["system"]
    bundle.host = plain(system.get("hostname"), 255)
    bundle.os, bundle.arch = plain(metadata.get("os"), 40), plain(metadata.get("arch"), 40)
    bundle.cli_version = plain(metadata.get("cli_version"), 40)
    bundle.is_dangerous = bundle.is_dangerous or bool(metadata.get("dangerous_mode"))
    bundle.is_partial = bool(metadata.get("partial"))
    bundle.health = plain(health.get("overall"), 20)
    bundle.checks = [_check(one) for one in _dicts(health.get("checks"))[:MAX_CHECKS]]
    bundle.facts, bundle.manifest = redact_value(_stored(system)), _stored(found["manifest"])
    bundle.hits, bundle.levels = found["hits"], found["levels"]


def _check(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": redact(plain(one.get("name"), 200)), "ok": one.get("ok") is True,
        "message": redact(plain(one.get("message"), 500))[:500],
    }  # fmt: skip


def _dicts(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _stored(value: Any) -> Any:
    """JSON without NUL characters, which PostgreSQL does not accept."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, dict):
        return {_stored(key): _stored(inner) for key, inner in value.items()}
    return [_stored(inner) for inner in value] if isinstance(value, list) else value


def _record_on_incident(bundle: Bundle) -> None:
    actor = system_actor(bundle.workspace_id)
    words = f"Diagnostic bundle {bundle.get_status_display().lower()}: {bundle.why}"
    record(actor, action=f"bundle.{bundle.status}", target=bundle, summary=words)
    if bundle.incident is not None:
        add_system_entry(
            actor, incident_id=bundle.incident.pk, kind=EntryKind.NOTE, message=words,
            once=f"bundle:{bundle.public_id}:inspected", bundle=str(bundle.public_id),
        )  # fmt: skip
