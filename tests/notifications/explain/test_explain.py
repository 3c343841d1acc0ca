"""Explain shows what happened to an incident and a person, what would happen, and nothing private."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from core.errors import Invalid, NotFound
from core.queue.runner import run_due
from core.queues import CLOCKS
from core.reasons import Reason
from incidents.correlation.services.opening import declare_incident
from incidents.explain.models import Decision
from incidents.explain.pruning import prune_decisions
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.lifecycle.services.responding import acknowledge_incident
from notifications.contacts.models import QuietHours
from notifications.deliveries.models import Delivery
from notifications.escalation.services.policies import PolicyValues, put_policy
from notifications.explain.report import incident_report, person_report
from notifications.explain.simulation import Question, simulate
from notifications.routes.services import RouteValues, save_route
from notifications.silences.matching import Matcher
from notifications.silences.services.silences import SilenceValues, create_silence, end_silence
from notifications.silences.services.windows import WindowValues, save_window
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db(transaction=True)


def silence(actor):
    values = SilenceValues(
        [Matcher("component", "=", "api")], "Known trouble", ends_at=timezone.now() + timedelta(hours=1)
    )
    return create_silence(actor, values)


def shown(report, *verdicts):
    """(subject, verdict, reason) of each line about notifying, in order."""
    lines = [(one.decision.subject, one.decision.verdict, one.decision.reason) for one in report.notifying]
    return [line for line in lines if not verdicts or line[1] in verdicts]


def proven(actor):
    """The person of an actor, reached by the address of the account."""
    User.objects.filter(pk=actor.user_id).update(address_proven_at=timezone.now())
    return User.objects.get(pk=actor.user_id)


def test_incident_explains_each_channel_and_what_came_back(workspace, channel, deliver, admin):
    channel("slack")
    channel("pagerduty")
    channel("webhook")
    declare_incident(admin, title="Search is slow", severity="sev3", components=["api"])
    deliver()
    report = incident_report(admin, 1)
    [opening] = report.opening
    assert (opening.decision.verdict, opening.decision.reason) == ("opened", "declared")
    assert set(shown(report, "planned", "skipped")) == {
        ("Escalation", "skipped", "no_policy"),
        ("Escalation", "skipped", "no_one_on_call"),
        ("pagerduty", "skipped", "no_route_fits"),
        ("webhook", "skipped", "no_route_fits"),
        ("slack", "planned", "route_fits"),
    }
    [notified] = [one for one in report.notifying if one.decision.verdict == "planned"]
    assert notified.delivery.outcome == "sent"
    assert [(one.result, one.status) for one in notified.attempts] == [("sent", 200)]
    missed = next(one for one in report.notifying if one.decision.subject == "pagerduty")
    assert "SEV1: page, Slack and log: severity" in missed.decision.words


def test_silence_and_its_end_are_explained(workspace, channel, deliver, admin):
    channel("slack")
    made = silence(admin)
    declare_incident(admin, title="Search is down", severity="sev2", components=["api"])
    deliver()
    end_silence(admin, made.pk)
    deliver()
    lines = [one for one in incident_report(admin, 1).notifying if one.decision.subject == "slack"]
    assert [(one.decision.verdict, one.decision.reason, one.delivery.outcome) for one in lines] == [
        ("muted", "silenced", "muted"),
        ("planned", "unmuted", "sent"),
    ]
    assert "Known trouble" in lines[0].decision.words


def test_end_of_a_silence_after_the_incident_is_explained(workspace, channel, deliver, admin):
    channel("slack")
    made = silence(admin)
    declare_incident(admin, title="Search is down", severity="sev2", components=["api"])
    deliver()
    resolve_incident(admin, number=1)
    end_silence(admin, made.pk)
    assert ("slack", "skipped", "incident_over") in shown(incident_report(admin, 1))


def test_failure_and_fallback_are_explained(workspace, channel, deliver, outside, admin):
    from tests.fakes.receiver import Reply

    spare = channel("slack", name="Spare")
    hook = channel("webhook", name="Hook", fallback_id=spare.pk)
    save_route(admin, RouteValues(name="Hook alone", channel_ids=[hook.pk]))
    outside.webhook.respond = lambda received: Reply(status=400)
    declare_incident(admin, title="Search is down", severity="sev1", components=["api"])
    deliver()
    lines = shown(incident_report(admin, 1))
    assert ("Hook", "failed", "refused") in lines
    assert ("Spare", "planned", "channel_fails") in lines


@pytest.fixture
def policy(admin, make_actor):
    """A policy of two steps: the first person at once, the second after ten minutes; both can be reached."""
    first, second = make_actor("responder", username="first"), make_actor("responder", username="second")
    people = [proven(first), proven(second)]
    steps = [{"wait_s": 600, "targets": [{"kind": "user", "user_id": person.pk}]} for person in people]
    put_policy(admin, values=PolicyValues("Front line", steps))
    return first, second


def test_person_learns_why_they_were_and_were_not_notified(workspace, policy, outside, deliver, admin):
    first, second = policy
    declare_incident(admin, title="Search is down", severity="sev2", components=["api"])
    deliver()
    run_due(CLOCKS)
    deliver()
    acknowledge_incident(first, number=1)
    deliver()
    now = timezone.now()
    mine = person_report(first, "me", days=7, now=now)
    [line] = [one for one in mine.lines if one.decision.stage == "planning"]
    assert (line.decision.reason, line.delivery.outcome) == ("policy_step", "sent")
    assert [one.number for one in mine.incidents.values()] == [1]
    other = person_report(second, "second", days=7, now=now)
    [absence] = other.absences
    assert (absence.reason, list(other.lines)) == (Reason.STEP_NOT_REACHED, [])
    assert "step 2 of Front line; the incident was acknowledged before" in absence.words
    [outsider] = person_report(admin, "me", days=7, now=now).absences
    assert outsider.reason == Reason.NOT_NAMED
    assert ("Escalation", "held", "acknowledged") in shown(incident_report(admin, 1))


def test_quiet_hours_are_explained_to_the_person(workspace, outside, deliver, admin, make_actor):
    from notifications.deliveries.planning import plan_page

    reader = make_actor("responder", username="reader")
    person = proven(reader)
    QuietHours.objects.create(
        workspace_id=workspace.pk, user=person, quiet_from=time(0, 0), quiet_until=time(23, 59, 59)
    )
    plan_page(
        workspace.pk, user_id=person.pk, event_key="one", event_kind="silence.ends",
        payload={"subject": "x", "details": {}}, why="You own the silence", priority=1,
    )  # fmt: skip
    [line] = person_report(reader, "me", days=1, now=timezone.now()).lines
    assert (line.decision.verdict, line.decision.reason) == ("held", "quiet_hours")


def test_days_and_members_are_checked(workspace, admin, other_workspace, make_actor):
    outsider = make_actor("responder", username="stranger", inside=other_workspace)
    now = timezone.now()
    for days in (0, 31):
        with pytest.raises(Invalid):
            person_report(admin, "me", days=days, now=now)
    with pytest.raises(NotFound):
        person_report(admin, "stranger", days=7, now=now)
    with pytest.raises(NotFound):
        incident_report(outsider, 1)


def test_private_incident_is_explained_to_those_who_see_it_only(
    workspace, channel, policy, outside, deliver, admin, make_actor
):
    first, _ = policy
    channel("slack")
    outsider = make_actor("manager", username="outsider")
    declare_incident(admin, title="Breach", severity="sev2", components=["api"], is_private=True)
    deliver()
    run_due(CLOCKS)
    deliver()
    now = timezone.now()
    assert ("", "skipped", "private") in shown(incident_report(admin, 1))
    with pytest.raises(NotFound):
        incident_report(outsider, 1)
    hidden = person_report(outsider, "first", days=7, now=now)
    assert (list(hidden.lines), list(hidden.absences)) == ([], [])
    assert person_report(first, "me", days=7, now=now).lines
    page = browser_for(outsider)
    assert page.get("/incidents/INC-1/explain").status_code == 404
    assert "INC-1" not in page.get("/explain/people/first").content.decode()


def test_simulation_equals_what_then_happens(workspace, channel, policy, outside, deliver, admin):
    slack = channel("slack")
    channel("pagerduty")
    question = Question(timezone.now(), severity="sev2", components=["api"])
    simulation = simulate(admin, question)
    notified = {one.channel.name for one in simulation.channels if one.is_notified}
    assert {one.channel.name: one.reason for one in simulation.channels} == {
        "slack": Reason.ROUTE_FITS, "pagerduty": Reason.NO_ROUTE_FITS,
    }  # fmt: skip
    assert [[user.username for user, _, _ in step.people] for step in simulation.steps] == [
        ["first"],
        ["second"],
    ]
    assert simulation.steps[1].at - simulation.steps[0].at == timedelta(minutes=10)
    assert all(ways for step in simulation.steps for _, _, ways in step.people)
    declare_incident(admin, title="Search is down", severity="sev2", components=["api"])
    deliver()
    rows = Delivery.objects.of(workspace.pk).filter(event_kind="incident.opened", outcome="sent")
    assert set(rows.values_list("channel__name", flat=True)) == notified == {slack.name}


def test_simulation_of_a_later_time_knows_the_windows_of_then(workspace, channel, admin):
    channel("slack")
    begins = (timezone.now() + timedelta(days=2)).replace(tzinfo=None, microsecond=0)
    values = WindowValues("Upgrade", [Matcher("component", "=", "api")], begins, 3600, "UTC", "")
    save_window(admin, values)
    question = Question(timezone.now(), severity="sev2", components=["api"])
    [now] = simulate(admin, question).channels
    [then] = simulate(
        admin, Question(question.at + timedelta(days=2, minutes=5), severity="sev2", components=["api"])
    ).channels
    assert (now.is_notified, then.is_notified, then.reason) == (True, False, Reason.MAINTENANCE)
    [drill] = simulate(admin, Question(question.at, "sev2", components=["api"], is_drill=True)).channels
    assert (drill.is_notified, drill.reason) == (False, Reason.DRILL)
    with pytest.raises(Invalid):
        simulate(admin, Question(question.at, severity="sev9"))


def test_pages_show_the_report(workspace, channel, deliver, admin):
    channel("slack")
    declare_incident(admin, title="Search is down", severity="sev2", components=["api"])
    deliver()
    page = browser_for(admin)
    shown_page = page.get("/incidents/INC-1/explain").content.decode()
    assert "the incident was declared" in shown_page
    assert "a route matches and names the channel" in shown_page
    assert page.get("/explain").status_code == 200
    simulated = page.get("/explain?severity=sev2&event_kind=incident.opened&components=api").content.decode()
    assert "a route matches and names the channel" in simulated
    assert page.get("/explain?severity=sev9").status_code == 422
    assert page.get("/explain/people/me").status_code == 200
    assert page.get("/explain/people/me?days=99").status_code == 422
    assert page.get("/explain/people/none").status_code == 404


def test_decisions_are_pruned_after_thirty_days(workspace, channel, deliver, admin):
    declare_incident(admin, title="Old", severity="sev3")
    declare_incident(admin, title="New", severity="sev3")
    now = timezone.now()
    old = Decision.objects.of(workspace.pk).filter(incident_id=incident_report(admin, 1).incident.pk)
    old.update(at=now - timedelta(days=31))
    count = old.count()
    assert count
    assert prune_decisions(now) == count
    assert not old.exists()
    assert Decision.objects.of(workspace.pk).exists()


def test_repeated_events_are_decided_once(workspace, channel, deliver, admin):
    from core.models import OutboxEvent
    from notifications.subscribers import plan_deliveries

    channel("slack")
    channel("pagerduty")
    declare_incident(admin, title="Search is down", severity="sev2", components=["api"])
    deliver()
    before = Decision.objects.of(workspace.pk).count()
    for event in OutboxEvent.objects.filter(topic="incident.opened"):
        plan_deliveries(event)
    assert Decision.objects.of(workspace.pk).count() == before
