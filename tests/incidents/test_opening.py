"""Findings become incidents: numbered without gaps, joined by fingerprint, cheap in bulk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import transaction
from tests.incidents.make import NOW, signal

from incidents.models import Incident
from incidents.services.opening import report_signals


def test_a_signal_opens_incident_number_one(workspace):
    with transaction.atomic():
        [outcome] = report_signals(workspace.pk, [signal()], now=NOW)
    assert outcome.opened and outcome.number == 1
    assert Incident.objects.of(workspace.pk).get().severity == "sev2"
