"""The pages of attachments: upload, read, remove."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Capability, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Invalid, NotFound
from core.storage.client import ObjectMissingError
from core.ui.htmx import done
from incidents.attachments.models import Attachment
from incidents.attachments.rendering import attachment_json
from incidents.attachments.selectors import attachment_for, content_of
from incidents.attachments.services import remove_attachment, store_attachment
from incidents.selectors import incident_for

# A browser may show the picture, but not run it as a page.
POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"


@require_POST
def upload(request: HttpRequest, reference: str) -> HttpResponse:
    """POST /incidents/INC-42/attachments: one `file`; 303, or JSON for scripts that accept it."""
    actor = current_actor(request)
    require(actor, Capability.INCIDENTS_WRITE)
    incident = incident_for(actor, reference)
    given = request.FILES.get("file")
    if given is None:
        raise Invalid("Choose an image first. Nothing was stored.")
    made = store_attachment(actor, incident.number, name=given.name or "", body=given.read())
    if request.accepts("text/html"):
        return done(request, f"{made.name} attached.", url=f"/incidents/{incident.reference}")
    return JsonResponse(attachment_json(made), status=201)


@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """GET /attachments/7: the picture itself, to members who may read its incident."""
    return picture_response(attachment_for(current_actor(request), pk))


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """POST /attachments/7/remove: delete it; 303 to its incident."""
    found = remove_attachment(current_actor(request), pk)
    topics = (f"incident:{found.incident.number}",)
    return done(
        request, f"{found.name} removed.", url=f"/incidents/{found.incident.reference}", topics=topics
    )


def picture_response(attachment: Attachment) -> HttpResponse:
    """Return the bytes with the detected type. Raises NotFound, StorageError."""
    try:
        body = content_of(attachment)
    except ObjectMissingError as error:
        raise NotFound("This attachment is no longer in the storage.") from error
    response = HttpResponse(body, content_type=attachment.content_type)
    ending = attachment.content_type.partition("/")[2]
    response["Content-Disposition"] = f'inline; filename="attachment-{attachment.pk}.{ending}"'
    response["Content-Security-Policy"] = POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, max-age=86400, immutable"
    return response
