"""Opens a modal within the lifetime of the request's trigger."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from core.queue.retry import PassingError, PermanentError
from incidents.models import Incident
from warroom.connection.models import SlackTeam
from warroom.inbound.modals import modal
from warroom.slack.client import call

VIEW_TIMEOUT_S: Final = 2


def open_modal(team: SlackTeam, callback_id: str, trigger_id: str, incident: Incident | None) -> str:
    """Open the modal, with a single attempt. Returns "" or the error message for the person."""
    number, version = (incident.number, incident.version) if incident else (None, None)
    view = modal(callback_id, team_id=team.pk, number=number, version=version)
    try:
        call(team, "views.open", timeout_s=VIEW_TIMEOUT_S, trigger_id=trigger_id, view=view)
    except (PassingError, PermanentError):
        page = f"/incidents/{incident.reference}" if incident else "/incidents/declare"
        return f"Slack did not open the form in time. Try again, or use {settings.BASE_URL}{page}"
    return ""
