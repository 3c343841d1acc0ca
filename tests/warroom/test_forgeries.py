"""Requests that Slack did not send, and broken ones: 401 or 400, never 5xx, nothing stored or logged."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from urllib.parse import urlencode

import pytest
from django.test import Client

from tests.fakes.slack.server import SECRET, TOKEN, FakeSlack
from tests.tables import share
from warroom.models import SlackInbox

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"
BODY = urlencode(
    {"command": "/incident", "text": "note sesame", "user_id": "U0RITA", "team_id": "T0TEAM"}
).encode()
WORD = "sesame"


def send(body: bytes, headers: dict[str, str], path: str = "commands"):
    extra = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    content_type = headers.get("Content-Type", FORM)
    return Client(raise_request_exception=False).post(
        f"/slack/{path}", body, content_type=content_type, **extra
    )


def signed(body: bytes = BODY, content_type: str = FORM, **more) -> dict[str, str]:
    return FakeSlack.signed(body, content_type, **more)[1]


def with_header(name: str, value: str) -> dict[str, str]:
    return signed() | {name: value}


def altered(text: str, at: int) -> str:
    """Another hexadecimal digit there."""
    return text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]


STAMP, SIGNATURE = "X-Slack-Request-Timestamp", "X-Slack-Signature"
FORGED = {
    "no_headers": dict,
    "no_stamp": lambda: {k: v for k, v in signed().items() if k != STAMP},
    "no_signature": lambda: {k: v for k, v in signed().items() if k != SIGNATURE},
    "empty_signature": lambda: with_header(SIGNATURE, ""),
    "other_secret": lambda: signed(secret="0" * 32),
    "empty_secret": lambda: signed(secret=""),
    "other_body": lambda: signed(BODY + b"&text=more"),
    "cut_body": lambda: signed(BODY[:-1]),
    "too_old": lambda: signed(at=time.time() - 301),
    "from_the_future": lambda: signed(at=time.time() + 400),
    "stamp_moved": lambda: with_header(STAMP, str(int(time.time()) + 1)),
    "stamp_is_no_number": lambda: with_header(STAMP, "abc"),
    "stamp_of_5000_digits": lambda: with_header(STAMP, "1" * 5000),
    "stamp_negative": lambda: with_header(STAMP, "-1"),
    "stamp_with_space": lambda: with_header(STAMP, f" {int(time.time())}"),
    "stamp_is_float": lambda: with_header(STAMP, f"{time.time()}"),
    "stamp_in_other_digits": lambda: with_header(STAMP, "\u0661\u0662\u0663"),
    "signature_not_ascii": lambda: with_header(SIGNATURE, "v0=" + "é" * 64),
    "signature_upper_case": lambda: with_header(SIGNATURE, signed()[SIGNATURE].upper()),
    "signature_cut": lambda: with_header(SIGNATURE, signed()[SIGNATURE][:-1]),
    "signature_too_long": lambda: with_header(SIGNATURE, signed()[SIGNATURE] + "0"),
    "signature_other_version": lambda: with_header(SIGNATURE, signed()[SIGNATURE].replace("v0", "v1")),
    "signature_without_version": lambda: with_header(SIGNATURE, signed()[SIGNATURE][3:]),
    "signature_of_zeros": lambda: with_header(SIGNATURE, "v0=" + "0" * 64),
    "signature_twice": lambda: with_header(SIGNATURE, ",".join([signed()[SIGNATURE]] * 2)),
    "signature_with_newline": lambda: with_header(SIGNATURE, signed()[SIGNATURE] + "\n"),
    "signature_with_nul": lambda: with_header(SIGNATURE, signed()[SIGNATURE][:-1] + "\0"),
    "signature_of_10000_digits": lambda: with_header(SIGNATURE, "v0=" + "a" * 10_000),
    "signature_without_stamp_in_it": lambda: with_header(
        SIGNATURE, f"v0={hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()}"
    ),
    "signature_by_sha1": lambda: with_header(
        SIGNATURE, f"v0={hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest()}"
    ),
    "stamp_empty": lambda: with_header(STAMP, ""),
    "stamp_with_plus": lambda: with_header(STAMP, f"+{int(time.time())}"),
    "stamp_zero": lambda: with_header(STAMP, "0"),
    "stamp_hexadecimal": lambda: with_header(STAMP, hex(int(time.time()))),
    "stamp_of_a_year_ago": lambda: signed(at=time.time() - 31_536_000),
    "bearer_token_instead": lambda: {"Authorization": f"Bearer {TOKEN}"},
}
# Every digit of a right signature changed, one at a time; every part of the body changed under it.
FORGED |= {
    f"signature_digit_{n}": lambda n=n: with_header(SIGNATURE, altered(signed()[SIGNATURE], n + 3))
    for n in range(64)
}
FORGED |= {f"body_cut_at_{n}": lambda n=n: signed(BODY[:n]) for n in range(0, len(BODY) - 1, 2)}
FORGED |= {
    f"stamp_moved_by_{s}_s": lambda s=s: with_header(STAMP, str(int(time.time()) + s))
    for s in range(2, 300, 6)
}
WRITTEN = {"values": {"message": {"message": {"type": "plain_text_input", "value": "On it"}}}}
# With a right signature: the four bodies that break Bolt's own parser, and some more.
BROKEN = {
    "body_of_one_bad_byte": (b"\xff", FORM),
    "broken_json": (b'{"type": "event_callback", ', "application/json"),
    "json_list": (b"[1, 2]", "application/json"),
    "json_20000_deep": (b"[" * 20_000 + b"]" * 20_000, "application/json"),
    "json_number": (b"7", "application/json"),
    "json_with_nan": (b'{"event": NaN}', "application/json"),
    "json_with_nul": (b'{"team_id": "T0TEAM", "event_id": "a\\u0000b"}', "application/json"),
    "payload_is_no_json": (b"payload=%7B", FORM),
    "payload_is_a_list": (b"payload=%5B%5D", FORM),
    "empty_body": (b"", FORM),
    "too_many_fields": ("&".join(f"a{n}=1" for n in range(100)).encode(), FORM),
}


@pytest.mark.parametrize("name", share(list(FORGED), turn=0, size=60))
def test_forged_request_is_refused_without_details(connected, caplog, name):
    with caplog.at_level(logging.DEBUG):
        reply = send(BODY, FORGED[name]())
    assert (reply.status_code, reply.content) == (401, b"")
    assert not SlackInbox.objects.of(connected.team.workspace_id).exists()
    assert WORD not in caplog.text
    connected.team.refresh_from_db()
    assert connected.team.last_refused_why


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("secret", [SECRET, "0" * 32])
def test_broken_body_is_refused_with_any_signature(connected, name, secret):
    body, content_type = BROKEN[name]
    began = time.process_time()
    reply = send(body, signed(body, content_type, secret=secret), "events")
    assert reply.status_code == (400 if secret == SECRET else 401)
    assert time.process_time() - began < 2
    assert not SlackInbox.objects.of(connected.team.workspace_id).exists()


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "event_callback", "event_id": "E1", "event": []},
        {"type": "event_callback", "event_id": "E2"},
        {"type": "view_submission", "user": {"id": "U0RITA"}, "view": {"callback_id": "tocsin_update"}},
        *(
            {
                "type": "view_submission",
                "user": {"id": "U0RITA"},
                "view": {"callback_id": callback_id, "private_metadata": carried, "state": WRITTEN},
            }
            for callback_id in ("tocsin_update", "tocsin_resolve", "tocsin_role")
            for carried in (
                "x{",
                "[]",
                '{"number": [1]}',
                '{"number": true}',
                '{"number": 1, "version": "x"}',
            )
        ),
        {"type": "block_actions", "user": "U0RITA", "actions": "resolve_incident"},
        {"command": 7},
        {},
    ],
)
def test_signed_payload_without_its_parts_never_fails_the_server(connected, payload):
    body = json.dumps(payload | {"team_id": "T0TEAM"}).encode()
    assert send(body, signed(body, "application/json"), "events").status_code in {200, 400}
    connected.settle()


def test_too_large_body_is_refused_unread(connected):
    body = b"text=" + b"x" * 300_000
    assert send(body, signed(body)).status_code == 413


def test_another_team_is_refused(connected):
    body = json.dumps(
        {"type": "event_callback", "team_id": "T0OTHER", "event_id": "E1", "event": {}}
    ).encode()
    assert send(body, signed(body, "application/json"), "events").status_code == 401


def test_previous_secret_is_accepted_while_it_is_replaced(connected):
    from warroom.connection.services.settings import SlackValues, put_slack

    put_slack(connected.admin, values=SlackValues(signing_secret="abcdef0123456789abcdef"))
    body = json.dumps({"type": "url_verification", "challenge": "xyz"}).encode()
    reply = send(body, signed(body, "application/json"), "events")
    assert reply.status_code == 200
    assert b"xyz" in reply.content
