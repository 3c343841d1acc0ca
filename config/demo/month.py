"""Seeds a month of incidents through the services, with the clock set back.

Deterministic: the random generator is seeded.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor, system_actor
from accounts.models import Role, User, Workspace
from accounts.people.services.invitations import add_person
from config.demo.scenarios import PEOPLE, SCENARIOS, Scenario
from incidents.components.services.affected_components import set_component_impact
from incidents.correlation.services.opening import Signal, declare_incident, report_signals
from incidents.lifecycle.services.resolving import close_incident, resolve_incident
from incidents.lifecycle.services.responding import acknowledge_incident, change_stage, change_status
from incidents.roles.services import assign_role
from incidents.timeline.services.notes import add_note, add_update
from incidents.vocabulary import Impact, IncidentType, ResponseRole, Severity, Stage, Status

COUNT: Final = 40
DAYS: Final = 30
# Final states of the newest incidents, oldest first; every older one is closed.
UNFINISHED: Final = (
    Status.RESOLVED, Status.RESOLVED, Status.RESOLVED, Status.MONITORING, Status.IDENTIFIED,
    Status.INVESTIGATING, Status.INVESTIGATING, Status.OPEN, Status.OPEN,
)  # fmt: skip
ORDER: Final = list(Status)
STAGES: Final = {
    Status.INVESTIGATING: Stage.CONTAINMENT,
    Status.IDENTIFIED: Stage.REMEDIATION,
    Status.MONITORING: Stage.RECOVERY,
    Status.RESOLVED: Stage.DONE,
}
_now = timezone.now


class AlreadySeededError(Exception):
    """The workspace already has its demo people."""


def seed_month(workspace: Workspace) -> int:
    """Fill the workspace. Returns the number of incidents created; raises AlreadySeededError."""
    if User.objects.filter(username=PEOPLE[0].username).exists():
        raise AlreadySeededError
    crew = [_hire(workspace, person.username, person.name, person.role) for person in PEOPLE]
    responders = [actor for actor in crew if actor.role != Role.VIEWER]
    dice = random.Random(4)
    for number, moment in enumerate(_moments(dice)):
        goal = UNFINISHED[number - COUNT] if number >= COUNT - len(UNFINISHED) else Status.CLOSED
        DemoIncident(SCENARIOS[number % len(SCENARIOS)], moment, dice.sample(responders, 3), dice).run(goal)
    return COUNT


def _hire(workspace: Workspace, username: str, name: str, role: str) -> Actor:
    address = f"{username}@demo.example"
    system = system_actor(workspace.pk)
    member = add_person(system, email=address, role=role, username=username, display_name=name)
    return Actor(workspace.pk, "user", name, user_id=member.user_id, role=Role(role))


def _moments(dice: random.Random) -> list[datetime]:
    """Return when the incidents began, oldest first: the finished ones over the month, others recently."""
    minutes = sorted((dice.randint(600, DAYS * 1440) for _ in range(COUNT - 6)), reverse=True)
    return [_now() - timedelta(minutes=m) for m in [*minutes, 190, 130, 75, 48, 21, 6]]


@contextmanager
def clock_at(moment: datetime) -> Iterator[None]:
    """Make services see `moment` as the current time within this block."""
    timezone.now = lambda: moment
    try:
        yield
    finally:
        timezone.now = _now


@dataclass
class DemoIncident:
    """One demo incident: each step happens some minutes after the one before, none in the future."""

    scenario: Scenario
    at: datetime
    crew: Sequence[Actor]
    dice: random.Random
    number: int = 0

    def run(self, goal: Status) -> None:
        """Open the incident and bring it to the state `goal`."""
        with clock_at(self.at):
            self.number = self._detect() if self.scenario.detected else self._declare()
        if goal == Status.OPEN:
            return
        self._take()
        for status in ORDER[1 : ORDER.index(goal) + 1]:
            with self._later(4, 40):
                self._move(status)

    @contextmanager
    def _later(self, least: int, most: int) -> Iterator[None]:
        self.at = min(self.at + timedelta(minutes=self.dice.randint(least, most)), _now())
        with clock_at(self.at):
            yield

    def _detect(self) -> int:
        scenario, count = self.scenario, self.dice.randint(5, 240)
        seen = self.at - timedelta(seconds=self.dice.randint(2, 200))
        signal = Signal(
            fingerprint=hashlib.sha256(f"{scenario.title}{self.at}".encode()).hexdigest(),
            reporter=f"rule:{scenario.type}",
            incident_type=IncidentType(scenario.type),
            severity=Severity(scenario.severity),
            title=scenario.title,
            description=scenario.symptom,
            started_at=seen,
            last_at=self.at,
            event_count=count,
            components=scenario.components,
        )
        with transaction.atomic():
            return report_signals(self.crew[0].workspace_id, [signal], now=self.at)[0].number

    def _declare(self) -> int:
        scenario = self.scenario
        return declare_incident(
            self.crew[2],
            title=scenario.title,
            severity=scenario.severity,
            incident_type=scenario.type,
            description=scenario.symptom,
            components=scenario.components,
            labels={"region": self.dice.choice(("eu-west", "eu-north", "us-east"))},
            started_at=self.at - timedelta(minutes=self.dice.randint(3, 30)),
        ).number

    def _take(self) -> None:
        commander, lead, _ = self.crew
        with self._later(1, 9):
            acknowledge_incident(commander, number=self.number, note="Looking at it.")
        with self._later(0, 2):
            assign_role(commander, number=self.number, username=_username(commander))
            assign_role(commander, number=self.number, role=ResponseRole.TECH_LEAD, username=_username(lead))
        if self.scenario.severity in {Severity.SEV1, Severity.SEV2}:
            impact = self.dice.choice((Impact.PARTIAL_OUTAGE, Impact.TOTAL_OUTAGE))
            set_component_impact(
                lead, number=self.number, component=self.scenario.components[0], impact=impact
            )

    def _move(self, status: Status) -> None:
        commander, lead, _ = self.crew
        scenario, number = self.scenario, self.number
        if status == Status.RESOLVED:
            resolve_incident(commander, number=number, message=scenario.fix, root_cause=scenario.cause)
        elif status == Status.CLOSED:
            close_incident(commander, number=number, message="Quiet for an hour; follow-ups are filed.")
        else:
            change_status(commander, number=number, status=status, message=scenario.says(status))
        if status in STAGES:
            change_stage(lead, number=number, stage=STAGES[status], message="Earlier stages were not needed.")
        if status == Status.INVESTIGATING:
            add_note(lead, number=number, message=scenario.clue)
        if status == Status.IDENTIFIED:
            add_update(commander, number=number, message=scenario.public)


def _username(actor: Actor) -> str:
    return User.objects.get(pk=actor.user_id or 0).username
