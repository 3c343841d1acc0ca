"""Onboarding steps about people, passwords and tokens."""

from __future__ import annotations

from accounts.actor import Actor
from accounts.models import ApiToken, Membership, Role, User
from core.ui.onboarding import onboarding_step


@onboarding_step(
    "password",
    title="Set your password",
    why="The link you came by works once. With a password you can come back.",
    url="/account/password",
    link="Set a password",
    order=10,
)
def _has_password(actor: Actor) -> bool:
    user = User.objects.filter(pk=actor.user_id or 0).first()
    return user is not None and user.has_usable_password()


@onboarding_step(
    "members",
    title="Invite the people who respond",
    why="Incidents need hands. You get a link for each person; it works once.",
    url="/settings/members/new",
    link="Invite a member",
    order=40,
)
def _has_company(actor: Actor) -> bool:
    return Membership.objects.of(actor.workspace_id).exclude(user_id=actor.user_id).exists()


@onboarding_step(
    "token",
    title="Make a token for each sender",
    why="One token a sender, with no more scopes than it needs, can be revoked without stopping the others.",
    url="/settings/tokens/new",
    link="Make a token",
    order=50,
)
def _has_token(actor: Actor) -> bool:
    return ApiToken.objects.of(actor.workspace_id).filter(created_by__isnull=False, revoked_at=None).exists()


@onboarding_step(
    "second_admin",
    title="Make a second admin",
    why="Somebody else who can let people in, for the day you cannot.",
    url="/settings/members",
    link="Look at the members",
    order=60,
)
def _has_second_admin(actor: Actor) -> bool:
    admins = Membership.objects.of(actor.workspace_id).filter(role=Role.ADMIN, user__is_active=True)
    return admins.exclude(user_id=actor.user_id).exists()
