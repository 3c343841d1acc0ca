"""Field mapping page with a preview."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from accounts.permissions import Capability, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Conflict, Invalid, NotFound, Problem
from core.ui.htmx import done, render
from detection.models import Source, SourceSample
from detection.quarantine.views import readable
from detection.sources.forms import LABELS, MappingForm
from detection.sources.selectors import sample_of, source_for
from detection.sources.services.sources import update_source
from detection.sources.views.sources import NAV, note_faults, page_of
from detection.webhooks.format import webhook_formats
from detection.webhooks.http.form_data import MULTIPART
from detection.webhooks.mapping.definition import Mapping, parse_mapping
from detection.webhooks.mapping.reader import Found, find_values

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Preview:
    """Result of a mapping: the first elements, how many there are, or why nothing can be parsed."""

    elements: tuple[dict[str, Any], ...] = ()
    total: int = 0
    problem: str = ""


@require_http_methods(["GET", "HEAD", "POST"])
def mapping(request: HttpRequest, source_id: int) -> HttpResponse:
    """GET: the form. POST `do=preview`: the preview. POST: save; 303, or 422 with the faults."""
    actor = current_actor(request)
    require(actor, Capability.SOURCES_WRITE)
    source = source_for(actor, source_id)
    if not webhook_formats().get(source.kind).is_mapped:
        raise NotFound("This kind of source has no mapping.")
    if request.method != "POST":
        sample = sample_of(actor, source)
        form = MappingForm(
            mapping=source.mapping, initial={"body": _body(source, sample), "source_version": source.version}
        )
        return _page(
            request, source, form, preview_of(source, source.mapping, form.initial["body"]), sample=sample
        )
    form = MappingForm(request.POST, mapping=source.mapping)
    if not form.is_valid():
        return _page(request, source, form, Preview(problem="Correct the marked fields."), status=422)
    body = form.cleaned_data["body"]
    try:
        given = form.mapping()
        parse_mapping(given)
        if request.POST.get("do") != "preview":
            update_source(
                actor, source_id=source_id, version=form.cleaned_data["source_version"], mapping=given
            )
            return done(request, "Mapping saved.", url=page_of(source))
    except (Invalid, Conflict) as fault:
        note_faults(form, fault)
        return _page(request, source, form, Preview(problem=fault.detail), status=422)
    return _page(request, source, form, preview_of(source, given, body))


def preview_of(source: Source, given: Any, body: str) -> Preview:
    """Return what the mapping `given` finds in `body`."""
    try:
        found = find_values(parse_mapping(given), webhook_formats().get(source.kind).pasted(body))
    except Problem as problem:
        return Preview(problem=problem.detail)
    return Preview(tuple(_element(parse_mapping(given), one) for one in found[:SHOWN]), len(found))


def _element(mapping: Mapping, found: Found) -> dict[str, Any]:
    rows = [(label, found.texts[name]) for name, (label, _) in LABELS.items() if name in found.texts]
    labels = ", ".join(f"{name}: {text}" for name, text in found.labels.items())
    wanted = [("Labels", labels), ("Reads as", _verdict(mapping, found))]
    return {"title": found.texts["title"], "rows": [*rows, *wanted], "notes": found.notes}


def _verdict(mapping: Mapping, found: Found) -> str:
    if not found.texts["title"]:
        return "Cannot be parsed: no title."
    if mapping.kind == "change":
        return "A change."
    severity = found.severity.label if found.severity else "the source's severity"
    return f"{'An alert' if mapping.kind == 'alert' else 'An event'}, {found.state}, {severity}."


def _body(source: Source, sample: SourceSample | None) -> str:
    """Return the last received body, secrets masked, else the sample of the format."""
    if sample is None or sample.content_type == MULTIPART:
        return webhook_formats().get(source.kind).guide.text
    return readable(bytes(sample.body), sample.workspace_id)


def _page(
    request: HttpRequest,
    source: Source,
    form: MappingForm,
    preview: Preview,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context = {
        **NAV,
        "source": source,
        "form": form.styled(),
        "groups": form.groups(),
        "preview": preview,
        **more,
    }
    return render(request, "detection/sources/mapping.html", context, part="preview", status=status)
