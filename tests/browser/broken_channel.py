"""A program: a webhook channel with one page that is to be sent through it, or takes both away again.

python -m tests.browser.broken_channel on http://127.0.0.1:4711/hook
python -m tests.browser.broken_channel off
"""

from __future__ import annotations

import sys

import django

NAME = "Night shift"


def begin(url: str) -> None:
    """The channel, and a page for it."""
    from accounts.actor import system_actor
    from accounts.models import Workspace
    from notifications.channels.services import create_channel
    from notifications.deliveries.planning import Fact, store, to_channel

    workspace = Workspace.objects.get(slug="acme")
    channel = create_channel(
        system_actor(workspace.pk), kind="webhook", name=NAME, config={"url": url}, secrets={}
    )
    fact = Fact(workspace.pk, f"broken:{channel.pk}", "incident.opened", {"subject": "Checkout is down"})
    store([to_channel(fact, channel, "", priority=0, why="Browser test")])


def end() -> None:
    """No such channel."""
    from notifications.models import Channel, Delivery

    Delivery.across_workspaces.filter(channel__name=NAME).delete()
    Channel.across_workspaces.filter(name=NAME).delete()


if __name__ == "__main__":
    django.setup()
    begin(sys.argv[2]) if sys.argv[1] == "on" else end()
