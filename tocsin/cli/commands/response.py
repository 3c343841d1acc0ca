"""Notes, updates, events, changes and components."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from tocsin.cli import frame
from tocsin.cli.commands.rules import read_events
from tocsin.cli.completing import Reference
from tocsin.cli.offline import send_or_spool
from tocsin.cli.words import ago, pairs
from tocsin.client import path_of

notes = typer.Typer(help="Internal notes of an incident.", no_args_is_help=True)
updates = typer.Typer(help="Updates for stakeholders.", no_args_is_help=True)
events = typer.Typer(help="Events.", no_args_is_help=True)
changes = typer.Typer(help="Deployments and other changes.", no_args_is_help=True)
components = typer.Typer(help="Components.", no_args_is_help=True)
roles = typer.Typer(help="Who holds which role.", no_args_is_help=True)
sources = typer.Typer(help="Senders of webhooks.", no_args_is_help=True)
members = typer.Typer(help="Members of the workspace.", no_args_is_help=True)
tokens = typer.Typer(help="API tokens.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the groups."""
    for name, group in {
        "notes": notes, "updates": updates, "events": events, "changes": changes, "components": components,
        "roles": roles, "sources": sources, "members": members, "tokens": tokens,
    }.items():  # fmt: skip
        app.add_typer(group, name=name)


def _text(given: str) -> str:
    return sys.stdin.read() if given == "-" else given


@notes.command("add")
def add_note(reference: Reference, text: Annotated[str, typer.Argument(help="- reads stdin.")]) -> None:
    """Add an internal note; without the server it is stored and sent later."""
    body = {"kind": "note", "message": _text(text)}
    _entry(send_or_spool("notes add", path_of("incidents", reference, "timeline"), body))


@updates.command("post")
def post_update(
    reference: Reference,
    text: Annotated[str, typer.Argument(help="- reads stdin.")],
    public: Annotated[bool, typer.Option("--public", help="Meant for readers outside the team.")] = False,
) -> None:
    """Post an update; an internal one is stored and sent later if the server cannot be reached."""
    body = {"message": _text(text), "public": public}
    path = path_of("incidents", reference, "updates")
    _entry(frame.client().post(path, body) if public else send_or_spool("updates post", path, body))


def _entry(entry: dict[str, Any] | None) -> None:
    if entry is not None:
        if frame.is_quiet() or frame.output_format() != "table":
            frame.put_object(entry)
        else:
            frame.put(f"Entry {entry['id']} added")


@events.command("send")
def send_events(
    file: Annotated[str, typer.Argument(help="JSON file or - for stdin; without it, the flags.")] = "",
    source: str = "",
    message: str = "",
    level: Annotated[str, typer.Option(help="debug … fatal; also high, sev2, p1 …")] = "",
    type: Annotated[str, typer.Option("--type")] = "",
    event_id: str = "",
    correlation_id: str = "",
    metadata: Annotated[list[str] | None, typer.Option(help="NAME=VALUE; repeatable.")] = None,
) -> None:
    """Send events: one by flags, or those of a file."""
    if file:
        given = read_events(file)
        batches = [given[at : at + 1000] for at in range(0, len(given), 1000)]
        for batch in batches:
            _accepted(frame.client().submit_events([dict(event) for event in batch]))
        return
    _accepted(
        frame.client().submit_event(
            source=source, message=message, level=level, event_type=type, event_id=event_id,
            correlation_id=correlation_id, metadata=pairs(metadata or [], "--metadata"),
        )
    )  # fmt: skip


def _accepted(result: dict[str, Any]) -> None:
    if frame.output_format() == "json":
        frame.put_json(result)
        return
    names = ("accepted", "duplicates", "refused")
    frame.put(", ".join(f"{result[name]} {name}" for name in names if result.get(name) or name == "accepted"))


events.command("submit", hidden=True)(send_events)


@changes.command("list")
def list_changes(component: str = "", limit: Annotated[int, typer.Option(min=1)] = 50) -> None:
    """List changes, newest first."""
    rows = list(frame.client().pages("/changes", limit=limit, component=component))
    columns: dict[str, str | Callable[[Any], Any]] = {
        "When": lambda row: ago(row["occurred_at"]), "Kind": "kind", "Component": "component",
        "Summary": "summary", "Version": "version", "Author": "author",
    }  # fmt: skip
    frame.put_list(rows, columns, id_field="id", empty="No changes.")


@changes.command("record")
def record_change(
    summary: str,
    kind: Annotated[str, typer.Option(help="deployment, flag, config …")] = "",
    component: str = "",
    version: str = "",
    author: str = "",
    link: Annotated[str, typer.Option(help="Address of the change.")] = "",
    key: Annotated[str, typer.Option(help="For idempotency: stored once.")] = "",
) -> None:
    """Record a change, such as a deployment."""
    body = {
        "summary": summary, "kind": kind, "component": component, "version": version, "author": author,
        "url": link, "key": key, "occurred_at": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    made = frame.client().post("/changes", {name: value for name, value in body.items() if value})
    frame.put("Change recorded" if frame.output_format() == "table" else json.dumps(made))


@components.command("list")
def list_components(
    search: str = "",
    health: str = "",
    archived: Annotated[bool, typer.Option("--archived")] = False,
    limit: Annotated[int, typer.Option(min=1)] = 200,
) -> None:
    """List components with their health."""
    wanted = {"search": search, "health": health, "archived": "true" if archived else ""}
    rows = list(frame.client().pages("/components", limit=limit, **wanted))
    columns = {"Component": "name", "Status": "standing", "Incidents": "open_incidents", "Health": "health"}
    frame.put_list(rows, columns, id_field="name", empty="No components.")


@components.command("show")
def show_component(name: str) -> None:
    """Show a component with what it depends on."""
    frame.put_object(frame.client().get(path_of("components", name)), id_field="name")


@roles.command("show")
def show_roles(reference: Reference) -> None:
    """Who holds, and held, the roles of an incident."""
    rows = frame.client().get(path_of("incidents", reference, "roles"))
    columns = {"Role": "role", "Person": "username", "Since": "assigned_at", "Until": "ended_at"}
    frame.put_list(rows, columns, id_field="username", empty="No roles are assigned.")


@roles.command("claim")
def claim_role(
    reference: Reference,
    role: Annotated[str, typer.Option(help="commander, tech_lead or comms_lead.")] = "commander",
) -> None:
    """Take a role of an incident yourself."""
    hand_off(reference, str(frame.client().get("/me")["username"] or ""), role)


@roles.command("hand-off")
def hand_off(
    reference: Reference,
    user: str,
    role: Annotated[str, typer.Option(help="commander, tech_lead or comms_lead.")] = "commander",
) -> None:
    """Give a role of an incident to someone else."""
    frame.client().post(path_of("incidents", reference, "assign"), {"username": user, "role": role})
    frame.put(f"{reference}: {user} is now {role.replace('_', ' ')}")


@sources.command("list")
def list_sources() -> None:
    """List the senders of webhooks."""
    columns = {"ID": "id", "Name": "name", "Kind": "kind", "Enabled": "enabled"}
    frame.put_list(frame.client().get("/sources"), columns, id_field="id", empty="No sources.")


@members.command("list")
def list_members() -> None:
    """List the members of the workspace."""
    columns = {"User name": "username", "Name": "display_name", "Role": "role"}
    frame.put_list(frame.client().get("/members"), columns, id_field="username")


@tokens.command("list")
def list_tokens() -> None:
    """List API tokens."""
    columns = {"ID": "id", "Name": "name", "Prefix": "prefix", "Scopes": "scopes", "Expires": "expires_at"}
    frame.put_list(frame.client().get("/tokens"), columns, id_field="id", empty="No tokens.")


@tokens.command("revoke")
def revoke_token(token_id: int) -> None:
    """Revoke a token."""
    frame.client().request("DELETE", path_of("tokens", token_id))
    frame.put(f"Token {token_id} revoked")
