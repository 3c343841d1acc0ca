"""`tocsin incidents` that changes something: create, update, assign, acknowledge, resolve and others."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from tocsin.cli import frame
from tocsin.cli.completing import Reference, References
from tocsin.cli.offline import send_or_spool
from tocsin.cli.similar import similar_open
from tocsin.cli.words import listed, pairs, since
from tocsin.client import path_of
from tocsin.problems import BadUsageError, RefusedError, TocsinError, UnreachableError


def register(app: typer.Typer) -> None:
    """Add the commands to `tocsin incidents`."""
    app.command("create")(create)
    app.command("update")(update)
    app.command("assign")(assign)
    app.command("acknowledge")(acknowledge)
    app.command("ack", hidden=True)(acknowledge)
    app.command("resolve")(resolve)
    app.command("close")(close)
    app.command("reopen")(reopen)
    app.command("link")(link)
    app.command("unlink")(unlink)
    app.command("affect")(affect)
    app.command("unaffect")(unaffect)


def create(
    title: Annotated[str, typer.Option()],
    type: Annotated[str, typer.Option("--type")] = "",
    severity: str = "",
    description: str = "",
    components: Annotated[list[str] | None, typer.Option(help="Repeatable, and with commas.")] = None,
    label: Annotated[list[str] | None, typer.Option(help="NAME=VALUE; repeatable.")] = None,
    assigned_to: str = "",
    metadata: Annotated[list[str] | None, typer.Option(help="NAME=VALUE; repeatable.")] = None,
    signal: Annotated[list[str] | None, typer.Option(help="Fingerprint that belongs to it.")] = None,
    project: str = "",
    started_at: Annotated[str, typer.Option(help="10m for ten minutes ago, or a time.")] = "",
    detected_at: Annotated[str, typer.Option(help="10m for ten minutes ago, or a time.")] = "",
    impact: Annotated[str, typer.Option(help="Who is hit, and how badly.")] = "",
    private: Annotated[
        bool, typer.Option("--private", help="Only role holders, people invited and admins see it.")
    ] = False,
    drill: Annotated[bool, typer.Option("--drill", help="An exercise.")] = False,
) -> None:
    """Declare an incident; open ones that may be the same are named on stderr."""
    body = {
        "title": title,
        "incident_type": type or None,
        "severity": severity or None,
        "description": description,
        "components": listed(components or []),
        "labels": pairs(label or [], "--label"),
        "assigned_to": assigned_to or None,
        "metadata": pairs(metadata or [], "--metadata"),
        "signals": listed(signal or []),
        "project": project,
        "started_at": since(started_at),
        "detected_at": since(detected_at),
        "impact": impact,
        "is_private": private,
        "is_drill": drill,
    }
    sent = {name: value for name, value in body.items() if value not in (None, "", [], {}, False)}
    made = send_or_spool("incidents create", "/incidents", sent)
    created(made)
    if made is not None and not frame.is_quiet():
        for other in similar_open(title, str(made["incident_id"])):
            frame.say(f"Similar and open: {other['incident_id']} {other['title']}")


def created(incident: Mapping[str, Any] | None) -> None:
    """Print what was created, unless it is spooled."""
    if incident is None:
        return
    if frame.is_quiet() or frame.output_format() != "table":
        frame.put_object(incident, id_field="incident_id")
        return
    frame.put(f"{incident['incident_id']} created")
    frame.say(str(incident["url"]))


def update(
    reference: Reference,
    status: Annotated[str, typer.Option(help="A status or a stage.")] = "",
    severity: str = "",
    notes: str = "",
    assigned_to: str = "",
    title: str = "",
    description: str = "",
    impact: str = "",
    root_cause: str = "",
    type: Annotated[str, typer.Option("--type")] = "",
    users_impacted: int | None = None,
    label: Annotated[list[str] | None, typer.Option(help="NAME=VALUE; repeatable; replaces all.")] = None,
    version: Annotated[int | None, typer.Option(help="Refuse if it was changed since.")] = None,
) -> None:
    """Change several fields at once: all of them or none."""
    body = {
        "status": status, "severity": severity, "notes": notes, "assigned_to": assigned_to, "title": title,
        "description": description, "impact": impact, "root_cause": root_cause, "incident_type": type,
        "users_impacted": users_impacted, "labels": pairs(label or [], "--label"), "version": version,
    }  # fmt: skip
    sent = {name: value for name, value in body.items() if value not in ("", None, {})}
    if not sent.keys() - {"version"}:
        raise BadUsageError(
            "Nothing to change. Give --status, --severity, --notes, --assigned-to or --title."
        )
    with_near_names(lambda: _changed(frame.client().patch(path_of("incidents", reference), sent), "updated"))


def assign(
    reference: Reference,
    user: Annotated[str, typer.Argument()] = "",
    unassign: Annotated[bool, typer.Option("--unassign")] = False,
    role: Annotated[str, typer.Option(help="commander, tech_lead or comms_lead.")] = "commander",
) -> None:
    """Give a role of an incident to a person, or to no one."""
    if bool(user) == unassign:
        raise BadUsageError("Name a user, or use --unassign.")
    body = {"username": user or None, "role": role}
    verb = "unassigned" if unassign else f"assigned to {user}"
    with_near_names(
        lambda: _changed(frame.client().post(path_of("incidents", reference, "assign"), body), verb)
    )


def acknowledge(references: References) -> None:
    """Acknowledge incidents."""
    _each(references, lambda ref: _moved(ref, "acknowledge", {}, "acknowledged"))


def resolve(references: References, notes: str = "", root_cause: str = "") -> None:
    """Resolve incidents."""
    body = {"message": notes, "root_cause": root_cause}
    sent = {name: value for name, value in body.items() if value}
    _each(references, lambda ref: _moved(ref, "resolve", sent, "resolved"))


def close(references: References, notes: str = "") -> None:
    """Close incidents, which must be resolved before."""
    _each(references, lambda ref: _moved(ref, "close", {"message": notes} if notes else {}, "closed"))


def reopen(references: References, notes: str = "") -> None:
    """Reopen incidents."""
    _each(references, lambda ref: _moved(ref, "reopen", {"message": notes} if notes else {}, "reopened"))


def link(reference: Reference, other: str) -> None:
    """Link two incidents."""
    frame.client().request("PUT", path_of("incidents", reference, "related", other))
    frame.put(f"{reference} linked to {other}")


def unlink(reference: Reference, other: str) -> None:
    """Remove a link between two incidents."""
    frame.client().request("DELETE", path_of("incidents", reference, "related", other))
    frame.put(f"{reference} unlinked from {other}")


def affect(
    reference: Reference,
    component: str,
    impact: Annotated[str, typer.Option(help="total_outage, partial_outage or degraded.")] = "degraded",
) -> None:
    """Name a component that an incident affects."""
    path = path_of("incidents", reference, "components", component)
    _changed(frame.client().request("PUT", path, body={"impact": impact}), f"affects {component} ({impact})")


def unaffect(reference: Reference, component: str) -> None:
    """Take a component away from an incident."""
    path = path_of("incidents", reference, "components", component)
    _changed(frame.client().request("DELETE", path), f"no longer affects {component}")


def _moved(reference: str, verb: str, body: dict[str, Any], done: str) -> None:
    try:
        _changed(frame.client().post(path_of("incidents", reference, verb), body), done)
    except RefusedError as error:
        if verb == "close" and error.status == 409:
            hint = f"Resolve it first: tocsin incidents resolve {reference}"
            raise TocsinError(f"{error} {hint}") from error
        raise


def _changed(incident: Mapping[str, Any], done: str) -> None:
    if frame.is_quiet() or frame.output_format() != "table":
        frame.put_object(incident, id_field="incident_id")
    else:
        frame.put(f"{incident['incident_id']} {done}")


def _each(references: list[str], act: Callable[[str], None]) -> None:
    """Act on each; refused ones are listed at the end."""
    refused: list[str] = []
    for reference in references:
        try:
            act(reference)
        except RefusedError as error:
            if len(references) == 1:
                raise
            refused.append(f"{reference}: {error}")
    if refused:
        raise TocsinError("\n".join([f"{len(refused)} of {len(references)} refused.", *refused]))


def with_near_names(act: Callable[[], None]) -> None:
    """Add the nearest user names to the error of an unknown one."""
    try:
        act()
    except RefusedError as error:
        given = next((e for e in error.errors if e.get("field") in {"username", "assigned_to"}), None)
        if given is None:
            raise
        raise TocsinError(f"{error}{_near_names(str(error))}") from error


def _near_names(message: str) -> str:
    try:
        names = [member["username"] for member in frame.client().get("/members")]
    except (RefusedError, UnreachableError):
        return ""
    words = message.replace("'", " ").replace('"', " ").replace(",", " ").split()
    near = next(
        (found for word in words if (found := difflib.get_close_matches(word, names, 3, 0.5))), names[:5]
    )
    return f" Known: {', '.join(near)}." if near else ""
