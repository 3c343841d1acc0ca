"""Channel kinds: their fields, and how they send a message."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Final

from core.registry import Registry
from notifications.deliveries.message import Message


@dataclass(frozen=True, slots=True)
class ChannelField:
    """One field of a channel's form. A secret is encrypted and never shown again."""

    name: str
    label: str
    help: str = ""
    is_secret: bool = False
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class Target:
    """Destination of a message: the channel's fields, its secrets (newest first) and one recipient."""

    config: Mapping[str, str]
    secrets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    recipient: str = ""

    def secret(self, name: str) -> str:
        """The current value, or ""."""
        values = self.secrets.get(name, ())
        return values[0] if values else ""


@dataclass(frozen=True, slots=True)
class Sent:
    """A successful send: the receiver's message id and status."""

    provider_ref: str = ""
    status: int | None = None
    detail: str = ""


class ChannelKind(ABC):
    """One file in `channels/kinds`, registered by `@channel_kind`.

    deduplicates: the receiver drops repeats by id, so an unconfirmed attempt is simply sent again.
    is_always_page: all its messages are pages.
    max_per_minute: calls per channel including retries; further messages wait. 0: no limit.
    server_fields: secrets sent in the clear -> the field that holds the server's address.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    icon: ClassVar[str] = "bell"
    fields: ClassVar[tuple[ChannelField, ...]] = ()
    deduplicates: ClassVar[bool] = True
    is_always_page: ClassVar[bool] = False
    max_per_minute: ClassVar[int] = 0
    server_fields: ClassVar[Mapping[str, str]] = {}

    @abstractmethod
    def send(self, target: Target, message: Message) -> Sent:
        """Send one message. Raises PassingError, PermanentError."""

    def check(self, config: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, str]:
        """Validation errors by field name. `secrets` includes the stored values of empty fields."""
        return {}

    def recipients(self, config: Mapping[str, str]) -> list[str]:
        """Recipients of the channel, one delivery each; most kinds have a single unnamed one."""
        return [""]

    def lane(self, workspace_id: int, incident_id: int | None, channel_id: int) -> str:
        """Ordering key: messages with the same lane are sent in order; empty: unordered."""
        return ""

    def can_find_sent(self, target: Target) -> bool:
        """Whether `find_sent` can check if an unconfirmed attempt was delivered."""
        return False

    def find_sent(self, target: Target, message: Message, since: datetime) -> Sent | None:
        """Find the message of an attempt made after `since` at the receiver. Raises what `send` does."""
        return None

    def accepts(self, event_kind: str) -> bool:
        """Whether it sends events of that kind."""
        return True


CHANNEL_KINDS: Final[Registry[ChannelKind]] = Registry("channel kind")


def channel_kind(cls: type[ChannelKind]) -> type[ChannelKind]:
    """Class decorator that registers the kind."""
    CHANNEL_KINDS.add(cls.name, cls())
    return cls
