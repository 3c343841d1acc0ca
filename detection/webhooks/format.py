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
    """What the team set for one source. `mapping` is the format's own business, {} where it has none."""

    name: str
    default_severity: Severity = Severity.SEV3
    mapping: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a request, after COMMIT.

    `stored` new events, `duplicates` that were there already, `refused` elements; `opened`, `joined`,
    `resolved` are incident references ("INC-7"); `quarantined` says that the body waits in quarantine.
    `unheard`: keys of alerts that were ended or acknowledged and of which nothing was known.
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
    unheard: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request asked for and whether it was done, for a sender that asks for that later."""

    action: str
    key: str
    succeeded: bool
    words: str


class WebhookFormat(ABC):
    """One sender's way of telling. Stateless: one instance serves every source.

    `name` stands in the address; `is_alerting` formats open incidents by their own severity unless the
    source says otherwise; `content_types` are the media types taken ("" for a request that names none).
    `max_body` is in bytes, as sent and once decompressed. `signs`: the sender can sign, so a source that
    holds secrets takes signed requests only. `is_mapped`: the source's field mapping says how to read it.
    `methods`: how senders may send, GET for those that put it all into the address; `more_methods`: at the
    format's own addresses.
    `kept_headers`: how the names of headers begin that `read` needs; quarantine keeps these.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    guide: ClassVar[Guide]
    is_alerting: ClassVar[bool] = False
    signs: ClassVar[bool] = False
    is_mapped: ClassVar[bool] = False
    content_types: ClassVar[frozenset[str]] = frozenset({"application/json", ""})
    max_body: ClassVar[int] = 4_000_000
    kept_headers: ClassVar[tuple[str, ...]] = ()
    methods: ClassVar[tuple[str, ...]] = ("POST", "PUT")
    more_methods: ClassVar[tuple[str, ...]] = ()

    def verify(
        self, request: WebhookRequest, secrets: Sequence[str], settings: SourceSettings | None = None
    ) -> bool:
        """Whether the sender holds one of `secrets` (never empty): by the signature over `request.raw`."""
        return True

    def takes(self, content_type: str) -> bool:
        """Whether a body of this media type ("" for none) is read here; otherwise the response is 415."""
        return content_type in self.content_types

    @abstractmethod
    def read(self, request: WebhookRequest, settings: SourceSettings) -> Reading:
        """Everything in the request; elements that cannot be read are named in `faults`.

        Raises Malformed or Invalid when nothing of it can be read; then it goes to quarantine as a whole.
        """

    def pasted(self, text: str) -> Any:
        """A body that a person typed, as values for a mapping. Raises Malformed, Invalid, TooLarge."""
        return pasted(text).document()

    def check_mapping(self, mapping: Mapping[str, Any]) -> None:
        """Refuse a mapping this format could not use. Raises Invalid naming each wrong field."""
        if unknown := sorted(set(mapping) - ({"severities"} if self.is_alerting else set())):
            fault = FieldFault(f"mapping.{unknown[0][:60]}", "unknown", "is not used by this kind of source")
            raise Invalid("This kind of source knows no such mapping. Nothing was saved.", faults=[fault])
        parse_mapping(mapping)

    def answer(self, reading: Reading, receipt: Receipt) -> Reply:
        """What the sender is told once everything is committed; 202 with counts unless it expects else."""
        return reading.reply or Reply(202 if receipt.refused == 0 or receipt.stored else 422, counts(receipt))

    def outcome(self, reading: Reading, receipt: Receipt) -> Outcome | None:
        """What is remembered of a request for a day; None where senders do not ask."""
        return None

    def refuse(self, problem: Problem) -> Reply | None:
        """What the sender is told of a refusal in its own words; None: problem+json."""
        return None

    def handshake(self, request: WebhookRequest) -> Reply | None:
        """The answer to an OPTIONS request; None where the sender knows no handshake (405)."""
        return None


def counts(receipt: Receipt) -> dict[str, Any]:
    """A receipt as the API tells it."""
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
    """Every format there is: the files of `detection/webhooks/formats/`."""
    return FORMATS.discover("detection.webhooks.formats")
