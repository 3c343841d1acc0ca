"""Escalation policies: validation, matching, the minute table, their pages and their API."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.test import Client

from accounts.actor import system_actor
from accounts.tokens.services import issue_token
from core.errors import Conflict, Invalid
from notifications.escalation.models import EscalationPolicy
from notifications.escalation.plan import Plan, Step, Target, best_match, plan_from, plan_json, timetable
from notifications.escalation.services.policies import default_policies, install_default_policies, put_policy
from notifications.escalation.step_text import Names, StepTextError, parse_steps, steps_text
from notifications.escalation.validation import Known, PolicyValues, checked_steps, unreachable_steps
from tests.web.signed_in import browser_for

KNOWN = Known(users={1}, schedules={2}, channels={3})
NAMES = Names({"ann": 1}, {"primary": 2}, {"ops": 3})
ON_CALL = {"wait_s": 300, "targets": [{"kind": "on_call"}]}


def naming(**target) -> PolicyValues:
    return PolicyValues("x", [{"targets": [target]}])


def test_default_sev1_pages_at_0_5_10_minutes_in_three_rounds():
    [sev1] = [one for one in default_policies() if one.name == "SEV1"]
    plan = Plan("SEV1", sev1.repeat, tuple(checked_steps(sev1, KNOWN)))
    assert [due.at_s // 60 for due in timetable(plan)] == [0, 5, 10, 15, 20, 25, 30, 35, 40]
    assert plan_from(plan_json(plan)) == plan


@pytest.mark.parametrize(
    ("field", "rule", "values"),
    [
        ("steps", "length", PolicyValues("x", [])),
        ("steps", "length", PolicyValues("x", [ON_CALL] * 21)),
        ("repeat", "range", PolicyValues("x", [ON_CALL], repeat=6)),
        ("repeat", "loop", PolicyValues("x", [ON_CALL | {"wait_s": 0}], repeat=1)),
        ("severities", "choice", PolicyValues("x", [ON_CALL], severities=["sev9"])),
        ("types", "choice", PolicyValues("x", [ON_CALL], types=["flood"])),
        ("steps[0].wait_s", "range", PolicyValues("x", [ON_CALL | {"wait_s": 86_401}])),
        ("steps[0].targets", "member", PolicyValues("x", [{"targets": [{"kind": "user", "user_id": 9}]}])),
        ("steps[0].targets", "schedule", naming(kind="on_call", schedule_id=9)),
        ("steps[0].targets", "channel", naming(kind="channel", channel_id=9)),
        ("steps[0].targets", "role", PolicyValues("x", [{"targets": [{"kind": "role", "role": "king"}]}])),
        ("steps[0].targets", "choice", PolicyValues("x", [{"targets": [{"kind": "pigeon"}]}])),
    ],
)  # fmt: skip
def test_wrong_policy_is_refused_by_field_and_rule(field, rule, values):
    with pytest.raises(Invalid) as refusal:
        checked_steps(values, KNOWN)
    assert [(fault.field, fault.rule) for fault in refusal.value.faults] == [(field, rule)]


def test_step_that_repeats_the_one_before_at_once_is_unreachable():
    on_call = (Target("on_call"),)
    assert unreachable_steps([Step(0, on_call), Step(300, on_call), Step(0, on_call)]) == [1]


def test_most_specific_policy_wins():
    def policy(pk, **more):
        return SimpleNamespace(pk=pk, **({"severities": [], "types": [], "components": []} | more))

    all_, sev1 = policy(1), policy(2, severities=["sev1"])
    breach, api = policy(3, types=["security_breach"]), policy(4, components=["api"], severities=["sev1"])
    every = [all_, sev1, breach, api]
    facts = {"severity": "sev1", "type_": "security_breach", "components": ["api"]}
    assert best_match(every, **facts) is api
    assert best_match(every, **(facts | {"components": []})) is breach
    assert best_match(every, severity="sev1", type_="other", components=[]) is sev1
    assert best_match(every, severity="sev3", type_="other", components=[]) is all_
    assert best_match([sev1], severity="sev3", type_="other", components=[]) is None


def test_steps_are_read_as_they_are_written():
    text = "on call, commander; 5 min\non call: primary, @ann, channel: ops; 10 min\n; 0 min"
    steps = checked_steps(PolicyValues("x", parse_steps(text, NAMES)), KNOWN)
    assert steps_text(steps, NAMES) == text


@pytest.mark.parametrize("line", ["on call", "@bob; 5", "wizard; 5", "on call: none; 5", "on call; five"])
def test_line_that_cannot_be_read_is_named(line):
    with pytest.raises(StepTextError, match="line 2"):
        parse_steps(f"on call; 5\n{line}", NAMES)


@pytest.mark.django_db
def test_policy_is_made_and_changed_on_its_pages(make_actor, workspace):
    manager = make_actor("manager", username="mia")
    browser = browser_for(manager)
    assert browser.post("/settings/escalation/defaults").status_code == 303
    assert browser.post("/settings/escalation/defaults").status_code == 303
    page = browser.get("/settings/escalation").content.decode()
    assert page.count("Step 1 has no target.") == 1
    given = {
        "name": "Night",
        "severities": ["sev3"],
        "steps": "@mia; 5 min",
        "repeat": "1",
        "is_enabled": "on",
    }
    made = browser.post("/settings/escalation/new", given)
    assert made.status_code == 303
    shown = browser.get(made["Location"]).content.decode()
    assert "0:05:00" in shown
    refused = browser.post(made["Location"], given | {"steps": "wizard; 5"})
    assert refused.status_code == 422
    assert b"Line 1 names" in refused.content
    stale = browser.post(made["Location"], given | {"version": "0"})
    assert stale.status_code == 409
    assert browser.post(f"{made['Location']}/delete").status_code == 303
    assert EscalationPolicy.objects.of(workspace.pk).count() == 3


@pytest.mark.django_db
def test_policy_of_a_stale_version_is_refused(workspace):
    system = system_actor(workspace.pk)
    install_default_policies(system)
    policy = EscalationPolicy.objects.of(workspace.pk).get(name="SEV2")
    with pytest.raises(Conflict):
        put_policy(
            system, values=PolicyValues("x", [ON_CALL]), policy_id=policy.pk, version=policy.version + 1
        )


@pytest.mark.django_db
def test_api_returns_the_minute_table(workspace):
    system = system_actor(workspace.pk)
    install_default_policies(system)
    text = issue_token(system, name="Reader", scopes=["incidents:read"]).text
    reply = Client().get("/api/v1/escalation-policies", headers={"authorization": f"Bearer {text}"})
    tables = {one["name"]: [row["minute"] for row in one["preview"]] for one in reply.json()}
    assert tables["SEV2"] == ["0:00:00", "0:10:00", "0:20:00", "0:30:00", "0:40:00", "0:50:00"]
