"""Maintenance windows on the status page: their occurrences are announced, follow changes, and leave."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from core.errors import Invalid
from notifications.silences.matching import Matcher
from notifications.silences.models import MaintenanceWindow, WindowOccurrence
from notifications.silences.services.windows import WindowValues, save_window
from status.publishing.models import Maintenance
from status.publishing.services.maintenance import cancel_maintenance
from status.publishing.services.windows import hide_window, show_window

SECRET_NAME = "pg-main-2 vacuum"


def window(scenario, window_id=None, *, begins=timedelta(hours=1), rule="FREQ=DAILY"):
    start = (timezone.now() + begins).replace(second=0, microsecond=0, tzinfo=None)
    values = WindowValues(
        SECRET_NAME, [Matcher("component", "=", "checkout-api-1")], start, 3600, "UTC", rule
    )
    return save_window(scenario.admin, values, window_id=window_id)


def shown(scenario):
    return scenario.json("scheduled-maintenances")["scheduled_maintenances"]


def test_next_occurrence_is_announced_under_the_public_title_and_moves_the_component(scenario):
    planned = window(scenario)
    show_window(
        scenario.actor, window_id=planned.pk, title="Upgrade", components=[scenario.component.public_id]
    )
    scenario.build()
    scenario.build()
    [one] = shown(scenario)
    assert (one["name"], one["status"]) == ("Upgrade", "scheduled")
    first = planned.occurrences.earliest("starts_at")
    assert datetime.fromisoformat(one["scheduled_for"].replace("Z", "+00:00")) == first.starts_at
    assert all(b"pg-main-2" not in body for body in scenario.forms().values())
    now = timezone.now()
    WindowOccurrence.objects.of(scenario.actor.workspace_id).filter(pk=first.pk).update(starts_at=now)
    scenario.build()
    assert sorted(m["status"] for m in shown(scenario)) == ["completed", "in_progress", "scheduled"]
    assert scenario.json("components")["components"][0]["status"] == "under_maintenance"


def test_changed_window_calls_its_announcement_off_and_announces_the_new_time(scenario):
    planned = window(scenario)
    show_window(scenario.actor, window_id=planned.pk, title="Upgrade")
    scenario.build()
    window(scenario, planned.pk, begins=timedelta(hours=5))
    scenario.build()
    assert [m["status"] for m in shown(scenario)] == ["scheduled", "completed"]
    assert "cancelled" in shown(scenario)[1]["incident_updates"][0]["body"]
    MaintenanceWindow.objects.of(scenario.actor.workspace_id).update(archived_at=timezone.now())
    scenario.build()
    assert [m["status"] for m in shown(scenario)] == ["completed", "completed"]


def test_occurrence_extended_in_its_last_minute_goes_on_under_the_same_announcement(scenario):
    planned = window(scenario)
    show_window(scenario.actor, window_id=planned.pk, title="Upgrade")
    scenario.build()
    first = planned.occurrences.earliest("starts_at")
    now = timezone.now()
    running = {"starts_at": now - timedelta(hours=1)}
    WindowOccurrence.objects.of(scenario.actor.workspace_id).filter(pk=first.pk).update(**running)
    rows = Maintenance.objects.of(scenario.actor.workspace_id)
    rows.update(**running, ends_at=now - timedelta(seconds=1))  # as last built, before it was extended
    [before] = rows.values_list("public_id", flat=True)
    scenario.build()
    assert [(m["id"], m["status"]) for m in shown(scenario) if m["status"] != "scheduled"] == [
        (before, "in_progress")
    ]


def test_occurrence_that_a_person_called_off_stays_off_and_a_hidden_window_leaves(scenario):
    planned = window(scenario)
    show_window(scenario.actor, window_id=planned.pk, title="Upgrade")
    scenario.build()
    cancel_maintenance(scenario.actor, public_id=shown(scenario)[0]["id"])
    scenario.build()
    scenario.build()
    assert [m["status"] for m in shown(scenario)] == ["completed"]
    hide_window(scenario.actor, window_id=planned.pk)
    hide_window(scenario.actor, window_id=planned.pk)
    scenario.build()
    assert not Maintenance.objects.of(scenario.actor.workspace_id).exists()


def test_public_title_with_an_internal_name_needs_confirmation(scenario):
    planned = window(scenario)
    with pytest.raises(Invalid, match="should not be public"):
        show_window(scenario.actor, window_id=planned.pk, title="Work on checkout-api-1")


def test_pages_show_and_hide_a_window(scenario, client):
    planned = window(scenario)
    client.force_login(User.objects.get(pk=scenario.actor.user_id))
    page = f"/settings/status-page/windows/{planned.pk}"
    assert client.post(page, {"title": ""}).status_code == 422
    assert client.post(page, {"title": "Upgrade"}).status_code == 303
    assert 'value="Upgrade"' in client.get(page).content.decode()
    assert "Upgrade" in client.get("/settings/status-page").content.decode()
    assert client.post(f"{page}/hide").status_code == 303
    assert "Not shown" in client.get("/settings/status-page").content.decode()
