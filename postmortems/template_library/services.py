"""Installs and changes postmortem templates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import Workspace
from accounts.permissions import Capability, require
from core.errors import Conflict, NotFound
from incidents.validation import clean_line, clean_text, invalid
from postmortems.drafting.placeholders import unknown_in
from postmortems.template_library.models import Audience, PostmortemTemplate, SectionStyle, TemplateSection
from postmortems.template_library.selectors import template_for, template_sections
from postmortems.template_library.shipped import SHIPPED, TemplateSpec

MAX_SECTIONS: Final = 80
MAX_TEMPLATES: Final = 50
_KEY: Final = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


def ensure_templates(workspace_id: int) -> None:
    """Install the shipped templates if the workspace has none. Idempotent."""
    if PostmortemTemplate.objects.of(workspace_id).exists():
        return
    with transaction.atomic():
        Workspace.objects.select_for_update(no_key=True).get(pk=workspace_id)
        if not PostmortemTemplate.objects.of(workspace_id).exists():
            for spec in SHIPPED:
                _install(workspace_id, spec)


def _install(workspace_id: int, spec: TemplateSpec) -> None:
    template = PostmortemTemplate.objects.create(
        workspace_id=workspace_id,
        name=spec.name,
        slug=spec.slug,
        kind=spec.kind,
        header=spec.header,
        footer=spec.footer,
        has_dividers=spec.has_dividers,
        is_default=spec.is_default,
    )
    TemplateSection.objects.bulk_create(
        TemplateSection(
            workspace_id=workspace_id,
            template=template,
            key=one.key,
            title=one.title,
            style=one.style,
            has_text=one.has_text,
            help_text=one.question,
            starter=one.starter,
            position=at * 10,
            is_required=one.is_required,
            audience=one.audience,
        )
        for at, one in enumerate(spec.sections, 1)
    )


def template_for_draft(workspace_id: int, incident_type: str, slug: str = "") -> PostmortemTemplate:
    """The given template, else the one for security incidents, else the default. Raises NotFound."""
    ensure_templates(workspace_id)
    rows = PostmortemTemplate.objects.of(workspace_id).filter(archived_at=None)
    if slug:
        named: PostmortemTemplate | None = rows.filter(slug=slug).first()
        if named is None:
            raise NotFound(f"There is no template {slug!r} in this workspace.")
        return named
    if incident_type == "security_breach":
        secure: PostmortemTemplate | None = rows.filter(kind="security").order_by("id").first()
        if secure is not None:
            return secure
    found: PostmortemTemplate | None = rows.order_by("-is_default", "id").first()
    if found is None:
        raise NotFound("Every template is archived. Restore one or add one first.")
    return found


def copy_template(actor: Actor, *, template_id: int, name: str) -> PostmortemTemplate:
    """Copy a template with its sections. Raises Invalid (`name`), NotFound, Forbidden."""
    require(actor, Capability.TEMPLATES_WRITE)
    source = template_for(actor, template_id)
    frame = {one: getattr(source, one) for one in ("header", "footer", "has_dividers", "is_strict")}
    sections = template_sections(source)
    for section in sections:
        section.pk, section._state.adding = None, True
    with transaction.atomic():
        return _added(actor, name, frame, sections)


def create_template(
    actor: Actor, *, name: str, sections: Sequence[Mapping[str, Any]], **fields: Any
) -> PostmortemTemplate:
    """Create a template with sections as for `update_template`. Raises Invalid, Forbidden."""
    require(actor, Capability.TEMPLATES_WRITE)
    made = [_section(n, one) for n, one in enumerate(sections)]
    _refuse_invalid(made)
    for at, section in enumerate(made, 1):
        section.position = at * 10
    frame = {name: clean_text(name, fields.get(name, "")) for name in ("header", "footer")}
    for name_of, text in frame.items():
        _refuse_unknown(name_of, text)
    switches = {one: bool(fields.get(one, one == "has_dividers")) for one in ("has_dividers", "is_strict")}
    with transaction.atomic():
        return _added(actor, name, frame | switches, made)


def _added(
    actor: Actor, name: str, frame: Mapping[str, Any], sections: Sequence[TemplateSection]
) -> PostmortemTemplate:
    title = clean_line("name", name, 120)
    slug = "-".join(re.findall(r"[a-z0-9]+", title.lower()))[:60].strip("-") or "template"
    ensure_templates(actor.workspace_id)
    rows = PostmortemTemplate.objects.of(actor.workspace_id)
    if rows.filter(slug=slug).exists():
        raise invalid("name", "unique", "is used by another template")
    if rows.count() >= MAX_TEMPLATES:
        raise invalid("name", "max_items", f"cannot be added: there are {MAX_TEMPLATES} templates")
    made: PostmortemTemplate = PostmortemTemplate.objects.create(
        workspace_id=actor.workspace_id, name=title, slug=slug, **frame
    )
    for section in sections:
        section.workspace_id, section.template = actor.workspace_id, made
    TemplateSection.objects.bulk_create(sections)
    summary = f"{actor.label} added the template {title}"
    record(actor, action="template.create", target=made, summary=summary)
    return made


def update_template(
    actor: Actor,
    *,
    template_id: int,
    version: int | None,
    sections: Sequence[Mapping[str, Any]],
    **fields: Any,
) -> PostmortemTemplate:
    """Replace a template's settings and sections; existing postmortems stay as they are.

    `sections` are dicts of key, title, style, help_text, starter, is_required, audience. Raises Invalid
    (field, such as `sections[3].starter`), Conflict (stale), NotFound, Forbidden.
    """
    require(actor, Capability.TEMPLATES_WRITE)
    made = [_section(n, one) for n, one in enumerate(sections)]
    _refuse_invalid(made)
    with transaction.atomic():
        rows = PostmortemTemplate.objects.of(actor.workspace_id).filter(pk=template_id)
        template: PostmortemTemplate | None = rows.select_for_update().first()
        if template is None:
            raise NotFound("There is no such template in this workspace.")
        if version is not None and version != template.version:
            raise Conflict(
                f"{template.name} has changed since you read it: it is at version {template.version}, "
                f"you sent {version}. Nothing was changed."
            )
        _set_fields(actor, template, fields)
        TemplateSection.objects.of(actor.workspace_id).filter(template=template).delete()
        for at, section in enumerate(made, 1):
            section.workspace_id, section.template, section.position = actor.workspace_id, template, at * 10
        TemplateSection.objects.bulk_create(made)
        summary = f"{actor.label} changed the template {template.name}"
        record(actor, action="template.edit", target=template, summary=summary)
    return template


def _set_fields(actor: Actor, template: PostmortemTemplate, fields: Mapping[str, Any]) -> None:
    if "name" in fields:
        template.name = clean_line("name", fields["name"], 120)
    for name in ("header", "footer"):
        if name in fields:
            text = clean_text(name, fields[name])
            _refuse_unknown(name, text)
            setattr(template, name, text)
    for name in ("has_dividers", "is_strict"):
        if name in fields:
            setattr(template, name, bool(fields[name]))
    if fields.get("is_default") and not template.is_default:
        others = PostmortemTemplate.objects.of(actor.workspace_id).filter(is_default=True)
        others.update(is_default=False)
        template.is_default = True
    template.version += 1
    template.save()


def archive_template(actor: Actor, *, template_id: int, archived: bool | None = None) -> PostmortemTemplate:
    """Archive or restore a template; toggles if `archived` is None.

    Raises Conflict for the default, NotFound, Forbidden.
    """
    require(actor, Capability.TEMPLATES_WRITE)
    with transaction.atomic():
        template = template_for(actor, template_id)
        if archived is not None and archived == (template.archived_at is not None):
            return template
        if template.is_default:
            raise Conflict(f"{template.name} is the default. Make another one the default first.")
        template.archived_at = None if template.archived_at else timezone.now()
        template.save(update_fields=["archived_at"])
        what = "archived" if template.archived_at else "restored"
        summary = f"{actor.label} {what} the template {template.name}"
        record(actor, action="template.archive", target=template, summary=summary)
    return template


def _section(n: int, given: Mapping[str, Any]) -> TemplateSection:
    where = f"sections[{n}]"
    key = str(given.get("key", ""))
    if not _KEY.fullmatch(key) or len(key) > 60:
        raise invalid(f"{where}.key", "slug", "must be lower-case letters, digits, - and _, at most 60")
    starter = clean_text(f"{where}.starter", str(given.get("starter", "")))
    _refuse_unknown(f"{where}.starter", starter)
    style, audience = str(given.get("style", "subsection")), str(given.get("audience", "internal"))
    if style not in SectionStyle.values:
        raise invalid(f"{where}.style", "choice", f"must be one of {', '.join(SectionStyle.values)}")
    if audience not in Audience.values:
        raise invalid(f"{where}.audience", "choice", f"must be one of {', '.join(Audience.values)}")
    question = str(given.get("help_text", "")).strip()
    return TemplateSection(
        key=key,
        title=clean_line(f"{where}.title", str(given.get("title", "")), 120),
        style=style,
        has_text=bool(starter or question or given.get("has_text")),
        help_text=clean_line(f"{where}.help_text", question, 300) if question else "",
        starter=starter,
        is_required=bool(given.get("is_required")),
        audience=audience,
    )


def _refuse_invalid(sections: Sequence[TemplateSection]) -> None:
    keys = [one.key for one in sections]
    if not sections or len(sections) > MAX_SECTIONS:
        raise invalid("sections", "max_items", f"must be 1 to {MAX_SECTIONS}")
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise invalid("sections", "unique", f"must have different keys; {twice[0]} is there twice")


def _refuse_unknown(field: str, text: str) -> None:
    if unknown := unknown_in(text):
        raise invalid(field, "placeholder", f"has an unknown placeholder {{{{ {unknown[0]} }}}}")
