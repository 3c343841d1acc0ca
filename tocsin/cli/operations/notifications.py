"""Commands about notifications: channels, routes, deliveries."""

from __future__ import annotations

from typing import Final

from tocsin.cli.operation import FILE, Operation, flag, query
from tocsin.cli.words import ago

GROUPS: Final = {
    "channels": "Where notifications go: mail, Slack, PagerDuty, webhooks and others.",
    "routes": "Which notification goes where.",
    "deliveries": "Notifications that were sent, or were not.",
}
OPERATIONS: Final = (
    Operation(
        "channels list", "GET", "/channels", "List channels.",
        columns={
            "ID": "id", "Kind": "kind", "Name": "name", "Enabled": "enabled", "State": "state",
            "Reason": "reason", "Last ok": lambda row: ago(row["last_ok_at"]),
        },
        empty="No channels.",
    ),
    Operation("channels show", "GET", "/channels/{channel}", "Show a channel, without its secrets."),
    Operation(
        "channels create", "POST", "/channels", "Create a channel; secrets come from --file.",
        (
            flag("kind", required=True), flag("name", required=True), flag("config", "", "pairs"),
            flag("fallback_id", "Channel used when this one fails.", "number", flag="--fallback"), FILE,
        ),
        done="Channel {id} created",
    ),
    Operation(
        "channels update", "PATCH", "/channels/{channel}", "Change a channel.",
        (
            flag("name"), flag("config", "", "pairs"), flag("enabled", "", "switch"),
            flag("fallback_id", "", "number", flag="--fallback"), FILE,
        ),
        done="Channel {channel} updated",
    ),
    Operation(
        "channels delete", "DELETE", "/channels/{channel}", "Delete a channel.",
        done="Channel {channel} deleted",
    ),
    Operation(
        "channels test", "POST", "/channels/{channel}/test", "Send a test, and show each step.",
        columns={"Step": "title", "OK": "ok", "Detail": "detail"}, id_field="title",
    ),
    Operation(
        "routes list", "GET", "/routes", "List routes.",
        columns={
            "Name": "name", "Severities": "severities", "Types": "types", "Components": "components",
            "Events": "event_kinds", "Channels": "channel_ids",
        },
        id_field="name", empty="No routes.",
    ),
    Operation(
        "routes preview", "GET", "/routes/preview", "Who would be told, and why.",
        (
            query("severity"), query("event_kind", "incident.opened, sla.breached …"),
            query("incident_type", flag="--type"), query("component", "", "words"),
        ),
        {"Channel": "name", "Page": "is_page", "Why": "why", "Caution": "caution"},
        id_field="channel_id", empty="No one would be told.",
    ),
    Operation(
        "deliveries list", "GET", "/deliveries", "List deliveries, newest first.",
        (
            query("incident", "Number of the incident.", "number"),
            query("outcome", "pending, sent, failed …"),
            query("channel_id", "", "number", flag="--channel"),
        ),
        {
            "ID": "id", "Incident": "incident", "Event": "event_kind", "To": "to", "Outcome": "outcome",
            "Reason": "reason", "Attempts": "attempts", "Planned": lambda row: ago(row["created_at"]),
        },
        is_paged=True, empty="No deliveries.",
    ),
    Operation("deliveries show", "GET", "/deliveries/{delivery}", "A delivery with all its attempts."),
    Operation(
        "deliveries resend", "POST", "/deliveries/{delivery}/resend", "Send a failed delivery again.",
        done="Delivery {delivery}: {outcome}",
    ),
)  # fmt: skip
