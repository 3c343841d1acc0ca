"""Commands about incidents that are one call of the API each."""

from __future__ import annotations

from typing import Final

from tocsin.cli import frame
from tocsin.cli.operation import FILE, Operation, argument, flag, query
from tocsin.cli.words import ago, severity_word

GROUPS: Final = {
    "stages": "The stages of a response, and their checklists.",
    "sla": "Service levels.",
    "war-room": "The Slack channel of an incident.",
}
ROLE: Final = flag("role", "commander, tech_lead or comms_lead.")
OFFERS: Final = {
    "ID": "id", "Role": "role", "From": "from_username", "To": "to_username", "Answer": "answer",
    "Expires": "expires_at",
}  # fmt: skip
CHECKLIST: Final[frame.Columns] = {
    "Stage": "stage", "State": "status", "Current": "is_current",
    "Minutes": lambda row: "–".join(map(str, row["planned_minutes"])),
    "Items": lambda row: f"{sum(i['ticked_at'] is not None for i in row['items'])}/{len(row['items'])}",
}  # fmt: skip
OPERATIONS: Final = (
    Operation(
        "incidents counted", "GET", "/analytics/incidents", "List the incidents behind a figure.",
        (
            query("show", "all, counted:mttr, severity:sev1, hour:7-13 …"),
            query("since", "30d, or a time."), query("until"), query("severity"), query("component"),
        ),
        {"Incident": "incident_id", "Severity": "severity", "Status": "status", "Title": "title"},
        is_paged=True, empty="No incidents.",
    ),
    Operation(
        "incidents move", "PATCH", "/incidents/{reference}/status", "Change the status, with a message.",
        (
            argument("status", "investigating, identified, monitoring, or a stage."),
            flag("message", "Written to the timeline with the change."),
            flag("public", "Meant for readers outside the team.", "switch"),
            flag("version", "Refuse if it was changed since.", "number"),
        ),
        done="{incident_id} {status}", id_field="incident_id",
    ),
    Operation(
        "incidents merge", "POST", "/incidents/{reference}/merge", "Merge an incident into another one.",
        (argument("into", "The incident that stays open."),),
        done="{incident_id}: merged", id_field="incident_id",
    ),
    Operation(
        "incidents unmerge", "DELETE", "/incidents/{reference}/merge", "Undo a merge, within 24 hours.",
        done="{incident_id}: merge undone", id_field="incident_id",
    ),
    Operation(
        "incidents proposals", "GET", "/incidents/{reference}/proposals", "Incidents that may be the same.",
        columns={
            "Incident": "incident", "Title": "title", "Score": "score",
            "Why": lambda row: "; ".join(reason["text"] for reason in row["reasons"]),
        },
        id_field="incident", empty="No proposals.",
    ),
    Operation(
        "incidents dismiss-proposal", "DELETE", "/incidents/{reference}/proposals/{other}",
        "Dismiss a proposal to merge.", done="Proposal dismissed.",
    ),
    Operation(
        "incidents activity", "GET", "/incidents/{reference}/activity", "All that was done, newest first.",
        (query("source", "timeline or audit."),),
        {"When": lambda row: ago(row["at"]), "By": "by", "Kind": "kind", "Message": "message"},
        is_paged=True, empty="No activity.",
    ),
    Operation(
        "incidents components", "GET", "/incidents/{reference}/components", "The affected components.",
        columns={"Component": "component", "Impact": "impact", "Restored": "restored_at"},
        id_field="component", empty="No components are affected.",
    ),
    Operation(
        "incidents escalation", "GET", "/incidents/{reference}/escalation", "How far the escalation is.",
        id_field="policy",
    ),
    Operation(
        "incidents escalate", "POST", "/incidents/{reference}/escalation", "Page the next step now.",
        id_field="policy",
    ),
    Operation(
        "notes amendments", "GET", "/incidents/{reference}/timeline/{entry}/amendments",
        "What was changed of an entry.",
        columns={"Number": "number", "Kind": "kind", "By": "by", "At": "at", "Message": "message"},
        id_field="number", empty="The entry was not amended.",
    ),
    Operation(
        "notes amend", "POST", "/incidents/{reference}/timeline/{entry}/amendments",
        "Reword, withdraw or publish an entry; the earlier words stay in the audit trail.",
        (
            flag("kind", "reworded, withdrawn or published.", required=True),
            flag("message", "The new words, or the reason."),
            flag("based_on", "The amendment that was read; a newer one is refused.", "number"),
        ),
        done="Entry {entry} amended",
    ),
    Operation(
        "notes correct-time", "PATCH", "/incidents/{reference}/timeline/{entry}",
        "Correct when something happened.",
        (flag("occurred_at", "2026-01-28T12:00:00Z, or 10m for ten minutes ago.", "moment", required=True),),
        done="Entry {entry}: {occurred_at}",
    ),
    Operation(
        "notes pin", "PUT", "/incidents/{reference}/timeline/{entry}/pin", "Pin an entry to the top.",
        done="Entry {entry} pinned",
    ),
    Operation(
        "notes unpin", "DELETE", "/incidents/{reference}/timeline/{entry}/pin", "Unpin an entry.",
        done="Entry {entry} unpinned",
    ),
    Operation(
        "stages show", "GET", "/incidents/{reference}/stages", "The stages of an incident.",
        columns=CHECKLIST, id_field="stage",
    ),
    Operation(
        "stages tick", "PUT", "/incidents/{reference}/stages/{stage}/items/{position}",
        "Tick an item of a checklist; --no-ticked takes it back.",
        (flag("ticked", "", "switch"),), columns=CHECKLIST, id_field="stage",
    ),
    Operation(
        "stages templates", "GET", "/stage-templates", "The checklists that new incidents start with.",
        (query("type", "Of this type of incident."),),
        {
            "Stage": "stage", "From minute": "from_minutes", "To minute": "to_minutes",
            "Items": lambda row: len(row["items"]),
        },
        id_field="stage",
    ),
    Operation(
        "stages set-template", "PUT", "/stage-templates/{stage}", "Replace the checklist of a stage.",
        (query("type", "Of this type of incident."), FILE), done="Checklist of {stage} replaced",
        id_field="stage",
    ),
    Operation(
        "roles offers", "GET", "/incidents/{reference}/offers", "Hand-offs that were offered.",
        columns=OFFERS, empty="No role is offered.",
    ),
    Operation(
        "roles offer", "POST", "/incidents/{reference}/offers",
        "Offer a role to a person, who accepts or declines.",
        (argument("username"), ROLE), columns=OFFERS,
    ),
    Operation(
        "roles answer", "POST", "/incidents/{reference}/offers/{offer}", "Accept or decline an offered role.",
        (flag("accept", "Or --no-accept.", "switch", required=True),), columns=OFFERS,
    ),
    Operation(
        "sla report", "GET", "/sla/report", "Met and breached SLA targets, without drills.",
        (
            query("since", "90d or a time."), query("until", "A time; now without it."),
            query("severity", "", "words"), query("period", "day, week or month."),
        ),
        {
            "Period": "period", "Severity": lambda row: severity_word(row["severity"]), "Target": "kind",
            "Met": "met", "Breached": "breached", "Running": "running",
            "Met share": lambda row: "" if row["share_met"] is None else f"{row['share_met']:.0f}%",
        },
        id_field="period", rows="rows", empty="No SLA targets in this time.",
    ),
    Operation(
        "incidents archive", "GET", "/incidents/{reference}/archive", "Where its timeline and events are.",
        id_field="incident_id",
    ),
    Operation(
        "incidents restore", "POST", "/incidents/{reference}/archive/restore",
        "Bring the timeline and events of an archived incident back.",
        done="{incident_id}: {state}", id_field="incident_id",
    ),
    Operation(
        "attachments list", "GET", "/incidents/{reference}/attachments", "List the pictures of an incident.",
        columns={"ID": "id", "Name": "name", "Type": "content_type", "Size": "size"}, empty="No pictures.",
    ),
    Operation(
        "attachments remove", "DELETE", "/attachments/{attachment}", "Delete a picture.",
        done="Attachment {attachment} removed",
    ),
    Operation(
        "sla targets", "GET", "/sla/policies", "The SLA targets of each severity, in minutes.",
        id_field="mark",
    ),
    Operation(
        "sla set-targets", "PUT", "/sla/policies", "Replace the SLA targets by those of --file.",
        (flag("based_on", "Mark of the targets that were read."), FILE), id_field="mark",
    ),
    Operation(
        "incidents bulk", "POST", "/bulk-actions", "Act on many incidents; --file lists them with versions.",
        (
            flag("kind", "acknowledge, assign or resolve."), flag("username", "With assign: the commander."),
            flag("message", "For the timeline of each."), FILE,
        ),
    ),
    Operation(
        "incidents bulk-show", "GET", "/bulk-actions/{action}", "What came of an action on many.",
        columns={"Incident": "incident", "Outcome": "outcome", "Why": "why", "Undone": "undo"},
        id_field="incident", rows="steps",
    ),
    Operation(
        "incidents bulk-undo", "POST", "/bulk-actions/{action}/undo", "Undo it, for ten minutes.",
        done="Action {action} undone",
    ),
    Operation(
        "incidents correct-times", "PATCH", "/incidents/{reference}/times", "Correct times after the fact.",
        (
            flag("reason", "Why they are wrong.", required=True), flag("started_at", "", "moment"),
            flag("detected_at", "", "moment"), flag("acknowledged_at", "", "moment"),
            flag("mitigated_at", "", "moment"), flag("resolved_at", "", "moment"),
            flag("version", "Refuse if it was changed since.", "number"),
        ),
        done="{incident_id} corrected", id_field="incident_id",
    ),
    Operation(
        "war-room show", "GET", "/incidents/{reference}/war-room", "The Slack channel and its steps.",
        id_field="name",
    ),
    Operation(
        "war-room open", "POST", "/incidents/{reference}/war-room", "Open a Slack channel for an incident.",
        done="War room: {state}", id_field="name",
    ),
    Operation(
        "components create", "POST", "/components", "Create a component.",
        (
            flag("name", required=True), flag("description"), flag("owner", "User name."),
            flag("tier", "1 is the most important.", "number"), flag("runbook_url"),
            flag("schedule_id", "Its on-call schedule.", "number"), flag("depends_on", "", "words"),
        ),
        done="{name} created", id_field="name",
    ),
    Operation(
        "components update", "PATCH", "/components/{name}", "Change a component.",
        (
            flag("description"), flag("owner", "User name."), flag("tier", "", "number"),
            flag("runbook_url"), flag("schedule_id", "", "number"), flag("depends_on", "", "words"),
            flag("archived", "", "switch"), flag("version", "Refuse if it was changed since.", "number"),
        ),
        done="{name} updated", id_field="name",
    ),
)  # fmt: skip
