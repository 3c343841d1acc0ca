"""Channels of every kind on real loopback sockets, and a way to run the queues."""

from __future__ import annotations

from contextlib import ExitStack
from ipaddress import ip_network
from types import SimpleNamespace

import pytest

from tests.fakes.pagerduty import KEY, PagerDuty
from tests.fakes.receiver import Receiver, running
from tests.fakes.slack_messages import CHANNEL, TOKEN, Slack
from tests.fakes.smtp import Mailbox, smtp_server


@pytest.fixture(scope="session")
def _receivers():
    with ExitStack() as stack:
        enter = stack.enter_context
        mailbox = Mailbox()
        yield SimpleNamespace(
            webhook=enter(running(Receiver())),
            pagerduty=enter(running(PagerDuty())),
            slack=enter(running(Slack())),
            mailbox=mailbox,
            smtp_port=enter(smtp_server(mailbox)),
        )


@pytest.fixture
def outside(_receivers, settings):
    """The receivers, empty and well; the settings lead to them."""
    settings.HTTP_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    settings.MAIL_FROM = "Tocsin <tocsin@example.com>"
    settings.EMAIL_BACKEND = "core.mail.backend.TimedBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", _receivers.smtp_port
    _receivers.webhook.reset()
    _receivers.pagerduty.start_over()
    _receivers.slack.start_over()
    _receivers.mailbox.messages.clear()
    _receivers.mailbox.reply = lambda recipient: None
    return _receivers


FIELDS = {
    "pagerduty": lambda outside: ({"url": f"{outside.pagerduty.url}/v2/enqueue"}, {"routing_key": KEY}),
    "slack": lambda outside: ({}, {"webhook_url": f"{outside.slack.url}/services/T/B/x"}),
    "slack bot": lambda outside: (
        {"channel": CHANNEL, "api_url": f"{outside.slack.url}/api"},
        {"bot_token": TOKEN},
    ),
    "webhook": lambda outside: ({"url": f"{outside.webhook.url}/hook"}, {}),
    "email": lambda outside: ({"to": "ops@example.com"}, {}),
    "log": lambda outside: ({}, {}),
}


@pytest.fixture
def channel(outside, make_actor):
    """`channel("slack", **more)` -> a channel of that kind that leads to the fake."""
    from notifications.channels.services import create_channel

    admin = make_actor("admin")

    def make(kind, name="", **more):
        config, secrets = FIELDS[kind](outside)
        return create_channel(
            admin,
            kind=kind.split()[0],
            name=name or kind,
            config={**config, **more.pop("config", {})},
            secrets={**secrets, **more.pop("secrets", {})},
            **more,
        )

    return make


@pytest.fixture
def deliver():
    """Run the relay and what is due of the delivery queues, as the workers do."""
    from core.outbox.relay import relay_due
    from core.queue.runner import run_due
    from notifications.queues import NOTICE, PAGE

    def run():
        relay_due()
        return run_due(PAGE) + run_due(NOTICE)

    return run
