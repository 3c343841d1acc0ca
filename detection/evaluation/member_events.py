"""Filtered, paginated events of an incident, at constant cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString
from urllib.parse import urlencode

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.request_cache import cached_per_request
from core.sql.compiled_queries import compiled
from core.sql.prepared import rows
from detection.levels import LEVEL_LABELS, parse_level
from detection.models import Event, IncidentEvent, Level
from incidents.listing.keyset import decode_cursor, encode_cursor
from incidents.merging.family import family_of
from incidents.models import Incident
from incidents.parsing import parsed
from incidents.validation import clean_line, invalid

PAGE: Final = 20  # events
LIMITS: Final = (PAGE, 50, 100)
WINDOW: Final = 5000  # a filtered page searches at most that many, then offers to search further back
SAMPLE: Final = 1000  # the distribution is of the newest ones
# Counted events are received at most an hour after they happened, which bounds the partitions to read.
SLACK: Final = timedelta(hours=2)
Link = tuple[int, datetime]

_MATCHING: Final[LiteralString] = """
select id from detection_event
 where workspace_id = %s::bigint and id = any(%s::bigint[])
   and received_at >= %s::timestamptz and received_at < %s::timestamptz
   and level >= %s::smallint
   and (%s::text = '' or source = %s::text) and (%s::text = '' or event_type = %s::text)
"""
_SHARES: Final[LiteralString] = """
select source, event_type, level, count(*), min(occurred_at), max(occurred_at) from detection_event
 where workspace_id = %s::bigint and id = any(%s::bigint[])
   and received_at >= %s::timestamptz and received_at < %s::timestamptz
 group by source, event_type, level
"""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Filter; all conditions must hold, the level is a minimum."""

    source: str = ""
    event_type: str = ""
    minimum_level: Level = Level.DEBUG
    limit: int = PAGE

    @property
    def is_set(self) -> bool:
        """Return whether any condition is set."""
        return bool(self.source or self.event_type or self.minimum_level > Level.DEBUG)

    def as_query(self) -> str:
        """Return it as parameters of the incident's page."""
        level = LEVEL_LABELS[self.minimum_level] if self.minimum_level > Level.DEBUG else ""
        limit = str(self.limit) if self.limit != PAGE else ""
        given = {
            "event_source": self.source, "event_type": self.event_type, "event_level": level,
            "event_limit": limit,
        }  # fmt: skip
        return urlencode({name: value for name, value in given.items() if value})


def read_event_filter(
    given: Mapping[str, str],
    *,
    source: str = "event_source",
    event_type: str = "event_type",
    level: str = "event_level",
) -> EventFilter:
    """Parse the filter parameters of `given`, with levels by any of their names.

    Raises Invalid naming the parameter.
    """
    words = {name: given.get(name, "").strip() for name in (source, event_type, level)}
    return EventFilter(
        clean_line(source, words[source]) if words[source] else "",
        clean_line(event_type, words[event_type]) if words[event_type] else "",
        _level(level, words[level]),
        _limit(given.get("event_limit", "").strip()),
    )


def _limit(word: str) -> int:
    if word and word not in map(str, LIMITS):
        raise invalid("event_limit", "choice", f"must be one of {', '.join(map(str, LIMITS))}")
    return int(word or PAGE)


def _level(name: str, word: str) -> Level:
    if not word:
        return Level.DEBUG
    return parse_level(parsed(name, word, lambda text: LEVEL_LABELS[parse_level(text)], LEVEL_LABELS))


@dataclass(frozen=True, slots=True)
class EventsPage:
    """Some events, newest first; `older` is the next cursor.

    `looked_through`: events searched if the page is not full and there are more; else 0.
    """

    items: Sequence[Event]
    older: str | None = None
    looked_through: int = 0


def member_events(
    actor: Actor,
    incident: Incident,
    wanted: EventFilter | None = None,
    *,
    cursor: str | None = None,
    limit: int = PAGE,
) -> EventsPage:
    """Return the events counted by an incident and those merged into it: at most four statements.

    Raises Forbidden, Invalid (cursor).
    """
    require(actor, Capability.INCIDENTS_READ)
    wanted = wanted or EventFilter()
    links = _links(incident, cursor, WINDOW if wanted.is_set else limit + 1)
    found = _matching(incident, links, wanted) if wanted.is_set else links
    shown, is_more = found[:limit], len(found) > limit
    events: dict[int, Event] = Event.objects.of(incident.workspace_id).in_bulk([pk for pk, _ in shown])
    items = [events[pk] for pk, _ in shown if pk in events]
    if is_more:
        return EventsPage(items, _cursor(shown[-1]))
    is_cut = wanted.is_set and len(links) == WINDOW
    return EventsPage(items, _cursor(links[-1]), WINDOW) if is_cut else EventsPage(items)


def _cursor(link: Link) -> str:
    return encode_cursor(link[1], link[0])


def _links(incident: Incident, cursor: str | None, limit: int) -> list[Link]:
    family = family_of(incident.workspace_id, incident.pk)
    if not cursor and limit <= SAMPLE and len(family) == 1:
        return _sample(incident.workspace_id, incident.pk)[:limit]
    links = _newest_links(incident.workspace_id, family)
    if cursor:
        at, pk = decode_cursor(cursor)
        links = links.filter(occurred_at__lte=at).exclude(occurred_at=at, event_id__gte=pk)
    return list(links[:limit])


@cached_per_request
@compiled(int, int)
def _sample(workspace_id: int, incident_id: int) -> Any:
    """Return the newest events, whose first ones a page lists and all of which it counts."""
    return _newest_links(workspace_id, [incident_id])[:SAMPLE]


def _newest_links(workspace_id: int, family: Sequence[int]) -> Any:
    links = IncidentEvent.objects.of(workspace_id)
    links = links.filter(incident_id=family[0]) if len(family) == 1 else links.filter(incident_id__in=family)
    return links.order_by("-occurred_at", "-event_id").values_list("event_id", "occurred_at")


def _between(links: Sequence[Link]) -> tuple[datetime, datetime]:
    return links[-1][1] - SLACK, links[0][1] + SLACK


def _matching(incident: Incident, links: list[Link], wanted: EventFilter) -> list[Link]:
    if not links:
        return []
    ids = [pk for pk, _ in links]
    tests = [wanted.source, wanted.source, wanted.event_type, wanted.event_type]
    given = [incident.workspace_id, ids, *_between(links), int(wanted.minimum_level), *tests]
    matching = {pk for (pk,) in rows(_MATCHING, given)}
    return [link for link in links if link[0] in matching]


@dataclass(slots=True)
class Share:
    """Number of one source's events in the sample. `percent` of the largest."""

    name: str
    count: int
    first_at: datetime
    last_at: datetime
    percent: int = 100


@dataclass(frozen=True, slots=True)
class Distribution:
    """Sources and types of the newest events; `counted` is their number."""

    sources: list[Share]
    types: list[str]
    counted: int


def distribution_of(actor: Actor, incident: Incident) -> Distribution:
    """Return the distribution by source, largest first, of the newest 1,000 events: two statements.

    Raises Forbidden.
    """
    require(actor, Capability.INCIDENTS_READ)
    links = _links(incident, None, SAMPLE)
    if not links:
        return Distribution([], [], 0)
    given = [incident.workspace_id, [pk for pk, _ in links], *_between(links)]
    shares: dict[str, Share] = {}
    types: set[str] = set()
    for source, kind, _, count, first, last in rows(_SHARES, given):
        share = shares.setdefault(source, Share(source, 0, first, last))
        share.count += count
        share.first_at, share.last_at = min(share.first_at, first), max(share.last_at, last)
        types.add(kind)
    ordered = sorted(shares.values(), key=lambda one: (-one.count, one.name))
    for share in ordered:
        share.percent = max(1, round(100 * share.count / ordered[0].count))
    return Distribution(ordered, sorted(types - {""}), sum(one.count for one in ordered))
