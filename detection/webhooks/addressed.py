"""Formats with fixed paths, as their senders expect."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from core.errors import NotFound
from detection.webhooks.format import Outcome, WebhookFormat
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.parsed import Reply


@dataclass(frozen=True, slots=True)
class Address:
    """`route` is Django's, from the root of the site; `path` is what requests to it have as their path, with
    the route's parts in braces. `asks`: a GET of it asks what became of a request, or for an alert.
    """

    route: str
    path: str = ""
    asks: bool = False
    methods: tuple[str, ...] = ("POST", "PUT")


class Shown(Protocol):
    """What is known of an alert, as a sender may ask for it."""

    key: Any
    title: Any
    state: Any
    severity: Any
    component: Any
    episodes: Any
    first_at: Any
    told_at: Any


class AddressedFormat(WebhookFormat):
    """A format with addresses of its own beside `/api/v1/webhooks/<name>/<key>`.

    `is_key_in_body`: the source's key is known only after the body was read.
    """

    addresses: ClassVar[tuple[Address, ...]]
    is_key_in_body: ClassVar[bool] = False

    @abstractmethod
    def source_key(self, request: WebhookRequest) -> str:
        """The key of the source, which the sender puts into the request; "" for none. `body` is not read yet.

        Raises Malformed, TooLarge, Invalid.
        """

    def told(self, reply: Reply) -> Reply:
        """The answer as it goes out at these addresses."""
        return reply

    def heartbeat_in(self, path: str) -> str:
        """The name of the heartbeat that a request is for; "" for none."""
        return ""

    def beat(self, name: str, status: str) -> Reply:
        """The answer to a beat that was taken. Only for formats that know heartbeats."""
        raise NotFound("This format knows no heartbeats.")

    def asked_about(self, path: str) -> str:
        """The id of the request which a GET asks about; "" for none."""
        return ""

    def asked_alert(self, path: str) -> str:
        """The key of the alert which a GET asks for; "" for none."""
        return ""

    def alert(self, row: Shown) -> Reply:
        """What a GET is told of an alert."""
        raise NotFound("This sender cannot ask for an alert.")

    def status(self, request_id: str, outcome: Outcome, at: datetime, source: str) -> Reply:
        """What a GET is told: the request was done, or not, at `at`; `source` is the id of its source."""
        raise NotFound("This sender gets the outcome in the response.")
