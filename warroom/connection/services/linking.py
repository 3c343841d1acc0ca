"""Links Slack users to members."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from accounts.actor import Actor, system_actor
from accounts.audit.services import record
from accounts.models import Membership, User
from accounts.permissions import Capability, require
from accounts.validation import invalid
from core.errors import Conflict, Forbidden, NotFound
from warroom.connection.links import EXPIRED, SlackAccount, read_link
from warroom.connection.models import SlackTeam, SlackUser
from warroom.connection.selectors import slack_team
from warroom.connection.validation import clean_slack_id


def link_by_email(workspace_id: int, team: SlackTeam, *, slack_id: str, email: str) -> int | None:
    """Link the active member with that verified address. Returns their id, or None unless it is unique."""
    members = Membership.objects.of(workspace_id).filter(user__is_active=True, user__email__iexact=email)
    found = list(members.select_related("user")[:2])
    if len(found) != 1 or not found[0].user.is_proven_in(workspace_id):
        return None
    user = found[0].user
    values = {"workspace_id": workspace_id, "user": user, "how": SlackUser.How.EMAIL}
    try:
        with transaction.atomic():
            link, is_new = SlackUser.objects.of(workspace_id).get_or_create(
                team=team, slack_id=slack_id, defaults=values
            )
            if is_new:
                _audit(system_actor(workspace_id), link, user.username)
    except IntegrityError:  # the member is linked to another Slack user
        return None
    return int(link.user_id)


def link_member(actor: Actor, *, slack_id: str, username: str, team_id: int | None = None) -> SlackUser:
    """Link a member to a Slack id, replacing links of both. Raises Invalid, NotFound, Forbidden."""
    require(actor, Capability.SETTINGS_WRITE)
    team = slack_team(actor, team_id)
    wanted = clean_slack_id(slack_id)
    members = Membership.objects.of(actor.workspace_id).filter(user__is_active=True)
    member = members.filter(user__username__iexact=username.strip()).select_related("user").first()
    if member is None:
        raise invalid("username", "member", "must name a member of this workspace")
    return _replace(actor, team, wanted, member.user, SlackUser.How.ADMIN)


def link_myself(actor: Actor, *, token: str) -> SlackUser:
    """Link the Slack user of a signed link to the signed-in member.

    Raises NotFound for a link that has expired or belongs to another workspace, Conflict for a Slack user
    linked to another member, Forbidden for actors without a user.
    """
    if actor.user_id is None:
        raise Forbidden("Only a signed-in member can be linked to Slack.")
    team, account = linked_in(actor, token)
    taken = SlackUser.objects.of(actor.workspace_id).filter(team=team, slack_id=account.slack_id)
    if taken.exclude(user_id=actor.user_id).exists():
        raise Conflict("This Slack account is linked to another member. Ask an admin. Nothing was changed.")
    user = User.objects.get(pk=actor.user_id)
    return _replace(actor, team, account.slack_id, user, SlackUser.How.LINK)


def linked_in(actor: Actor, token: str) -> tuple[SlackTeam, SlackAccount]:
    """The connection and the Slack user of a link. Raises NotFound."""
    account = read_link(token)
    team = SlackTeam.objects.of(actor.workspace_id).filter(pk=account.team_id).first()
    if team is None:
        raise NotFound(EXPIRED)
    return team, account


def _replace(actor: Actor, team: SlackTeam, slack_id: str, user: User, how: SlackUser.How) -> SlackUser:
    with transaction.atomic():
        links = SlackUser.objects.of(actor.workspace_id).filter(team=team)
        (links.filter(slack_id=slack_id) | links.filter(user=user)).delete()
        link: SlackUser = SlackUser.objects.create(
            workspace_id=actor.workspace_id, team=team, slack_id=slack_id, user=user, how=how
        )
        _audit(actor, link, user.username)
    return link


def unlink_member(actor: Actor, *, link_id: int) -> None:
    """Remove a link. Raises NotFound, Forbidden."""
    require(actor, Capability.SETTINGS_WRITE)
    link = SlackUser.objects.of(actor.workspace_id).filter(pk=link_id).select_related("user").first()
    if link is None:
        raise NotFound("There is no such link in this workspace.")
    with transaction.atomic():
        record(
            actor, action="slack.unlink", target=link,
            summary=f"{link.slack_id} is not {link.user.username} any more",
        )  # fmt: skip
        link.delete()


def _audit(actor: Actor, link: SlackUser, username: str) -> None:
    record(actor, action="slack.link", target=link, summary=f"Slack person {link.slack_id} is {username}")
