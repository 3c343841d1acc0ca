"""Composes the text of a notification from its payload. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

MAX_TITLE: Final = 200
MAX_LINE: Final = 500
MAX_MERGED: Final = 20
REPEAT: Final = "Possible duplicate: an earlier attempt was not confirmed."
SEVERITY_WORDS: Final = {"sev1": "critical", "sev2": "high", "sev3": "medium", "sev4": "low"}
_VERBS: Final = {
    "incident.opened": "opened",
    "incident.acknowledged": "acknowledged",
    "incident.severity_changed": "severity changed",
    "incident.status_changed": "status changed",
    "incident.resolved": "resolved",
    "incident.reopened": "reopened",
    "incident.closed": "closed",
    "incident.grew": "grew",
    "incident.noted": "updated",
    "incident.role_assigned": "role assigned",
    "incident.role_offered": "role offered",
    "incident.role_offer_ended": "role offer ended",
    "incident.entry_amended": "public update changed",
    "sla.warned": "SLA at risk",
    "sla.breached": "SLA breached",
    "postmortem.review_requested": "postmortem in review",
    "postmortem.commented": "postmortem commented on",
    "postmortem.published": "postmortem published",
    "action_item.created": "action item added",
    "action_item.changed": "action item changed",
    "drill.planned": "drill planned",
    "postmortem.mentioned": "postmortem mentions you",
    "test": "test message",
    "page": "needs you",
}


@dataclass(frozen=True)
class Message:
    """A notification, independent of the kind of channel.

    public_id: the same for all attempts, so that receivers can deduplicate. sequence: grows with each event
    of an incident.
    """

    public_id: str
    event_kind: str
    subject: str
    lines: tuple[str, ...]
    snapshot: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    analysis: Mapping[str, Any] = field(default_factory=dict)
    sequence: int = 0
    workspace_id: int = 0

    def as_repeat(self) -> Message:
        """A copy that says that it may be a duplicate."""
        return replace(self, lines=(*self.lines, REPEAT))

    @property
    def reference(self) -> str:
        """`INC-42`, or ""."""
        number = self.snapshot.get("number")
        return f"INC-{number}" if number else ""

    @property
    def url(self) -> str:
        """Address of the page it is about."""
        return str(self.snapshot.get("url") or self.details.get("url") or "")

    @property
    def severity(self) -> str:
        """`sev1` to `sev4`, or ""."""
        return str(self.snapshot.get("severity") or "")

    @property
    def severity_word(self) -> str:
        """critical, high, medium or low."""
        return SEVERITY_WORDS.get(self.severity, "")

    @property
    def text(self) -> str:
        """The whole message as plain text, the address last."""
        return "\n".join([self.subject, *self.lines, *([self.url] if self.url else [])])


def cut(text: object, limit: int) -> str:
    """The text on one line, cut to `limit` characters with an ellipsis."""
    line = " ".join(str(text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def compose(
    payload: Mapping[str, Any],
    *,
    public_id: str,
    workspace_id: int,
    merged: Sequence[Mapping[str, Any]] = (),
    analysis: Mapping[str, Any] | None = None,
) -> Message:
    """The message for a delivery's payload; `merged`: payloads of notices merged into it.

    analysis: the analysis of the incident; empty without one.
    """
    snapshot, details = payload.get("snapshot") or {}, payload.get("details") or {}
    kind = str(payload.get("event_kind", ""))
    subject = _subject(snapshot, kind, str(payload.get("subject", "")))
    digest = _digest_subject(snapshot, merged)
    lines = [*([subject] if digest else []), *_lines(snapshot, details, payload)]
    lines += [*_analysis_lines(analysis or {}), *_merged_lines(snapshot, merged)]
    return Message(
        public_id=public_id,
        event_kind=kind,
        subject=digest or subject,
        lines=tuple(cut(line, MAX_LINE) for line in lines),
        snapshot=snapshot,
        details=details,
        analysis=analysis or {},
        sequence=int(payload.get("sequence") or 0),
        workspace_id=workspace_id,
    )


def _analysis_lines(analysis: Mapping[str, Any]) -> list[str]:
    if not analysis:
        return []
    name = "cause unknown" if analysis["category"] == "unknown" else analysis["category_name"].lower()
    first = [f"First action: {text}" for text in analysis["recommended_actions"][:1]]
    return [f"Analysis ({analysis['author_name'].lower()}): {name}. {analysis['summary']}", *first]


def _is_about_another(snapshot: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    return (payload.get("snapshot") or {}).get("incident_id") != snapshot.get("incident_id")


def _digest_subject(snapshot: Mapping[str, Any], merged: Sequence[Mapping[str, Any]]) -> str:
    """Subject of a digest about several incidents; "" if all are about one."""
    if not any(_is_about_another(snapshot, one) for one in merged):
        return ""
    others = {str(number) for one in merged if (number := (one.get("snapshot") or {}).get("number"))}
    names = sorted(others | ({str(snapshot["number"])} if snapshot.get("number") else set()), key=int)
    shown = ", ".join(f"INC-{name}" for name in names[:5])
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return cut(f"{len(merged) + 1} notifications: {shown}{more}", MAX_TITLE)


def _merged_lines(snapshot: Mapping[str, Any], merged: Sequence[Mapping[str, Any]]) -> list[str]:
    """Lines for the merged notices, newest first, cut with the number of further ones."""
    lines = []
    for one in reversed(merged[-MAX_MERGED:]):
        is_other = _is_about_another(snapshot, one)
        about = _subject(
            one.get("snapshot") or {}, str(one.get("event_kind", "")), str(one.get("subject", ""))
        )
        lines.append(f"Also: {about}" if is_other else f"Before that: {_verb(one)}.")
    if len(merged) > MAX_MERGED:
        lines.append(f"And {len(merged) - MAX_MERGED} earlier notifications: see Settings, Deliveries.")
    return lines


def _verb(payload: Mapping[str, Any]) -> str:
    kind = str(payload.get("event_kind", ""))
    details = payload.get("details") or {}
    verb = _VERBS.get(kind, kind)
    if "before" in details and "after" in details:
        verb += f" {details['before']} → {details['after']}"
    return verb


def _subject(snapshot: Mapping[str, Any], kind: str, given: str) -> str:
    if not snapshot:
        return cut(given or _VERBS.get(kind, kind).capitalize() or "Notification", MAX_TITLE)
    drill = "[DRILL] " if snapshot.get("is_drill") else ""
    severity = str(snapshot.get("severity", "")).upper()
    title = cut(snapshot.get("title") or "Incident", 120)
    return cut(
        f"{drill}[{severity}] INC-{snapshot.get('number')} {_VERBS.get(kind, kind)}: {title}", MAX_TITLE
    )


def _lines(snapshot: Mapping[str, Any], details: Mapping[str, Any], payload: Mapping[str, Any]) -> list[str]:
    lines = []
    if "before" in details and "after" in details:
        lines.append(f"{details['before']} → {details['after']}")
    if role := details.get("role"):
        reply = f": {details['answer']}" if details.get("answer") else ""
        lines.append(f"Role: {str(role).replace('_', ' ')}{reply}.")
    if text := details.get("message"):
        lines.append(str(text))
    lines += [str(line) for line in details.get("lines") or ()]
    if snapshot:
        word = SEVERITY_WORDS.get(snapshot.get("severity", ""), "?")
        lines.append(f"Severity: {word}. Status: {snapshot.get('status')}.")
        if components := snapshot.get("components"):
            more = f" and {len(components) - 5} more" if len(components) > 5 else ""
            lines.append(f"Components: {', '.join(components[:5])}{more}.")
        if impact := snapshot.get("impact"):
            lines.append(f"Impact: {impact}")
    if actor := (payload.get("actor") or {}).get("label"):
        lines.append(f"By {actor}.")
    return lines
