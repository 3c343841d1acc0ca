"""A program: plans pages over four kinds of channels, on the database of its environment.

    python -m tests.faults.plan_deliveries 500

The environment is that of `tests.faults.flaky`.
"""

from __future__ import annotations

import os
import sys

import django

from tests.fakes.pagerduty import KEY
from tests.fakes.slack_messages import CHANNEL, TOKEN

AT_ONCE = 250  # a transaction must not take long
PER_CHANNEL = 125  # a channel of PagerDuty gets 90 a minute at most


def plan(workspace_id: int, count: int) -> None:
    """Channels of each kind, and so many deliveries to them in turn."""
    from accounts.actor import system_actor
    from notifications.channels.services import create_channel
    from notifications.deliveries.planning import Fact, store, to_channel

    webhook, slack, pagerduty = os.environ["LYING"].split()
    actor = system_actor(workspace_id)
    fields = {
        "webhook": ({"url": f"{webhook}/hook"}, {}),
        "slack": ({"channel": CHANNEL, "api_url": f"{slack}/api"}, {"bot_token": TOKEN}),
        "pagerduty": ({"url": f"{pagerduty}/v2/enqueue"}, {"routing_key": KEY}),
        "email": ({"to": "ops@example.com"}, {}),
    }
    channels = [
        create_channel(actor, kind=kind, name=f"Faults {kind} {turn}", config=config, secrets=secrets)
        for turn in range(-(-count // (PER_CHANNEL * len(fields))))
        for kind, (config, secrets) in fields.items()
    ]
    rows = []
    for number in range(count):
        channel = channels[number % len(channels)]
        fact = Fact(workspace_id, f"fault:{number}", "incident.opened", {"subject": f"Number {number}"})
        rows.append(to_channel(fact, channel, channel.config.get("to", ""), priority=0, why="Fault run"))
    for first in range(0, count, AT_ONCE):
        store(rows[first : first + AT_ONCE])


def first_workspace() -> int:
    """The id of the oldest workspace."""
    from accounts.models import Workspace

    return int(Workspace.objects.earliest("pk").pk)


if __name__ == "__main__":
    django.setup()
    plan(first_workspace(), int(sys.argv[1]))
