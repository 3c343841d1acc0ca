"""Values as senders write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.errors import Malformed
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.values import labels_of, line, link, links, moment, severity_of
from tests.detection.webhooks.fixture import NOW

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def post(body: bytes, kind: str = "application/json") -> WebhookRequest:
    return WebhookRequest("POST", {"content-type": kind}, body, body, NOW)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-21T12:00:00Z", NOON), ("2026-11-21T13:00:00+01:00", NOON), ("2026-11-21T12:00:00", NOON),
        ("2026-11-21T12:00:00.000000000Z", NOON), ("2026-11-21T12:00:00.000000+00:00Z", NOON),
        (NOON.timestamp(), NOON),
        (int(NOON.timestamp() * 1000), NOON), (str(int(NOON.timestamp())), NOON),
        ("0001-01-01T00:00:00Z", None), ("9999-12-31T23:59:59Z", None), ("yesterday", None), ("", None),
        (None, None), (True, None), (1e300, None), ([], None), ("1e9999", None),
    ],
)  # fmt: skip
def test_time_is_read_in_every_usual_spelling_and_placeholders_are_none(written, meant):
    assert moment(written) == meant


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("critical", "sev1"), ("P1", "sev1"), ("page", "sev1"), ("error", "sev2"), ("HIGH", "sev2"),
        ("warning", "sev3"), ("Warn", "sev3"), ("info", "sev4"), ("none", "sev4"), ("sev2", "sev2"),
        ("purple", None), ("", None), (None, None), (3, None),
    ],
)  # fmt: skip
def test_severity_is_read_by_every_usual_word(word, severity):
    assert severity_of(word) == severity


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "http://user:pw@host/",
        "//host/x",
        "ftp://host/",
        "http:// host/",
        "http://[",
        7,
    ],
)
def test_only_plain_web_addresses_become_links(url):
    assert link(url) is None


def test_links_are_unique_and_at_most_ten():
    found = links(
        link("https://a.test/"),
        None,
        link("https://a.test/"),
        *(link(f"https://{n}.test/") for n in range(20)),
    )
    assert len(found) == 10
    assert found[0].url == "https://a.test/"


def test_labels_are_made_to_fit_and_odd_ones_left_out():
    found = labels_of(
        {"a": "b\n<b>\x00", "n": 3, "x": {"y": 1}, "": "z", "k" * 99: "v"} | {f"l{n}": "v" for n in range(99)}
    )
    assert found["a"] == "b <b>"
    assert found["n"] == "3"
    assert "x" not in found
    assert len(found) == 50


def test_line_has_no_control_characters():
    assert line("a\u202eb\x07c\n d") == "a b c d"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('{"a": "ü"}'.encode(), "application/json"),
        ('{"a": "ü"}'.encode("utf-8-sig"), "application/json"),
        ('{"a": "ü"}'.encode("utf-16"), "application/json"),
        ('{"a": "ü"}'.encode("utf-32"), "application/json"),
        ('{"a": "ü"}'.encode("latin-1"), 'application/json; charset="ISO-8859-1"'),
        ('{"a": "ü"}'.encode("utf-16-le"), "application/json; charset=utf-16le"),
    ],
)  # fmt: skip
def test_document_is_read_in_the_encoding_it_states(body, kind):
    assert post(body, kind).document() == {"a": "ü"}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('{"a": "ü"}'.encode("latin-1"), "application/json"),
        (b"{}", "application/json; charset=klingon"),
        (b'{"a": 1', "application/json"),
        (b"", "application/json"),
        (b'{"a": NaN}', "application/json"),
    ],
)
def test_document_that_cannot_be_read_is_malformed(body, kind):
    with pytest.raises(Malformed):
        post(body, kind).document()
