"""The admin over a hundred thousand rows a table: bounded counting, keys in order, few statements."""

from __future__ import annotations

import json
import re
import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actor import system_actor
from accounts.models import AuditEntry, User
from core.models import OutboxDispatch, OutboxEvent
from detection.models import Event, Finding, IncidentEvent
from detection.services.evaluate import drain
from detection.services.ingest import accept_events
from detection.services.rules import install_builtin_rules
from incidents.models import Incident, TimelineEntry
from tests.admin.rows import multiply, newest
from tests.admin.test_admin_pages import address
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db
ROWS = 100_000
# Generous for a busy machine with two cores; a full count or sort of one of these tables costs more.
SLOW_S = 1.0
BIG = (Incident, TimelineEntry, AuditEntry, Finding, Event, IncidentEvent, OutboxEvent, OutboxDispatch)


@pytest.fixture
def staff(admin, workspace):
    User.objects.filter(pk=admin.user_id).update(is_staff=True, is_superuser=True)
    install_builtin_rules(system_actor(workspace.pk))
    events = [{"source": "api", "level": "error", "message": "broken"}] * 12
    accept_events(system_actor(workspace.pk), body=json.dumps(events).encode())
    drain()
    start = newest(Event)
    multiply(Incident, ROWS, {"number": "1000 + n"})
    multiply(TimelineEntry, ROWS, {})
    multiply(AuditEntry, ROWS, {})
    multiply(Finding, ROWS, {"group_key": "'g' || n"})
    multiply(Event, ROWS, {"id": f"{start} + n"})
    multiply(IncidentEvent, ROWS, {"event_id": f"{start} + n"})
    multiply(OutboxEvent, ROWS, {})
    multiply(OutboxDispatch, ROWS, {"subscriber": "'s' || n"})
    return browser_for(admin)


def test_no_list_search_filter_or_far_page_is_slow_over_a_hundred_thousand_rows(staff, workspace):
    slow, counted = [], []
    for model in BIG:
        number = newest(model)
        for query in ({}, {"q": str(number)}, {"p": "100"}, *_filters(model, workspace)):
            with CaptureQueriesContext(
                connection,
            ) as captured:
                started = time.perf_counter()
                answer = staff.get(address(model), query)
                took = time.perf_counter() - started
            assert answer.status_code == 200
            assert len(captured) <= 12, (model, query, len(captured))
            if took > SLOW_S:
                slow.append((model.__name__, query, round(took, 2)))
            counted += [q["sql"][:200] for q in captured if _counts_to_the_end(q["sql"], model)]
        if model is not Event:
            assert staff.get(address(model, "change", number)).status_code == 200
    assert slow == []
    assert counted == []


def _filters(model, workspace):
    page = model._meta.model_name
    if page in {"incident", "timelineentry", "auditentry", "finding"}:
        yield {"workspace__id__exact": str(workspace.pk)}
    if page == "outboxdispatch":
        yield {"state__exact": "dead"}


def _counts_to_the_end(sql, model):
    table = model._meta.db_table
    return bool(re.search(rf'COUNT\(.*FROM "{table}"', sql)) and "LIMIT" not in sql
