"""Commands about learning: postmortems, five whys, lessons, action items."""

from __future__ import annotations

from typing import Final

from tocsin.cli.operation import FILE, Operation, argument, flag, query
from tocsin.cli.words import ago

GROUPS: Final = {
    "postmortems": "Postmortems.",
    "postmortem-templates": "Templates of postmortems.",
    "trackers": "Senders of issue states.",
    "five-whys": "Five-whys analyses.",
    "lessons": "Lessons learned.",
    "action-items": "Action items.",
}
ITEMS: Final = {
    "ID": "id", "Incident": "incident_id", "Title": "title", "Status": "status", "Priority": "priority",
    "Assignee": "assignee", "Due": "due_date",
}  # fmt: skip
LESSONS: Final = {"ID": "id", "Incident": "incident_id", "Lesson": "lesson", "Component": "component"}
ITEM: Final = (
    flag("description"), flag("assignee", "User name."), flag("priority", "low, medium, high …"),
    flag("kind", "prevent, detect, respond …"), flag("due_date", "2026-01-28.", flag="--due"),
    flag("outside_url", "Address of an issue elsewhere.", flag="--link"),
)  # fmt: skip
LESSON: Final = (
    argument("lesson", "- reads stdin."), flag("priority"), flag("category"), flag("component"),
)  # fmt: skip
VERSION: Final = flag("version", "Refuse if it was changed since.", "number")
BY: Final = flag("answered_by", "User name.")
OPERATIONS: Final = (
    Operation(
        "postmortems list", "GET", "/postmortems", "List postmortems, newest first.",
        (query("status", "draft, in_review or published."), query("text", "Words in the title.")),
        {
            "Incident": "incident_id", "Title": "title", "Status": "status", "Owner": "owner",
            "Created": lambda row: ago(row["created_at"]),
        },
        id_field="incident_id", is_paged=True, empty="No postmortems.",
    ),
    Operation(
        "postmortems create", "POST", "/incidents/{reference}/postmortem",
        "Create the postmortem of an incident, drafted from its facts.",
        (flag("title"), flag("template"), flag("summary"), FILE),
        done="Postmortem of {incident_id}: {status}", id_field="incident_id",
    ),
    Operation(
        "postmortems show", "GET", "/postmortems/{reference}", "A postmortem with its fields.",
        id_field="incident_id",
    ),
    Operation(
        "postmortems update", "PATCH", "/postmortems/{reference}", "Change title, owner, due date, meeting.",
        (
            flag("title"), flag("owner", "User name."), flag("due_at", "", "moment", flag="--due"),
            flag("meeting_at", "", "moment"), flag("meeting_minutes", "", "number"), flag("meeting_zone"),
            flag("public_link", "", "switch"),
        ),
        done="Postmortem of {incident_id} updated", id_field="incident_id",
    ),
    Operation(
        "postmortems write", "PUT", "/postmortems/{reference}/sections/{section}",
        "Write a section; what others changed since --base-version is merged.",
        (
            argument("text", "- reads stdin."),
            flag("base_version", "Version that was read.", "number", required=True),
        ),
        done="Section {section} is at version {version}", id_field="version",
    ),
    Operation(
        "postmortems revisions", "GET", "/postmortems/{reference}/revisions", "List its revisions.",
        columns={"Number": "number", "At": "at", "By": "author_label", "Reason": "reason"},
        id_field="number",
    ),
    Operation(
        "postmortems restore", "POST", "/postmortems/{reference}/revisions/{number}/restore",
        "Restore a revision, as a new one.", done="Revision {number} restored", id_field="incident_id",
    ),
    Operation(
        "postmortems request-review", "POST", "/postmortems/{reference}/request-review", "Ask for review.",
        (VERSION,), done="Postmortem of {incident_id}: {status}", id_field="incident_id",
    ),
    Operation(
        "postmortems withdraw", "POST", "/postmortems/{reference}/withdraw", "Take it back from review.",
        (VERSION,), done="Postmortem of {incident_id}: {status}", id_field="incident_id",
    ),
    Operation(
        "postmortems approve", "POST", "/postmortems/{reference}/approvals", "Approve, or ask for changes.",
        (
            flag("role", "commander, tech_lead or manager.", required=True),
            flag("decision", "approved or changes_requested."), flag("note"),
            flag("revision", "The revision that was read; refused if there is a newer one.", "number"),
        ),
        done="Postmortem of {incident_id}: {status}", id_field="incident_id",
    ),
    Operation(
        "postmortems waive", "POST", "/postmortems/{reference}/waivers", "Publish without a requirement.",
        (argument("subject", "section:<key>, role:<role> or item:<number>."), flag("reason", required=True)),
        done="{subject} waived", id_field="incident_id",
    ),
    Operation(
        "postmortems publish", "POST", "/postmortems/{reference}/publish", "Publish it.", (VERSION,),
        done="Postmortem of {incident_id}: {status}", id_field="incident_id",
    ),
    Operation(
        "postmortems amend", "POST", "/postmortems/{reference}/amend", "Open a published one for changes.",
        (VERSION,), done="Postmortem of {incident_id}: {status}", id_field="incident_id",
    ),
    Operation(
        "postmortems comments", "GET", "/postmortems/{reference}/comments", "List comments.",
        columns={
            "ID": "id", "Section": "section_key", "By": "author_label", "Comment": "body",
            "Resolved": "resolved_at",
        },
        empty="No comments.",
    ),
    Operation(
        "postmortems comment", "POST", "/postmortems/{reference}/comments", "Comment on a section.",
        (
            argument("section_key"), argument("body", "- reads stdin."), flag("quote"),
            flag("parent", "The comment to reply to.", "number"),
        ),
        done="Comment {id} added",
    ),
    Operation(
        "postmortems resolve-comment", "POST", "/postmortems/{reference}/comments/{comment}/resolve",
        "Resolve a comment.", done="Comment {comment} resolved",
    ),
    Operation(
        "postmortem-templates list", "GET", "/postmortem-templates", "List the templates of postmortems.",
        (query("archived", "List archived ones.", "switch"),),
        {"ID": "id", "Name": "name", "Kind": "kind", "Default": "is_default", "Version": "version"},
        empty="No templates.",
    ),
    Operation(
        "postmortem-templates show", "GET", "/postmortem-templates/{template}",
        "A template with its sections.",
    ),
    Operation(
        "postmortem-templates create", "POST", "/postmortem-templates",
        "Create a template: a copy, or of the sections in a JSON file.",
        (flag("name", required=True), flag("copy_of", "Name of the template to copy."), FILE),
        done="Template {id} created",
    ),
    Operation(
        "postmortem-templates update", "PATCH", "/postmortem-templates/{template}", "Change a template.",
        (
            flag("name"), flag("is_default", "", "switch", flag="--default"),
            flag("is_strict", "", "switch", flag="--strict"),
            flag("is_archived", "", "switch", flag="--archived"), VERSION, FILE,
        ),
        done="Template {id} updated",
    ),
    Operation(
        "postmortem-templates archive", "DELETE", "/postmortem-templates/{template}",
        "Take a template out of use.", done="Template {template} archived",
    ),
    Operation(
        "trackers list", "GET", "/trackers", "List senders of issue states.",
        columns={"ID": "id", "Name": "name", "Address": "url", "Last report": "last_received_at"},
        empty="No trackers.",
    ),
    Operation(
        "trackers create", "POST", "/trackers", "Create a sender; its secret is shown this once.",
        (argument("name"),), done="Tracker {id} sends to {url} with the secret {secret}",
    ),
    Operation(
        "trackers delete", "DELETE", "/trackers/{tracker}", "Delete a sender.",
        done="Tracker {tracker} deleted",
    ),
    Operation(
        "five-whys show", "GET", "/incidents/{reference}/five-whys", "Show the analysis of an incident.",
    ),
    Operation(
        "five-whys start", "POST", "/incidents/{reference}/five-whys", "Start an analysis.",
        (flag("facilitator", "User name."),), done="Five whys of {incident_id} started",
    ),
    Operation(
        "five-whys add", "POST", "/incidents/{reference}/five-whys/whys", "Ask the next why.",
        (
            argument("question"), flag("answer"), BY,
            flag("parent", "The why that this follows.", "number"),
            flag("beside", "Begin a new branch.", "switch"),
        ),
        done="Why {id} added",
    ),
    Operation(
        "five-whys answer", "PATCH", "/incidents/{reference}/five-whys/whys/{why}", "Answer a why.",
        (flag("question"), flag("answer"), BY, flag("is_root_cause", "", "switch", flag="--root-cause")),
        done="Why {why} updated",
    ),
    Operation(
        "five-whys remove", "DELETE", "/incidents/{reference}/five-whys/whys/{why}", "Remove a why.",
        done="Why {why} removed",
    ),
    Operation(
        "five-whys root-cause", "POST", "/incidents/{reference}/five-whys/root-cause", "Add a root cause.",
        (argument("root_cause"), flag("why", "The why that names it.", "number")), done="Root cause added",
    ),
    Operation(
        "five-whys factor", "POST", "/incidents/{reference}/five-whys/factors",
        "Add a contributing factor.", (argument("factor"), BY), done="Factor {id} added",
    ),
    Operation(
        "lessons search", "GET", "/lessons", "Search lessons of all incidents.",
        (
            query("text", "Words of the lesson."), query("category"), query("priority"),
            query("incident", "INC-42."),
        ),
        LESSONS, empty="No lessons.",
    ),
    Operation(
        "lessons add", "POST", "/incidents/{reference}/lessons", "Add a lesson of an incident.", LESSON,
        done="Lesson {id} added",
    ),
    Operation(
        "lessons add-to-postmortem", "POST", "/postmortems/{reference}/lessons",
        "Add a lesson to a postmortem.", LESSON, done="Lesson {id} added",
    ),
    Operation(
        "lessons delete", "DELETE", "/lessons/{lesson}", "Delete a lesson.", done="Lesson {lesson} deleted",
    ),
    Operation(
        "action-items fixes", "GET", "/action-items/fixes", "Count the finished fixes that held.",
        id_field="held",
    ),
    Operation(
        "action-items list", "GET", "/action-items", "List action items, newest first.",
        (
            query("status", "unfinished, open, completed …"), query("owner", "User name, me, or none."),
            query("kind"), query("priority"), query("due", "overdue, week, none, in_time or late."),
            query("due_from", "Due on this date or later."), query("due_until", "Due before this date."),
            query("fix", "held, recurred, watching, unwatched or stopped."),
            query("incident", "INC-42."), query("component"), query("text", "Words in the title."),
        ),
        ITEMS, is_paged=True, empty="No action items.",
    ),
    Operation(
        "action-items of", "GET", "/incidents/{reference}/action-items", "Those of an incident.",
        columns=ITEMS, empty="No action items.",
    ),
    Operation("action-items show", "GET", "/action-items/{item}", "Show an action item."),
    Operation(
        "action-items create", "POST", "/incidents/{reference}/action-items", "Create an action item.",
        (argument("title"), *ITEM), done="{id} created", is_repeatable=True,
    ),
    Operation(
        "action-items update", "PATCH", "/action-items/{item}", "Change an action item.",
        (flag("title"), *ITEM, flag("cancelled_reason"), VERSION), done="{id} updated",
    ),
    Operation(
        "action-items assign", "PATCH", "/action-items/{item}", "Assign an action item.",
        (argument("assignee", "User name."),), done="{id} assigned to {assignee}",
    ),
    Operation(
        "action-items move", "PATCH", "/action-items/{item}/status", "Change its status.",
        (argument("status", "open, in_progress, completed …"), VERSION), done="{id} {status}",
    ),
)  # fmt: skip
