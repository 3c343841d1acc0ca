"""Renders one object as lines of names and values, nested objects indented below. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from tocsin.cli.tables import width, wrapped
from tocsin.cli.words import ago, clock, parsed, severity_word

MIN_TEXT: Final = 24  # columns of a value, however narrow the terminal is
INDENT: Final = "  "
Text = Callable[[Any], str]


def card(value: Mapping[str, Any], text: Text, most: int = 0) -> Iterator[str]:
    """Render an object. `text` formats a plain value; `most`: the columns of the terminal, 0 for no limit."""
    size = max((width(str(name)) for name in value), default=0)
    for name, given in value.items():
        if _is_nested(given):
            yield str(name)
            yield from _nested(given, text, most)
        else:
            yield from named(str(name), _lines(given, text), size, most)


def _lines(value: Any, text: Text) -> str:
    """Return a plain value like a cell, but with its own line breaks."""
    return "\n".join(map(text, value.splitlines())) if isinstance(value, str) else text(value)


def named(name: str, text: str, size: int, most: int) -> Iterator[str]:
    """Return a name and its value, which wraps below itself."""
    left = max(MIN_TEXT, most - size - 2)
    lines = [line for given in text.split("\n") for line in (wrapped(given, left) if most else [given])]
    for line in lines:
        yield f"{name + ' ' * (size - width(name))}  {line}".rstrip()
        name = ""


def _is_nested(value: Any) -> bool:
    if isinstance(value, Mapping):
        return bool(value)
    return isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value)


def _nested(value: Any, text: Text, most: int) -> Iterator[str]:
    """Return an object below its name, or each item of a list behind a dash; empty ones are left out."""
    left = max(MIN_TEXT, most - 2 * len(INDENT)) if most else 0
    if isinstance(value, Mapping):
        filled = {name: one for name, one in value.items() if one not in (None, "", [], {})}
        yield from (f"{INDENT}{line}" for line in card(filled, text, left))
        return
    for item in value:
        lines = list(_nested(item, text, left)) if _is_nested(item) else [f"{INDENT}{text(item)}"]
        for number, line in enumerate(lines):
            yield f"{INDENT}{'- ' if number == 0 else INDENT}{line.removeprefix(INDENT)}"


def incident_card(incident: Mapping[str, Any], text: Text, most: int = 0) -> Iterator[str]:
    """Render an incident for responders; empty fields are left out."""
    yield from wrapped(f"{incident['incident_id']}  {text(incident['title'])}", most or 10_000)
    rows = [(name, one) for name, values in _facts(incident) for one in _named_once(values)]
    filled = [(name, _lines(one, text)) for name, one in rows if one not in (None, "", [], {})]
    size = max(len(name) for name, _ in filled)
    before = ""
    for name, shown in filled:
        yield from named("" if name == before else name, shown, size, most)
        before = name


def _named_once(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]


def _facts(incident: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "Severity", f"{severity_word(incident['severity'])} ({incident['severity']})"
    yield "Status", _status(incident)
    yield "Type", incident.get("incident_type")
    yield "Commander", incident.get("assigned_to")
    yield "Acknowledged", incident.get("acknowledged_by")
    yield "Detected", _when(incident.get("detected_at"))
    yield "Resolved", _when(incident.get("resolved_at"))
    yield "Components", _components(incident)
    yield "Events", incident.get("event_count")
    yield "People affected", incident.get("users_impacted")
    yield "Impact", incident.get("impact")
    yield "Description", incident.get("description")
    yield "Root cause", incident.get("root_cause")
    for name in ("mttd", "mtta", "mttr"):
        if incident.get(name) is not None:
            yield name.upper(), f"{incident[name]:.0f} s"
    yield from _analysis(incident)
    yield "Timeline", [_entry(entry) for entry in reversed(incident.get("timeline", ()))]
    if "postmortem" in incident:
        yield "Postmortem", (incident["postmortem"] or {}).get("status", "none yet")
    yield "Page", incident.get("url")


def _analysis(incident: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    found = incident.get("analysis") or {}
    if found:
        yield "Analysis", [found["summary"], f"Category {found['category']}, by {found['author_name']}"]
        yield (
            "Recommended",
            [
                f"{one['text']} ({one['slug']})" if one["slug"] else one["text"]
                for one in found["recommended_actions"]
            ],
        )
    yield (
        "Similar",
        [
            f"{one['incident']} {one['title']}: {one['resolution'] or one['reason']}"
            for one in incident.get("similar_incidents", ())
        ],
    )


def _status(incident: Mapping[str, Any]) -> str:
    word = str(incident.get("status_word") or incident.get("status") or "")
    marks = [mark for mark in ("drill", "private") if incident.get(f"is_{mark}")]
    return ", ".join([word, *marks])


def _components(incident: Mapping[str, Any]) -> str:
    known = incident.get("components") or [{"component": c} for c in incident["affected_components"]]
    shown = [
        f"{c['component']} ({'works again' if c.get('restored_at') else c['impact'].replace('_', ' ')})"
        if c.get("impact")
        else c["component"]
        for c in known
    ]
    return ", ".join(shown)


def _when(moment: Any) -> str:
    return f"{parsed(moment):%Y-%m-%d} {clock(moment)}, {ago(moment)}" if moment else ""


def _entry(entry: Mapping[str, Any]) -> str:
    return f"{clock(entry['occurred_at'])} {entry['author']}: {entry['message']}"
