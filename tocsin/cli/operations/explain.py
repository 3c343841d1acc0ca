"""Commands that explain: why an incident opened, who was notified of it and why, and who would be."""

from __future__ import annotations

from typing import Final

from tocsin.cli.operation import Operation, query

GROUPS: Final = {"explain": "Why it opened, who was notified or not and why, and who would be."}
OPERATIONS: Final = (
    Operation(
        "explain incident", "GET", "/incidents/{reference}/explain",
        "Who was notified of an incident or not, and why.",
        columns={
            "At": "at", "Whom": "subject", "Event": "event_kind", "Verdict": "verdict", "Because": "text",
            "Now": "outcome",
        },
        id_field="at", rows="notifying", empty="Nothing was decided yet.",
    ),
    Operation(
        "explain event", "GET", "/explain/events", "Which rules an event matched, or missed by what.",
        (query("event_id", "The event_id that its sender chose."), query("id", "Its number in Tocsin.")),
        {"Rule": "rule_id", "Matched": "matched", "Because": "text"},
        id_field="rule_id", rows="rules", empty="There is no rule.",
    ),
    Operation(
        "explain person", "GET", "/explain/people/{username}",
        "What a member, or me, was notified of and why; --output json says of what not.",
        (query("days", "1 to 30."),),
        {
            "At": "at", "Incident": "incident_number", "Event": "event_kind", "Verdict": "verdict",
            "Because": "text", "Now": "outcome",
        },
        id_field="at", rows="decisions", empty="Nothing was decided about them.",
    ),
    Operation(
        "explain simulate", "GET", "/explain/simulation", "Who would be notified of an incident, and why.",
        (
            query("severity"), query("event_kind", "incident.opened, sla.breached …", flag="--event"),
            query("incident_type", flag="--type"), query("component", "", "words"),
            query("label", "key=value.", "words"), query("at", "A time, or +8h.", "moment"),
        ),
        {
            "Channel": "name", "Notified": "is_notified", "Page": "is_page", "Reason": "reason",
            "Because": "text",
        },
        id_field="channel_id", rows="channels", empty="There is no channel.",
    ),
    Operation(
        "explain reasons", "GET", "/explain/reasons", "List the reasons.",
        columns={"Reason": "reason", "Says": "text"}, id_field="reason",
    ),
)  # fmt: skip
