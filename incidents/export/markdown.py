"""Incidents as Markdown, with user text escaped. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings

from core.templatetags.ui import compact
from incidents.models import AffectedComponent, Analysis, Incident, RoleAssignment, TimelineEntry

_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>|~&$#])")
_OPENS_A_BLOCK: Final = re.compile(r"^([-+=]|[0-9]{1,9}(?=[.)]))")
_HEADINGS: Final = (
    "Incident", "Severity", "Status", "Title", "Components", "Commander", "Detected", "Resolved", "Took",
)  # fmt: skip


def words(text: str) -> str:
    """Escape text within a line: no markup, table delimiter or HTML remains."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def quoted(text: str) -> str:
    """Return multi-line text as a quotation that preserves lines and indentation."""
    return "\n".join(
        f"> {_line(line)}".rstrip(" ") + ("  " if line.strip() else "") for line in text.split("\n")
    )


def _line(line: str) -> str:
    text = line.expandtabs(4).rstrip()
    bare = text.lstrip()
    escaped = _OPENS_A_BLOCK.sub(_disarmed, _SPECIAL.sub(r"\\\1", bare))
    return "\u00a0" * (len(text) - len(bare)) + escaped


def _disarmed(found: re.Match[str]) -> str:
    return f"{found[1]}\\" if found[1].isdigit() else f"\\{found[1]}"


def moment(at: datetime | None, *, seconds: bool = False) -> str:
    """Return `2026-11-21 18:04`, UTC; a dash for none."""
    return (
        "–"
        if at is None
        else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")
    )


def listing(
    batches: Iterable[Sequence[Incident]], *, at: datetime, filters: Mapping[str, str]
) -> Iterator[bytes]:
    """Yield a heading, the filter, and a table with a line for each incident."""
    description = "; ".join(f"{name} {words(value)}" for name, value in filters.items()) or "none"
    head = f"# Incidents\n\nExported {moment(at)}. Filters: {description}. All times are UTC.\n\n"
    yield (head + _cells(_HEADINGS) + _cells(["---"] * len(_HEADINGS))).encode()
    for batch in batches:
        yield "".join(_cells(_row(incident)) for incident in batch).encode()


def _cells(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _row(incident: Incident) -> list[str]:
    return [
        _link(incident),
        incident.get_severity_display(),
        incident.get_status_display(),
        words(incident.title),
        words(", ".join(incident.component_names)) or "–",
        words(incident.commander_label or "") or "–",
        moment(incident.detected_at),
        moment(incident.resolved_at),
        _took(incident),
    ]


def _link(incident: Incident) -> str:
    return f"[{incident.reference}]({settings.BASE_URL}/incidents/{incident.reference})"


def _took(incident: Incident) -> str:
    return "–" if incident.resolved_at is None else compact(incident.resolved_at - incident.detected_at)


def record(
    incident: Incident,
    components: Sequence[AffectedComponent],
    roles: Sequence[RoleAssignment],
    batches: Iterable[Sequence[TimelineEntry]],
    *,
    at: datetime,
    analysis: Analysis | None = None,
) -> Iterator[bytes]:
    """Yield one incident: its fields, what people wrote about it, and the whole timeline, oldest first."""
    lines = [f"# {incident.reference}: {words(incident.title)}", "", *_facts(incident, components, roles)]
    lines += [f"- **Exported:** {moment(at)} UTC, as are all times here, from {_link(incident)}", ""]
    for title, text in (
        ("Description", incident.description),
        ("Impact", incident.impact),
        ("Root cause", incident.root_cause),
        ("Analysis", _analysis_text(analysis)),
    ):
        lines += [f"## {title}", "", quoted(text), ""] if text else []
    yield ("\n".join([*lines, "## Timeline", ""]) + "\n").encode()
    for batch in batches:
        yield "".join(_entry_text(entry) for entry in batch).encode()


def _analysis_text(analysis: Analysis | None) -> str:
    """Return summary, category, advice and author as lines; empty for none."""
    if analysis is None:
        return ""
    written_by = analysis.model or analysis.get_author_display().lower()
    head = [
        analysis.summary,
        f"Category: {analysis.get_category_display()}.",
        f"Written by {written_by}, {moment(analysis.created_at)}.",
    ]
    return "\n".join([*head, *(one["text"] for one in analysis.advice)])


def _facts(
    incident: Incident, components: Sequence[AffectedComponent], roles: Sequence[RoleAssignment]
) -> list[str]:
    facts = {
        "Severity": incident.get_severity_display(),
        "Status": incident.get_status_display(),
        "Type": incident.get_incident_type_display(),
        "Components": ", ".join(
            f"{words(a.component.name)} ({a.get_impact_display().lower()})" for a in components
        ),
        "Users impacted": "" if incident.users_impacted is None else str(incident.users_impacted),
        "Labels": ", ".join(words(f"{name}={value}") for name, value in incident.labels.items()),
        "Started": moment(incident.started_at, seconds=True),
        "Detected": moment(incident.detected_at, seconds=True),
        "Acknowledged": _after(incident, incident.acknowledged_at),
        "Resolved": _after(incident, incident.resolved_at),
    }
    facts |= {r.get_role_display(): words(r.user.label) for r in roles if r.ended_at is None}
    return [f"- **{name}:** {value}" for name, value in facts.items() if value]


def _after(incident: Incident, at: datetime | None) -> str:
    if at is None:
        return ""
    return f"{moment(at, seconds=True)}, after {compact(max(timedelta(), at - incident.detected_at))}"


def _entry_text(entry: TimelineEntry) -> str:
    audience = "public" if entry.is_shown_publicly else "internal"
    head = f"**{moment(entry.occurred_at, seconds=True)}** · {words(entry.author_label)}"
    kind = entry.kind.replace("_", " ")
    return f"{head} · {kind} · {audience}\n\n{quoted(entry.text)}\n\n"
