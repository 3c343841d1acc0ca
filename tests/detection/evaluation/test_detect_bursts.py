"""Events in, exactly one incident out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.actor import Actor
from accounts.models import Workspace
from detection.evaluation.services.sweeper import sweep_due
from detection.models import DetectionRule, Finding, IncidentEvent
from detection.rules.services.rules import install_builtin_rules, update_rule
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.models import Incident
from tests.detection.bursts import errors

pytestmark = pytest.mark.django_db(transaction=True)
MakeRule = Callable[..., DetectionRule]


def incidents(workspace: Workspace) -> list[Incident]:
    return list(Incident.objects.of(workspace.pk).order_by("number"))


def test_five_errors_of_one_service_open_one_incident_with_five_events(workspace, make_rule, send) -> None:
    make_rule()
    for event in errors(5):
        send([event])
    [incident] = incidents(workspace)
    assert (incident.number, incident.event_count, incident.severity) == (1, 5, "sev2")
    assert incident.title == "Error burst in shop"
    assert "boom 0" in incident.description
    assert IncidentEvent.objects.of(workspace.pk).filter(incident_id=incident.pk).count() == 5


def test_four_errors_open_nothing(workspace, make_rule, send) -> None:
    make_rule()
    send(errors(4))
    assert not incidents(workspace)


def test_warnings_open_nothing(workspace, make_rule, send) -> None:
    make_rule()
    send(errors(20, level="warning"))
    assert not incidents(workspace)


def test_errors_of_five_services_open_nothing(workspace, make_rule, send) -> None:
    make_rule()
    send([errors(1, source=f"s{n}")[0] for n in range(5)])
    assert not incidents(workspace)


@pytest.mark.parametrize(("span", "opened"), [(299.999, 1), (300, 0), (301, 0)])
def test_window_is_shorter_than_its_seconds(workspace, make_rule, send, span, opened) -> None:
    make_rule()
    send(errors(5, over=span))
    assert len(incidents(workspace)) == opened


def test_events_after_the_opening_are_counted_once_each(workspace, make_rule, send) -> None:
    make_rule()
    send(errors(5, event_id=None))
    send(errors(7))
    send(errors(3, ago=20))
    [incident] = incidents(workspace)
    assert incident.event_count == 15


def test_repeated_event_id_is_stored_and_counted_once(workspace, make_rule, send) -> None:
    make_rule()
    batch = [event | {"event_id": f"e{n}"} for n, event in enumerate(errors(4))]
    assert send(batch) == (4, 0)
    assert send(batch + batch[:1]) == (0, 5)
    assert not incidents(workspace)
    send([errors(1)[0] | {"event_id": "e9"}])
    assert incidents(workspace)[0].event_count == 5


def test_one_burst_across_all_builtin_rules_is_one_incident(workspace, machine, send) -> None:
    install_builtin_rules(machine)
    send(errors(100))
    [incident] = incidents(workspace)
    assert incident.event_count == 100
    assert incident.signals.count() == 2


def test_rule_that_crosses_later_joins_the_incident_of_the_same_burst(workspace, machine, send) -> None:
    install_builtin_rules(machine)
    for event in errors(12):
        send([event])
    [incident] = incidents(workspace)
    assert incident.event_count == 12
    assert {signal.reporter for signal in incident.signals.all()} == {
        "rule:service_errors",
        "rule:error_burst",
    }


def test_typed_burst_takes_the_worse_severity(workspace, machine, send) -> None:
    install_builtin_rules(machine)
    send(errors(10, event_type="service_unavailable"))
    [incident] = incidents(workspace)
    assert (incident.severity, incident.incident_type) == ("sev1", "service_down")


def test_old_burst_never_opens_again_after_its_resolution(workspace, make_rule, send, actor: Actor) -> None:
    make_rule()
    send(errors(6))
    resolve_incident(actor, number=1)
    sweep_due()
    send(errors(4, ago=1))
    sweep_due()
    assert len(incidents(workspace)) == 1


def test_new_burst_after_the_resolution_opens_the_next_incident(workspace, make_rule, send, actor) -> None:
    make_rule()
    send(errors(6))
    resolve_incident(actor, number=1)
    send([{"source": "shop", "level": "error"}] * 4)
    assert len(incidents(workspace)) == 1
    send([{"source": "shop", "level": "error"}])
    assert [i.event_count for i in incidents(workspace)] == [6, 5]


def test_another_rule_does_not_count_events_of_a_resolved_incident(workspace, make_rule, send, actor) -> None:
    make_rule()
    make_rule("ten", error_threshold=10)
    send(errors(7))
    resolve_incident(actor, number=1)
    send([{"source": "shop", "level": "error"}] * 4)
    assert len(incidents(workspace)) == 1


def test_cooldown_opens_nothing_after_the_resolution(workspace, make_rule, send, actor) -> None:
    make_rule(cooldown_seconds=600)
    send(errors(6))
    resolve_incident(actor, number=1)
    send([{"source": "shop", "level": "error"}] * 9)
    assert len(incidents(workspace)) == 1


def test_dry_run_leaves_one_finding_a_window_and_opens_nothing(workspace, make_rule, send) -> None:
    make_rule(dry_run=True)
    send(errors(6))
    send(errors(3))
    assert not incidents(workspace)
    [finding] = Finding.objects.of(workspace.pk)
    assert (finding.outcome, finding.event_count, finding.group_key) == ("dry_run", 5, "shop")


def test_disabled_rule_does_not_count(workspace, make_rule, send) -> None:
    make_rule(enabled=False)
    send(errors(9))
    assert not incidents(workspace)


def test_lowered_threshold_finds_the_burst_at_the_next_sweep(workspace, make_rule, send, admin) -> None:
    make_rule(error_threshold=9)
    send(errors(6))
    sweep_due()
    update_rule(admin, rule_id="errors", fields={"threshold": 5})
    sweep_due()
    assert incidents(workspace)[0].event_count == 6


def test_events_later_than_an_hour_are_stored_but_not_counted(workspace, make_rule, send) -> None:
    make_rule()
    assert send(errors(6, ago=3700)) == (6, 0)
    assert not incidents(workspace)


def test_late_events_within_the_hour_count(workspace, make_rule, send) -> None:
    make_rule()
    for event in reversed(errors(5, over=200, ago=3000)):
        send([event])
    assert len(incidents(workspace)) == 1


def test_unbroken_run_opens_and_a_broken_one_does_not(workspace, make_rule, send) -> None:
    make_rule(require_consecutive=True, error_threshold=3)
    ok = {"source": "shop", "level": "info"}
    bad = {"source": "shop", "level": "error"}
    send([bad, bad, ok, bad, bad, ok])
    assert not incidents(workspace)
    send([bad, bad])
    assert not incidents(workspace)
    send([bad])
    assert incidents(workspace)[0].event_count == 3


def test_consecutive_run_starts_again_at_a_reset(workspace, make_rule, send) -> None:
    make_rule(require_consecutive=True, error_threshold=3)
    ok = {"source": "shop", "level": "info"}
    bad = {"source": "shop", "level": "error"}
    send([bad, bad, ok, bad, bad, bad, ok, bad])
    assert incidents(workspace)[0].event_count == 3


def test_number_of_components_must_be_affected(workspace, make_rule, send) -> None:
    make_rule(group_by="workspace", min_components_affected=3, error_threshold=4)
    send(errors(5, source="a"))
    send(errors(5, source="b"))
    assert not incidents(workspace)
    send(errors(1, source="c"))
    [incident] = incidents(workspace)
    assert incident.event_count == 11
    assert incident.affected.count() == 3


def test_correlation_id_groups_across_sources(workspace, make_rule, send) -> None:
    make_rule(group_by="correlation_id")
    send([errors(1, source=f"s{n}", correlation_id="req-1")[0] for n in range(4)])
    send(errors(4, source="shop"))
    assert not incidents(workspace)
    send(errors(1, correlation_id="req-1"))
    assert incidents(workspace)[0].event_count == 5


def test_message_pattern_is_searched(workspace, make_rule, send) -> None:
    make_rule(message_pattern="(?i)time[- ]?out", minimum_level=0)
    send(errors(5, message="all well"))
    assert not incidents(workspace)
    send(errors(5, message="upstream TIMEOUT"))
    assert len(incidents(workspace)) == 1


def test_workspace_never_counts_the_events_of_another(other_workspace, make_rule, send) -> None:
    make_rule()
    send(errors(5))
    assert not Incident.objects.of(other_workspace.pk).exists()
