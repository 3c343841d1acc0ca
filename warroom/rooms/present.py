"""Builds the card of an incident from the database."""

from __future__ import annotations

from django.conf import settings

from accounts.models import User
from incidents.models import Incident, RoleAssignment
from incidents.vocabulary import ResponseRole, Severity, Status
from warroom.connection.models import SlackTeam, SlackUser
from warroom.rooms.cards import Card
from warroom.slack.text import escaped


def card_of(team: SlackTeam, incident: Incident, *, room: str = "", note: str = "") -> Card:
    """The card of an incident that was loaded with details."""
    return Card(
        number=incident.number,
        version=incident.version,
        title=incident.title,
        severity=Severity(incident.severity).label,
        status=Status(incident.status).label,
        commander=mention(team, commander_of(incident)),
        detected_at=incident.detected_at,
        description=incident.description,
        url=f"{settings.BASE_URL}/incidents/{incident.reference}",
        is_unresolved=incident.is_unresolved,
        is_drill=incident.is_drill,
        room=room,
        note=note,
    )


def commander_of(incident: Incident) -> User | None:
    """The current commander, or None."""
    held = RoleAssignment.objects.of(incident.workspace_id).filter(
        incident=incident, role=ResponseRole.COMMANDER, ended_at=None
    )
    found: RoleAssignment | None = held.select_related("user").first()
    return found.user if found else None


def mention(team: SlackTeam, user: User | None) -> str:
    """A mention of a person if linked, else their name."""
    if user is None:
        return "Unassigned"
    link = SlackUser.objects.of(team.workspace_id).filter(team=team, user=user).first()
    return f"<@{link.slack_id}>" if link else escaped(user.label)
