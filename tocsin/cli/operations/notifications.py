"""Commands about notifications: channels, routes, deliveries."""

from __future__ import annotations

from typing import Final

from tocsin.cli.operation import FILE, Operation, argument, flag, query
from tocsin.cli.words import ago

GROUPS: Final = {
    "channels": "Where notifications go: mail, Slack, PagerDuty, webhooks and others.",
    "routes": "Which notification goes where.",
    "contacts": "Your own contact methods, by which pages reach you.",
    "quiet-hours": "When notices to you wait; pages never do.",
    "deliveries": "Notifications that were sent, or were not.",
}
ROUTE: Final = (
    flag("name", required=True), flag("severities", "", "words", flag="--severity"),
    flag("types", "", "words", flag="--type"), flag("components", "", "words", flag="--component"),
    flag("event_kinds", "incident.opened, sla.breached …", "words", flag="--event"),
    flag("label", "key=value"), flag("kinds", "", "words", flag="--kind"),
    flag("enabled", "", "switch"), FILE,
)  # fmt: skip
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
        "routes preview", "GET", "/routes/preview", "Who would be notified, and why.",
        (
            query("severity"), query("event_kind", "incident.opened, sla.breached …"),
            query("incident_type", flag="--type"), query("component", "", "words"),
        ),
        {"Channel": "name", "Page": "is_page", "Why": "why", "Caution": "caution"},
        id_field="channel_id", empty="No one would be notified.",
    ),
    Operation("routes create", "POST", "/routes", "Create a route; channel ids come from --file.", ROUTE,
              done="Route {id} created"),
    Operation("routes replace", "PUT", "/routes/{route}", "Replace a route.", ROUTE,
              done="Route {route} replaced"),
    Operation("routes delete", "DELETE", "/routes/{route}", "Delete a route.", done="Route {route} deleted"),
    Operation("routes customize", "POST", "/routes/customize", "Write the default routes as your own.",
              columns={"ID": "id", "Name": "name"}),
    Operation(
        "contacts list", "GET", "/me/contact-methods", "Your contact methods.",
        columns={"ID": "id", "Kind": "kind", "Address": "hint", "Verified": "verified_at"},
        empty="No contact methods.",
    ),
    Operation("contacts add", "POST", "/me/contact-methods", "Add a method; it is sent a code.",
              (argument("kind"), argument("address")), done="Contact method {id} added"),
    Operation("contacts code", "POST", "/me/contact-methods/{method}/code", "Send a new code.",
              done="A code was sent to {method}"),
    Operation("contacts verify", "POST", "/me/contact-methods/{method}/verify", "Verify by the code.",
              (argument("code"),), done="Contact method {method} verified"),
    Operation("contacts remove", "DELETE", "/me/contact-methods/{method}", "Remove a method.",
              done="Contact method {method} removed"),
    Operation("quiet-hours show", "GET", "/me/quiet-hours", "Your quiet hours."),
    Operation("quiet-hours set", "PUT", "/me/quiet-hours", "Set your quiet hours; no flags: none.",
              (flag("quiet_from", flag="--from"), flag("quiet_until", flag="--until")),
              done="Quiet hours saved"),
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
