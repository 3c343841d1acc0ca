"""Events that Slack could not deliver: repeated for five minutes, then given up."""

from __future__ import annotations

import pytest
from django.db import DatabaseError
from django.utils import timezone

from incidents.models import TimelineEntry
from tests.fakes.slack.events import EventsApi
from warroom.inbound import routes
from warroom.inbound.reconcile import plan_reconciling
from warroom.models import SlackInbox

pytestmark = pytest.mark.django_db
TS = "1700000000.000100"


@pytest.fixture
def room(connected):
    """An incident with its room, a message there with a :pushpin:, and its event."""
    incident = connected.open()
    channel = connected.slack.channels[connected.room(incident).channel_id]
    channel.messages[TS] = {"ts": TS, "user": connected.adam, "text": "Disk full", "reactions": ["pushpin"]}
    connected.slack.reacted[TS] = [connected.rita]
    item = {"type": "message", "channel": channel.id, "ts": TS}
    return incident, {"type": "reaction_added", "user": connected.rita, "reaction": "pushpin", "item": item}


@pytest.fixture
def events(connected, monkeypatch):
    """The Events API, and a list: while it holds something, nothing can be stored here."""
    away: list[bool] = []
    store = routes.store_request

    def stored(*given, **named):
        if away:
            raise DatabaseError("the database is away")
        return store(*given, **named)

    def send(signed) -> int:
        return int(connected.send("events", signed, raises=False).status_code)

    monkeypatch.setattr(routes, "store_request", stored)
    return EventsApi(connected.fake, send), away


def notes(incident) -> int:
    return TimelineEntry.objects.of(incident.workspace_id).filter(incident=incident, kind="note").count()


def test_resent_slack_event_is_accepted_and_has_one_effect(connected, room, events):
    incident, event = room
    api, away = events
    away.append(True)
    api.happens(event)
    assert [taken for _, taken in api.outcomes] == [False, False]
    away.clear()
    api.pass_time(60)
    connected.settle(later=60)
    assert [taken for _, taken in api.outcomes] == [False, False, True]
    assert notes(incident) == 1
    api.pass_time(600)
    assert len(api.outcomes) == 3
    assert SlackInbox.objects.of(incident.workspace_id).filter(kind="event").count() == 1


def test_events_missed_by_a_disabled_subscription_are_caught_up(connected, room, events):
    incident, event = room
    api, away = events
    api.least_events = 4
    away.append(True)
    for _ in range(2):
        api.happens({"type": "app_home_opened", "user": connected.rita})
    assert not api.is_enabled
    away.clear()
    api.happens(event)
    connected.settle(later=60)
    assert notes(incident) == 0
    plan_reconciling(timezone.now())
    connected.settle(later=60)
    assert notes(incident) == 1


def test_form_is_shown_to_the_requester(connected, room):
    for user in (connected.rita, connected.adam):
        connected.command("declare", user=user)
        assert connected.slack.shown_to[connected.slack.views[-1]["id"]] == user


def test_response_address_that_is_used_up_is_no_reason_to_try_again(connected, room):
    incident, _ = room
    signed = connected.fake.command(f"note INC-{incident.number} once", connected.rita)
    url = f"/response/{connected.fake.response_urls}"
    connected.fake.uses[url] = 5
    connected.send("commands", signed)
    connected.settle()
    stored = SlackInbox.objects.of(incident.workspace_id).get(kind="command")
    assert (stored.state, notes(incident), connected.fake.uses[url]) == ("done", 1, 6)
