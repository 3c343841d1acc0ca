"""Fixtures of the incident tests: open incidents, and read what was written."""

from __future__ import annotations

import pytest
from django.db import transaction

from tests.incidents.make import NOW, signal


@pytest.fixture
def report(workspace):
    """`report(signal(), ...)` -> the outcomes, in a transaction of their own."""
    from incidents.correlation.services.opening import report_signals

    def run(*signals, now=NOW):
        with transaction.atomic():
            return report_signals(workspace.pk, signals, now=now)

    return run


@pytest.fixture
def detected(workspace, report):
    """`detected()` -> an incident that detection opened."""
    from incidents.models import Incident

    def make(of="checkout", **changes):
        [outcome] = report(signal(of, **changes))
        return Incident.objects.of(workspace.pk).get(pk=outcome.incident_id)

    return make


@pytest.fixture
def declared(actor):
    """`declared("title")` -> an incident the responder declared."""
    from incidents.correlation.services.opening import declare_incident

    def make(title="Checkout is down", **fields):
        return declare_incident(actor, title=title, **fields)

    return make


@pytest.fixture
def timeline(workspace):
    """`timeline(incident)` -> its entries, oldest first."""
    from incidents.models import TimelineEntry

    def read(incident):
        return list(TimelineEntry.objects.of(workspace.pk).filter(incident_id=incident.pk).order_by("id"))

    return read


@pytest.fixture
def audited(workspace):
    """`audited()` -> the actions in the audit trail, oldest first."""
    from accounts.models import AuditEntry

    def read():
        entries = AuditEntry.objects.of(workspace.pk).filter(action__startswith="incident.")
        return list(entries.order_by("id").values_list("action", flat=True))

    return read


@pytest.fixture
def published_topics(workspace):
    """`published_topics()` -> the topics in the outbox, oldest first."""
    from core.models import OutboxEvent

    def read():
        rows = OutboxEvent.objects.filter(workspace_id=workspace.pk).order_by("id")
        return list(rows.values_list("topic", flat=True))

    return read
