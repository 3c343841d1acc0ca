"""The system page: every line has a level and advice, whatever is unavailable; settings without secrets."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
import redis
from celery.signals import task_postrun
from django.conf import settings
from django.utils import timezone
from pydantic import SecretStr

from config.celery import stamp
from config.environment import Environment
from config.installation import effective_settings, system_status
from config.runtime.schedule import SCHEDULE
from core.heartbeat.valkey import HEARTBEAT_TTL_S
from core.models import OutboxDispatch, OutboxEvent
from core.queue.nudge import valkey
from notifications.channels.models import Channel
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(admin):
    return browser_for(admin)


def lines(workspace_id=None):
    sections = system_status.sections(workspace_id)
    return {line.name: line.finding for section in sections for line in section.lines}


def test_every_unhealthy_line_has_advice():
    found = lines()
    assert {"database", "beat", "queue detection", "pending evaluation", "dead letters"} <= set(found)
    assert set(SCHEDULE) <= set(found)
    assert all(finding.advice for finding in found.values() if finding.level != "ok")


def test_channels_of_the_workspace_show_their_last_success(workspace, other_workspace, browser):
    now = timezone.now()
    Channel.objects.create(workspace=workspace, kind="log", name="Log", last_ok_at=now - timedelta(hours=5))
    Channel.objects.create(workspace=workspace, kind="webhook", name="Hook", state="broken", reason="404")
    Channel.objects.create(workspace=workspace, kind="webhook", name="New")
    Channel.objects.create(workspace=other_workspace, kind="log", name="Foreign")
    found = lines(workspace.pk)
    shown = {name: (found[name].level, found[name].detail) for name in ("Log", "Hook", "New")}
    assert shown == {
        "Log": ("ok", "last sent 5 h ago"),
        "Hook": ("warn", "nothing was sent through it yet; 404"),
        "New": ("ok", "nothing was sent through it yet"),
    }
    assert "Foreign" not in found
    assert "last sent 5 h ago" in browser.get("/settings/system").content.decode().lower()


@pytest.mark.parametrize(("age", "level"), [(None, "warn"), (0, "ok"), (119, "ok"), (181, "warn")])
def test_task_is_late_after_three_of_its_rounds(age, level):
    assert system_status._last_success(age, 60.0).level == level


@pytest.mark.parametrize(("begun", "level"), [(0, "ok"), (620, "ok"), (621, "warn"), (None, "warn")])
def test_rare_task_is_not_missed_just_after_the_start(begun, level):
    assert system_status._last_success(None, 600.0, begun).level == level


def test_task_that_succeeds_is_seen_on_the_page(monkeypatch):
    name, (task, _, _) = next(iter(SCHEDULE.items()))
    stamp(settings.REDIS_URL, f"task:{task}")
    assert lines()[name].level == "ok"
    valkey().set(f"tocsin:alive:task:{task}", 1, ex=HEARTBEAT_TTL_S - 3000)
    assert lines()[name].level == "warn"


def test_task_that_failed_leaves_no_stamp_of_success():
    task = SimpleNamespace(name="core.prune")
    valkey().delete("tocsin:alive:task:core.prune")
    task_postrun.send(sender=None, task=task, state="FAILURE")
    assert valkey().get("tocsin:alive:task:core.prune") is None
    task_postrun.send(sender=None, task=task, state="SUCCESS")
    assert valkey().get("tocsin:alive:task:core.prune") is not None


def test_dead_deliveries_are_counted_with_a_link_to_resend(workspace):
    event = OutboxEvent.objects.create(topic="t", workspace_id=workspace.pk, payload={})
    OutboxDispatch.objects.create(event=event, subscriber="live", state="dead", due_at=timezone.now())
    finding = lines()["dead letters"]
    assert (finding.level, finding.detail) == ("warn", "1 dead letter")
    assert "Outbox" in finding.advice


def test_without_valkey_the_page_opens_and_shows_it(browser, monkeypatch):
    def away(*_):
        raise redis.ConnectionError("connection refused")

    monkeypatch.setattr(system_status, "valkey", away)
    monkeypatch.setattr(system_status, "ages", away)
    response = browser.get("/settings/system")
    assert response.status_code == 200
    assert "Connection refused" in response.content.decode()


def test_htmx_gets_only_the_lines_uncached(browser):
    page, part = browser.get("/settings/system"), browser.get("/settings/system", headers=HTMX)
    assert page["Cache-Control"] == part["Cache-Control"] == "no-store"
    assert "<html" in page.content.decode()
    assert "<html" not in part.content.decode()
    assert "Scheduled work" in part.content.decode()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "unset"), ("", "unset"), (True, "true"), (7, "7"), ("INFO", "INFO"),
        (SecretStr("hunter2"), effective_settings.MASK), (SecretStr(""), "unset"),
        ("postgresql://me:hunter2@db:5432/x", f"postgresql://me:{effective_settings.MASK}@db:5432/x"),
        ("postgresql://db/x?password=hunter2", f"postgresql://db/x?{effective_settings.MASK}"),
        ("redis://:hunter2@v/0", f"redis://:{effective_settings.MASK}@v/0"), ("redis://v:6379/0", "redis://v:6379/0"),
        ("redis://:hunter2@a,redis://:hunter2@b", f"redis://:{effective_settings.MASK}@a,redis://:{effective_settings.MASK}@b"),
        ("http://me:hunter2@[::1]:80/", f"http://me:{effective_settings.MASK}@[::1]:80/"),
        ("redis://a:hun@ter2@b", f"redis://a:{effective_settings.MASK}@b"),
    ],
)  # fmt: skip
def test_no_password_is_readable_in_a_setting(value, shown):
    assert effective_settings.readable(value) == shown
    assert "hunter2" not in effective_settings.readable(value)


def test_deployment_page_lists_every_setting_and_no_secret(browser):
    text = browser.get("/settings/deployment").content.decode()
    for name in Environment.model_fields:
        assert f"<code>{name.upper()}</code>" in text
    assert settings.SECRET_KEY not in text


def test_overdue_queue_is_a_warning():
    assert system_status._aged(3, "groups of events", 21.0).level == "warn"
    assert system_status._aged(3, "groups of events", 1.0).level == "ok"
    assert system_status._span(timedelta(minutes=10).total_seconds()) == "10 min"
