"""Creates, renames and configures workspaces; `config.installation.setup` adds policies and rules."""

from __future__ import annotations

from collections.abc import Mapping
from secrets import token_hex
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from accounts.actor import Actor, system_actor
from accounts.audit.services import record
from accounts.models import Membership, Role, User, Workspace
from accounts.permissions import Capability, require
from accounts.validation import clean_name, clean_slug, clean_time_zone, invalid
from core.errors import Conflict

MAX_FOUNDED: Final = 20  # maximum number of workspaces a person may be admin of when creating another


def create_bare_workspace(*, slug: str, name: str, time_zone: str = "UTC") -> Workspace:
    """Create a workspace without members, policies or rules. Raises Invalid naming the field."""
    fields = {"slug": clean_slug(slug), "name": clean_name(name), "time_zone": clean_time_zone(time_zone)}
    try:
        with transaction.atomic():
            workspace = Workspace.objects.create(**fields)
            actor = system_actor(workspace.pk)
            record(
                actor, action="workspace.create", target=workspace, summary=f"{workspace.name} was created"
            )
    except IntegrityError as error:
        raise invalid("slug", "unique", "is taken") from error
    return workspace


def free_slug(*, name: str) -> str:
    """Return an unused slug made from a name."""
    base = slugify(name)[:50].strip("-") or "workspace"
    slugs = [base, *(f"{base}-{number}" for number in range(2, 100))]
    taken = set(Workspace.objects.filter(slug__in=slugs).values_list("slug", flat=True))
    return next((slug for slug in slugs if slug not in taken), f"{base}-{token_hex(4)}")


def add_founder(user: User, workspace: Workspace) -> Membership:
    """Make the person who created a workspace its first admin. Raises Conflict beyond `MAX_FOUNDED`."""
    held = user.memberships.filter(role=Role.ADMIN).count()
    if held >= MAX_FOUNDED:
        raise Conflict(
            f"You are admin of {held} workspaces; {MAX_FOUNDED} are allowed. No workspace was created."
        )
    membership: Membership = Membership.objects.create(workspace_id=workspace.pk, user=user, role=Role.ADMIN)
    actor = Actor(workspace.pk, "user", user.label, user_id=user.pk, role=Role.ADMIN)
    summary = f"{user.label} created the workspace and is its first admin"
    record(actor, action="member.add", target=membership, summary=summary)
    return membership


def update_workspace(
    actor: Actor, *, name: str, time_zone: str, expected: Mapping[str, str] | None = None
) -> Workspace:
    """Change the actor's workspace's name or time zone. `expected`: the values the change was based on.

    Raises Forbidden, Invalid naming the field, Conflict when someone changed them meanwhile.
    """
    require(actor, Capability.SETTINGS_WRITE)
    wanted = {"name": clean_name(name), "time_zone": clean_time_zone(time_zone)}
    with transaction.atomic():
        workspace = Workspace.objects.select_for_update(no_key=True).get(pk=actor.workspace_id)
        now = {field: str(getattr(workspace, field)) for field in wanted}
        if expected is not None and dict(expected) != now:
            raise Conflict(
                "Someone else changed the settings meanwhile. Nothing was saved.", extra={"current": now}
            )
        changes = {field: [now[field], value] for field, value in wanted.items() if now[field] != value}
        if changes:
            _apply(actor, workspace, changes)
    return workspace


def require_second_factors(actor: Actor, *, is_required: bool) -> None:
    """Turn the second-factor requirement for all members of the actor's workspace on or off.

    Raises Forbidden.
    """
    require(actor, Capability.SETTINGS_WRITE)
    with transaction.atomic():
        workspace = Workspace.objects.select_for_update(no_key=True).get(pk=actor.workspace_id)
        if workspace.second_factor_required != is_required:
            before, workspace.second_factor_required = workspace.second_factor_required, is_required
            workspace.save(update_fields=["second_factor_required"])
            state = "required" if is_required else "no longer required"
            summary = f"{actor.label}: a second factor is {state} from every member"
            changes = {"second_factor_required": [before, is_required]}
            record(actor, action="workspace.update", target=workspace, summary=summary, changes=changes)


def _apply(actor: Actor, workspace: Workspace, changes: Mapping[str, list[str]]) -> None:
    for field, (_, value) in changes.items():
        setattr(workspace, field, value)
    workspace.save(update_fields=list(changes))
    summary = f"{actor.label} changed the workspace: {', '.join(changes).replace('_', ' ')}"
    record(actor, action="workspace.update", target=workspace, summary=summary, changes=changes)


def dismiss_setup(actor: Actor, *, is_dismissed: bool = True) -> None:
    """Hide or show the onboarding checklist. Raises Forbidden."""
    require(actor, Capability.SETTINGS_WRITE)
    with transaction.atomic():
        workspace = Workspace.objects.select_for_update(no_key=True).get(pk=actor.workspace_id)
        if (workspace.setup_dismissed_at is not None) == is_dismissed:
            return
        workspace.setup_dismissed_at = timezone.now() if is_dismissed else None
        workspace.save(update_fields=["setup_dismissed_at"])
        verb = "hid" if is_dismissed else "showed"
        summary = f"{actor.label} {verb} the getting-started list"
        record(
            actor, action="setup.dismiss" if is_dismissed else "setup.show", target=workspace, summary=summary
        )
