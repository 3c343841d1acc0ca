"""Every format reads or refuses any broken body, quickly."""

from __future__ import annotations

import gzip
import json
import time

import pytest

from core.errors import Problem
from detection.webhooks.format import SourceSettings, webhook_formats
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.parsed import Reading
from tests.detection.webhooks.fixture import NOW, recorded, request_of

NAMES = (
    "cloudevents",
    "sentry",
    "datadog",
    "uptime-kuma",
    "uptimerobot",
    "generic",
    "form",
    "github",
    "gitlab",
    "sns",
    "victorops",
    "azure-monitor",
    "google-cloud-monitoring",
)
ODD = (None, True, -1, 1e308, "", "\u202e<script>", "x" * 9000, [], [[]], {}, {"a": {}}, ["a", 1, None])


def verdict(name, request, mapping=None):
    began = time.process_time()
    try:
        reading = webhook_formats().get(name).read(request, SourceSettings("Prod", mapping=mapping or {}))
    except Problem as problem:
        reading = problem
    assert time.process_time() - began < 2
    return reading


def samples(name):
    documents = [json.loads(path.read_text())["request"] for path in recorded(name)]
    return [request_of(given) for given in documents]


def swapped(request, body):
    return WebhookRequest("POST", request.headers, body, body, NOW, request.query)


@pytest.mark.parametrize("name", NAMES)
def test_truncated_body_is_parsed_or_refused(name):
    request = max(samples(name), key=lambda one: len(one.body))
    step = max(1, len(request.body) // 60)
    for end in range(0, len(request.body), step):
        assert isinstance(verdict(name, swapped(request, request.body[:end])), Reading | Problem)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("encode", [
    lambda body: body.decode().encode("utf-16"), lambda body: body.decode().encode("utf-32"),
    lambda body: b"\xef\xbb\xbf" + body, lambda body: body.replace(b"e", b"\xff"), gzip.compress,
    lambda body: b"\x00" + body, lambda body: body * 2, lambda body: b"[" * 100_000,
    lambda body: b'{"a":' * 50_000, lambda body: b"%" * 100_000, lambda body: b"&=" * 100_000,
])  # fmt: skip
def test_reencoded_body_is_parsed_or_refused(name, encode):
    request = samples(name)[0]
    assert isinstance(verdict(name, swapped(request, encode(request.body))), Reading | Problem)


def _mutants(value):
    """The document with each place in it replaced by something odd."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield from ({**value, key: odd} for odd in ODD)
            yield from ({**value, key: mutant} for mutant in _mutants(child))
    elif isinstance(value, list):
        for place, child in enumerate(value[:3]):
            yield from ([*value[:place], mutant, *value[place + 1 :]] for mutant in _mutants(child))


@pytest.mark.parametrize("name", NAMES)
def test_unusual_values_are_parsed_or_refused(name):
    tried = 0
    for request in samples(name)[:3]:
        if request.content_type == "multipart/form-data" or not request.body.startswith(b"{"):
            continue
        for mutant in _mutants(json.loads(request.body)):
            assert isinstance(verdict(name, swapped(request, json.dumps(mutant).encode())), Reading | Problem)
            tried += 1
    assert tried > 30 or name in ("form", "uptimerobot")


@pytest.mark.parametrize(
    ("count", "group", "read"),
    [(300, "", True), (301, "", False), (1000, "disks", True), (1001, "disks", False), (10_000, "", False)],
)
def test_one_body_is_limited_to_what_one_transaction_can_open(count, group, read):
    alerts = [{"title": f"Alert {n}", "id": n, "group": group} for n in range(count)]
    body = json.dumps(alerts).encode()
    request = WebhookRequest("POST", {"content-type": "application/json"}, body, body, NOW)
    reading = verdict("generic", request, mapping={"group": "group"})
    assert isinstance(reading, Reading) is read, reading
    assert read or "Send them in parts" in reading.detail
