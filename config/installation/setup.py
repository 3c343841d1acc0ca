"""Creates workspaces with their policies and rules, and the first one at installation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.actor import system_actor
from accounts.audit.services import record
from accounts.models import ApiToken, Membership, Role, Scope, User, Workspace
from accounts.sign_in.services import mint_sign_in_link
from accounts.tokens.services import issue_token, revoke_token
from accounts.workspaces.services import add_founder, create_bare_workspace, free_slug
from detection.rules.services.rules import install_builtin_rules
from incidents.sla.services.clocks import seed_policies
from notifications.escalation.services.policies import install_default_policies

FIRST_SLUG: Final = "default"
FIRST_ADMIN: Final = "admin"
FIRST_NAME: Final = "First token"
UNSEEN_FOR: Final = timedelta(days=1)
_LOCK: Final = 0x70C51  # key of the advisory lock for setting up


@dataclass(frozen=True)
class FirstSteps:
    """What a new operator needs: a path from `/` while no admin has a password; the token at the first start.

    There is no path when the first admin was deactivated: only another admin may readmit people.
    """

    workspace_slug: str
    sign_in_url_path: str | None
    token: str | None


def create_workspace(*, slug: str, name: str, time_zone: str = "UTC") -> Workspace:
    """Create a workspace with its policies and built-in rules, without members. Raises Invalid."""
    with transaction.atomic():
        workspace = create_bare_workspace(slug=slug, name=name, time_zone=time_zone)
        seed_policies(workspace.pk)
        install_builtin_rules(system_actor(workspace.pk))
        install_default_policies(system_actor(workspace.pk))
    return workspace


def found_workspace(user: User, *, name: str, slug: str = "", time_zone: str = "UTC") -> Workspace:
    """Create a workspace with `user` as its first admin. Raises Invalid, Conflict."""
    with transaction.atomic():
        workspace = create_workspace(slug=slug or free_slug(name=name), name=name, time_zone=time_zone)
        add_founder(user, workspace)
    return workspace


def ensure_first_workspace(*, is_token_shown: bool = True) -> FirstSteps:
    """Create the first workspace, its admin and an API token, unless they exist; called at every start.

    `is_token_shown`: whether an earlier start printed its token; if it was killed before, another is issued.
    An advisory lock serializes concurrent starts, so that each is created once.
    """
    with transaction.atomic():
        _wait_for_lock()
        workspace = Workspace.objects.order_by("id").first()
        if workspace is None:
            workspace = create_workspace(slug=FIRST_SLUG, name="Default")
        admin = _first_admin(workspace)
        return FirstSteps(workspace.slug, _link_path(admin), _first_token(workspace, is_token_shown))


def _wait_for_lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _first_admin(workspace: Workspace) -> User | None:
    held = Membership.objects.of(workspace.pk).filter(role=Role.ADMIN, user__is_active=True)
    member: Membership | None = held.select_related("user").order_by("id").first()
    if member is not None:
        return member.user
    return None if User.objects.filter(username=FIRST_ADMIN).exists() else _new_admin(workspace)


def _new_admin(workspace: Workspace) -> User:
    email = f"{FIRST_ADMIN}@localhost.localdomain"
    user = User(username=FIRST_ADMIN, display_name="Admin", email=email, is_staff=True, is_superuser=True)
    user.set_unusable_password()
    user.save()
    membership = Membership.objects.create(workspace_id=workspace.pk, user=user, role=Role.ADMIN)
    summary = f"{user.label} was made the first admin"
    record(system_actor(workspace.pk), action="member.add", target=membership, summary=summary)
    return user


def _link_path(admin: User | None) -> str | None:
    admins = User.objects.filter(is_active=True, memberships__role=Role.ADMIN)
    if admin is None or admins.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX).exists():
        return None
    return f"/sign-in/once/{mint_sign_in_link(admin, now=timezone.now())}"


def _first_token(workspace: Workspace, is_shown: bool) -> str | None:
    """Issue one token at the first start; a workspace that ever had one gets no more automatically.

    If the text of the only one cannot have been seen by anyone, it is replaced.
    """
    tokens = ApiToken.objects.of(workspace.pk)
    if tokens.exists() and (is_shown or not _is_unseen(tokens)):
        return None
    actor = system_actor(workspace.pk)
    for unseen in tokens.filter(revoked_at=None):
        revoke_token(actor, token_id=unseen.pk)
    return issue_token(actor, name=FIRST_NAME, scopes=[scope.value for scope in Scope]).text


def _is_unseen(tokens: QuerySet[ApiToken]) -> bool:
    """Return whether all tokens are from starts of the last day and none was ever used."""
    seen = ~Q(name=FIRST_NAME) | Q(last_used_at__isnull=False) | Q(created_at__lt=timezone.now() - UNSEEN_FOR)
    return not tokens.filter(seen).exists()
