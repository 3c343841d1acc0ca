"""What a kind of channel is: its fields, and how it sends one message."""

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
    """What a message is sent to: the channel's fields with its secrets, newest first, and one recipient."""

    config: Mapping[str, str]
    secrets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    recipient: str = ""

    def secret(self, name: str) -> str:
        """The current value, or nothing."""
        values = self.secrets.get(name, ())
        return values[0] if values else ""


@dataclass(frozen=True, slots=True)
class Sent:
    """What the receiver said: its reference, and its status."""

    provider_ref: str = ""
    status: int | None = None
    detail: str = ""


class ChannelKind(ABC):
    """One file in `channels/kinds`, registered by `@channel_kind`.

    recognizes_repeats: the receiver drops a message it has already (by id), so a lost answer is sent again.
    is_always_page: its messages are pages whatever they are about.
    max_per_minute: calls for one channel, retries included; what comes beyond waits. 0: no limit.
    goes_to: the secrets that are sent as they are, each with the field that says to which server.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    icon: ClassVar[str] = "bell"
    fields: ClassVar[tuple[ChannelField, ...]] = ()
    recognizes_repeats: ClassVar[bool] = True
    is_always_page: ClassVar[bool] = False
    max_per_minute: ClassVar[int] = 0
    goes_to: ClassVar[Mapping[str, str]] = {}

    @abstractmethod
    def send(self, target: Target, message: Message) -> Sent:
        """Send one message. Raises PassingError, PermanentError."""

    def check(self, config: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, str]:
        """Faults of the fields: name -> sentence. Both hold what was typed; absent secrets are kept."""
        return {}

    def recipients(self, config: Mapping[str, str]) -> list[str]:
        """One delivery for each; most kinds have a single one without a name."""
        return [""]

    def lane(self, workspace_id: int, incident_id: int | None, channel_id: int) -> str:
        """Messages of one lane are sent in order; empty: in any order."""
        return ""

    def looks_back(self, target: Target) -> bool:
        """Whether `find_sent` can tell if an attempt arrived whose answer was lost."""
        return False

    def find_sent(self, target: Target, message: Message, since: datetime) -> Sent | None:
        """The message at the receiver if an attempt after `since` arrived. Raises what `send` does."""
        return None

    def wants(self, event_kind: str) -> bool:
        """Whether it has a use for that kind of event."""
        return True


CHANNEL_KINDS: Final[Registry[ChannelKind]] = Registry("channel kind")


def channel_kind(cls: type[ChannelKind]) -> type[ChannelKind]:
    """Class decorator: register the kind."""
    CHANNEL_KINDS.add(cls.name, cls())
    return cls
