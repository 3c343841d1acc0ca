"""Matches events of an imported calendar to members. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from accounts.oncall.ical_expansion import Occurrence
from accounts.oncall.ical_guard import CalendarError
from accounts.oncall.turns import Span

PIECE: Final = timedelta(days=28)
_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


_WORD: Final = re.compile(r"[\w.]+")


@dataclass(frozen=True, slots=True)
class Person:
    """A member, by the names that calendars may use."""

    user_id: int
    username: str
    email: str
    display_name: str


@dataclass(frozen=True, slots=True)
class MatchResult:
    """Shifts by person, and the summaries of events that name no member."""

    spans: list[Span]
    unmatched: list[str]


def matched(occurrences: Iterable[Occurrence], people: Sequence[Person]) -> MatchResult:
    """Match by attendees' addresses, then by an address or a name in the summary.

    Raises CalendarError when one person has two shifts at a time.
    """
    by_email = {person.email.lower(): person for person in people if person.email}
    spans: list[Span] = []
    unmatched: dict[str, None] = {}
    for one in occurrences:
        found = _people_of(one, by_email, people)
        if not found:
            unmatched[one.summary[:120] or one.uid] = None
        spans += [span for person in found for span in _pieces(person, one)]
    _refuse_overlaps(spans)
    return MatchResult(spans, list(unmatched)[:100])


def _people_of(one: Occurrence, by_email: dict[str, Person], people: Sequence[Person]) -> list[Person]:
    texts = [text.lower().removeprefix("mailto:") for text in one.attendees]
    texts += _EMAIL.findall(one.summary.lower())
    found = {by_email[text].user_id: by_email[text] for text in texts if text in by_email}
    if not found:
        words = f" {' '.join(_WORD.findall(one.summary.lower()))} "
        for person in people:
            names = {person.username.lower(), " ".join(person.display_name.lower().split())} - {""}
            if any(f" {name} " in words for name in names):
                found[person.user_id] = person
    return list(found.values())


def _pieces(person: Person, one: Occurrence) -> list[Span]:
    """Split an event longer than the longest shift into consecutive ones."""
    pieces, starts = [], one.starts_at
    while starts < one.ends_at:
        ends = min(starts + PIECE, one.ends_at)
        pieces.append(Span(person.user_id, starts, ends, f"{one.uid}-{person.user_id}"[:200]))
        starts = ends
    return pieces


def _refuse_overlaps(spans: list[Span]) -> None:
    last: dict[int, Span] = {}
    for span in sorted(spans, key=lambda one: one.starts_at):
        before = last.get(span.user_id)
        if before is not None and before.ends_at > span.starts_at:
            raise CalendarError(
                "overlap",
                f"one person has two shifts at {span.starts_at:%Y-%m-%d %H:%M} UTC: {span.uid[:60]}",
            )
        last[span.user_id] = span
