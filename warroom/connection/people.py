"""Maps Slack users to members and back, by verified email address."""

from __future__ import annotations

from typing import Any

from accounts.actor import Actor
from accounts.models import Membership, Role, User
from warroom.connection.models import SlackTeam, SlackUser
from warroom.connection.services.linking import link_by_email
from warroom.slack.client import call
from warroom.slack.errors import SlackRefusedError

LOOKUP_TIMEOUT_S = 2
MAX_NAME_CHARS = 80


def member_actor(team: SlackTeam, slack_id: str, *, request_id: str = "") -> Actor | None:
    """The linked member as an actor with their current role, or None."""
    return find_member(team, slack_id, request_id=request_id)[0]


def find_member(team: SlackTeam, slack_id: str, *, request_id: str = "") -> tuple[Actor | None, str]:
    """The linked member as an actor, or None, and the person's name in Slack if it was asked for, else ""."""
    linked = SlackUser.objects.of(team.workspace_id).filter(team=team, slack_id=slack_id).first()
    if linked:
        return _actor(team, linked.user_id, request_id), ""
    found = _profile(team, slack_id)
    user_id = _match_profile(team, found) if found else None
    return (_actor(team, user_id, request_id) if user_id else None), _name(found)


def _actor(team: SlackTeam, user_id: int, request_id: str) -> Actor | None:
    members = Membership.objects.of(team.workspace_id).filter(user_id=user_id, user__is_active=True)
    member: Membership | None = members.select_related("user").first()
    if member is None:
        return None
    return Actor(
        workspace_id=team.workspace_id,
        kind="user",
        label=member.user.label,
        user_id=member.user_id,
        role=Role(member.role),
        request_id=request_id[:64],
    )


def slack_id_of(team: SlackTeam, user: User) -> str:
    """The Slack id of a member, looked up once by their verified address; "" if there is none."""
    linked = SlackUser.objects.of(team.workspace_id).filter(team=team, user=user).first()
    if linked:
        return str(linked.slack_id)
    if not user.is_proven_in(team.workspace_id):
        return ""
    try:
        found = call(team, "users.lookupByEmail", email=user.email)["user"]
    except SlackRefusedError as refused:
        if refused.code in ("users_not_found", "user_not_found"):
            return ""
        raise
    return str(found["id"]) if _match_profile(team, found) == user.pk else ""


def _profile(team: SlackTeam, slack_id: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = call(team, "users.info", user=slack_id, timeout_s=LOOKUP_TIMEOUT_S)["user"]
    except SlackRefusedError:
        return {}
    return found


def _name(found: dict[str, Any]) -> str:
    """The name that Slack shows, on one line."""
    profile = found.get("profile") or {}
    names = (profile.get("display_name"), profile.get("real_name"), found.get("real_name"), found.get("name"))
    return " ".join(str(next(filter(None, names), "")).split())[:MAX_NAME_CHARS]


def _match_profile(team: SlackTeam, found: dict[str, Any]) -> int | None:
    """Link a Slack user whose address is verified both in Slack and here. Returns the user id."""
    odd = ("is_bot", "is_restricted", "is_ultra_restricted", "is_stranger", "deleted")
    email = str((found.get("profile") or {}).get("email") or "")
    if any(found.get(name) for name in odd) or not found.get("is_email_confirmed") or not email:
        return None
    if team.slack_id and found.get("team_id", team.slack_id) != team.slack_id:
        return None
    return link_by_email(team.workspace_id, team, slack_id=str(found["id"]), email=email)
