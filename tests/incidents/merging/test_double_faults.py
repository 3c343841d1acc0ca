"""Merge proposals over generated faults that open two incidents, each beside an unrelated incident."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta

import pytest

from detection.analysis.templates import templates_of
from incidents.analysis.models import Analysis, IncidentEssence
from incidents.merging.proposals import proposals_for
from incidents.models import AffectedComponent, Component, Incident
from tests.incidents.make import NOW

pytestmark = pytest.mark.django_db
SCENES, EARLIER = 100, 20
NAMES = (
    "orders",
    "payments",
    "search",
    "users",
    "stock",
    "mail",
    "images",
    "prices",
    "carts",
    "login",
    "taxes",
)
OWN_LINES = (
    "FATAL: remaining connection slots of {name} are reserved",
    "disk /var/lib/{name} is full: {n} bytes left",
    "worker {n} of {name} was killed, exit status 137",
    "certificate of {name} expired {n} hours ago",
    "replication of {name} is {n} s behind",
    "queue {name} holds {n} messages, no consumer",
)
EFFECTS = (
    "request {n} to {cause} failed: connection refused",
    "upstream {cause} timed out after {n} ms",
    "page {n} was not shown: {cause} returned 503",
)
COMMON = "retrying request {n}"  # what every second service logs in trouble


@dataclass(frozen=True)
class Event:
    id: int
    source: str
    message: str


@dataclass(frozen=True)
class Generated:
    """One incident: its component, start, log lines, correlation ids, and ids of the changes before it."""

    name: str
    starts_at: object
    lines: list[str]
    correlations: list[int]
    changes: list[int]

    def shapes(self):
        found = templates_of(Event(n, self.name, line) for n, line in enumerate(self.lines))
        return sorted({shape for one in found for shape in one.shapes})


def scene(number, depends_on):
    """Two incidents of one fault, and an unrelated one; the catalogue knows `depends_on`.

    The fault starts in one component and reaches another within a minute. Four of five such dependencies
    are in the catalogue. Three of five requests are traced, half of the faults follow a deployment, and a
    third of the services pass the message of the cause on. The unrelated incident starts within ten minutes.
    One of ten follows the same deployment, and one of twenty such components depends on the first one.
    """
    dice = random.Random(number)
    at = NOW + timedelta(hours=3 * number)
    cause, effect, other = dice.sample(NAMES, 3)
    if dice.random() < 0.8:
        depends_on.append((effect, cause))
    if dice.random() < 0.05:
        depends_on.append((other, cause))

    def lines(*templates, name):
        chosen = [*templates, *([COMMON] if dice.random() < 0.5 else [])]
        return [
            one.format(name=name, cause=cause, n=dice.randrange(10_000)) for one in chosen for _ in range(9)
        ]

    def ids(count):
        return [dice.randrange(2**40) for _ in range(count)]

    own, others = dice.sample(OWN_LINES, 2)
    requests = ids(40) if dice.random() < 0.6 else []
    deployed = ids(1) if dice.random() < 0.5 else []
    passed_on = [own.replace("{name}", cause)] if dice.random() < 0.33 else []
    after, beside = timedelta(seconds=dice.uniform(2, 60)), timedelta(seconds=dice.uniform(-600, 600))
    unrelated_change = deployed if dice.random() < 0.1 else ids(1)
    return (
        Generated(cause, at, lines(own, name=cause), requests[:30], deployed),
        Generated(
            effect,
            at + after,
            lines(dice.choice(EFFECTS), *passed_on, name=effect),
            requests[20:],
            deployed,
        ),
        Generated(other, at + beside, lines(others, name=other), ids(20), unrelated_change),
    )


@pytest.fixture
def store(workspace):
    components = {
        one.name: one
        for one in Component.objects.bulk_create(Component(workspace=workspace, name=name) for name in NAMES)
    }

    def store(generated, depends_on):
        """Store what detection and analysis would store of them, and the dependencies of this time."""
        for one in components.values():
            one.depends_on.clear()
        for name, needed in depends_on:
            components[name].depends_on.add(components[needed])
        first = Incident.objects.of(workspace.pk).count() + 1
        stored = Incident.objects.bulk_create(
            Incident(workspace=workspace, number=first + n, title=one.name, severity="sev2", status="open",
                     incident_type="error_burst", started_at=one.starts_at, detected_at=one.starts_at)
            for n, one in enumerate(generated)
        )  # fmt: skip
        for row, one in zip(stored, generated, strict=True):
            AffectedComponent.objects.create(
                workspace=workspace, incident=row, component=components[one.name]
            )
            IncidentEssence.objects.create(
                workspace=workspace, incident=row, shapes=one.shapes(), correlations=one.correlations
            )
            changes = [{"id": change, "summary": "deploy"} for change in one.changes]
            Analysis.objects.create(workspace=workspace, incident=row, revision=1, category="unknown",
                                    severity="sev2", cause={"changes": changes})  # fmt: skip
        return stored

    return store


def test_two_incidents_of_one_fault_are_proposed_and_unrelated_ones_are_not(store, actor):
    right = wrong = 0
    for number in range(-EARLIER, SCENES):
        depends_on = []
        cause, effect, other = store(scene(number, depends_on), depends_on)
        if number >= 0:
            proposed = {(one.pk, found.incident.pk) for one in (cause, effect, other)
                        for found in proposals_for(actor, one)}  # fmt: skip
            right += (cause.pk, effect.pk) in proposed
            wrong += len({frozenset(pair) for pair in proposed if other.pk in pair})
    precision, recall = right / (right + wrong), right / SCENES
    print(f"{right} of {SCENES} proposed, {wrong} wrong: precision {precision:.2f}, recall {recall:.2f}")
    assert precision >= 0.95
    assert recall >= 0.8
