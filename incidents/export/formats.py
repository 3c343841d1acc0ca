"""Export formats and their writers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from django.utils import timezone

from accounts.actor import Actor
from accounts.selectors import workspace_of
from incidents.analysis.selectors import analysis_of
from incidents.export import documents, markdown, tables
from incidents.export.selectors import timeline_in_batches
from incidents.listing.filters import IncidentFilter
from incidents.listing.selectors import incidents_in_batches
from incidents.models import Incident
from incidents.parsing import parsed
from incidents.selectors import affected_components, incident_for, roles_of


class Format(StrEnum):
    """File format."""

    CSV = "csv"
    JSON = "json"
    MARKDOWN = "markdown"


CONTENT_TYPES: Final[Mapping[Format, str]] = {
    Format.CSV: "text/csv; charset=utf-8; header=present",
    Format.JSON: "application/json",
    Format.MARKDOWN: "text/markdown; charset=utf-8; variant=GFM",
}
_ENDINGS: Final = {Format.CSV: "csv", Format.JSON: "json", Format.MARKDOWN: "md"}
_ALIASES: Final = {"": Format.JSON, "md": Format.MARKDOWN}


@dataclass(frozen=True, slots=True)
class File:
    """A file to send: its pieces are generated while it is sent."""

    name: str
    content_type: str
    pieces: Iterator[bytes]


def parse_format(word: str) -> Format:
    """`csv`, `json` (also nothing), `markdown` (also md). Raises Invalid (field `format`)."""
    name = word.strip().casefold()
    return _ALIASES.get(name) or parsed("format", name, Format, Format)


def export_list(
    actor: Actor,
    wanted: IncidentFilter,
    kind: Format,
    *,
    filters: Mapping[str, str],
    with_bom: bool = False,
) -> File:
    """Return all matching incidents, newest detection first. `filters` describes the filter in the file.

    Raises Forbidden.
    """
    return _listed(actor, incidents_in_batches(actor, wanted), kind, filters, with_bom)


def export_chosen(
    actor: Actor, incidents: Sequence[Incident], kind: Format, *, with_bom: bool = False
) -> File:
    """Return the given incidents, as read by a selector."""
    chosen = {"chosen": ", ".join(incident.reference for incident in incidents)}
    return _listed(actor, iter([incidents]), kind, chosen, with_bom)


def _listed(
    actor: Actor,
    batches: Iterator[Sequence[Incident]],
    kind: Format,
    filters: Mapping[str, str],
    with_bom: bool,
) -> File:
    at = timezone.now()
    if kind is Format.CSV:
        pieces = tables.table(batches, with_bom=with_bom)
    else:
        write = documents.listing if kind is Format.JSON else markdown.listing
        pieces = write(batches, at=at, filters=filters)
    return _file(f"{workspace_of(actor).slug}-incidents-{_stamp(at)}", kind, pieces)


def export_one(actor: Actor, number: int | str, kind: Format, *, with_bom: bool = False) -> File:
    """Return one incident with its whole timeline. Raises NotFound, Forbidden, Invalid."""
    incident, at = incident_for(actor, number), timezone.now()
    entries = timeline_in_batches(actor, incident)
    if kind is Format.CSV:
        pieces = tables.timeline_table(incident, entries, with_bom=with_bom)
    else:
        components, roles = affected_components(actor, incident), roles_of(actor, incident, history=True)
        write = documents.record if kind is Format.JSON else markdown.record
        analysis = analysis_of(actor, incident)
        pieces = write(incident, components, roles, entries, at=at, analysis=analysis)
    return _file(f"{workspace_of(actor).slug}-{incident.reference}", kind, pieces)


def _file(stem: str, kind: Format, pieces: Iterator[bytes]) -> File:
    return File(f"{stem}.{_ENDINGS[kind]}", CONTENT_TYPES[kind], pieces)


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%d-%H%M%S")
