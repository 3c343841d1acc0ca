"""`tocsin incidents mitigate`: list, request and follow remediation actions."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from tocsin.cli import frame
from tocsin.cli.completing import Reference
from tocsin.cli.words import pairs
from tocsin.client import path_of
from tocsin.problems import BadUsageError, TocsinError

POLL_EVERY_S: Final = 1.0
MAX_WAIT_S: Final = 3600.0
COLUMNS: Final[frame.Columns] = {
    "Action": "action",
    "Risk": "risk",
    "Recommended": "recommended",
    "Description": "name",
    "When": "when",
}
FAILED: Final = frozenset({"failed", "rejected", "expired", "cancelled", "void", "unknown", "abandoned"})


def register(app: typer.Typer) -> None:
    """Add the command to `tocsin incidents`."""
    app.command("mitigate")(mitigate)


def mitigate(
    reference: Reference,
    list_actions: Annotated[bool, typer.Option("--list-actions", help="What can be done.")] = False,
    action: Annotated[str, typer.Option(help="Name of an action, such as scale_up.")] = "",
    component: Annotated[str, typer.Option(help="Without it, the first affected component.")] = "",
    param: Annotated[list[str] | None, typer.Option(help="NAME=VALUE; repeatable.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the action; request nothing.")] = False,
    approved_by: Annotated[
        str, typer.Option(help="Asks this person for approval; approves only where it is you.")
    ] = "",
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait for its end.")] = False,
) -> None:
    """List remediation actions, or request one and follow it to its end."""
    if not list_actions and not action:
        raise BadUsageError("Use --list-actions, or name an action: --action restart_service.")
    if list_actions:
        plan = frame.client().get(path_of("incidents", reference, "actions"))
        frame.put_list(plan["actions"], COLUMNS, id_field="action", empty="There are no actions.")
        for line in plan["advice"] if frame.output_format() == "table" and not frame.is_quiet() else ():
            frame.say(f"Also: {line}")
        return
    if dry_run:
        frame.client().get(path_of("incidents", reference))
        frame.put_object(frame.client().get(path_of("remediation", "actions", action)), id_field="slug")
        frame.say("Nothing was requested.")
        return
    body = {"action": action, "component": component, "arguments": pairs(param or [], "--param")}
    sent = {**body, "approver": approved_by} if approved_by else body
    run = frame.client().post(path_of("incidents", reference, "runs"), sent)
    if approved_by and run["missing"]:
        run = _approved_by_oneself(run, approved_by)
    _follow(run, approver=approved_by, waits=not no_wait)


def _approved_by_oneself(run: dict[str, Any], approver: str) -> dict[str, Any]:
    """Approve the run if the given person is the caller; no one approves for someone else."""
    if frame.client().get("/me")["username"] != approver:
        return run
    approved: dict[str, Any] = frame.client().post(
        path_of("remediation", "runs", run["id"], "approve"), {"digest": run["digest"]}
    )
    return approved


def _follow(run: dict[str, Any], *, approver: str, waits: bool) -> None:
    """Print the output as it arrives until the run has ended."""
    shown = 0
    ends = time.monotonic() + MAX_WAIT_S
    while True:
        shown = _put_output(run, shown)
        if run["ended_at"] or run["state"] in FAILED:
            break
        if run["executor"] == "manual" and not run["missing"]:
            _by_hand(run)
            return
        if not waits or time.monotonic() > ends:
            raise TocsinError(_waiting(run, approver))
        if run["missing"] and not shown:
            frame.say(f"Run {run['id']} waits: {run['missing']}")
            shown = -1
        time.sleep(POLL_EVERY_S)
        run = frame.client().get(path_of("remediation", "runs", run["id"]))
    if frame.is_quiet() or frame.output_format() != "table":
        frame.put_object(run)
    else:
        frame.put(frame.safe(f"{run['action']} on {run['target']}: {run['state']} {run['reason']}".rstrip()))
    if run["state"] in FAILED:
        raise TocsinError(f"Run {run['id']} is {run['state']}. {run['reason']}".rstrip())


def _by_hand(run: Mapping[str, Any]) -> None:
    """Explain a manual run: what to do, and how to report its end."""
    if frame.is_quiet() or frame.output_format() != "table":
        frame.put_object(run)
    else:
        frame.put(frame.safe(str(run["preview"])))
    frame.say(f"Carry it out, then: tocsin runs outcome {run['id']} succeeded")


def _put_output(run: Mapping[str, Any], shown: int) -> int:
    text = str(run["output"])
    if frame.output_format() == "table" and not frame.is_quiet() and len(text) > max(shown, 0):
        frame.put(frame.safe(text[max(shown, 0) :].rstrip("\n")))
        return len(text)
    return shown


def _waiting(run: Mapping[str, Any], approver: str) -> str:
    whom = f"waiting for {approver}" if approver else "waiting for approval"
    state = f"{whom}: {run['missing']}" if run["missing"] else str(run["state"])
    return f"Run {run['id']} is {state}\nFollow it: tocsin runs show {run['id']}"
