"""Stored secrets and signatures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from core.secrets.live_values import LiveSecret
from core.secrets.signing import (
    hmac_hex,
    is_webhook_secret,
    new_webhook_secret,
    sign_webhook,
    verify_hmac_hex,
    verify_webhook,
)

BODY = b'{"a": 1}'


def test_secret_has_two_live_values_at_most():
    secret = LiveSecret(("a",)).replaced_by("b").replaced_by("c")
    assert (secret.values, secret.current, secret.retired().values) == (("c", "b"), "c", ("c",))


def test_secret_is_stored_encrypted():
    stored = LiveSecret(("value one", "value two")).encrypted()
    assert "value" not in stored
    assert LiveSecret.from_encrypted(stored).values == ("value one", "value two")
    assert LiveSecret().encrypted() == ""
    assert LiveSecret.from_encrypted("").current == ""


def test_both_live_values_verify_and_a_third_does_not():
    given = hmac_hex("old", BODY)
    assert verify_hmac_hex(["new", "old"], BODY, given.upper())
    assert not verify_hmac_hex(["new", "other"], BODY, given)
    assert not verify_hmac_hex(["new", "old"], BODY + b" ", given)


def test_standard_library_verifies_our_signature_by_either_live_secret():
    new, old, other = (new_webhook_secret() for _ in range(3))
    headers = sign_webhook([new, old], "msg_1", datetime.now(UTC), BODY)
    for secret in (new, old):
        assert Webhook(secret).verify(BODY.decode(), headers) == {"a": 1}
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(BODY.decode(), headers)


def test_we_verify_what_the_standard_library_signs():
    secret, now = new_webhook_secret(), datetime.now(UTC)
    signature = Webhook(secret).sign("msg_1", now, BODY.decode())
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": f"v1a,other {signature}",
    }
    assert verify_webhook([new_webhook_secret(), secret], headers, BODY, now)
    assert not verify_webhook([secret], headers, BODY, now + timedelta(minutes=6))
    assert not verify_webhook([secret], headers | {"webhook-id": "msg_2"}, BODY, now)
    assert not verify_webhook([secret], {}, BODY, now)


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_!!", "whsec_YQ==", "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh"])
def test_malformed_webhook_secret_is_recognized(text):
    assert not is_webhook_secret(text)
    assert is_webhook_secret(new_webhook_secret())
