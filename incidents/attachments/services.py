"""Stores and removes attachments."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

from django.db import connection, transaction

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from core.errors import Invalid, Unavailable
from core.outbox.events import publish
from core.storage.client import StorageError, bucket
from incidents.attachments.images import cleaned
from incidents.attachments.models import Attachment
from incidents.attachments.picture import NotAPictureError, Picture
from incidents.attachments.selectors import MAX_LISTED, attachment_for
from incidents.events import IncidentChanged
from incidents.models import Incident
from incidents.selectors import incident_for
from incidents.timeline.services.timeline_entries import actor_json
from incidents.validation import invalid

MAX_BYTES: Final = 10_000_000
MAX_NAME_CHARS: Final = 80
_UNFIT: Final = re.compile(r"[^\w .,+-]")  # names are used in Markdown and in headers


def store_attachment(actor: Actor, number: int | str, *, name: str, body: bytes) -> Attachment:
    """Store a picture of an incident; the same picture again returns the stored one.

    The type is detected from the content, not the name; the picture is stored without metadata. Raises
    Invalid naming `file`, Unavailable while the storage is down, Forbidden, NotFound.
    """
    require(actor, Capability.INCIDENTS_WRITE)
    incident = incident_for(actor, number)
    picture, digest = _checked(body)
    found = _stored(incident, digest)
    if found is not None:
        return found
    key = f"attachments/{incident.workspace_id}/{incident.pk}/{digest}"
    _put(key, picture)
    return _record(actor, incident, Attachment(
        workspace_id=incident.workspace_id, incident=incident, name=_named(name),
        content_type=picture.content_type, size=len(picture.body), width=picture.width, height=picture.height,
        sha256=digest, key=key, uploaded_by_id=actor.user_id, uploaded_label=actor.label[:150],
    ))  # fmt: skip


def _checked(body: bytes) -> tuple[Picture, str]:
    if not body:
        raise invalid("file", "required", "must hold a picture; it is empty")
    if len(body) > MAX_BYTES:
        raise invalid("file", "max_bytes", f"must have at most {MAX_BYTES:,} bytes, not {len(body):,}")
    try:
        picture = cleaned(body)
    except NotAPictureError as error:
        raise invalid("file", "picture", f"must be a PNG, JPEG, GIF or WebP picture: {error}") from error
    return picture, sha256(picture.body).hexdigest()


def _stored(incident: Incident, digest: str) -> Attachment | None:
    rows = Attachment.objects.of(incident.workspace_id).filter(incident=incident, sha256=digest)
    found: Attachment | None = rows.first()
    return found


def _put(key: str, picture: Picture) -> None:
    if not connection.in_atomic_block:
        connection.close()  # not held during the upload
    try:
        bucket().ensure()
        bucket().put(key, picture.body, picture.content_type)
    except StorageError as error:
        raise Unavailable("The file storage is not reachable. Nothing was stored; try again.") from error


def _record(actor: Actor, incident: Incident, row: Attachment) -> Attachment:
    with transaction.atomic():
        Incident.objects.of(actor.workspace_id).select_for_update(no_key=True).get(pk=incident.pk)
        found = _stored(incident, row.sha256)
        if found is not None:
            return found
        if Attachment.objects.of(actor.workspace_id).filter(incident=incident).count() >= MAX_LISTED:
            raise Invalid(f"{incident.reference} has {MAX_LISTED} attachments already. Nothing was stored.")
        row.save(force_insert=True)
        summary = f"{incident.reference}: attached {row.name}"
        changes = {"attachment": [None, row.name], "size": [None, row.size]}
        record(actor, action="incident.attach", target=incident, summary=summary, changes=changes)
        ids = (incident.workspace_id, incident.pk, incident.number, incident.version)
        publish(IncidentChanged(*ids), actor=actor_json(actor))
    return row


def remove_attachment(actor: Actor, attachment_id: int) -> Attachment:
    """Delete an attachment, row and bytes. Raises Forbidden, NotFound, Unavailable."""
    require(actor, Capability.INCIDENTS_WRITE)
    found = attachment_for(actor, attachment_id)
    incident = found.incident
    try:
        bucket().delete(found.key)
    except StorageError as error:
        raise Unavailable("The file storage is not reachable. Nothing was removed; try again.") from error
    with transaction.atomic():
        Attachment.objects.of(actor.workspace_id).filter(pk=found.pk).delete()
        summary = f"{incident.reference}: removed the attachment {found.name}"
        changes = {"attachment": [found.name, None]}
        record(actor, action="incident.detach", target=incident, summary=summary, changes=changes)
        ids = (incident.workspace_id, incident.pk, incident.number, incident.version)
        publish(IncidentChanged(*ids), actor=actor_json(actor))
    return found


def _named(name: str) -> str:
    """Return a name that is safe in Markdown, in a header and on a page."""
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = " ".join(_UNFIT.sub(" ", last).split())
    return plain[:MAX_NAME_CHARS] or "picture"
