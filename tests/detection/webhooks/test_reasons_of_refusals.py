"""Each refusal, repeat and quarantined request of ingest has a reason of the closed list."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import orjson
import pytest

from core.errors import Problem
from core.reasons import Reason
from detection.explain.report import event_report
from detection.models import Event, QuarantinedRequest
from detection.quarantine.refusal_reasons import REASON_OF_CODE, REASON_OF_RULE, REPEATED, reasons_of
from detection.webhooks.receive import QUARANTINED_CODES
from tests.detection.bursts import errors
from tests.web.signed_in import browser_for

ROOT = Path(__file__).parents[3]
# Where a request of a sender may be refused.
REFUSING = (
    "core.errors", "core.http.request_body", "accounts.tokens.authentication", "detection.ingest.asgi",
    "detection.sources.authentication", "detection.webhooks.receive", "detection.webhooks.http.unpacking",
)  # fmt: skip
# Of pages that people change, never of a request of a sender.
OF_PEOPLE = {"conflict", "gone"}
# They check what people set up, not what senders post.
SETTINGS = {"detection/webhooks/mapping/definition.py"}
FAULTS = {"Fault": 2, "FieldFault": 1, "RefusedError": 1, "_not_a_batch": 0}


def codes():
    for module in map(importlib.import_module, REFUSING):
        for one in vars(module).values():
            if isinstance(one, type) and issubclass(one, Problem) and one.__module__ == module.__name__:
                yield one.code


def rules():
    """The literal rules of the faults that ingest and the formats of webhooks make."""
    for folder in ("detection/ingest", "detection/webhooks"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if str(path.relative_to(ROOT)) in SETTINGS:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                place = FAULTS.get(ast.unparse(node.func)) if isinstance(node, ast.Call) else None
                if place is None or len(node.args) <= place or not isinstance(node.args[place], ast.Constant):
                    continue
                yield node.args[place].value


def test_each_code_of_a_refused_request_has_a_reason():
    found = set(codes())
    assert len(found) >= 15
    assert found - OF_PEOPLE == set(REASON_OF_CODE)
    assert set(REASON_OF_CODE) >= QUARANTINED_CODES


def test_each_rule_of_a_refused_element_has_a_reason():
    found = set(rules()) - {"unknown"}  # of a mapping that is saved
    assert len(found) >= 10
    assert found == set(REASON_OF_RULE)


def test_each_code_and_rule_is_documented_with_its_reason():
    page = (ROOT / "docs/reference/reasons.md").read_text()
    rows = re.findall(r"^- `(\w+)`: (`.+`)$", page, re.MULTILINE)
    shown = {(word, reason) for reason, words in rows for word in re.findall(r"`(\w+)`", words)}
    assert shown == {
        (word, one.value) for table in (REASON_OF_CODE, REASON_OF_RULE) for word, one in table.items()
    }
    assert f"`{REPEATED.value}`" in page


def test_reasons_name_the_whole_first_and_each_once():
    faults = [{"rule": "too_old"}, {"rule": "required"}, {"rule": "too_old"}]
    assert reasons_of("invalid", faults) == [
        Reason.REQUEST_INVALID, Reason.EVENT_TOO_OLD, Reason.FIELD_MISSING,
    ]  # fmt: skip
    assert reasons_of("malformed", []) == [Reason.REQUEST_MALFORMED]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("alertmanager", b"{no json", ["request_malformed"]),
        ("generic", orjson.dumps([{"source": "a", "level": "loud"}]), ["request_invalid", "field_missing"]),
        ("uptime-kuma", b'{"heartbeat": {"status": 9}, "monitor": {}}', ["request_invalid", "field_wrong"]),
    ],
    ids=["malformed", "missing", "wrong"],
)
def test_quarantine_shows_the_reasons(make_sender, admin, kind, body, expected):
    assert make_sender(kind).post(body).status_code in {202, 400, 422}
    row = QuarantinedRequest.objects.of(admin.workspace_id).get()
    browser = browser_for(admin)
    assert browser.get(f"/api/v1/quarantine/{row.pk}").json()["reasons"] == expected
    shown = browser.get(f"/quarantine/{row.pk}").content.decode()
    assert all(f"{Reason(one).label} <code>{one}</code>" in shown for one in expected)


@pytest.mark.django_db(transaction=True)
def test_repeated_event_has_a_reason(workspace, send, make_rule, admin):
    make_rule()
    named = errors(1)[0] | {"event_id": "order-7"}
    assert send([named]) == (1, 0)
    assert send([named]) == (0, 1)
    assert event_report(admin, event_id="order-7").on_repeat == Reason.EVENT_REPEATED
    browser = browser_for(admin)
    found = browser.get("/api/v1/explain/events?event_id=order-7").json()
    assert found["on_repeat"] == "event_repeated"
    assert Reason.EVENT_REPEATED.label in browser.get(f"/explain/events/{found['id']}").content.decode()
    send(errors(1))
    unnamed = Event.objects.of(workspace.pk).latest("pk")
    assert event_report(admin, pk=unnamed.pk).on_repeat is None
