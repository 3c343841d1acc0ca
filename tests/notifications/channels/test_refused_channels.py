"""Channels that are refused: cyclic or too long fallbacks, targets that may not be reached."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import time
from ipaddress import ip_network
from types import SimpleNamespace

import pytest

from core.errors import Forbidden, Invalid, RateLimited
from core.queue.retry import PermanentError
from notifications.channels.kind import CHANNEL_KINDS, Target
from notifications.channels.kinds.apprise_url import DEFAULT_SCHEMES, installed_schemes
from notifications.channels.services import update_channel
from notifications.channels.testing import send_test
from notifications.contacts import services as contacts
from notifications.deliveries.message import Message

pytestmark = pytest.mark.django_db


def lead(admin, channel, fallback):
    """Have one channel fall back to another one."""
    update_channel(admin, channel_id=channel.pk, fallback_id=fallback.pk, changes_fallback=True)


def refusal(admin, channel, fallback) -> str:
    with pytest.raises(Invalid) as raised:
        lead(admin, channel, fallback)
    channel.refresh_from_db()
    assert channel.fallback_id != fallback.pk
    return str(raised.value.detail)


def test_fallback_that_leads_back_is_refused(channel, admin):
    first, second, third = (channel("log", name=name) for name in ("One", "Two", "Three"))
    assert "would create a cycle of fallbacks" in refusal(admin, first, first)
    lead(admin, first, second)
    assert "would create a cycle of fallbacks" in refusal(admin, second, first)
    lead(admin, second, third)
    assert "would create a cycle of fallbacks" in refusal(admin, third, first)


@pytest.mark.parametrize("order", [(3, 2, 1, 0), (0, 1, 2, 3)], ids=("from-its-end", "from-its-beginning"))
def test_chain_of_more_than_three_fallbacks_is_refused_however_it_is_built(channel, admin, order):
    made = [channel("log", name=f"Channel {number}") for number in range(5)]
    *allowed, last = order
    for number in allowed:
        lead(admin, made[number], made[number + 1])
    assert "a chain of more than 3" in refusal(admin, made[last], made[last + 1])


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://10.0.0.1/hook", "may not be reached"),
        ("https://169.254.169.254/latest/meta-data", "may not be reached"),
        ("https://no-such-host.invalid/hook", "cannot be reached"),
    ],
    ids=("private", "metadata", "unknown"),
)
def test_unreachable_target_is_reported_by_the_channel_test(channel, admin, url, reason):
    made = channel("webhook", name="Hook", config={"url": url})
    *good, last = send_test(admin, channel_id=made.pk)
    assert all(step.is_ok for step in good)
    assert not last.is_ok
    assert reason in last.detail


def by_apprise(url: str) -> None:
    message = Message(public_id="1", event_kind="test", subject="Test", lines=("A line",), snapshot={})
    CHANNEL_KINDS.get("apprise").send(Target({}, {"url": (url,)}), message)


def test_service_of_apprise_reaches_nothing_inside(outside, settings):
    port = outside.webhook.url.rpartition(":")[2]
    settings.APPRISE_SCHEMES = frozenset({"json"})
    by_apprise(f"json://127.0.0.1:{port}/in")
    assert [one.path for one in outside.webhook.received] == ["/in"], "a network that the operator allows"
    with contextlib.suppress(PermanentError):  # where localhost is ::1 as well, which is not allowed
        by_apprise(f"json://localhost:{port}/two")
        outside.webhook.received.pop()
    assert [one.path for one in outside.webhook.received] == ["/in"], "refused, or sent and reported"
    settings.HTTP_ALLOWED_NETWORKS = ()
    for url in (f"json://localhost:{port}/in", f"workflows://127.0.0.1:{port}/aaaaaaaa/bbbbbbbb/"):
        with pytest.raises(PermanentError, match="is not a public address"):
            by_apprise(url)
    settings.HTTP_ALLOWED_NETWORKS = (ip_network("169.254.0.0/16"),)
    with pytest.raises(PermanentError, match="metadata address"):
        by_apprise("ntfys://169.254.169.254/topic")
    assert len(outside.webhook.received) == 1


def test_address_of_apprise_names_one_service(outside, settings):
    port = outside.webhook.url.rpartition(":")[2]
    two = f"discord://1234567890/abcdefghijklmnop, json://127.0.0.1:{port}/in"
    kind = CHANNEL_KINDS.get("apprise")
    assert kind.check({}, {"url": two}) == {"url": "must be a single one"}
    assert "not allowed here" in kind.check({}, {"url": "smseagle://token@10.0.0.1/x"})["url"]
    for query in ("?verify=no", "?a=1&VERIFY=0", "?a=1;%76erify=off", "?verify"):
        assert "verify=" in kind.check({}, {"url": f"ntfys://ntfy.example/topic{query}"})["url"]
    assert kind.check({}, {"url": "ntfys://ntfy.example/verify=no?tags=verify"}) == {}
    with pytest.raises(PermanentError, match="must be a single one"):
        by_apprise(two)
    assert outside.webhook.received == []


def test_service_that_the_installed_apprise_does_not_know_is_named(outside, settings):
    assert sorted(DEFAULT_SCHEMES - installed_schemes()) == []
    settings.APPRISE_SCHEMES = frozenset({"telegram", "discord"})
    fault = CHANNEL_KINDS.get("apprise").check({}, {"url": "telegram://123456:token/chat"})["url"]
    assert fault == "names telegram://, which the installed apprise does not know"
    with pytest.raises(PermanentError, match=r"apprise [0-9.]+ knows no service telegram://"):
        by_apprise("telegram://123456:token/chat")
    with pytest.raises(
        PermanentError, match="cannot read the rest of an address that begins with discord://"
    ):
        by_apprise("discord://only-one-part")


@pytest.mark.parametrize(
    ("kind", "address", "secret"),
    [("slack bot", "api_url", "bot_token"), ("pagerduty", "url", "routing_key")],
    ids=("slack", "pagerduty"),
)
def test_stored_secret_is_not_sent_to_another_server(channel, admin, kind, address, secret):
    made = channel(kind)
    elsewhere = {**made.config, address: "https://elsewhere.example/api"}
    with pytest.raises(Invalid, match="must be entered again") as raised:
        update_channel(admin, channel_id=made.pk, config=elsewhere)
    assert raised.value.faults[0].field == secret
    behind = {**made.config, address: f"{made.config[address]}/v3"}
    assert update_channel(admin, channel_id=made.pk, config=behind).config == behind
    update_channel(admin, channel_id=made.pk, config=elsewhere, secrets={secret: "typed again"})


def test_codes_to_addresses_of_others_are_counted_per_person(outside, actor, monkeypatch):
    left = [1, 1]  # an hour that does not end within the test

    def charge(limit):
        if limit.name == f"contact-code:{actor.user_id}" and not left:
            raise RateLimited("The limit is reached.")
        left.pop()

    monkeypatch.setattr(contacts, "rate_limiter", lambda: SimpleNamespace(charge=charge))
    for _ in range(2):
        made = contacts.add_method(actor, kind="email", address="victim@example.com")
        contacts.remove_method(actor, method_id=made.pk)
    with pytest.raises(RateLimited, match="Nothing was added") as refused:
        contacts.add_method(actor, kind="email", address="victim@example.com")
    assert "contact-code" not in refused.value.detail
    assert contacts.methods_of(actor) == []
    assert len(outside.mailbox.messages) == 2


@pytest.mark.parametrize("scope", ["bundles:write", "events:write", "incidents:read"])
def test_token_without_the_write_scope_changes_no_contacts(actor, outside, scope):
    method = contacts.add_method(actor, kind="email", address="me@example.com")
    token = replace(actor, token_id=1, scopes=frozenset({scope}))
    for change in (
        lambda: contacts.add_method(token, kind="email", address="foreign@example.com"),
        lambda: contacts.send_code(token, method_id=method.pk),
        lambda: contacts.verify_method(token, method_id=method.pk, code="000000"),
        lambda: contacts.remove_method(token, method_id=method.pk),
        lambda: contacts.set_quiet_hours(token, quiet_from=time(22), quiet_until=time(7)),
    ):
        with pytest.raises(Forbidden, match="incidents:write"):
            change()
    assert contacts.methods_of(actor) == [method]
    assert contacts.quiet_hours_of(actor) is None


def test_token_reads_contacts_with_the_scope_to_read_or_write(actor):
    for scope, may in (("bundles:write", False), ("incidents:read", True), ("incidents:write", True)):
        token = replace(actor, token_id=1, scopes=frozenset({scope}))
        for read in (contacts.methods_of, contacts.quiet_hours_of):
            with contextlib.nullcontext() if may else pytest.raises(Forbidden):
                read(token)
    contacts.set_quiet_hours(token, quiet_from=time(22), quiet_until=time(7))
    assert contacts.quiet_hours_of(actor).quiet_from == time(22)
