"""Fix watches: every case of a watch over a finished action item."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from incidents.correlation.services.opening import declare_incident
from incidents.models import Incident, IncidentSignal, TimelineEntry
from incidents.privacy.services import set_private
from notifications.deliveries.models import Delivery
from postmortems.action_items.selectors import item_for
from postmortems.action_items.services import create_item, update_item
from postmortems.fix_watch.models import FixWatch
from postmortems.fix_watch.selectors import held_counts
from postmortems.fix_watch.services import count_recurrences, end_watch, find_missed, follow_item

pytestmark = pytest.mark.django_db
ONE, OTHER = "a" * 64, "b" * 64


def _signal(incident: Incident, fingerprint: str, at=None) -> None:
    moment = at or timezone.now()
    IncidentSignal.objects.of(incident.workspace_id).create(
        workspace_id=incident.workspace_id, incident=incident, fingerprint=fingerprint, reporter="rule:x",
        first_at=moment, last_at=moment,
    )  # fmt: skip


def _watch(actor, resolved, *, kind="prevent", fingerprint: str | None = ONE) -> FixWatch:
    if fingerprint:
        _signal(resolved, fingerprint)
    item = create_item(actor, 1, title="Alert on pool usage", kind=kind)
    update_item(actor, item.number, status="done")
    watch = follow_item(actor.workspace_id, item_id=item.pk)
    assert watch is not None
    return watch


def _again(actor, *, fingerprint: str | None = ONE, component="api", **fields) -> Incident:
    made = declare_incident(actor, title="Again", components=[component])
    Incident.objects.of(actor.workspace_id).filter(pk=made.pk).update(**fields)
    if fingerprint:
        _signal(made, fingerprint)
    made.refresh_from_db()
    return made


def _evaluate(watch: FixWatch, incident: Incident, after=timedelta(days=3)) -> tuple[int, str]:
    new = count_recurrences(watch.workspace_id, incident_id=incident.pk, at=watch.completed_at + after)
    watch.refresh_from_db()
    return new, watch.verdict


def test_same_fingerprint_reopens_the_item_with_a_reason(actor, resolved):
    watch = _watch(actor, resolved)
    assert _evaluate(watch, _again(actor)) == (1, "recurred")
    item = item_for(actor, 1)
    assert (item.status, item.reopened_count) == ("open", 1)
    assert item.reopened_reason.startswith("INC-2 had the same problem on ")
    entries = TimelineEntry.objects.of(actor.workspace_id).filter(message__contains="did not hold")
    assert sorted(entries.values_list("incident__number", flat=True)) == [1, 2]


def test_item_of_a_private_incident_is_named_nowhere_else(actor, make_actor, resolved, settings):
    settings.MAIL_FROM = "tocsin@example.test"
    other = make_actor("responder", username="ina")
    User.objects.filter(pk__in=(actor.user_id, other.user_id)).update(address_proven_at=timezone.now())
    watch = _watch(actor, resolved)
    create_item(actor, 1, title="Raise the pool limit", assignee="rita.responder")
    update_item(actor, 1, assignee="ina")
    update_item(actor, 2, status="done")
    follow_item(actor.workspace_id, item_id=item_for(actor, 2).pk)
    set_private(actor, number=1, is_private=True)
    assert _evaluate(watch, _again(actor)) == (2, "recurred")
    entries = TimelineEntry.objects.of(actor.workspace_id).filter(message__contains="did not hold")
    assert list(entries.values_list("incident__number", flat=True)) == [1, 1]
    notices = Delivery.objects.of(actor.workspace_id).filter(event_kind="action_item.recurred")
    assert list(notices.values_list("user_id", flat=True)) == [actor.user_id]


def test_same_incident_counts_once(actor, resolved):
    watch = _watch(actor, resolved)
    again = _again(actor)
    assert _evaluate(watch, again)[0] == 1
    assert _evaluate(watch, again)[0] == 0
    assert watch.recurrences.count() == 1


@pytest.mark.parametrize("after_hours", [0.5, 24 * 30 + 1.5])
def test_outside_of_the_watch_does_not_count(actor, resolved, after_hours):
    watch = _watch(actor, resolved)
    assert _evaluate(watch, _again(actor), timedelta(hours=after_hours)) == (0, "watching")


def test_another_fingerprint_does_not_count(actor, resolved):
    assert _evaluate(_watch(actor, resolved), _again(actor, fingerprint=OTHER)) == (0, "watching")


def test_drill_does_not_count(actor, resolved):
    assert _evaluate(_watch(actor, resolved), _again(actor, is_drill=True)) == (0, "watching")


def test_merged_into_an_older_incident_does_not_count(actor, resolved):
    watch = _watch(actor, resolved)
    assert _evaluate(watch, _again(actor, merged_into_id=resolved.pk)) == (0, "watching")


def test_same_incident_reopened_counts(actor, resolved):
    assert _evaluate(_watch(actor, resolved), resolved) == (1, "recurred")


def test_alert_that_joined_an_open_incident_is_found_later(actor, resolved):
    watch = _watch(actor, resolved)
    again = _again(actor, fingerprint=None)
    _signal(again, OTHER, at=watch.starts_at + timedelta(days=1))
    assert find_missed(watch.workspace_id, watch=watch) is False
    IncidentSignal.objects.of(actor.workspace_id).filter(incident=again).update(fingerprint=ONE)
    assert find_missed(watch.workspace_id, watch=watch) is True
    watch.refresh_from_db()
    assert watch.verdict == "recurred"


def test_other_kinds_are_flagged_not_reopened(actor, resolved):
    watch = _watch(actor, resolved, kind="detect")
    assert _evaluate(watch, _again(actor)) == (1, "recurred")
    assert item_for(actor, 1).status == "done"


@pytest.mark.parametrize(("component", "new"), [("api", 1), ("mail", 0)])
def test_without_fingerprints_type_and_component_count(actor, resolved, component, new):
    watch = _watch(actor, resolved, fingerprint=None)
    assert _evaluate(watch, _again(actor, fingerprint=None, component=component))[0] == new


def test_item_opened_by_a_person_stops_the_watch(actor, resolved):
    watch = _watch(actor, resolved)
    update_item(actor, 1, status="open")
    follow_item(actor.workspace_id, item_id=watch.item_id)
    watch.refresh_from_db()
    assert watch.verdict == "stopped"
    assert _evaluate(watch, _again(actor)) == (0, "stopped")


def test_two_watches_of_one_fingerprint_are_both_evaluated(actor, resolved):
    first = _watch(actor, resolved)
    create_item(actor, 1, title="Raise the pool limit")
    update_item(actor, 2, status="done")
    follow_item(actor.workspace_id, item_id=item_for(actor, 2).pk)
    assert _evaluate(first, _again(actor)) == (2, "recurred")


def test_no_recurrence_is_held(actor, resolved):
    watch = _watch(actor, resolved)
    assert end_watch(watch.workspace_id, watch=watch) == "held"
    assert held_counts(actor)["held"] == 1


def test_missing_monitoring_has_its_own_verdict(actor, resolved):
    watch = _watch(actor, resolved, fingerprint=None)
    assert end_watch(watch.workspace_id, watch=watch) == "unwatched"
    assert held_counts(actor) == {"held": 0, "recurred": 0, "watching": 0, "unwatched": 1, "stopped": 0}
