"""Decides which channels are notified of an event. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.queue.models import Priority
from core.reasons import Reason

URGENT_KINDS: Final = frozenset(
    {"incident.opened", "incident.reopened", "incident.severity_changed", "incident.grew", "sla.breached"}
)
EVENT_KINDS: Final = {
    "incident.opened": "Opened",
    "incident.acknowledged": "Acknowledged",
    "incident.severity_changed": "Severity changed",
    "incident.status_changed": "Status changed",
    "incident.grew": "Grew",
    "incident.noted": "Stakeholder update",
    "incident.resolved": "Resolved",
    "incident.reopened": "Reopened",
    "incident.closed": "Closed",
    "incident.role_assigned": "Role assigned",
    "incident.role_offered": "Role offered",
    "incident.role_offer_ended": "Role offer ended",
    "incident.entry_amended": "Public update changed",
    "sla.warned": "SLA at risk",
    "sla.breached": "SLA breached",
    "postmortem.review_requested": "Postmortem in review",
    "postmortem.commented": "Postmortem commented on",
    "postmortem.published": "Postmortem published",
    "action_item.created": "Action item added",
    "action_item.changed": "Action item changed",
}
DEFAULT_KINDS: Final = (
    "incident.opened", "incident.acknowledged", "incident.severity_changed", "incident.grew",
    "incident.resolved", "incident.reopened", "sla.breached",
    "postmortem.review_requested", "postmortem.published",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """A route for the decision. An empty filter matches everything."""

    name: str
    kinds: frozenset[str] = frozenset()
    channel_ids: frozenset[int] = frozenset()
    severities: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    components: frozenset[str] = frozenset()
    event_kinds: frozenset[str] = frozenset(DEFAULT_KINDS)
    label: str = ""

    @property
    def kinds_in_order(self) -> list[str]:
        """Kinds of channels, sorted by name."""
        return sorted(self.kinds)


# Default routes: severity -> kinds of channels.
DEFAULT_RULES: Final = (
    Rule("SEV1: page, Slack and log", frozenset({"pagerduty", "slack", "email", "webhook", "apprise", "log"}),
         severities=frozenset({"sev1"})),
    Rule("SEV2: Slack and log", frozenset({"slack", "log"}), severities=frozenset({"sev2"})),
    Rule("SEV3: Slack and log", frozenset({"slack", "log"}), severities=frozenset({"sev3"})),
    Rule("SEV4: log only", frozenset({"log"}), severities=frozenset({"sev4"})),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Receiver:
    """A channel for the decision."""

    channel_id: int
    kind: str
    is_enabled: bool
    pages_always: bool
    is_for_drills: bool = False


@dataclass(frozen=True, slots=True)
class RoutedChannel:
    """A channel that is notified, with the priority and the name of the first matching route."""

    channel_id: int
    priority: int
    why: str


@dataclass(frozen=True, slots=True)
class ChannelDecision:
    """The decision about a channel: notified if `chosen` is set, else the reason.

    `missed`: for each route that names the channel, "name: the filters that do not match".
    """

    channel_id: int
    reason: Reason
    chosen: RoutedChannel | None = None
    missed: tuple[str, ...] = ()


def decide(
    event_kind: str, snapshot: Mapping[str, Any], rules: Sequence[Rule], receivers: Sequence[Receiver]
) -> list[RoutedChannel]:
    """The channels that are notified of this event, each once, in the order of the routes.

    Drill channels get events of drills only; other channels get none of them.
    """
    fitting = [rule for rule in rules if not misses(rule, event_kind, snapshot)]
    chosen: dict[int, RoutedChannel] = {}
    for rule in fitting:
        for receiver in receivers:
            if receiver.channel_id in chosen or not _is_named(rule, receiver):
                continue
            if why_not(receiver, snapshot):
                continue
            priority = priority_of(event_kind, snapshot, receiver)
            chosen[receiver.channel_id] = RoutedChannel(receiver.channel_id, priority, rule.name)
    return list(chosen.values())


def decide_each(
    event_kind: str, snapshot: Mapping[str, Any], rules: Sequence[Rule], receivers: Sequence[Receiver]
) -> list[ChannelDecision]:
    """A decision for every channel: first those of `decide`, then the others with the reason."""
    routed = [
        ChannelDecision(one.channel_id, Reason.ROUTE_FITS, one)
        for one in decide(event_kind, snapshot, rules, receivers)
    ]
    chosen = {one.channel_id for one in routed}
    missed = [(rule, misses(rule, event_kind, snapshot)) for rule in rules]
    rest = [one for one in receivers if one.channel_id not in chosen]
    return routed + [_skipped(one, snapshot, missed) for one in rest]


def _skipped(
    receiver: Receiver, snapshot: Mapping[str, Any], missed: Sequence[tuple[Rule, Sequence[str]]]
) -> ChannelDecision:
    named = [(rule, words) for rule, words in missed if _is_named(rule, receiver)]
    texts = tuple(f"{rule.name}: {', '.join(words)}" for rule, words in named if words)
    if not named:
        reason = Reason.NO_ROUTE_NAMES
    elif len(texts) == len(named):
        reason = Reason.NO_ROUTE_FITS
    else:
        reason = why_not(receiver, snapshot) or Reason.NO_ROUTE_FITS
    return ChannelDecision(receiver.channel_id, reason, missed=texts)


def why_not(receiver: Receiver, snapshot: Mapping[str, Any]) -> Reason | None:
    """Why a channel named by a matching route is not notified, or None."""
    if not receiver.is_enabled:
        return Reason.CHANNEL_OFF
    is_drill = bool(snapshot.get("is_drill"))
    if receiver.is_for_drills == is_drill:
        return None
    return Reason.DRILL if is_drill else Reason.DRILLS_ONLY


def misses(rule: Rule, event_kind: str, snapshot: Mapping[str, Any]) -> list[str]:
    """The filters of a route that do not match; empty: the route matches."""
    is_touched = bool(rule.components.intersection(snapshot.get("components") or ()))
    fitting = {
        "event": event_kind in rule.event_kinds,
        "severity": _holds(rule.severities, snapshot.get("severity")),
        "type": _holds(rule.types, snapshot.get("type")),
        "component": not rule.components or is_touched,
        "label": _has_label(rule.label, snapshot.get("labels") or {}),
    }
    return [name for name, fits in fitting.items() if not fits]


def _holds(wanted: frozenset[str], value: object) -> bool:
    return not wanted or value in wanted


def _has_label(label: str, labels: Mapping[str, Any]) -> bool:
    if not label:
        return True
    key, _, value = label.partition("=")
    return str(labels.get(key.strip(), "")) == value.strip()


def _is_named(rule: Rule, receiver: Receiver) -> bool:
    return receiver.channel_id in rule.channel_ids or receiver.kind in rule.kinds


def priority_of(event_kind: str, snapshot: Mapping[str, Any], receiver: Receiver) -> int:
    """A page for channels that always page, and for urgent SEV1 and SEV2 events outside drills."""
    if receiver.pages_always:
        return Priority.PAGE
    is_severe = snapshot.get("severity") in {"sev1", "sev2"} and not snapshot.get("is_drill")
    return Priority.PAGE if is_severe and event_kind in URGENT_KINDS else Priority.NOTICE
