"""Notification routes: the decision, the default matrix, and its editing."""

from __future__ import annotations

import pytest

from accounts.actor import Actor
from accounts.models import Role
from core.errors import Forbidden, Invalid
from notifications.routes.decision import DEFAULT_RULES, Receiver, Rule, decide
from notifications.routes.preview import preview
from notifications.routes.selectors import routes_for, rules_of
from notifications.routes.services import RouteValues, customize_routes, delete_route, save_route

KINDS = ("pagerduty", "slack", "email", "webhook", "apprise", "log")
RECEIVERS = [Receiver(n, kind, True, kind == "pagerduty") for n, kind in enumerate(KINDS, start=1)]


def admin_of(workspace):
    return Actor(workspace_id=workspace.pk, kind="user", label="admin", role=Role.ADMIN)


def routed(event_kind="incident.opened", rules=DEFAULT_RULES, receivers=RECEIVERS, **snapshot):
    chosen = decide(event_kind, {"severity": "sev1", **snapshot}, rules, receivers)
    return {KINDS[one.channel_id - 1]: one.priority for one in chosen}


@pytest.mark.parametrize(
    ("severity", "kinds"),
    [("sev4", {"log"}), ("sev3", {"log", "slack"}), ("sev2", {"log", "slack"}), ("sev1", set(KINDS))],
)
def test_default_matrix(severity, kinds):
    assert set(routed(severity=severity)) == kinds


def test_urgent_events_of_severe_incidents_are_pages():
    assert routed(severity="sev2") == {"slack": 0, "log": 0}
    assert routed(severity="sev3") == {"slack": 1, "log": 1}
    assert routed("incident.acknowledged", severity="sev1")["slack"] == 1
    assert routed("incident.acknowledged", severity="sev1")["pagerduty"] == 0


def test_drills_reach_channels_for_drills_alone_and_nothing_else_does():
    for_drills = [Receiver(1, "pagerduty", True, True, True), Receiver(2, "slack", True, False, True)]
    assert routed(is_drill=True) == {}
    assert routed(receivers=for_drills) == {}
    assert routed(receivers=for_drills, is_drill=True) == {"pagerduty": 0, "slack": 1}


def test_event_outside_the_routes_notifies_no_one():
    assert routed("incident.stage_changed") == {}


@pytest.mark.parametrize(
    ("rule", "is_routed"),
    [
        (Rule("", types=frozenset({"security_breach"})), False),
        (Rule("", types=frozenset({"other"})), True),
        (Rule("", components=frozenset({"web"})), True),
        (Rule("", components=frozenset({"api"})), False),
        (Rule("", label="team=payments"), True),
        (Rule("", label="team=search"), False),
        (Rule("", event_kinds=frozenset({"incident.resolved"})), False),
    ],
)
def test_filters(rule, is_routed):
    rule = Rule(**{**{f: getattr(rule, f) for f in rule.__slots__}, "channel_ids": frozenset({2})})
    snapshot = {"type": "other", "components": ["web"], "labels": {"team": "payments"}}
    assert (routed(rules=[rule], **snapshot) != {}) is is_routed


def test_channel_of_two_routes_is_notified_once_by_the_first():
    rules = [Rule("one", channel_ids=frozenset({2})), Rule("two", kinds=frozenset({"slack"}))]
    chosen = decide("incident.opened", {"severity": "sev1"}, rules, RECEIVERS)
    assert [(one.channel_id, one.why) for one in chosen] == [(2, "one")]


def test_disabled_channel_is_not_notified():
    assert routed(receivers=[Receiver(2, "slack", False, False)]) == {}


@pytest.mark.django_db
def test_routes_are_customized_changed_and_deleted(make_actor):
    admin = make_actor("admin")
    customize_routes(admin)
    customize_routes(admin)
    routes = routes_for(admin)
    assert [route.position for route in routes] == [1, 2, 3, 4]
    assert [rule.kinds for rule in rules_of(admin.workspace_id)] == [rule.kinds for rule in DEFAULT_RULES]
    save_route(admin, RouteValues(name="Off", is_enabled=False), route_id=routes[0].pk)
    delete_route(admin, route_id=routes[1].pk)
    assert len(rules_of(admin.workspace_id)) == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "}, {"severities": ["sev9"]}, {"types": ["x"]}, {"event_kinds": ["x"]}, {"kinds": ["fax"]},
        {"label": "team"}, {"channel_ids": [999]}, {"components": ["x" * 201]},
    ],
    ids=str,
)  # fmt: skip
def test_wrong_field_is_named(make_actor, wrong):
    with pytest.raises(Invalid) as refused:
        save_route(make_actor("admin"), RouteValues(**{"name": "Mine", **wrong}))
    named = "channels" if "channel_ids" in wrong else next(iter(wrong))
    assert [fault.field for fault in refused.value.faults] == [named]


@pytest.mark.django_db
def test_only_admins_change_routes(make_actor):
    with pytest.raises(Forbidden):
        customize_routes(make_actor("manager"))


@pytest.mark.django_db
def test_preview_is_the_decision(channel, make_actor):
    channel("slack")
    channel("log")
    assert [one.channel.name for one in preview(make_actor("viewer"), severity="sev4")] == ["log"]
    assert [(one.channel.name, one.is_page) for one in preview(make_actor("viewer"), severity="sev2")] == [
        ("log", True), ("slack", True),
    ]  # fmt: skip
