"""Creates and changes the status page of a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import IntegrityError, transaction

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from accounts.validation import clean_name, clean_slug, clean_time_zone, invalid
from core.errors import NotFound
from status.pages.models import StatusPage
from status.pages.validation import clean_choice, clean_color, clean_domains, clean_logo, clean_note
from status.snapshots.models import PageBuild
from status.snapshots.services.requests import request_build
from status.vocabulary import Access, AutoPublish

MAX_DESCRIPTION: Final = 500


def put_page(actor: Actor, *, values: Mapping[str, Any]) -> StatusPage:
    """Create the page, or update the given fields. Raises Invalid, Forbidden."""
    require(actor, Capability.STATUS_WRITE)
    given = _cleaned(values)
    try:
        with transaction.atomic():
            page = StatusPage.objects.of(actor.workspace_id).select_for_update().first()
            if page is None:
                page = _new(actor, given)
            changes = _apply(page, given)
            _refuse_without_domains(page)
            page.save()
            PageBuild.objects.of(actor.workspace_id).get_or_create(
                page=page, defaults={"workspace_id": actor.workspace_id}
            )
            record(actor, action="status_page.save", target=page, summary="Page saved", changes=changes)
            request_build(actor.workspace_id)
    except IntegrityError as error:
        raise invalid("slug", "unique", "is used by another status page") from error
    return page


def delete_page(actor: Actor) -> None:
    """Delete the page with its components, history and subscribers. Raises NotFound, Forbidden."""
    require(actor, Capability.STATUS_WRITE)
    with transaction.atomic():
        page = StatusPage.objects.of(actor.workspace_id).select_for_update().first()
        if page is None:
            raise NotFound("This workspace has no status page.")
        record(actor, action="status_page.delete", target=page, summary=f"Status page {page.slug} deleted")
        page.delete()


def _cleaned(values: Mapping[str, Any]) -> dict[str, Any]:
    cleaners: dict[str, Any] = {
        "slug": clean_slug,
        "title": lambda text: clean_name(text, field="title"),
        "description": lambda text: clean_note("description", text, MAX_DESCRIPTION),
        "color": clean_color,
        "time_zone": clean_time_zone,
        "access": lambda text: clean_choice("access", text, Access.values),
        "domains": clean_domains,
        "auto_publish": lambda text: clean_choice("auto_publish", text, AutoPublish.values),
        "is_enabled": bool,
        "logo": clean_logo,
    }
    return {name: clean(values[name]) for name, clean in cleaners.items() if values.get(name) is not None}


def _new(actor: Actor, given: Mapping[str, Any]) -> StatusPage:
    for name in ("slug", "title"):
        if name not in given:
            raise invalid(name, "required", "is needed for a new status page")
    return StatusPage(workspace_id=actor.workspace_id)


def _apply(page: StatusPage, given: Mapping[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for name, value in given.items():
        if name == "logo":
            page.logo, page.logo_type = value
            changes["logo"] = [None, page.logo_type]
        elif getattr(page, name) != value:
            changes[name] = [getattr(page, name), value]
            setattr(page, name, value)
    return changes


def _refuse_without_domains(page: StatusPage) -> None:
    if page.access == Access.DOMAINS and not page.domains:
        raise invalid("domains", "required", "must name at least one domain for a page that is not public")
