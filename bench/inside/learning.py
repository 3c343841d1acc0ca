"""Goals of postmortems, analytics, calendars and lessons."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final

from django.db import connection
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from accounts.actor import Actor
from accounts.oncall.services.feeds import create_feed
from bench.inside.goal import Outcome, timed
from bench.inside.world import incident, many_incidents, people, workspace
from incidents.analytics.selectors import analytics_for
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.listing.filters import IncidentFilter
from incidents.models import Incident
from postmortems.action_items.models import ActionItem
from postmortems.documents.models import Revision, SectionDraft
from postmortems.documents.selectors import section_of
from postmortems.documents.services import BothChanged, save_section
from postmortems.drafting.services import draft_postmortem
from postmortems.export.blocks import blocks_of
from postmortems.export.pdf import CHILD, pdf_of
from postmortems.learning.models import Lesson
from postmortems.learning.selectors import lessons_page

KEY: Final = "went_well"
EDITORS: Final = 8
SAVES: Final = 200
PERCENTILES: Final = """
select percentile_cont(0.5) within group (order by {0}), percentile_cont(0.9) within group (order by {0})
  from incidents_incident where workspace_id = %s and detected_at >= %s and severity = 'sev1' and not is_drill
"""
SPANS: Final = (
    "started_at - detected_at", "detected_at - started_at", "acknowledged_at - detected_at",
    "mitigated_at - detected_at", "resolved_at - detected_at", "closed_at - detected_at",
)  # fmt: skip


def _written(actors: list[Actor], number: int, lines: int) -> str:
    return "\n".join(f"Line {n} of what went well, {number} {actors[0].label}." for n in range(lines))


def saves(_: int) -> Iterator[Outcome]:
    """L2: a section of 20 kB, saved, and merged with another person's concurrent change."""
    actors = people(workspace(), 2)
    number = incident(actors[0]).number
    resolve_incident(actors[0], number=number)
    postmortem = draft_postmortem(actors[0], number)
    text = _written(actors, 0, 460)
    save_section(actors[0], number, KEY, base_version=1, text=text)

    def plain(n: int) -> None:
        version = section_of(postmortem, KEY).version
        save_section(actors[0], number, KEY, base_version=version, text=f"{text}\nEnd {n}")

    def merged(n: int) -> None:
        section = section_of(postmortem, KEY)
        save_section(actors[1], number, KEY, base_version=section.version, text=f"First {n}\n{section.text}")
        save_section(actors[0], number, KEY, base_version=section.version, text=f"{section.text}\nLast {n}")

    pk = section_of(postmortem, KEY).pk
    with connection.cursor() as cursor:
        update = "update postmortems_section set text = text || '' where id = %s"
        bare = timed(lambda n: cursor.execute(update, [pk]), 60)
    saved, both = timed(plain, 60), timed(merged, 20)
    yield Outcome("save of 20 kB, p95", saved.p95, "ms", 60)
    yield Outcome("save / plain update, medians", saved.median / bare.median, "times", 4)
    yield Outcome("two saves of which one is merged, p95", both.p95, "ms", 120)


def editors(_: int) -> Iterator[Outcome]:
    """L3: eight people save one section 200 times each, all at once."""
    actors = people(workspace(), EDITORS)
    number = incident(actors[0]).number
    resolve_incident(actors[0], number=number)
    postmortem = draft_postmortem(actors[0], number)
    save_section(actors[0], number, KEY, base_version=1, text="\n".join(f"Part {n}" for n in range(EDITORS)))
    faults: list[Exception] = []

    def edit(who: int) -> None:
        for turn in range(SAVES):
            section = section_of(postmortem, KEY)
            lines = section.text.split("\n")
            at = next((n for n, line in enumerate(lines) if line == f"Part {who}"), 0)
            lines.insert(at + 1, f"Line {turn} of {who}.")
            try:
                save_section(actors[who], number, KEY, base_version=section.version, text="\n".join(lines))
            except BothChanged:
                continue
            except Exception as error:
                faults.append(error)
        connection.close()

    with ThreadPoolExecutor(EDITORS) as pool:
        list(pool.map(edit, range(EDITORS)))
    texts = [section_of(postmortem, KEY).text]
    texts += SectionDraft.objects.of(postmortem.workspace_id).values_list("text", flat=True)
    lines = {line for text in texts for line in text.split("\n")}
    lost = sum(f"Line {n} of {who}." not in lines for who in range(EDITORS) for n in range(SAVES))
    stored = Revision.objects.of(postmortem.workspace_id).count()
    yield Outcome(f"lines lost of {EDITORS * SAVES}, {stored} revisions", lost, "lines", 0)
    yield Outcome("errors", len(faults), "errors", 0)


def pdf(_: int) -> Iterator[Outcome]:
    """L4: a document of 200 entries and two charts, against the same typst compilation alone."""
    rows = "\n".join(
        f"| 10:{n % 60:02} | Entry {n} of the timeline, with some words | api |" for n in range(200)
    )
    chart = "```chart\nErrors a minute\n" + "\n".join(f"10:{n:02}: {n * n % 47}" for n in range(30)) + "\n```"
    text = f"# Timeline\n\n| Time | Event | Source |\n|---|---|---|\n{rows}\n\n{chart}\n\n{chart}\n"
    data = json.dumps({"title": "Postmortem", "blocks": blocks_of(text)}).encode()
    argv = [sys.executable, "-I", str(CHILD)]
    alone = timed(lambda n: subprocess.run(argv, input=data, capture_output=True, check=True), 5)
    whole = timed(lambda n: pdf_of("Postmortem", text), 5)
    yield Outcome("PDF of 200 entries and 2 charts", whole.median, "ms", 2000)
    yield Outcome("PDF / typst alone", whole.median / alone.median, "times", 1.3)


def analytics(incidents: int) -> Iterator[Outcome]:
    """L6: the figures with a filter, against six separate percentile queries."""
    [actor] = people(workspace(), 1)
    many_incidents(actor, incidents)
    for days, must in ((90, 0.5), (730, 0.6)):
        since = timezone.now() - timedelta(days=days)
        wanted = IncidentFilter(since=since, severities=("sev1",))
        ours = timed(lambda n, wanted=wanted: analytics_for(actor, wanted), 5)  # type: ignore[misc]
        with connection.cursor() as cursor:

            def separate(_: int, since=since, cursor=cursor) -> None:  # type: ignore[no-untyped-def]
                for span in SPANS:
                    cursor.execute(PERCENTILES.format(span), [actor.workspace_id, since])

            theirs = timed(separate, 5)
        name = f"analytics of {days} days, {incidents:,} incidents"
        yield Outcome(
            f"{name}, median {ours.median:.0f} ms / six queries", ours.median / theirs.median, "times", must
        )


def calendar(_: int) -> Iterator[Outcome]:
    """L7: a feed of 2,000 events, against icalendar writing the same; and a conditional request."""
    [actor] = people(workspace(), 1)
    first = incident(actor)
    due = timezone.now().date()
    ActionItem.objects.bulk_create(
        ActionItem(workspace_id=actor.workspace_id, incident=first, number=n + 1, title=f"Item {n}",
                   due_date=due + timedelta(days=n % 150), description="x" * 200)
        for n in range(2000)
    )  # fmt: skip
    path = f"/calendar/{create_feed(actor, name='Bench', kinds=['items'], everybody=True).secret}.ics"
    client = Client(headers={"host": "localhost"})
    body = client.get(path)
    parsed = Calendar.from_ical(body.content)
    alone = timed(lambda n: parsed.to_ical(), 3)
    whole = timed(lambda n: client.get(path), 3)
    same = timed(lambda n: client.get(path, headers={"if-none-match": body["ETag"]}), 10)
    yield Outcome(f"feed of {len(parsed.subcomponents):,} events, {whole.median:.0f} ms / icalendar alone",
                  whole.median / alone.median, "times", 1.5)  # fmt: skip
    yield Outcome("unchanged feed (304), median", same.median, "ms", 5)


def lessons(_: int) -> Iterator[Outcome]:
    """L8: search over 20,000 lessons."""
    [actor] = people(workspace(), 1)
    first = many_incidents(actor, 400)
    numbers = list(Incident.objects.of(actor.workspace_id).values_list("pk", flat=True))
    words = ("pool", "timeout", "deploy", "cache", "disk", "queue", "certificate", "retry", "index", "lock")
    resolve_incident(actor, number=first.number)
    postmortem = draft_postmortem(actor, first.number)
    Lesson.objects.bulk_create(
        Lesson(workspace_id=actor.workspace_id, incident_id=numbers[n % len(numbers)], postmortem=postmortem,
               lesson=f"Lesson {n}: watch the {words[n % 10]} before the {words[n // 10 % 10]} is full")
        for n in range(20_000)
    )  # fmt: skip
    found = timed(lambda n: lessons_page(actor, text=f"{words[n % 10]} {words[n % 7]}"), 20)
    yield Outcome("search over 20,000 lessons, p95", found.p95, "ms", 50)


GOALS: Final[dict[str, Callable[[int], Iterator[Outcome]]]] = {
    "L2": saves, "L3": editors, "L4": pdf, "L6": analytics, "L7": calendar, "L8": lessons,
}  # fmt: skip
