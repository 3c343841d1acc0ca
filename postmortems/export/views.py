"""Export page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.sign_in.page_authentication import current_actor
from postmortems.export.files import export_file


@require_safe
def export(request: HttpRequest, reference: str) -> HttpResponse:
    """GET: the postmortem as a file; `?format=markdown|html|pdf|json`."""
    return export_file(current_actor(request), reference, request.GET.get("format", "markdown"))
