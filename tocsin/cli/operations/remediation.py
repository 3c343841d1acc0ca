"""Commands about remediation: the catalogue of actions, runs, approvals."""

from __future__ import annotations

from typing import Final

from tocsin.cli import frame
from tocsin.cli.operation import FILE, Operation, argument, flag, query
from tocsin.cli.words import ago

GROUPS: Final = {"actions": "Remediation actions.", "runs": "Runs of remediation actions, and approvals."}
RUNS: Final[frame.Columns] = {
    "ID": "id", "Incident": "incident_id", "Action": "action", "Target": "target", "Risk": "risk",
    "State": "state", "Missing": "missing", "Requested by": "requested_by",
    "When": lambda row: ago(row["created_at"]),
}  # fmt: skip
NOTE: Final = flag("note")
OPERATIONS: Final = (
    Operation(
        "actions list", "GET", "/remediation/actions", "List the catalogue.",
        columns={
            "Action": "slug", "Name": "name", "Risk": "risk", "Executor": "executor", "Enabled": "enabled",
        },
        id_field="slug",
    ),
    Operation("actions show", "GET", "/remediation/actions/{action}", "Show an action.", id_field="slug"),
    Operation(
        "actions update", "PATCH", "/remediation/actions/{action}",
        "Change an action; runs that await approval of the former version become void.",
        (
            flag("name"), flag("when"), flag("risk", "low, medium or high."), flag("executor"),
            flag("steps", "", "words"), flag("timeout_s", "", "number"), flag("health_url"),
            flag("rollback"), flag("cooldown_s", "", "number"), FILE,
        ),
        done="{slug} updated", id_field="slug",
    ),
    Operation(
        "actions enable", "POST", "/remediation/actions/{action}/enable", "Enable an action.",
        done="{slug} enabled", id_field="slug",
    ),
    Operation(
        "actions disable", "POST", "/remediation/actions/{action}/disable", "Disable an action.",
        done="{slug} disabled", id_field="slug",
    ),
    Operation(
        "actions try-again", "POST", "/remediation/actions/{action}/try-again",
        "Allow one automatic run after too many failures.",
        done="{slug}: one automatic run may start", id_field="slug",
    ),
    Operation(
        "runs list", "GET", "/remediation/runs", "List the newest 100 runs of the workspace.",
        (
            query("state", "awaiting_approval, running …"),
            query("before", "Id of the last run seen.", "number"),
        ),
        RUNS, empty="No runs.",
    ),
    Operation(
        "runs of", "GET", "/incidents/{reference}/runs", "List the runs of an incident.", columns=RUNS,
        empty="No runs.",
    ),
    Operation(
        "runs show", "GET", "/remediation/runs/{run}", "What a run would do, who approved it, its output.",
    ),
    Operation(
        "runs approve", "POST", "/remediation/runs/{run}/approve",
        "Approve exactly what was shown: --digest is that of `runs show`.",
        (flag("digest", "Of `runs show`.", required=True), NOTE), done="Run {run}: {state}",
    ),
    Operation(
        "runs reject", "POST", "/remediation/runs/{run}/reject", "Reject a run.", (NOTE,),
        done="Run {run}: {state}",
    ),
    Operation(
        "runs cancel", "POST", "/remediation/runs/{run}/cancel", "Cancel a run.", (NOTE,),
        done="Run {run}: {state}",
    ),
    Operation(
        "runs start", "POST", "/remediation/runs/{run}/start", "Start a run that was proposed.",
        done="Run {run}: {state}",
    ),
    Operation(
        "runs outcome", "POST", "/remediation/runs/{run}/outcome", "Report how a manual run ended.",
        (argument("outcome", "succeeded, failed or abandoned."), NOTE), done="Run {run}: {state}",
    ),
)  # fmt: skip
