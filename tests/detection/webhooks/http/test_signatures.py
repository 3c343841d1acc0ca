"""Authentication of sources: signatures over the raw bytes, tokens, two live secrets, and the handshake."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from detection.webhooks.format import SourceSettings, webhook_formats
from detection.webhooks.http.request import WebhookRequest
from tests.detection.webhooks.fixture import NOW

OLD, NEW = "the-older-secret", "the-newer-secret"
RAW = b'{"title":  "r\xc3\xa4w"}'


def mac(secret: str, algorithm: str = "sha256", raw: bytes = RAW) -> bytes:
    return hmac.new(secret.encode(), raw, algorithm).digest()


def post(headers, *, raw=RAW, query=None):
    return WebhookRequest("POST", headers, raw, b"unpacked", NOW, query or {})


def verifies(name, headers, *, mapping=None, raw=RAW, query=None):
    settings = SourceSettings("Prod", mapping=mapping or {})
    return webhook_formats().get(name).verify(post(headers, raw=raw, query=query), [NEW, OLD], settings)


B64 = {"signature_header": "X-Sig", "signature_algorithm": "sha512", "signature_encoding": "base64"}
PLAIN = {"signature_header": "Authorization", "signature_algorithm": "plain"}
PREFIX = {"signature_header": "X-Sig", "signature_prefix": "v1="}


@pytest.mark.parametrize("secret", [OLD, NEW])
@pytest.mark.parametrize(
    ("name", "mapping", "headers"),
    [
        ("sentry", {}, lambda s: {"sentry-hook-signature": mac(s).hex()}),
        ("github", {}, lambda s: {"x-hub-signature-256": f"sha256={mac(s).hex()}"}),
        ("gitlab", {}, lambda s: {"x-gitlab-token": s}),
        ("datadog", {}, lambda s: {"authorization": f"Bearer {s}"}),
        ("cloudevents", {}, lambda s: {"authorization": f"Bearer {s}"}),
        ("generic", {}, lambda s: {"x-signature": mac(s).hex().upper()}),
        ("generic", B64, lambda s: {"x-sig": base64.b64encode(mac(s, "sha512")).decode()}),
        ("generic", PREFIX, lambda s: {"x-sig": f"v1={mac(s).hex()}"}),
        ("generic", PLAIN, lambda s: {"authorization": f"Bearer {s}"}),
        ("form", {}, lambda s: {"x-signature": mac(s).hex()}),
    ],
)
def test_each_of_two_live_secrets_is_accepted(name, mapping, headers, secret):
    assert verifies(name, headers(secret), mapping=mapping)
    assert not verifies(name, headers("another"), mapping=mapping)
    assert not verifies(name, {}, mapping=mapping)
    assert not verifies(name, dict.fromkeys(headers(secret), ""), mapping=mapping)
    assert not verifies(
        name, {key: f"{value[:-1]}é" for key, value in headers(secret).items()}, mapping=mapping
    )


@pytest.mark.parametrize("name", ["sentry", "github", "generic"])
def test_one_other_byte_is_another_body(name):
    header = {"sentry": "sentry-hook-signature", "github": "x-hub-signature-256", "generic": "x-signature"}[
        name
    ]
    given = {header: ("sha256=" if name == "github" else "") + mac(NEW).hex()}
    assert verifies(name, given)
    assert not verifies(name, given, raw=RAW.replace(b"  ", b" "))


def test_weaker_hash_than_required_is_refused():
    weak = hmac.new(NEW.encode(), RAW, hashlib.sha1).hexdigest()
    assert not verifies("github", {"x-hub-signature-256": f"sha1={weak}"})
    assert not verifies("generic", {"x-signature": weak})


def test_token_of_a_cloudevents_hook_may_be_in_the_address():
    assert verifies("cloudevents", {}, query={"access_token": OLD})
    assert not verifies("cloudevents", {}, query={"access_token": "x"})


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"webhook-request-origin": "eventgrid.test"}, "6000"),
        ({"webhook-request-origin": "eventgrid.test", "webhook-request-rate": "120"}, "120"),
        ({"webhook-request-origin": "eventgrid.test", "webhook-request-rate": "99999999"}, "6000"),
        ({"webhook-request-origin": "eventgrid.test", "webhook-request-rate": "-1"}, "6000"),
        ({"webhook-request-origin": "eventgrid.test", "webhook-request-rate": "0"}, "1"),
        ({}, None),
        ({"webhook-request-origin": "a\r\nSet-Cookie: x"}, None),
        ({"webhook-request-origin": "a" * 300}, None),
    ],
)
def test_cloudevents_handshake_allows_any_origin(headers, allowed):
    reply = webhook_formats().get("cloudevents").handshake(post(headers))
    assert (reply.headers["WebHook-Allowed-Rate"] if reply else None) == allowed
    assert reply is None or reply.headers["WebHook-Allowed-Origin"] == "eventgrid.test"
