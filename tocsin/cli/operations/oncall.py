"""Commands about on-call duty: schedules, rotations, overrides, escalation, calendars."""

from __future__ import annotations

from typing import Final

from tocsin.cli.operation import FILE, Operation, argument, flag, query

GROUPS: Final = {
    "oncall": "Who is on call.",
    "schedules": "Schedules and their rotations.",
    "escalation": "Escalation policies.",
    "calendar": "Calendars for other programs.",
    "feeds": "Calendar feeds: addresses that other programs subscribe to.",
}
SHIFTS: Final = {
    "ID": "id", "Schedule": "schedule", "Person": "username", "From": "starts_at", "Until": "ends_at",
}  # fmt: skip
POLICY: Final = (
    flag("name"), flag("severities", "", "words"), flag("types", "", "words"),
    flag("components", "", "words"), flag("repeat", "Further rounds.", "number"),
    flag("is_enabled", "", "switch", flag="--enabled"), FILE,
)  # fmt: skip
OPERATIONS: Final = (
    Operation(
        "oncall who", "GET", "/on-call", "Who is on call now, and who is next.",
        columns={
            "Schedule": "name",
            "Now": lambda row: ", ".join(shift["username"] for shift in row["now"]) or "no one",
            "Until": lambda row: ", ".join(shift["ends_at"] for shift in row["now"]),
            "Next": lambda row: row["next"]["username"] if row["next"] else "",
            "Gaps": lambda row: len(row["gaps"]),
            "Problem": "problem",
        },
        empty="There are no schedules.",
    ),
    Operation(
        "oncall shifts", "GET", "/on-call/shifts", "Shifts by their start.",
        (
            query("from", "A time, or +4h.", "moment"), query("until", "A time, or +7d.", "moment"),
            query("schedule_id", "", "number", flag="--schedule"),
        ),
        SHIFTS, empty="No shifts.",
    ),
    Operation(
        "oncall override", "POST", "/on-call/schedules/{schedule}/overrides", "Take over for a time.",
        (
            argument("username"),
            flag("starts_at", "A time, or +1h.", "moment", flag="--from", required=True),
            flag("ends_at", "A time, or +9h.", "moment", flag="--until", required=True), flag("reason"),
        ),
        done="Override {id}: {username} from {starts_at} until {ends_at}",
    ),
    Operation(
        "oncall end-override", "DELETE", "/on-call/overrides/{override}", "Remove an override.",
        done="Override {override} removed",
    ),
    Operation(
        "oncall swap", "POST", "/on-call/swaps", "Swap two shifts.",
        (
            argument("shift_id", "", "number"), argument("other_shift_id", "", "number"), flag("reason"),
        ),
        {"ID": "id", "Person": "username", "From": "starts_at", "Until": "ends_at"},
    ),
    Operation(
        "oncall schedules create", "POST", "/on-call/schedules", "Create a schedule.",
        (argument("name"), flag("time_zone", "Such as Europe/Berlin.")), done="Schedule {id} created",
    ),
    Operation(
        "oncall schedules show", "GET", "/on-call/schedules/{schedule}",
        "A schedule with its rotations and overrides.",
    ),
    Operation(
        "oncall schedules update", "PATCH", "/on-call/schedules/{schedule}", "Change a schedule.",
        (
            flag("name"), flag("time_zone"), flag("is_default", "", "switch", flag="--default"),
            flag("version", "Refuse if it was changed since.", "number"),
        ),
        done="Schedule {schedule} updated",
    ),
    Operation(
        "oncall schedules delete", "DELETE", "/on-call/schedules/{schedule}", "Delete a schedule.",
        done="Schedule {schedule} deleted",
    ),
    Operation(
        "oncall schedules set-rotation", "PUT", "/on-call/schedules/{schedule}/rotations/{layer}",
        "Replace a rotation; layer 1 is the first.",
        (
            flag("participants", "User names in order.", "words"), flag("unit", "hour, day or week."),
            flag("length", "Of a turn, in units.", "number"), flag("starts_on", "2026-01-28."),
            flag("ends_on"), flag("handoff_weekday", "0 is Monday.", "number"),
            flag("handoff_time", "09:00."),
            FILE,
        ),
        done="Rotation {layer} of schedule {schedule} replaced", id_field="layer",
    ),
    Operation(
        "oncall schedules delete-rotation", "DELETE", "/on-call/schedules/{schedule}/rotations/{layer}",
        "Delete a rotation.", done="Rotation {layer} of schedule {schedule} deleted",
    ),
    Operation(
        "oncall schedules set-calendar", "PUT", "/on-call/schedules/{schedule}/calendar",
        "Read the shifts of a schedule from an iCalendar address or text.",
        (flag("url"), FILE), done="Schedule {schedule} reads a calendar",
    ),
    Operation(
        "oncall schedules remove-calendar", "DELETE", "/on-call/schedules/{schedule}/calendar",
        "Read no calendar any more.", done="Schedule {schedule} reads no calendar",
    ),
    Operation(
        "escalation list", "GET", "/escalation-policies", "List escalation policies.",
        columns={
            "ID": "id", "Name": "name", "Severities": "severities", "Types": "types",
            "Steps": lambda row: len(row["steps"]), "Enabled": "is_enabled", "Warnings": "flags",
        },
        empty="No policies.",
    ),
    Operation(
        "escalation show", "GET", "/escalation-policies/{policy}", "A policy with a preview of its steps.",
    ),
    Operation(
        "escalation create", "POST", "/escalation-policies", "Create a policy; --file has its steps.", POLICY,
        done="Policy {id} created",
    ),
    Operation(
        "escalation replace", "PUT", "/escalation-policies/{policy}", "Replace a policy.",
        (*POLICY, flag("version", "Refuse if it was changed since.", "number")),
        done="Policy {policy} replaced",
    ),
    Operation(
        "escalation delete", "DELETE", "/escalation-policies/{policy}", "Delete a policy.",
        done="Policy {policy} deleted",
    ),
    Operation(
        "calendar feeds list", "GET", "/calendar-feeds", "Your calendar feeds.",
        columns={"ID": "id", "Name": "name", "Kinds": "kinds", "Last read": "last_read_at"},
        empty="No feeds.",
    ),
    Operation(
        "calendar feeds create", "POST", "/calendar-feeds", "Create a feed; its address is shown once.",
        (flag("name"), flag("kinds", "shifts, …", "words"), flag("everybody", "Of everyone.", "switch")),
        done="{url}",
    ),
    Operation(
        "calendar feeds delete", "DELETE", "/calendar-feeds/{feed}", "Revoke a feed.",
        done="Feed {feed} revoked",
    ),
)  # fmt: skip
