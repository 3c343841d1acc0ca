"""Requests collected from real installations, one file each under `field/`, and their expected results."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

if TYPE_CHECKING:
    from django.http import HttpResponse

    from incidents.models import Incident

pytestmark = pytest.mark.django_db
FOLDER = Path(__file__).parent / "field"
MOMENT = re.compile(r"\{(NOW|MS|KUMA)([+-]\d+)(@\d)?\}")
# Beginnings of names: the response to every step, and the one incident's fields afterwards.
EXPECTED: dict[str, tuple[int, dict[str, Any]]] = {
    "f01": (202, {"status": "open"}),
    "f02": (202, {"title": "Problem: disk is 95% full", "severity": "sev2"}),
    "f03": (413, {}),
    "f04": (202, {"status": "resolved"}),
    "f05": (202, {"severity": "sev1", "component": "checkout"}),
    "f06": (202, {"status": "resolved"}),
    "f09": (202, {"severity": "sev1"}),
    "f12": (202, {"title": "Memory is low", "component": "web-2", "severity": "sev3"}),
    "f13": (202, {"title": "cpu-high"}),
    "f14": (200, {"title": "HTTP is down on srv01", "severity": "sev1"}),
    "f15": (202, {"title": "TypeError: no price", "component": "shop"}),
    "f16-kuma-certificate": (202, {"severity": "sev4", "component": "Shop"}),
    "f16-kuma-custom": (422, {}),
    "f17": (202, {"event_count": 1}),
    "f18": (202, {"component": "checkout"}),
    "f19": (202, {"severity": "sev1", "component": "pay"}),
    "f20": (202, {"status": "resolved"}),
    "f21": (202, {"severity": "sev1"}),
    "f22": (202, {"title": "CPU is high: DatasourceError"}),
    "f23-grafana-put": (202, {"title": "X"}),
    "f23-uptimerobot": (202, {"title": "Shop is down"}),
    "f24": (202, {"title": "Storm and 999 more", "severity": "sev2"}),
    "f26": (202, {"title": "node db-7:9100"}),
}
CASES = sorted(path.stem for path in FOLDER.glob("*.json"))


def storm(alerts: int) -> bytes:
    """A notification with so many firing alerts of about 600 bytes each."""
    firing = [
        {
            "status": "firing",
            "labels": {"alertname": "Storm", "instance": f"host-{n}", "severity": "error"},
            "annotations": {"description": "x" * 400},
            "startsAt": "2026-01-01T00:00:00Z",
            "fingerprint": f"{n:016x}",
        }
        for n in range(alerts)
    ]
    body = {"version": "4", "groupKey": "storm", "status": "firing", "receiver": "tocsin", "alerts": firing}
    return json.dumps(body).encode()


def expectation(name: str) -> tuple[int, dict[str, Any]]:
    return next((wanted for start, wanted in EXPECTED.items() if name.startswith(start)), (202, {}))


class Player:
    """Plays the steps of one case against a source made for it."""

    def __init__(self, workspace: Any, make_sender: Callable[..., Any]) -> None:
        self.workspace, self.make_sender = workspace, make_sender
        self.key, self.first, self.responses = "", {}, list["HttpResponse"]()

    def play(self, name: str) -> None:
        case = json.loads((FOLDER / f"{name}.json").read_text())
        if case["source_kind"]:
            self.key = self.make_sender(case["source_kind"], **case.get("source_settings", {})).key
        for step in case["steps"]:
            if "resolve_by_hand" in step:
                self.resolve()
            else:
                self.responses.append(self.send(step))

    def send(self, step: dict[str, Any]) -> HttpResponse:
        headers = {k: self.filled(v).encode().decode("latin-1") for k, v in step.get("headers", {}).items()}
        kind = headers.pop("Content-Type", "application/json")
        if not self.key:
            headers["Authorization"] = f"Bearer {self.token()}"
        return Client().generic(
            step["method"], self.filled(step["path"]), self.body(step), kind, headers=headers
        )

    def body(self, step: dict[str, Any]) -> bytes:
        if "base64" in step:
            return base64.b64decode(step["base64"])
        if "generate" in step:
            return storm(20_000)
        if "filler_bytes" in step:
            return b'{"filler": "%s"}' % (b"x" * max(step["filler_bytes"], 16_000_000))
        return self.filled(step.get("text") or (json.dumps(step["json"]) if "json" in step else "")).encode()

    def filled(self, text: str) -> str:
        return MOMENT.sub(self.moment, text.replace("{KEY}", self.key))

    def moment(self, found: re.Match[str]) -> str:
        kind, seconds, again = found.groups()
        at = datetime.now(UTC) + timedelta(seconds=int(seconds))
        text = {
            "NOW": at.isoformat(),
            "MS": str(int(at.timestamp() * 1000)),
            "KUMA": f"{at:%Y-%m-%d %H:%M:%S.000}",
        }[kind]
        first = self.first.setdefault(kind, text)
        return first if again else text

    def token(self) -> str:
        from accounts.actor import system_actor
        from accounts.tokens.services import issue_token

        name = f"t{len(self.responses)}"
        return issue_token(system_actor(self.workspace.pk), name=name, scopes=["events:write"]).text

    def incident(self) -> Incident:
        from incidents.models import Incident

        return Incident.objects.of(self.workspace.pk).get()

    def resolve(self) -> None:
        from accounts.actor import system_actor
        from incidents.lifecycle.services.resolving import resolve_incident

        resolve_incident(system_actor(self.workspace.pk), incident_id=self.incident().pk)


@pytest.fixture
def player(workspace, make_sender) -> Player:
    return Player(workspace, make_sender)


@pytest.mark.parametrize("name", CASES)
def test_request_from_the_field_has_the_effect_its_sender_expects(player, name) -> None:
    status, wanted = expectation(name)
    player.play(name)
    last = player.responses[-1]
    expected = 422 if name == "f08-ce-header-quoted" else status
    assert last.status_code == expected, last.content
    if wanted:
        incident = player.incident()
        found = {field: getattr(incident, field, None) for field in wanted if field != "component"}
        if "component" in wanted:
            found["component"] = incident.affected.get().component.name
        assert found == wanted


def test_early_response_does_not_reveal_the_key(player) -> None:
    player.play("f03-leak-413")
    assert player.key not in player.responses[-1].content.decode()
    assert player.responses[-1].json()["instance"] == "/api/v1/webhooks/alertmanager/[redacted]"


def test_note_of_opsgenie_is_in_the_timeline(player) -> None:
    from incidents.models import TimelineEntry

    player.play("f02-opsgenie-notes")
    messages = TimelineEntry.objects.of(player.workspace.pk).values_list("message", flat=True)
    assert "Prod: note: Looking at it (Ops)" in messages


def test_repeat_of_an_ha_pair_is_a_duplicate(player) -> None:
    player.play("f17-ha-external-url")
    assert player.responses[-1].json()["duplicates"] == 1


def test_reason_of_a_failed_evaluation_is_shown(player) -> None:
    player.play("f22-grafana-error-reason")
    assert "connection refused" in player.incident().description


def test_storm_of_20000_alerts_opens_one_incident(player) -> None:
    player.play("f24-storm")
    assert player.incident().event_count == 1000


def test_larger_storm_leaves_a_mark_on_the_source_and_in_quarantine(player) -> None:
    from detection.models import QuarantinedRequest, Source

    key = player.make_sender("alertmanager").key
    body = storm(30_000)
    response = Client().generic("POST", f"/api/v1/webhooks/alertmanager/{key}", body, "application/json")
    assert response.status_code == 413
    assert "at most" in Source.objects.of(player.workspace.pk).get().last_error
    assert QuarantinedRequest.objects.of(player.workspace.pk).get().reason == "too_large"


def events(player: Player) -> list[Any]:
    from detection.models import Event

    return list(Event.objects.of(player.workspace.pk).order_by("id"))


def test_text_in_base64_becomes_the_message(player) -> None:
    player.play("f07-ce-base64-text")
    assert events(player)[0].message == "Disk is full on db-1"


def test_headers_of_cloudevents_are_read_as_utf8_without_quotes(player) -> None:
    player.play("f08-ce-header-quoted")
    assert events(player)[0].metadata["subject"] == "a quoted value"
    assert player.responses[-1].json()["errors"][0]["field"] == "ce-subject"


@pytest.mark.parametrize(("name", "levels"), [("f10-level-crit", [4]), ("f10-level-emerg", [5, 5])])
def test_short_words_for_levels_are_known(player, name, levels) -> None:
    player.play(name)
    assert [event.level for event in events(player)] == levels


@pytest.mark.parametrize("name", ["f25-events-milliseconds", "f25-events-text-epoch"])
def test_milliseconds_and_numbers_as_text_are_the_same_moment(player, name) -> None:
    player.play(name)
    assert int(events(player)[0].occurred_at.timestamp()) <= 1795906693
