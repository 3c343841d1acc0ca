"""Commands about silences, maintenance windows, private incidents and recovery."""

from __future__ import annotations

from typing import Final

from tocsin.cli.operation import FILE, Operation, argument, flag, query

GROUPS: Final = {
    "silences": "Silences: incidents are recorded, no one is notified.",
    "maintenance": "Maintenance windows.",
    "access": "Who may read a private incident.",
    "recovery": "When incidents are considered recovered.",
}
WINDOW: Final = (
    flag("name"), flag("local_start", "2026-01-28T22:00."), flag("duration_s", "", "number"),
    flag("zone", "Such as Europe/Berlin."), flag("rule", "Recurrence."),
    flag("includes_sev1", "", "switch"), FILE,
)  # fmt: skip
OPERATIONS: Final = (
    Operation(
        "silences list", "GET", "/silences", "List silences.", (query("ended", "Those that ended, too."),),
        {
            "ID": "id", "Reason": "reason", "Owner": "owner", "Until": "ends_at", "Matched": "match_count",
            "Ended": "ended_at",
        },
        empty="No silences.",
    ),
    Operation("silences show", "GET", "/silences/{silence}", "Show a silence."),
    Operation(
        "silences create", "POST", "/silences", "Create a silence; --file has its matchers.",
        (
            flag("reason"), flag("starts_at", "A time, or +1h.", "moment"),
            flag("ends_at", "A time, or +4h.", "moment"), flag("until_resolved", "", "switch"),
            flag("includes_sev1", "", "switch"), FILE,
        ),
        done="Silence {id} until {ends_at}",
    ),
    Operation(
        "silences update", "PATCH", "/silences/{silence}", "Change a silence; --file has its matchers.",
        (
            flag("reason"), flag("ends_at", "A time, or +4h.", "moment"),
            flag("until_resolved", "", "switch"), flag("includes_sev1", "", "switch"), FILE,
        ),
        done="Silence {silence} until {ends_at}",
    ),
    Operation(
        "silences end", "POST", "/silences/{silence}/end", "End a silence.",
        done="Silence {silence} ended",
    ),
    Operation(
        "maintenance list", "GET", "/maintenance-windows", "List maintenance windows.",
        columns={"ID": "id", "Name": "name", "Start": "local_start", "Seconds": "duration_s", "Zone": "zone"},
        empty="No maintenance windows.",
    ),
    Operation("maintenance show", "GET", "/maintenance-windows/{window}", "Show a maintenance window."),
    Operation(
        "maintenance create", "POST", "/maintenance-windows", "Create one; --file has its matchers.", WINDOW,
        done="Maintenance window {id} created",
    ),
    Operation(
        "maintenance replace", "PUT", "/maintenance-windows/{window}", "Replace a maintenance window.",
        WINDOW,
        done="Maintenance window {window} replaced",
    ),
    Operation(
        "maintenance delete", "DELETE", "/maintenance-windows/{window}", "Delete a maintenance window.",
        done="Maintenance window {window} deleted",
    ),
    Operation(
        "access show", "GET", "/incidents/{reference}/access", "Whether it is private, and who is invited.",
        id_field="is_private",
    ),
    Operation(
        "access set", "PUT", "/incidents/{reference}/access", "Make an incident private, or no longer.",
        (
            flag("is_private", "", "switch", flag="--private", required=True), flag("reason"),
            flag("version", "Refuse if it was changed since.", "number"),
        ),
        id_field="is_private",
    ),
    Operation(
        "access invite", "POST", "/incidents/{reference}/access/people", "Invite a person to read it.",
        (argument("username"),), id_field="is_private",
    ),
    Operation(
        "access remove", "DELETE", "/incidents/{reference}/access/people/{username}",
        "Take a person's access away.", id_field="is_private",
    ),
    Operation(
        "recovery show", "GET", "/incidents/{reference}/recovery", "Why an incident is considered recovered.",
        id_field="incident_id",
    ),
    Operation(
        "recovery set-verdict", "PUT", "/incidents/{reference}/verdict",
        "Set the verdict on a detected incident.",
        (flag("verdict", "real or false_positive.", required=True), flag("reason"), flag("note")),
        id_field="incident_id",
    ),
    Operation(
        "recovery clear-verdict", "DELETE", "/incidents/{reference}/verdict", "Withdraw the verdict.",
        id_field="incident_id",
    ),
    Operation(
        "recovery policy", "GET", "/remediation/policy", "What Tocsin does automatically.",
        id_field="auto_start",
    ),
    Operation(
        "recovery set-policy", "PATCH", "/remediation/policy", "Change what Tocsin does automatically.",
        (
            flag("auto_start", "Severities whose actions start.", "words"),
            flag("auto_resolve", "Severities that are resolved.", "words"),
            flag("recovery_window_s", "", "number", flag="--recovery-window"),
        ),
        id_field="auto_start",
    ),
)  # fmt: skip
