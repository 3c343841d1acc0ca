"""First words of the command line: their help, and the modules of their commands.

`tocsin --help` prints these without importing any of the modules, and a command imports only its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Noun(NamedTuple):
    """A first word. `module` is one of `commands/`, or none if `operations/` has all commands."""

    help: str
    module: str = ""
    is_command: bool = False


NOUNS: Final[Mapping[str, Noun]] = {
    "access": Noun("Who may read a private incident."),
    "action-items": Noun("Action items."),
    "actions": Noun("Remediation actions."),
    "api": Noun("Call the API directly.", "session", is_command=True),
    "attachments": Noun("Pictures of an incident.", "attachments"),
    "audit": Noun("The audit trail."),
    "bundle": Noun("Diagnostic bundles.", "bundles"),
    "calendar": Noun("Calendars for other programs."),
    "changes": Noun("Deployments and other changes.", "response"),
    "channels": Noun("Where notifications go: mail, Slack, PagerDuty, webhooks and others."),
    "completion": Noun("What makes a shell complete commands and incidents.", "session", is_command=True),
    "components": Noun("Components.", "response"),
    "config": Noun("The configuration file.", "session"),
    "contacts": Noun("Your own contact methods, by which pages reach you."),
    "deliveries": Noun("Notifications that were sent, or were not."),
    "drill": Noun("Drills: exercises that notify only the people who join."),
    "escalation": Noun("Escalation policies."),
    "events": Noun("Events.", "response"),
    "explain": Noun("Why it opened, who was notified or not and why, and who would be."),
    "five-whys": Noun("Five-whys analyses."),
    "heartbeats": Noun("Monitors of jobs that report regularly."),
    "identity": Noun("Identity providers that people sign in with."),
    "incident": Noun("Diagnostic bundles, by their older name.", "bundles"),
    "incidents": Noun("Incidents.", "incidents"),
    "invitations": Noun("Invitations that were not accepted yet."),
    "lessons": Noun("Lessons learned."),
    "login": Noun(
        "Sign in: by a code that is approved in the browser, or with a token.", "session", is_command=True
    ),
    "logout": Noun(
        "Forget the token of this profile, and revoke it where it is a personal one.",
        "session",
        is_command=True,
    ),
    "maintenance": Noun("Maintenance windows."),
    "members": Noun("Members of the workspace.", "response"),
    "notes": Noun("Internal notes of an incident.", "response"),
    "oncall": Noun("Who is on call."),
    "postmortem-templates": Noun("Templates of postmortems."),
    "postmortems": Noun("Postmortems."),
    "quarantine": Noun("Webhook bodies that were not understood."),
    "quiet-hours": Noun("When notices to you wait; pages never do."),
    "recovery": Noun("When incidents are considered recovered."),
    "roles": Noun("Who holds which role.", "response"),
    "routes": Noun("Which notification goes where."),
    "runs": Noun("Runs of remediation actions, and approvals."),
    "silences": Noun("Silences: incidents are recorded, no one is notified."),
    "sla": Noun("Service levels."),
    "slack": Noun("Connections to Slack, and who is who there."),
    "sources": Noun("Senders of webhooks.", "response"),
    "status-page": Noun("The public status page."),
    "stages": Noun("The stages of a response, and their checklists."),
    "status": Noun("Whether the server can be reached, and what is spooled.", "session", is_command=True),
    "sync": Noun(
        "Send spooled requests in order; refused ones are kept and reported.", "session", is_command=True
    ),
    "tokens": Noun("API tokens.", "response"),
    "trackers": Noun("Senders of issue states."),
    "updates": Noun("Updates for stakeholders.", "response"),
    "version": Noun("The version of this program.", "session", is_command=True),
    "war-room": Noun("The Slack channel of an incident."),
    "whoami": Noun("Your identity on the server, and your permissions.", "session", is_command=True),
    "workspaces": Noun("Workspaces."),
}
