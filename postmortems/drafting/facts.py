"""Facts for drafts, as plain values. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Source:
    """Origin of a fact."""

    label: str
    path: str


@dataclass(frozen=True)
class TimelineRow:
    """A line of the timeline."""

    time: str
    event: str
    impact: str = ""
    source: str = ""


@dataclass(frozen=True)
class FirstEvent:
    """The first event of a source and event type."""

    at: datetime
    source: str
    message: str


@dataclass(frozen=True)
class ActionTaken:
    """An action taken."""

    time: str
    action: str
    owner: str = ""
    status: str = ""
    result: str = ""


@dataclass(frozen=True)
class ItemRow:
    """An action item."""

    title: str
    owner: str
    priority: str
    due: str
    status: str
    kind: str
    is_done: bool = False
    reference: str = ""


@dataclass(frozen=True)
class MessageRow:
    """A message to people outside the response."""

    time: str
    channel: str
    message: str
    recipients: str


@dataclass(frozen=True)
class Sent:
    """A message with the time it was planned."""

    at: datetime
    channel: str
    message: str
    to: str


@dataclass(frozen=True)
class WhyRow:
    """A why of the five whys; `branch` is its indentation."""

    question: str
    answer: str
    branch: int = 0


@dataclass(frozen=True)
class SignatureRow:
    """A line of the approval table."""

    role: str
    name: str = ""
    signature: str = ""
    date: str = ""


@dataclass(frozen=True)
class Facts:
    """All facts. An empty text or tuple means unknown or none."""

    incident_id: str = ""
    title: str = ""
    date: str = ""
    severity: str = ""
    highest_severity: str = ""
    incident_type: str = ""
    summary: str = ""
    description: str = ""
    course: str = ""
    duration: str = ""
    mttd: str = ""
    mttr: str = ""
    mttd_short: str = ""
    mttr_short: str = ""
    mttd_seconds: str = ""
    mttr_seconds: str = ""
    mtta: str = ""
    time_to_mitigate: str = ""
    components: str = ""
    users_impacted: str = ""
    impact: str = ""
    root_cause: str = ""
    why: str = ""
    event_count: str = ""
    peak_error_rate: str = ""
    cpu_usage: str = ""
    memory_usage: str = ""
    disk_usage: str = ""
    response_time: str = ""
    timeline: tuple[TimelineRow, ...] = ()
    timeline_more: int = 0
    key_moments: tuple[TimelineRow, ...] = ()
    key_moments_more: int = 0
    sourced_moments: tuple[TimelineRow, ...] = ()
    event_timeline: tuple[TimelineRow, ...] = ()
    actions: tuple[ActionTaken, ...] = ()
    resolution: tuple[ActionTaken, ...] = ()
    remediation: tuple[ActionTaken, ...] = ()
    factors: tuple[str, ...] = ()
    whys: tuple[WhyRow, ...] = ()
    verification: tuple[str, ...] = ()
    items: tuple[ItemRow, ...] = ()
    attachments: tuple[str, ...] = ()
    messages: tuple[MessageRow, ...] = ()
    related: tuple[str, ...] = ()
    lessons: tuple[str, ...] = ()
    signatures: tuple[SignatureRow, ...] = ()
    document_version: str = ""
    last_updated: str = ""
    generated_at: str = ""
    acknowledge_question: str = ""
    late_question: str = ""
    updates_question: str = ""
