"""The guide on a source's page, and the sample its test sends."""

from __future__ import annotations

import pytest
from django.utils import timezone

from detection.webhooks.format import SourceSettings, webhook_formats
from detection.webhooks.guide import filled
from detection.webhooks.http.request import WebhookRequest


@pytest.mark.parametrize("name", webhook_formats().names())
def test_every_format_has_a_guide_whose_sample_it_reads(name):
    form = webhook_formats().get(name)
    guide = form.guide
    raw = guide.text.encode()
    request = WebhookRequest(
        "POST", {"content-type": guide.content_type, **guide.headers}, raw, raw, timezone.now()
    )
    reading = form.read(request, SourceSettings("Prod"))
    assert not reading.is_empty
    assert not reading.faults
    assert form.takes(guide.content_type)


@pytest.mark.parametrize("name", webhook_formats().names())
def test_every_snippet_names_the_address_or_the_key_and_nothing_is_left_open(name):
    address = f"https://tocsin.test/api/v1/webhooks/{name}/KEY"
    text = filled(
        webhook_formats().get(name).guide.snippet, base="https://tocsin.test", address=address, key="KEY"
    )
    assert "KEY" in text
    assert not any(hole in text for hole in ("{address}", "{base}", "{key}"))
    assert not form_signs_silently(name)


def form_signs_silently(name):
    """A sender that signs, and a guide that does not mention where its secret comes from."""
    form = webhook_formats().get(name)
    return form.signs and name not in ("grafana",) and not form.guide.signing
