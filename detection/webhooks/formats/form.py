"""Web forms of simple senders and `curl -d`, parsed by the source's field mapping."""

from __future__ import annotations

from typing import Any, Final

from detection.webhooks.format import webhook_format
from detection.webhooks.guide import Guide
from detection.webhooks.http.form_data import MULTIPART, URLENCODED, form_values
from detection.webhooks.http.request import WebhookRequest, pasted
from detection.webhooks.mapping.mapped_format import MappedFormat

_GUIDE: Final = Guide(
    "Any program that posts a form",
    "curl '{address}' -d title='Backup failed' -d component=nas -d state=firing -d key=backup",
    "title=A+test+from+the+source+page&component=nas&state=firing&dedup_key=tocsin-test",
    URLENCODED, signing="The sender signs the body; configure how in the mapping.",
)  # fmt: skip


@webhook_format
class Form(MappedFormat):
    """Fields of a form, url-encoded or multipart."""

    name = "form"
    title = "Web form"
    guide = _GUIDE
    content_types = frozenset({URLENCODED, MULTIPART, ""})

    def values(self, request: WebhookRequest) -> Any:
        return form_values(request)

    def pasted(self, text: str) -> Any:
        """Parse fields written as in a URL, or as JSON."""
        is_json = text.lstrip().startswith(("{", "["))
        return super().pasted(text) if is_json else self.values(pasted(text, URLENCODED))
