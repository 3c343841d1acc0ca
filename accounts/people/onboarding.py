"""Onboarding steps about people, passwords and tokens."""

from __future__ import annotations

from accounts.actor import Actor
from accounts.models import ApiToken, Membership, OnCallSchedule, Role, User
from core.ui.onboarding import onboarding_step


@onboarding_step(
    "password",
    title="Set your password",
    why="Your sign-in link works only once. Set a password to sign in again.",
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
    why="Each person gets a one-time link.",
    url="/settings/members/new",
    link="Invite a member",
    order=40,
)
def _has_company(actor: Actor) -> bool:
    return Membership.objects.of(actor.workspace_id).exclude(user_id=actor.user_id).exists()


@onboarding_step(
    "token",
    title="Create a token for each sender",
    why="One token per sender can be revoked without affecting the others.",
    url="/settings/tokens/new",
    link="Create token",
    order=50,
)
def _has_token(actor: Actor) -> bool:
    return ApiToken.objects.of(actor.workspace_id).filter(created_by__isnull=False, revoked_at=None).exists()


@onboarding_step(
    "second_admin",
    title="Add a second admin",
    why="So that someone else can manage access when you are away.",
    url="/settings/members",
    link="View members",
    order=60,
)
def _has_second_admin(actor: Actor) -> bool:
    admins = Membership.objects.of(actor.workspace_id).filter(role=Role.ADMIN, user__is_active=True)
    return admins.exclude(user_id=actor.user_id).exists()


@onboarding_step(
    "on_call",
    title="Set up on-call",
    why="A schedule defines who is paged at each hour. Without one, only the admins are paged.",
    url="/settings/on-call",
    link="New schedule",
    order=45,
)
def _has_schedule(actor: Actor) -> bool:
    return OnCallSchedule.objects.of(actor.workspace_id).exists()
