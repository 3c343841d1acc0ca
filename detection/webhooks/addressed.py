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
    """A fixed path.

    `route` is Django's pattern from the root of the site; `path` is the path of requests, with the route's
    parameters in braces. `is_query`: a GET of it queries the result of a request, or an alert.
    """

    route: str
    path: str = ""
    is_query: bool = False
    methods: tuple[str, ...] = ("POST", "PUT")


class Shown(Protocol):
    """State of an alert for senders that query it."""

    key: Any
    title: Any
    state: Any
    severity: Any
    component: Any
    episodes: Any
    first_at: Any
    updated_at: Any


class AddressedFormat(WebhookFormat):
    """A format with paths of its own beside `/api/v1/webhooks/<name>/<key>`.

    `is_key_in_body`: the source's key is known only after the body was read.
    """

    addresses: ClassVar[tuple[Address, ...]]
    is_key_in_body: ClassVar[bool] = False

    @abstractmethod
    def source_key(self, request: WebhookRequest) -> str:
        """Return the source key in the request; "" for none. `body` is not read yet.

        Raises Malformed, TooLarge, Invalid.
        """

    def adapted(self, reply: Reply) -> Reply:
        """Return the reply as it is sent at these paths."""
        return reply

    def heartbeat_in(self, path: str) -> str:
        """Return the name of the heartbeat that a request is for; "" for none."""
        return ""

    def beat(self, name: str, status: str) -> Reply:
        """Return the reply to a recorded beat. Only for formats with heartbeats."""
        raise NotFound("This format knows no heartbeats.")

    def requested_id(self, path: str) -> str:
        """Return the id of the request that a GET queries; "" for none."""
        return ""

    def queried_alert(self, path: str) -> str:
        """Return the key of the alert that a GET queries; "" for none."""
        return ""

    def alert(self, row: Shown) -> Reply:
        """Return the reply to a GET of an alert."""
        raise NotFound("This sender cannot query alerts.")

    def status(self, request_id: str, outcome: Outcome, at: datetime, source: str) -> Reply:
        """Return the reply to a GET of a request: done or not, at `at`; `source` is the id of its source."""
        raise NotFound("This sender gets the outcome in the response.")
