"""A program beside a running Tocsin: writes what the benchmark of outgoing work needs, by Tocsin's services.

    python -m bench.outbound.program pages 30 0.5

Uses the database and Valkey of its environment. Prints one JSON line for each item: its id, and the
monotonic clock (one for all processes) once it is committed.
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from collections.abc import Callable
from typing import Final

import django

CHANNELS: Final = 16


def _print(key: object) -> None:
    print(json.dumps([str(key), time.monotonic()]), flush=True)


def pages(count: int, gap_s: float) -> None:
    """One page by webhook after the other, or with no gap all in one transaction."""
    from accounts.actor import system_actor
    from notifications.channels.services import create_channel
    from notifications.deliveries.planning import Fact, store, to_channel

    actor = system_actor(workspace_id())
    config = {"url": f"{os.environ['SINK']}/hook"}
    channels = [
        create_channel(actor, kind="webhook", name=f"Bench {uuid.uuid4()}", config=config)
        for _ in range(CHANNELS)
    ]
    rows = []
    for number in range(count):
        payload = {"subject": f"Number {number}"}
        fact = Fact(actor.workspace_id, f"bench:{uuid.uuid4()}", "incident.opened", payload)
        rows.append(to_channel(fact, channels[number % CHANNELS], "", priority=0, why="Benchmark"))
    if not gap_s:
        store(rows)
        _print(count)
        return
    for row in rows:
        time.sleep(gap_s)
        store([row])
        _print(row.public_id)


def subscribers(count: int, _: float) -> None:
    """Confirmed subscribers of the status page by mail."""
    from django.utils import timezone

    from core.secrets.encryption import encrypt
    from status.models import StatusPage
    from status.subscriptions.models import Subscriber

    page = StatusPage.objects.of(workspace_id()).get()
    Subscriber.objects.bulk_create(
        Subscriber(
            workspace_id=page.workspace_id, page=page, kind="email", digest=f"bench {number}",
            address=encrypt(f"reader{number}@example.com"), subscriber_state="confirmed",
            confirmed_at=timezone.now(),
        )
        for number in range(count)
    )  # fmt: skip
    _print(count)


def runs(count: int, gap_s: float) -> None:
    """Runs of medium risk, approved by another person one after the other."""
    from accounts.actor import Actor
    from accounts.models import Membership, Role, User
    from incidents.correlation.services.opening import declare_incident
    from incidents.models import Component
    from remediation.catalogue.services import change_action
    from remediation.runs.services.approving import approve_run
    from remediation.runs.services.proposing import Request, request_run

    home = workspace_id()
    people = []
    for role in (Role.ADMIN, Role.MANAGER):
        user = User.objects.create_user(name := f"bench.{role}", f"{name}@example.com")
        Membership.objects.create(workspace_id=home, user=user, role=role)
        people.append(Actor(home, "user", name, user.pk, role))
    requester, approver = people
    fields = {"executor": "command", "config": {"command": "scale_up"}, "cooldown_s": 0}
    change_action(requester, "rollback_deployment", fields=fields)
    names = [f"target-{number}" for number in range(count)]
    Component.objects.bulk_create([Component(workspace_id=home, name=one) for one in names])
    incident = declare_incident(requester, title="Bench")
    wanted = [
        request_run(requester, incident.number, Request("rollback_deployment", component=one))
        for one in names
    ]
    for name, run in zip(names, wanted, strict=True):
        time.sleep(gap_s)
        approve_run(approver, run.pk, digest=run.digest)
        _print(name)


def slack(*_: float) -> None:
    """A workspace connected to the Slack of the environment."""
    from accounts.actor import system_actor
    from tests.fakes.slack.server import SECRET, TOKEN
    from warroom.connection.checking import check_slack
    from warroom.connection.services.settings import SlackValues, put_slack

    actor = system_actor(workspace_id())
    put_slack(actor, values=SlackValues(bot_token=TOKEN, signing_secret=SECRET))
    _print(check_slack(actor).pk)


def workspace_id() -> int:
    """Return the id of the first workspace."""
    from accounts.models import Workspace

    return int(Workspace.objects.earliest("pk").pk)


WRITES: Final[dict[str, Callable[[int, float], None]]] = {
    "pages": pages, "subscribers": subscribers, "runs": runs, "slack": slack,
}  # fmt: skip

if __name__ == "__main__":
    django.setup()
    WRITES[sys.argv[1]](int(sys.argv[2]), float(sys.argv[3]))
