"""API of attachments."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import File, Path, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from accounts.permissions import Capability, require
from accounts.tokens.api_authentication import actor_in
from incidents.attachments.rendering import attachment_json
from incidents.attachments.schemas import AttachmentOut
from incidents.attachments.selectors import attachment_for, attachments_of
from incidents.attachments.services import remove_attachment, store_attachment
from incidents.attachments.views import picture_response
from incidents.lifecycle.api import Reference
from incidents.selectors import incident_for

router = Router(tags=["Incidents"])
one_router = Router(tags=["Incidents"])


class AttachmentReference(Schema):
    """One attachment by its id."""

    attachment_id: int = Field(ge=1, le=2**63 - 1)


@router.get("/{reference}/attachments", response=list[AttachmentOut], summary="Attachments of an incident")
def attachments(request: HttpRequest, where: Path[Reference]) -> Any:
    """List the pictures of an incident, oldest first."""
    actor = actor_in(request)
    incident = incident_for(actor, where.reference)
    return [attachment_json(one) for one in attachments_of(actor, incident)]


@router.post("/{reference}/attachments", response={201: AttachmentOut}, summary="Attach a picture")
def attach(request: HttpRequest, where: Path[Reference], file: File[UploadedFile | None] = None) -> Any:
    """Attach a picture: a multipart upload with one `file`, PNG, JPEG, GIF or WebP, at most 10 MB.

    Metadata and trailing data are removed. The same picture again is stored once.
    """
    actor = actor_in(request)
    require(actor, Capability.INCIDENTS_WRITE)
    incident = incident_for(actor, where.reference)
    name, body = (file.name or "", file.read()) if file else ("", b"")
    return Status(201, attachment_json(store_attachment(actor, incident.number, name=name, body=body)))


@one_router.get("/{attachment_id}", summary="Read an attachment")
def read(request: HttpRequest, where: Path[AttachmentReference]) -> HttpResponse:
    """Return the bytes of the picture."""
    return picture_response(attachment_for(actor_in(request), where.attachment_id))


@one_router.delete("/{attachment_id}", response={204: None}, summary="Remove an attachment")
def remove(request: HttpRequest, where: Path[AttachmentReference]) -> Any:
    """Delete the picture; texts that show it keep its name."""
    remove_attachment(actor_in(request), where.attachment_id)
    return Status(204, None)
