"""Changes bundles: attach, delete, release. Each is audited and added to the access log."""

from __future__ import annotations

from django.db import transaction

from accounts.actor import Actor, system_actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from bundles.records.models import Bundle, BundleAccess, BundleStatus
from bundles.records.publishing import publish_change
from bundles.records.selectors import bundle_for
from core.errors import Conflict
from incidents.selectors import incident_for
from incidents.timeline.services.system_entries import add_system_entry
from incidents.validation import clean_line
from incidents.vocabulary import EntryKind

Access = BundleAccess.What


def note_access(actor: Actor, bundle: Bundle, what: Access, detail: str = "") -> None:
    """Add a row to the access log."""
    BundleAccess.objects.create(
        workspace_id=actor.workspace_id, bundle=bundle, what=what, detail=detail[:500],
        user_id=actor.user_id, who=actor.label[:150],
    )  # fmt: skip


def attach(actor: Actor, public_id: str, reference: str) -> Bundle:
    """Move a bundle to another incident. Raises NotFound, Forbidden, Invalid, Conflict."""
    require(actor, Capability.BUNDLES_WRITE)
    incident = incident_for(actor, reference)
    with transaction.atomic():
        bundle = _locked(actor, public_id)
        if bundle.status in (BundleStatus.ANNOUNCED, BundleStatus.DELETED):
            raise Conflict("This bundle cannot be attached: its file is not stored. Nothing was changed.")
        before = bundle.reference
        if before == incident.reference:
            return bundle
        bundle.incident = incident
        bundle.save(update_fields=["incident"])
        words = f"Diagnostic bundle attached by {actor.label}: {bundle.summary or bundle.file_name}"
        add_system_entry(
            system_actor(actor.workspace_id, actor.label), incident_id=incident.pk, kind=EntryKind.NOTE,
            message=words, once=f"bundle:{bundle.public_id}:attached", bundle=str(bundle.public_id),
        )  # fmt: skip
        changes = {"incident": [before, incident.reference]}
        _note(actor, bundle, Access.ATTACH, f"attached to {incident.reference}", changes)
    return bundle


def delete(actor: Actor, public_id: str) -> Bundle:
    """Delete the file of a bundle within a minute; the record remains. Raises NotFound, Forbidden."""
    require(actor, Capability.BUNDLES_MANAGE)
    with transaction.atomic():
        bundle = _locked(actor, public_id)
        if bundle.status != BundleStatus.DELETED:
            changes = {"status": [str(bundle.status), "deleted"]}
            bundle.status = BundleStatus.DELETED
            bundle.save(update_fields=["status"])
            _note(actor, bundle, Access.DELETE, "deleted", changes)
    return bundle


def release(actor: Actor, public_id: str, reason: str) -> Bundle:
    """Make a quarantined bundle readable for all who may read bundles, except lines with secrets.

    Raises NotFound, Forbidden, Invalid, Conflict.
    """
    require(actor, Capability.BUNDLES_MANAGE)
    why = clean_line("reason", reason, 300)
    with transaction.atomic():
        bundle = _locked(actor, public_id)
        if bundle.status != BundleStatus.QUARANTINED:
            raise Conflict("Only a quarantined bundle can be released. Nothing was changed.")
        bundle.status, bundle.why = BundleStatus.READY, f"Released by {actor.label}: {why}"[:500]
        bundle.save(update_fields=["status", "why"])
        _note(actor, bundle, Access.RELEASE, why, {"status": ["quarantined", "ready"]})
    return bundle


def _locked(actor: Actor, public_id: str) -> Bundle:
    pk = bundle_for(actor, public_id).pk
    rows = Bundle.objects.of(actor.workspace_id).select_related("incident")
    found: Bundle = rows.select_for_update(no_key=True, of=("self",)).get(pk=pk)
    return found


def _note(actor: Actor, bundle: Bundle, what: Access, detail: str, changes: dict[str, list[str]]) -> None:
    note_access(actor, bundle, what, detail)
    summary = f"{actor.label}: bundle {bundle.file_name} {detail}"
    record(actor, action=f"bundle.{what}", target=bundle, summary=summary, changes=changes)
    publish_change(bundle)
