"""`tocsin incidents rules`, `test-rule` and `simulate`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tocsin.cli import frame
from tocsin.cli.commands.incidents_write import created
from tocsin.cli.words import listed, severity_word
from tocsin.client import path_of
from tocsin.problems import BadUsageError, RefusedError, TocsinError

COLUMNS: Final[frame.Columns] = {
    "Rule ID": "rule_id",
    "Name": "name",
    "Severity": lambda row: severity_word(row["severity"]),
    "Enabled": "enabled",
}
EventTypes = Annotated[
    list[str] | None, typer.Option(help="Matching event types. Repeatable, and with commas.")
]
Sources = Annotated[list[str] | None, typer.Option(help="Matching sources. Repeatable, and with commas.")]
MinimumLevel = Annotated[str, typer.Option(help="This level or worse matches: debug, info, warning …")]
app = typer.Typer(help="Detection rules.", no_args_is_help=True)


def register(incidents: typer.Typer) -> None:
    """Add the commands to `tocsin incidents`."""
    incidents.add_typer(app, name="rules")
    incidents.command("test-rule")(try_rule)
    incidents.command("simulate")(simulate)


@app.command("list")
def list_rules(
    enabled: Annotated[bool, typer.Option("--enabled", help="Only enabled rules.")] = False,
) -> None:
    """List the detection rules."""
    rows = [rule for rule in frame.client().get("/rules") if rule["enabled"] or not enabled]
    frame.put_list(rows, COLUMNS, id_field="rule_id", title="Detection Rules:", empty="No rules.")


@app.command("show")
def show(rule: str) -> None:
    """Show one rule."""
    frame.put_object(frame.client().get(path_of("rules", rule)), id_field="rule_id")


@app.command("enable")
def enable(rules: list[str]) -> None:
    """Enable rules."""
    _switch(rules, "enable")


@app.command("disable")
def disable(rules: list[str]) -> None:
    """Disable rules."""
    _switch(rules, "disable")


def _switch(rules: list[str], verb: str) -> None:
    refused = []
    for rule in rules:
        try:
            frame.client().post(path_of("rules", rule, verb))
            frame.put(rule if frame.is_quiet() else f"{rule} {verb}d")
        except RefusedError as error:
            refused.append(f"{rule}: {error}")
    if refused:
        raise TocsinError("\n".join(refused))


@app.command("update")
def update(
    rule: str,
    threshold: int | None = None,
    time_window: Annotated[int | None, typer.Option(help="Seconds.")] = None,
    check_interval: Annotated[int | None, typer.Option(help="Seconds.")] = None,
    severity: str | None = None,
    consecutive: Annotated[bool | None, typer.Option("--consecutive/--no-consecutive")] = None,
    components: Annotated[int | None, typer.Option(help="Least number of components.")] = None,
    cooldown: Annotated[int | None, typer.Option(help="Seconds.")] = None,
    name: str | None = None,
    description: str | None = None,
    event_type: EventTypes = None,
    source: Sources = None,
    minimum_level: MinimumLevel = "",
    pattern: Annotated[str | None, typer.Option(help="Regular expression for the message.")] = None,
) -> None:
    """Change a rule; shows the values before and after. An empty text clears types, sources or pattern."""
    fields = {
        "error_threshold": threshold, "time_window_seconds": time_window,
        "check_interval_seconds": check_interval, "severity": severity, "require_consecutive": consecutive,
        "min_components_affected": components, "cooldown_seconds": cooldown, "name": name,
        "description": description, "minimum_level": minimum_level or None, "message_pattern": pattern,
        "event_types": None if event_type is None else listed(event_type),
        "sources": None if source is None else listed(source),
    }  # fmt: skip
    sent = {field: value for field, value in fields.items() if value is not None}
    if not sent:
        raise BadUsageError(
            "Nothing to change. Give --threshold, --time-window, --severity, --event-type or another flag."
        )
    before = frame.client().get(path_of("rules", rule))
    after = frame.client().patch(path_of("rules", rule), sent)
    if frame.is_quiet() or frame.output_format() != "table":
        frame.put_object(after, id_field="rule_id")
        return
    for field in sent:
        frame.put(frame.safe(f"{rule}: {field} {before[field]} → {after[field]}"))


@app.command("create")
def create(
    id: Annotated[str, typer.Option("--id")],
    name: Annotated[str, typer.Option()],
    type: Annotated[str, typer.Option("--type")],
    severity: Annotated[str, typer.Option()],
    threshold: Annotated[int, typer.Option()],
    time_window: Annotated[int, typer.Option(help="Seconds.")],
    check_interval: Annotated[int | None, typer.Option(help="Seconds.")] = None,
    description: str = "",
    event_type: EventTypes = None,
    source: Sources = None,
    minimum_level: MinimumLevel = "",
    pattern: Annotated[str, typer.Option(help="Regular expression for the message.")] = "",
    consecutive: Annotated[bool, typer.Option("--consecutive")] = False,
    components: Annotated[int | None, typer.Option(help="Least number of components.")] = None,
    cooldown: Annotated[int | None, typer.Option(help="Seconds.")] = None,
) -> None:
    """Create a rule, which is active at once.

    Without --event-type, --pattern and --minimum-level it matches the event types of its --type.
    """
    fields = {
        "rule_id": id, "name": name, "description": description, "incident_type": type, "severity": severity,
        "error_threshold": threshold, "time_window_seconds": time_window,
        "check_interval_seconds": check_interval, "event_types": listed(event_type or []),
        "sources": listed(source or []), "minimum_level": minimum_level, "message_pattern": pattern,
        "require_consecutive": consecutive or None, "min_components_affected": components,
        "cooldown_seconds": cooldown,
    }  # fmt: skip
    sent = {field: value for field, value in fields.items() if value not in (None, "", [])}
    made = frame.client().post("/rules", sent)
    if frame.is_quiet() or frame.output_format() != "table":
        frame.put_object(made, id_field="rule_id")
    else:
        frame.put(f"{made['rule_id']} created")


@app.command("delete")
def delete(rule: str) -> None:
    """Delete a rule of your own."""
    frame.client().request("DELETE", path_of("rules", rule))
    frame.put(f"{rule} deleted")


@app.command("reset")
def reset(rule: str) -> None:
    """Give a built-in rule its default values again."""
    frame.client().post(path_of("rules", rule, "reset"))
    frame.put(f"{rule} reset")


def try_rule(
    rule: str,
    events: Annotated[str, typer.Option(help="JSON file with events; - for stdin.")] = "",
    minutes: Annotated[int, typer.Option(min=1, max=1440, help="Of the stored events.")] = 60,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="The default: nothing is opened.")] = False,
    sends: Annotated[
        bool, typer.Option("--open", help="Send the events of the file: what they open is real.")
    ] = False,
) -> None:
    """Show which incidents a rule would open, on stored events or on those of a file.

    Nothing is opened without --open, which then sends the events as `events send` does.
    """
    if sends and (dry_run or not events):
        raise BadUsageError("--open goes with --events FILE, and not with --dry-run.")
    given = read_events(events) if events else []
    chosen: dict[str, Any] = {"events": given} if events else {"minutes": minutes}
    trial = frame.client().post("/rules/test", {"rule_id": rule, **chosen})
    _put_trial(rule, trial)
    if sends:
        result = frame.client().submit_events([dict(event) for event in given])
        frame.say(f"{result['accepted']} events sent. What they open: tocsin incidents list")


def _put_trial(rule: str, trial: dict[str, Any]) -> None:
    if frame.output_format() != "table":
        frame.put_object(trial)
        return
    frame.put(f"{trial['events']} events, {trial['matched']} match {rule}")
    for burst in trial["bursts"]:
        word = severity_word(burst["severity"])
        frame.put(frame.safe(f"  would open [{word}] {burst['title']} ({burst['counted']} events)"))
    if not trial["bursts"]:
        frame.put("  would open nothing")


def read_events(name: str) -> list[dict[str, Any]]:
    """Events of a JSON file (one, a list, or {"events": […]}) or of one with an event in each line."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise BadUsageError(f"{name} cannot be read: {error.strerror}.") from error
    try:
        found = json.loads(text)
    except ValueError:
        found = _by_line(name, text)
    if isinstance(found, dict):
        found = found.get("events", [found])
    if not isinstance(found, list) or not all(isinstance(event, dict) for event in found):
        raise BadUsageError(f"{name} does not hold events: a JSON object or a list of them.")
    return found


def _by_line(name: str, text: str) -> list[Any]:
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise BadUsageError(f"{name} is not JSON: {error}.") from error


def simulate(
    type: Annotated[str, typer.Option("--type")],
    severity: str = "",
    components: Annotated[list[str] | None, typer.Option(help="Repeatable, and with commas.")] = None,
    event_count: Annotated[int | None, typer.Option(min=1, max=1000, help="Print sample events.")] = None,
    time_span: Annotated[int, typer.Option(min=1, help="Seconds that the events cover.")] = 60,
    open_drill: Annotated[bool, typer.Option("--open", help="Open a drill with these events.")] = False,
) -> None:
    """Open a drill with sample events. With --event-count print sample events instead, for test-rule and
    `events send`; with --open too, open a drill that has so many.
    """
    named = listed(components or [])
    params: dict[str, Any] = {"incident_type": type, "time_span_seconds": time_span}
    params |= {"event_count": event_count} if event_count is not None else {}
    if event_count is not None and not open_drill:
        frame.put_json(frame.client().get("/simulations/events", components=",".join(named), **params))
        return
    created(frame.client().post("/simulations", params | {"severity": severity, "components": named}))
