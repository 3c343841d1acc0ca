"""Formats whose bodies are read by a field mapping."""

from __future__ import annotations

from collections.abc import Mapping as Read
from collections.abc import Sequence
from typing import Any

from detection.webhooks.format import SourceSettings, WebhookFormat
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.http.signing import PLAIN, bearer, is_known, is_signed
from detection.webhooks.mapping.definition import Mapping, parse_mapping
from detection.webhooks.mapping.reader import read_mapped
from detection.webhooks.parsed import Reading


class MappedFormat(WebhookFormat):
    """Base of formats with a field mapping; they differ in how a body becomes values."""

    is_alerting = True
    signs = True
    is_mapped = True

    def verify(
        self, request: WebhookRequest, secrets: Sequence[str], settings: SourceSettings | None = None
    ) -> bool:
        """Verify the mapped header: the HMAC of the raw body, or with `plain` the secret itself."""
        mapping = parse_mapping(settings.mapping if settings else {})
        given = request.headers.get(mapping.signature_header, "")
        if mapping.signature_algorithm == PLAIN:
            return is_known(bearer(given.removeprefix(mapping.signature_prefix)), secrets)
        if not given.startswith(mapping.signature_prefix):
            return False
        return is_signed(
            request.raw, given.removeprefix(mapping.signature_prefix), secrets,
            algorithm=mapping.signature_algorithm, encoding=mapping.signature_encoding,
        )  # fmt: skip

    def check_mapping(self, mapping: Read[str, Any]) -> None:
        parse_mapping(mapping)

    def read(self, request: WebhookRequest, settings: SourceSettings) -> Reading:
        return read_mapped(self.mapping_of(settings), self.values(request))

    def mapping_of(self, settings: SourceSettings) -> Mapping:
        """Return the source's mapping. Raises Invalid when it cannot be used."""
        return parse_mapping(settings.mapping)

    def values(self, request: WebhookRequest) -> Any:
        """Return the body as JSON-like values. Raises Malformed, Invalid, TooLarge."""
        return request.document()
