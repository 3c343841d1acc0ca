"""`tocsin incidents` that only reads: list, get, timeline, postmortem, stats, export, related."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tocsin.cli import frame
from tocsin.cli.cards import incident_card
from tocsin.cli.completing import Reference
from tocsin.cli.statistics import more_rows, period, statistics_rows
from tocsin.cli.tables import boxed
from tocsin.cli.words import (
    LEVEL_WORDS,
    STAGE_WORDS,
    ago,
    clock,
    listed,
    parsed,
    severity_word,
    since,
    status_word,
    with_words,
)
from tocsin.client import path_of
from tocsin.problems import BadUsageError, RefusedError, TocsinError

DEFAULT_LIMIT: Final = 50
ALL_TIME: Final = "2000-01-01T00:00:00Z"
ENDINGS: Final = ("md", "html", "pdf", "json")
COLUMNS: Final[frame.Columns] = {
    "Incident ID": "incident_id",
    "Title": "title",
    "Severity": "severity_word",
    "Status": "status_word",
    "Detected": lambda row: ago(row["detected_at"]),
}
Words = Annotated[list[str] | None, typer.Option()]
Types = Annotated[list[str] | None, typer.Option("--type")]
AssignedTo = Annotated[str, typer.Option(help="User name.")]
Mine = Annotated[bool, typer.Option("--mine", help="Assigned to you.")]
Since = Annotated[str, typer.Option("--since", help="24h, 7d or a time.")]
Until = Annotated[str, typer.Option(help="24h, 7d or a time.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `tocsin incidents`."""
    app.command("list")(list_incidents)
    app.command("get")(get_incident)
    app.command("timeline")(timeline)
    app.command("postmortem")(postmortem)
    app.command("stats")(stats)
    app.command("related")(related)
    app.command("export")(export)


def list_incidents(
    status: Words = None,
    severity: Words = None,
    type: Types = None,
    component: Words = None,
    label: Words = None,
    assigned_to: AssignedTo = "",
    mine: Mine = False,
    since_: Since = "",
    until: Until = "",
    search: str = "",
    sort: Annotated[
        str, typer.Option(help="newest, oldest, severity, status, commander, deadline, last_event, duration.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1)] = DEFAULT_LIMIT,
) -> None:
    """List incidents, newest first. Flags may be repeated, and hold commas."""
    conditions = _conditions(
        status, severity, type, component, label,
        assigned_to=_me() if mine else assigned_to, since_=since_, until=until, search=search,
    )  # fmt: skip
    found = frame.client().pages("/incidents", limit=limit, sort=sort, **conditions)
    rows = [with_words(incident) for incident in found]
    frame.put_list(rows, COLUMNS, id_field="incident_id", empty="No incidents.")


def _me() -> str:
    username: str | None = frame.client().get("/me")["username"]
    if not username:
        raise BadUsageError("--mine needs the token of a person: `tocsin login` makes one.")
    return username


def _conditions(
    *lists: list[str] | None, assigned_to: str, since_: str, until: str, search: str
) -> dict[str, str]:
    """Return the filters of the API. lists: statuses, severities, types, components and labels."""
    status, severity, type_, component, label = (one or [] for one in lists)
    return {
        **_status(listed(status)),
        "severity": ",".join(listed(severity)),
        "type": ",".join(listed(type_)),
        "component": ",".join(listed(component)),
        "label": ",".join(label),
        "assigned_to": assigned_to,
        "since": since(since_),
        "until": since(until),
        "search": search,
    }


def _status(words: list[str]) -> dict[str, str]:
    """Split into stages and statuses: stage names select by stage, the others by status."""
    known = {
        **{word: stage for stage, word in STAGE_WORDS.items()},
        **{stage: stage for stage in STAGE_WORDS},
    }
    ambiguous = {"investigating"}  # also a status, which covers the stage
    stages = [known[word] for word in words if word in known and word not in ambiguous]
    rest = [word for word in words if word not in known or word in ambiguous]
    return {"stage": ",".join(stages), "status": ",".join(rest)}


def get_incident(
    reference: Reference,
    timeline: Annotated[bool, typer.Option("--timeline")] = False,
    postmortem: Annotated[bool, typer.Option("--postmortem")] = False,
    full: Annotated[bool, typer.Option("--full", help="Both.")] = False,
    web: Annotated[bool, typer.Option("--web", help="Open its page.")] = False,
) -> None:
    """Show one incident as JSON; `--format table` shows a card."""
    incident = with_words(frame.client().get(path_of("incidents", reference)))
    if web:
        typer.launch(incident["url"])
        return
    if not (timeline or full):
        incident.pop("timeline", None)
    if postmortem or full:
        incident["postmortem"] = _postmortem(reference)
    if frame.output_format("json") == "table" and not frame.is_quiet():
        for line in incident_card(incident, frame.text_of, frame.terminal_columns()):
            frame.put(line)
        return
    frame.put_object(incident, id_field="incident_id", default="json")


def _postmortem(reference: str) -> Any:
    try:
        return frame.client().get(path_of("incidents", reference, "postmortem"))
    except RefusedError as error:
        if error.status == 404:
            return None
        raise


def timeline(
    reference: Reference,
    event_type: Annotated[str, typer.Option(help="Only events of this type.")] = "",
    source: Annotated[str, typer.Option(help="Only events of this source.")] = "",
    since_: Annotated[str, typer.Option("--since", help="24h, 7d or a time.")] = "",
    public: Annotated[bool, typer.Option("--public", help="Only public updates.")] = False,
    limit: Annotated[int, typer.Option(min=1)] = DEFAULT_LIMIT,
) -> None:
    """Events and entries of an incident, oldest first; the newest ones where there are more."""
    incident = frame.client().get(path_of("incidents", reference))
    lines = [] if public else _events(reference, event_type, source, limit)
    if not event_type and not source:
        lines += [_entry(e) for e in _entries(reference, limit) if e["is_public"] or not public]
    earliest = since(since_)
    rows = [line for line in lines if not earliest or parsed(line["at"]) >= parsed(earliest)]
    rows = sorted(rows, key=lambda line: parsed(line["at"]))[-limit:]
    if frame.output_format() == "table" and not frame.is_quiet():
        frame.put(f"Timeline for incident {incident['incident_id']}:")
        for row in rows:
            level = f"[{row['severity_word']}]"
            frame.put(frame.safe(f"  {clock(row['at'])} {level:<10} {row['source']}: {row['message']}"))
        return
    frame.put_list(rows, {}, id_field="id")


def _events(reference: str, event_type: str, source: str, limit: int) -> list[dict[str, Any]]:
    path = path_of("incidents", reference, "events")
    found = frame.client().pages(path, limit=limit, source=source, event_type=event_type)
    return [
        {
            "id": event.get("event_id") or event.get("id"),
            "at": event.get("occurred_at") or event.get("timestamp"),
            "kind": "event",
            "severity_word": LEVEL_WORDS.get(str(event.get("level", "")).lower(), "INFO"),
            "source": event.get("source", ""),
            "message": event.get("message", ""),
            "event_type": event.get("event_type", ""),
        }
        for event in found
    ]


def _entries(reference: str, limit: int) -> list[dict[str, Any]]:
    return list(islice(frame.client().pages(path_of("incidents", reference, "timeline"), limit=limit), limit))


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": entry["id"],
        "at": entry["occurred_at"],
        "kind": entry["kind"],
        "severity_word": "INFO",
        "source": entry["author"],
        "message": entry["message"],
        "event_type": "",
    }


def postmortem(
    reference: Reference,
    output: Annotated[Path | None, typer.Option(help="A .md, .html, .pdf or .json file.")] = None,
    draft: Annotated[bool, typer.Option("--draft", help="Create it where there is none.")] = False,
    template: Annotated[str, typer.Option(help="With --draft: start from this template.")] = "",
) -> None:
    """The postmortem of an incident, as Markdown."""
    wanted = (output.suffix.lstrip(".").lower() if output else "") or "md"
    if wanted not in ENDINGS:
        raise BadUsageError(f"{output} ends in .{wanted}. Known: {', '.join(f'.{e}' for e in ENDINGS)}.")
    if draft:
        path = path_of("incidents", reference, "postmortem")
        frame.client().post(path, {"template": template} if template else {})
    elif _postmortem(reference) is None:
        frame.client().get(path_of("incidents", reference))
        raise TocsinError(f"{reference} has no postmortem yet. Create it with --draft.")
    file = frame.client().send("GET", path_of("postmortems", reference, "export"), params={"format": wanted})
    if output:
        output.write_bytes(file.content)
        frame.say(f"Written to {output}")
    else:
        sys.stdout.write(file.text)


def stats(
    since_: Annotated[str, typer.Option("--since", help="24h, 7d, 30d or a time.")] = "",
    by_type: Annotated[bool, typer.Option("--by-type")] = False,
    by_severity: Annotated[bool, typer.Option("--by-severity")] = False,
    more: Annotated[
        bool, typer.Option("--all", help="Also every measure, rates, deadlines, detectors and responders.")
    ] = False,
) -> None:
    """Counts and times over all incidents but drills."""
    found = frame.client().get("/analytics", since=since(since_) or ALL_TIME)
    if frame.output_format() != "table":
        frame.put_object(found)
        return
    frame.put(f"Incident Statistics ({period(since_)}):")
    rows, breaks = statistics_rows(found, by_type=by_type, by_severity=by_severity)
    frame.put(boxed([], rows, breaks=breaks))
    for title, head, lines in more_rows(found) if more else ():
        frame.put(f"{title}:")
        frame.put(boxed(head, lines))


def related(reference: Reference) -> None:
    """Incidents that are linked to one, came before it or are open beside it."""
    found = frame.client().get(path_of("incidents", reference, "related"))
    rows = [
        {"relation": name, **incident, "severity_word": severity_word(incident["severity"])}
        for name, incidents in found.items()
        if isinstance(incidents, list)
        for incident in incidents
    ]
    columns: frame.Columns = {
        "Relation": "relation", "Incident ID": "incident_id", "Title": "title", "Severity": "severity_word",
        "Status": status_word, "Detected": lambda row: ago(row["detected_at"]),
    }  # fmt: skip
    frame.put_list(rows, columns, id_field="incident_id", empty="No related incidents.")


def export(
    reference: Annotated[str, typer.Argument(help="Without it, the list.")] = "",
    output: Annotated[Path | None, typer.Option(help="File; without it, stdout.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Markdown instead of JSON or CSV.")] = False,
    status: Words = None,
    severity: Words = None,
    type: Types = None,
    component: Words = None,
    label: Words = None,
    assigned_to: AssignedTo = "",
    mine: Mine = False,
    since_: Since = "",
    until: Until = "",
    search: str = "",
) -> None:
    """The list as CSV, or one incident with its whole timeline as JSON; --format csv, json or --markdown.

    The list takes the filters of `incidents list`.
    """
    conditions = _conditions(
        status, severity, type, component, label,
        assigned_to=_me() if mine else assigned_to, since_=since_, until=until, search=search,
    )  # fmt: skip
    given = {name: value for name, value in conditions.items() if value}
    if reference and given:
        raise BadUsageError(f"Filters are for the list, not for one incident: {', '.join(given)}.")
    usual = "json" if reference else "csv"
    wanted = "markdown" if markdown else frame.output_format(usual).replace("table", usual)
    path = path_of("incidents", reference, "export") if reference else "/incidents/export"
    response = frame.client().send("GET", path, params={"format": wanted, **given})
    if output:
        output.write_bytes(response.content)
        frame.say(f"Written to {output}")
    else:
        sys.stdout.write(response.text)
