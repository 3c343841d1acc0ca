"""Publishes and withdraws incidents on the status page."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor, system_actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from accounts.validation import clean_name, invalid
from core.errors import Conflict, NotFound
from incidents.models import Incident, TimelineEntry
from incidents.selectors import incident_for
from incidents.timeline.services.notes import add_entry
from incidents.vocabulary import EntryKind
from status.pages.models import PublicComponent, StatusPage
from status.pages.selectors import page_of
from status.pages.validation import new_public_id
from status.publishing.models import PublicIncident
from status.publishing.selectors import internal_names, is_hidden
from status.publishing.sensitive import flags_in
from status.snapshots.services.requests import request_build
from status.vocabulary import AUTO_PUBLISHED

MAX_TITLE: Final = 120


def publish_incident(
    actor: Actor, *, number: int | str, title: str = "", confirmed: bool = False
) -> PublicIncident:
    """Publish an incident, or change its public title. Idempotent.

    An empty title becomes "Problem with …" from the names on the page. A title that looks sensitive needs
    `confirmed`. Raises Invalid, Conflict for drills and private incidents, NotFound, Forbidden.
    """
    require(actor, Capability.STATUS_PUBLISH)
    page = page_of(actor)
    incident = incident_for(actor, number)
    refuse_hidden(incident)
    cleaned = clean_name(title, field="title", most=MAX_TITLE) if title.strip() else ""
    refuse_sensitive(actor, "title", cleaned, confirmed=confirmed)
    return _publish(actor, page, incident, cleaned)


def withdraw_incident(actor: Actor, *, number: int | str) -> None:
    """Withdraw an incident from the status page. Raises NotFound, Forbidden."""
    require(actor, Capability.STATUS_PUBLISH)
    incident = incident_for(actor, number)
    with transaction.atomic():
        found = _locked(actor, incident)
        found.withdrawn_at = timezone.now()
        found.save(update_fields=["withdrawn_at"])
        record(
            actor, action="status_incident.withdraw", target=found,
            summary=f"{incident.reference} removed from the status page",
        )  # fmt: skip
        request_build(actor.workspace_id)


def post_public_update(
    actor: Actor, *, number: int | str, message: str, confirmed: bool = False, request_key: str = ""
) -> None:
    """Post a public update. Text that looks sensitive needs `confirmed`.

    Raises Invalid (field `message`), Conflict if the incident is not published, NotFound, Forbidden.
    """
    require(actor, Capability.STATUS_PUBLISH)
    incident = incident_for(actor, number)
    refuse_hidden(incident)
    refuse_sensitive(actor, "message", message, confirmed=confirmed)
    with transaction.atomic():
        published = _locked(actor, incident)
        entry = add_entry(
            actor, number=incident.number, kind=EntryKind.UPDATE, message=message, is_public=True,
            request_key=request_key,
        )  # fmt: skip
        if confirmed:
            _allow(published, entry.pk)
        request_build(actor.workspace_id)


def allow_entry(actor: Actor, *, number: int | str, entry_id: int) -> None:
    """Publish an entry that is held because it looks sensitive. Raises NotFound, Forbidden."""
    require(actor, Capability.STATUS_PUBLISH)
    incident = incident_for(actor, number)
    entries = TimelineEntry.objects.of(actor.workspace_id).filter(incident_id=incident.pk, pk=entry_id)
    if not entries.exists():
        raise NotFound("There is no such entry on this incident.")
    with transaction.atomic():
        published = _locked(actor, incident)
        _allow(published, entry_id)
        record(
            actor, action="status_incident.allow", target=published,
            summary=f"Entry {entry_id} of {incident.reference} published although it looks sensitive",
        )  # fmt: skip
        request_build(actor.workspace_id)


def publish_by_rule(workspace_id: int, *, incident_id: int) -> bool:
    """Publish an incident if the page publishes its severity automatically. Withdrawn ones stay withdrawn."""
    page = StatusPage.objects.of(workspace_id).defer("logo").first()
    incident = Incident.objects.of(workspace_id).filter(pk=incident_id).first()
    if page is None or incident is None or is_hidden(incident) or not incident.is_unresolved:
        return False
    if incident.severity not in AUTO_PUBLISHED[page.auto_publish]:
        return False
    if PublicIncident.objects.of(workspace_id).filter(incident=incident).exists():
        return False
    _publish(system_actor(workspace_id), page, incident, "")
    return True


def refuse_hidden(incident: Incident) -> None:
    """Raise Conflict for drills, private and archived incidents, which cannot be published."""
    if is_hidden(incident):
        what = "a drill" if incident.is_drill else "private"
        raise Conflict(f"{incident.reference} is {what} and cannot be published on the status page.")
    if incident.archived_at is not None:
        raise Conflict(f"{incident.reference} is archived. Restore it first; nothing was changed.")


def refuse_sensitive(actor: Actor, field: str, text: str, *, confirmed: bool) -> None:
    """Raise Invalid for a public text with a secret, or, unless confirmed, an internal name."""
    names = PublicComponent.objects.of(actor.workspace_id).values_list("name", flat=True)
    flags = flags_in(text, internal=internal_names(actor.workspace_id), public=names)
    if any(flag.kind == "secret" for flag in flags):
        raise invalid(field, "secret", "contains what looks like a secret; remove it")
    if flags and not confirmed:
        words = " ".join(flag.words for flag in flags[:3])
        raise invalid(field, "sensitive", f"should not be public. {words} Confirm to publish it anyway")


def _publish(actor: Actor, page: StatusPage, incident: Incident, title: str) -> PublicIncident:
    with transaction.atomic():
        found: PublicIncident
        found, is_new = PublicIncident.objects.of(actor.workspace_id).get_or_create(
            incident=incident,
            defaults={
                "workspace_id": actor.workspace_id, "page": page, "public_id": new_public_id(),
                "public_title": title, "published_by": actor.label[:150],
            },
        )  # fmt: skip
        changed = is_new or found.withdrawn_at is not None or found.public_title != title
        if changed:
            if not is_new and found.withdrawn_at is not None:
                found.published_at = timezone.now()
            found.public_title, found.withdrawn_at = title, None
            found.save()
            record(
                actor, action="status_incident.publish", target=found,
                summary=f"{incident.reference} published on the status page", changes={"title": ["", title]},
            )  # fmt: skip
        request_build(actor.workspace_id)
    return found


def _locked(actor: Actor, incident: Incident) -> PublicIncident:
    rows = PublicIncident.objects.of(actor.workspace_id).filter(incident=incident, withdrawn_at=None)
    found: PublicIncident | None = rows.select_for_update().first()
    if found is None:
        raise Conflict(f"{incident.reference} is not on the status page. Publish it first.")
    return found


def _allow(published: PublicIncident, entry_id: int) -> None:
    published.allowed_entries = sorted({*published.allowed_entries, entry_id})
    published.save(update_fields=["allowed_entries"])
