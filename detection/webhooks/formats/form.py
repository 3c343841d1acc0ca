"""Web forms: what simple senders and `curl -d` post, read by the source's field mapping."""

from __future__ import annotations

from typing import Any

from detection.webhooks.format import webhook_format
from detection.webhooks.formats.generic import MappedFormat
from detection.webhooks.forms import MULTIPART, URLENCODED, form_values
from detection.webhooks.request import WebhookRequest


@webhook_format
class Form(MappedFormat):
    """Fields of a form, url-encoded or multipart."""

    name = "form"
    title = "Web form"
    content_types = frozenset({URLENCODED, MULTIPART, ""})

    def values(self, request: WebhookRequest) -> Any:
        return form_values(request)
