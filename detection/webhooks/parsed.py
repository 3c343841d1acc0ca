"""Parsed content of a webhook request. Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from detection.ingest.parsing import Fault
from incidents.vocabulary import IncidentType, Severity


class AlertState(StrEnum):
    """State of an alert according to its sender."""

    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class ChangeKind(StrEnum):
    """Kind of a change."""

    DEPLOYMENT = "deployment"
    CONFIG = "config"
    FLAG = "flag"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Link:
    """A web URL (http or https) the sender gave, and its label."""

    url: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert in its current state.

    `key` identifies it within its source, for as long as it exists: firing and recovery carry the same.
    Alerts with the same `group` go to one incident, which is resolved when the last of them is; "" means it
    has its own. `severity` None means the source's default. `component` "" means the source's name.
    `starts_at` and `ends_at` are aware; None if not given. `detail` is everything else, stored as the event's
    metadata. `whole_group` says that the state holds for every member of the group, also those not listed.
    `silent` alerts keep an incident open or end it, but have no event. `severity_word` is the sender's word
    for the severity, `state_word` an unknown word for the state, which is then a guess (`is_guess`): it does
    not change a known alert. `has_episode_start`: `starts_at` is when this episode began, not when the
    sender last reported.
    """

    key: str
    state: AlertState
    title: str
    severity: Severity | None = None
    description: str = ""
    component: str = ""
    incident_type: IncidentType = IncidentType.OTHER
    group: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
    whole_group: bool = False
    silent: bool = False
    severity_word: str = ""
    state_word: str = ""
    is_guess: bool = False
    has_episode_start: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """An addition to an alert reported before: a line for the timeline, perhaps another severity."""

    key: str
    message: str
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """A topic that delivers once `address` was opened; `address` is "" for one that already delivers."""

    topic: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A deployment, a change of configuration, a flag flipped.

    `key` (or "") identifies it within its source.
    """

    summary: str
    kind: ChangeKind = ChangeKind.OTHER
    key: str = ""
    component: str = ""
    version: str = ""
    author: str = ""
    occurred_at: datetime | None = None
    links: tuple[Link, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """Reply to the sender: `body` is JSON-ready, text, or None for an empty one."""

    status: int
    body: Mapping[str, Any] | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """Parsed content of one request.

    `events` are wire events as `POST /api/v1/events` accepts them (objects with source, level, message …),
    for everything but alerts; each alert has an event of its own anyway. `faults` name what could not be
    parsed: the rest is processed, and the whole request is also quarantined, to be replayed after fixing.
    `reply` overrides the format's own reply.
    """

    events: tuple[Mapping[str, Any], ...] = ()
    alerts: tuple[Alert, ...] = ()
    changes: tuple[Change, ...] = ()
    faults: tuple[Fault, ...] = ()
    remarks: tuple[Remark, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    reply: Reply | None = None

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to store: a ping, or everything was faulty."""
        return not (self.events or self.alerts or self.changes or self.remarks)
