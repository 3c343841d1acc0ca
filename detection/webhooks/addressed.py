"""Formats whose senders know an address by heart: that of the service they were made for."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from core.errors import NotFound
from detection.webhooks.format import Outcome, WebhookFormat
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.parsed import Reply


@dataclass(frozen=True, slots=True)
class Address:
    """`route` is Django's, from the root of the site; `path` is what requests to it have as their path, with
    the route's parts in braces. `asks`: a GET of it asks what became of a request.
    """

    route: str
    path: str = ""
    asks: bool = False


class AddressedFormat(WebhookFormat):
    """A format with addresses of its own beside `/api/v1/webhooks/<name>/<key>`."""

    addresses: ClassVar[tuple[Address, ...]]

    @abstractmethod
    def source_key(self, request: WebhookRequest) -> str:
        """The key of the source, which the sender puts into the request; "" for none. `body` is not read yet.

        Raises Malformed, TooLarge, Invalid.
        """

    def told(self, reply: Reply) -> Reply:
        """The answer as it goes out at these addresses."""
        return reply

    def asked_about(self, path: str) -> str:
        """The id of the request which a GET asks about; "" for none."""
        return ""

    def status(self, request_id: str, outcome: Outcome, at: datetime, source: str) -> Reply:
        """What a GET is told: the request was done, or not, at `at`; `source` is the id of its source."""
        raise NotFound("This sender is told at once what became of its requests.")
