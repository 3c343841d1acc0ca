"""Base class and registry of webhook formats: one class in one file of `formats/`."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from core.errors import FieldFault, Invalid, Problem
from core.registry import Registry
from detection.webhooks.guide import Guide
from detection.webhooks.http.request import WebhookRequest, pasted
from detection.webhooks.mapping.definition import parse_mapping
from detection.webhooks.parsed import Reading, Reply
from incidents.vocabulary import Severity


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """Settings of one source. `mapping` is specific to the format, {} if it has none."""

    name: str
    default_severity: Severity = Severity.SEV3
    mapping: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Result of a request, after COMMIT.

    `stored` new events, `duplicates` of stored ones, `refused` elements; `opened`, `joined`, `resolved` are
    incident references ("INC-7"); `quarantined` says that the body is in quarantine. `unknown_alerts`: keys
    of unknown alerts that were ended or acknowledged.
    """

    request_id: str = ""
    stored: int = 0
    duplicates: int = 0
    refused: int = 0
    changes: int = 0
    errors: tuple[Mapping[str, Any], ...] = ()
    opened: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    quarantined: bool = False
    unknown_alerts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request was about and whether it was done, for senders that query it later."""

    action: str
    key: str
    succeeded: bool
    words: str


class WebhookFormat(ABC):
    """Base class of a webhook format. Stateless: one instance serves every source.

    `name` is part of the URL; `is_alerting` formats open incidents by their own severity unless the source is
    set otherwise; `content_types` are the accepted media types ("" for a request without one). `max_body` is
    in bytes, as sent and once decompressed. `signs`: the sender can sign, so a source with secrets accepts
    signed requests only. `is_mapped`: the source's field mapping says how to parse it. `methods`: accepted
    HTTP methods, GET for senders that put all into the URL; `more_methods`: at the format's own paths.
    `stored_headers`: prefixes of header names that `read` needs; quarantine stores these.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    guide: ClassVar[Guide]
    is_alerting: ClassVar[bool] = False
    signs: ClassVar[bool] = False
    is_mapped: ClassVar[bool] = False
    content_types: ClassVar[frozenset[str]] = frozenset({"application/json", ""})
    max_body: ClassVar[int] = 4_000_000
    stored_headers: ClassVar[tuple[str, ...]] = ()
    methods: ClassVar[tuple[str, ...]] = ("POST", "PUT")
    more_methods: ClassVar[tuple[str, ...]] = ()

    def verify(
        self, request: WebhookRequest, secrets: Sequence[str], settings: SourceSettings | None = None
    ) -> bool:
        """Verify the signature over `request.raw` with one of `secrets`, which is never empty."""
        return True

    def takes(self, content_type: str) -> bool:
        """Return whether a body of this media type ("" for none) is supported.

        Otherwise the response is 415.
        """
        return content_type in self.content_types

    @abstractmethod
    def read(self, request: WebhookRequest, settings: SourceSettings) -> Reading:
        """Parse the request; elements that cannot be parsed are named in `faults`.

        Raises Malformed or Invalid when nothing can be parsed; then it goes to quarantine as a whole.
        """

    def pasted(self, text: str) -> Any:
        """Return a body that a person typed, as values for a mapping. Raises Malformed, Invalid, TooLarge."""
        return pasted(text).document()

    def check_mapping(self, mapping: Mapping[str, Any]) -> None:
        """Raise Invalid naming each wrong field of a mapping this format cannot use."""
        if unknown := sorted(set(mapping) - ({"severities"} if self.is_alerting else set())):
            fault = FieldFault(f"mapping.{unknown[0][:60]}", "unknown", "is not used by this kind of source")
            raise Invalid("Sources of this kind have no such mapping. Nothing was saved.", faults=[fault])
        parse_mapping(mapping)

    def reply_to(self, reading: Reading, receipt: Receipt) -> Reply:
        """Return the reply after everything is committed; by default 202 with counts."""
        return reading.reply or Reply(202 if receipt.refused == 0 or receipt.stored else 422, counts(receipt))

    def outcome(self, reading: Reading, receipt: Receipt) -> Outcome | None:
        """Return the outcome to store for a day; None if senders do not query it."""
        return None

    def refuse(self, problem: Problem) -> Reply | None:
        """Return the reply to a refused request in the sender's format; None: problem+json."""
        return None

    def handshake(self, request: WebhookRequest) -> Reply | None:
        """Return the reply to an OPTIONS request; None if the format has no handshake (405)."""
        return None


def counts(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt as the API shows it."""
    return {
        "accepted": receipt.stored,
        "duplicates": receipt.duplicates,
        "refused": receipt.refused,
        "changes": receipt.changes,
        "opened": list(receipt.opened),
        "joined": list(receipt.joined),
        "resolved": list(receipt.resolved),
        "quarantined": receipt.quarantined,
        "errors": [dict(error) for error in receipt.errors],
    }


FORMATS: Registry[WebhookFormat] = Registry("webhook format")


def webhook_format(kind: type[WebhookFormat]) -> type[WebhookFormat]:
    """Class decorator: adds one instance under the class's `name`."""
    FORMATS.add(kind.name, kind())
    return kind


@functools.cache
def webhook_formats() -> Registry[WebhookFormat]:
    """Return every format: the files of `detection/webhooks/formats/`."""
    return FORMATS.discover("detection.webhooks.formats")
