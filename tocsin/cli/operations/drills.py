"""Commands about drills: exercises of a team."""

from __future__ import annotations

from typing import Final

from tocsin.cli.operation import Operation, flag

GROUPS: Final = {"drill": "Drills: exercises that notify only the people who join."}
OPERATIONS: Final = (
    Operation(
        "drill list", "GET", "/drills", "List drills.",
        columns={
            "ID": "id", "Title": "title", "Type": "incident_type", "Severity": "severity", "State": "state",
            "Joined": lambda row: str(len(row["participants"])), "Incident": "incident",
        },
        empty="No drills.",
    ),
    Operation("drill show", "GET", "/drills/{drill}", "Who joined a drill, and its score."),
    Operation(
        "drill plan", "POST", "/drills", "Plan a drill and invite to it through the channels for drills.",
        (
            flag("title", required=True), flag("incident_type", "Such as service_down.", flag="--type"),
            flag("severity"), flag("component"), flag("brief", "What goes wrong."),
        ),
        done="Drill {id} planned",
    ),
    Operation("drill join", "POST", "/drills/{drill}/join", "Join a drill.", done="Drill {drill} joined"),
    Operation("drill leave", "POST", "/drills/{drill}/leave", "Leave a drill.", done="Drill {drill} left"),
    Operation(
        "drill start", "POST", "/drills/{drill}/start", "Open the incident of a drill.",
        done="Drill {drill} started: {incident}",
    ),
    Operation(
        "drill cancel", "POST", "/drills/{drill}/cancel", "Cancel a drill that was not started.",
        done="Drill {drill} cancelled",
    ),
)  # fmt: skip
