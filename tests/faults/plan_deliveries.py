"""A program: plans pages to one webhook, on the database of its environment. Arguments: address, how many."""

from __future__ import annotations

import sys

import django


def plan(url: str, count: int) -> None:
    """One channel, and so many deliveries to it."""
    from accounts.actor import system_actor
    from accounts.models import Workspace
    from notifications.channels.services import create_channel
    from notifications.deliveries.planning import Fact, store, to_channel

    workspace = Workspace.objects.earliest("pk")
    made = create_channel(system_actor(workspace.pk), kind="webhook", name="Faults", config={"url": url})
    facts = [
        Fact(workspace.pk, f"fault:{number}", "incident.opened", {"subject": f"Number {number}"})
        for number in range(count)
    ]
    store([to_channel(fact, made, "", priority=0, why="Test") for fact in facts])


if __name__ == "__main__":
    django.setup()
    plan(sys.argv[1], int(sys.argv[2]))
