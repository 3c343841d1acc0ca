"""Settings pages of postmortem templates."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Capability, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Conflict, Invalid
from core.ui.htmx import done
from postmortems.drafting.placeholders import PLACEHOLDERS
from postmortems.template_library import services
from postmortems.template_library.models import Audience, PostmortemTemplate, SectionStyle
from postmortems.template_library.selectors import template_for, template_sections, templates_of

NAV: Final = {"nav_current": "/settings", "menu_current": "/settings/postmortems"}
FIELDS: Final = ("key", "title", "style", "help_text", "starter", "audience")
URL: Final = "/settings/postmortems"


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """GET: the templates of the workspace."""
    actor = current_actor(request)
    require(actor, Capability.TEMPLATES_WRITE)
    services.ensure_templates(actor.workspace_id)
    return render(
        request,
        "postmortems/template_library/list.html",
        {**NAV, "rows": templates_of(actor), "archived": templates_of(actor, archived=True)},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, template_id: int) -> HttpResponse:
    """GET: the sections of a template. POST: replace them; 303, 409, 422 with the error."""
    actor = current_actor(request)
    require(actor, Capability.TEMPLATES_WRITE)
    template = template_for(actor, template_id)
    if request.method != "POST":
        rows = [_row(one) for one in template_sections(template)]
        return _page(request, template, rows)
    given = _given(request.POST)
    version = request.POST.get("version", "")
    try:
        services.update_template(
            actor, template_id=template_id, version=int(version) if version.isdecimal() else None,
            sections=[one for one in given if not one.get("remove")], name=request.POST.get("name", ""),
            header=request.POST.get("header", ""), footer=request.POST.get("footer", ""),
            **{name: bool(request.POST.get(name)) for name in ("has_dividers", "is_strict", "is_default")},
        )  # fmt: skip
    except (Invalid, Conflict) as fault:
        return _page(request, template, given, status=fault.status, fault=fault)
    return done(request, "Template saved. New drafts use it.", url=f"{URL}/{template_id}")


def _page(
    request: HttpRequest,
    template: PostmortemTemplate,
    rows: list[dict[str, Any]],
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    blank = {"key": "", "title": "", "style": "subsection", "audience": "internal", "at": len(rows) * 10 + 10}
    context = {
        **NAV, "template": template, "rows": [*rows, blank], "styles": SectionStyle.choices,
        "audiences": Audience.choices, "placeholders": PLACEHOLDERS.values(), **more,
    }  # fmt: skip
    return render(request, "postmortems/template_library/template.html", context, status=status)


def _row(one: Any) -> dict[str, Any]:
    row = {name: getattr(one, name) for name in FIELDS}
    return {**row, "is_required": one.is_required, "has_text": one.has_text, "at": one.position}


def _given(data: QueryDict) -> list[dict[str, Any]]:
    """Rows of the form by position, without the blank one."""
    rows = []
    for n in range(min(len(data.getlist("key")), 200)):
        row: dict[str, Any] = {name: (data.getlist(name) + [""] * 200)[n].strip() for name in FIELDS}
        row |= {name: str(n) in data.getlist(name) for name in ("is_required", "remove", "has_text")}
        at = (data.getlist("at") + ["0"] * 200)[n]
        row["at"] = int(at) if at.isdecimal() and len(at) < 6 else 0
        if row["key"] or row["title"]:
            rows.append(row)
    return sorted(rows, key=lambda one: int(one["at"]))


@require_POST
def copy(request: HttpRequest, template_id: int) -> HttpResponse:
    """POST: copy under another name; 303 to the copy."""
    actor = current_actor(request)
    made = services.copy_template(actor, template_id=template_id, name=request.POST.get("name", ""))
    return done(request, f"{made.name} created.", url=f"{URL}/{made.pk}")


@require_POST
def archive(request: HttpRequest, template_id: int) -> HttpResponse:
    """POST: archive or restore; 303 to the list."""
    made = services.archive_template(current_actor(request), template_id=template_id)
    return done(request, f"{made.name} is {'archived' if made.archived_at else 'in use'}.", url=URL)
