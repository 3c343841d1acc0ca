"""A program: puts a person on call, whom a Slack bot reaches, or takes all of it away again.

python -m tests.browser.duty on dana.ruiz http://127.0.0.1:4711/api
python -m tests.browser.duty off
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, time, timedelta

import django

from tests.fakes.slack_messages import CHANNEL, TOKEN


def begin(username: str, api_url: str) -> None:
    """A schedule, the standard policies, a Slack channel, and the person's Slack id."""
    from django.utils import timezone

    from accounts.actor import system_actor
    from accounts.models import User, Workspace
    from accounts.oncall.services.schedules import create_schedule, put_rotation
    from accounts.oncall.validation import RotationValues
    from core.secrets.encryption import encrypt
    from notifications.channels.services import create_channel
    from notifications.contacts.models import ContactMethod
    from notifications.escalation.services.policies import install_default_policies

    workspace = Workspace.objects.get(slug="acme")
    system = system_actor(workspace.pk)
    create_channel(
        system, kind="slack", name="Duty", config={"channel": CHANNEL, "api_url": api_url},
        secrets={"bot_token": TOKEN},
    )  # fmt: skip
    ContactMethod.objects.create(
        workspace=workspace, user=User.objects.get(username=username), kind="slack",
        address=encrypt("U0123456789"), digest="duty", hint="Slack U01…", verified_at=timezone.now(),
    )  # fmt: skip
    schedule = create_schedule(system, name="Duty")
    began = datetime.now(UTC).date() - timedelta(days=7)
    values = RotationValues([username], time(9), began)
    put_rotation(system, schedule_id=schedule.pk, layer=1, values=values)
    install_default_policies(system)


def end() -> None:
    """No one is on call, no policy, no channel."""
    from accounts.models import OnCallSchedule, Workspace
    from notifications.models import Channel, ContactMethod, EscalationPolicy

    Workspace.objects.filter(slug="acme").update(default_schedule=None)
    for rows in (EscalationPolicy, ContactMethod):
        rows.across_workspaces.all().delete()
    OnCallSchedule.across_workspaces.filter(name="Duty").delete()
    Channel.across_workspaces.filter(name="Duty").delete()


if __name__ == "__main__":
    django.setup()
    begin(*sys.argv[2:4]) if sys.argv[1] == "on" else end()
