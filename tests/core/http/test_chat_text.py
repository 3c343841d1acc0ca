"""Escaping of user text for chat services."""

from __future__ import annotations

import pytest

from core.http.chat_text import quiet, unmarked
from notifications.channels.kinds.slack import rich
from notifications.deliveries.message import Message


@pytest.mark.parametrize(
    "text",
    ["@channel!", "@Here.", "_@here_", "(@everyone)", "(@all)", "@**all**", "@**stream**", "@room", "@team"],
)
def test_mass_mentions_are_escaped(text):
    assert quiet(text) == text.replace("@", "@\N{WORD JOINER}")


@pytest.mark.parametrize(
    "text", ["ops@all.example.com", "x@channel.example.org", "@team-blue", "@anna", "@hereford", "<b>"]
)
def test_other_text_stays(text):
    assert unmarked(text) == text


@pytest.mark.parametrize("text", ["bob@here.com", "git@everyone-svc", "x@everyone"])
def test_address_stays_where_the_service_takes_it_for_one(text):
    assert quiet(text) == text
    assert unmarked(text) == text.replace("@", "@\N{WORD JOINER}"), "Discord would call everybody"


@pytest.mark.parametrize("text", ["<!channel>", "<@&42>", "<@42>", "<users/all>", '<at user_id="all">'])
def test_marks_of_services_are_text(text):
    assert unmarked(text).startswith("<\N{WORD JOINER}")


def test_slack_notification_mentions_no_one():
    payload = rich(Message("1", "incident.opened", "<!here> @channel", ("@everyone <!channel>",)))
    lines = payload["blocks"][1]["text"]["text"]
    assert lines == "@\N{WORD JOINER}everyone &lt;!channel&gt;"
    assert payload["text"] == "&lt;!here&gt; @\N{WORD JOINER}channel"
