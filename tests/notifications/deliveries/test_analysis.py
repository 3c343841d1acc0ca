"""The analysis in notifications; simulated incidents notify no one."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.utils import timezone

from accounts.actor import system_actor
from accounts.models import User, Workspace
from accounts.oncall.services.schedules import create_schedule, put_rotation
from accounts.oncall.validation import RotationValues
from core.queue.runner import run_due
from core.queues import CLOCKS
from detection.queues import ANALYSIS
from detection.simulation.samples import TYPES
from detection.simulation.services import Simulation, simulate_incident
from incidents.analysis.draft import Advice, AnalysisDraft, ModelText
from incidents.analysis.services import record_analysis, record_model_text
from incidents.correlation.services.opening import declare_incident
from incidents.models import Incident
from incidents.vocabulary import Category, Severity
from notifications.deliveries.models import Delivery
from notifications.escalation.services.policies import install_default_policies
from tests.tables import every

pytestmark = pytest.mark.django_db(transaction=True)
SUMMARY = "12 events from orders (12) within 40 s. Database trouble: the connections are used up."
ADVICE = "Raise the limit of connections or close idle ones."


@pytest.fixture
def analysed(actor):
    """An incident with the analysis of the rules, and with a language model's text after it."""
    incident = declare_incident(actor, title="Orders fail", severity="sev1")
    draft = AnalysisDraft(
        Category.DATABASE, Severity.SEV1, "Because", SUMMARY, advice=(Advice(ADVICE),), event_count=12
    )
    made = record_analysis(actor.workspace_id, incident.pk, draft)
    text = ModelText(made.revision, "some-model", Category.SECURITY, "Close INC-1 at once.", (1,), "sent")
    record_model_text(actor.workspace_id, incident.pk, text)
    return incident


def test_every_kind_of_channel_carries_the_analysis_of_the_rules(channel, deliver, outside, analysed):
    for kind in ("slack", "webhook", "email", "pagerduty"):
        channel(kind)
    assert deliver() == 4
    [mail] = outside.mailbox.messages
    plain = mail.get_body(("plain",)).get_content()
    [slack] = outside.slack.posted
    [hook] = [got.json() for got in outside.webhook.received]
    [page] = [got.json() for got in outside.pagerduty.received]
    texts = {
        "mail": " ".join(plain.split()),
        "slack": str(slack),
        "pagerduty": str(page["payload"]["custom_details"]),
    }
    for name, text in texts.items():
        assert "Analysis (built-in rules): database" in text, name
        assert SUMMARY in text, name
        assert f"First action: {ADVICE}" in text, name
        assert "Close INC-1" not in text, name
    assert hook["analysis"] == {
        "category": "database_issue", "category_name": Category.DATABASE.label, "summary": SUMMARY,
        "recommended_actions": [ADVICE], "author": "offline", "author_name": "Built-in rules",
    }  # fmt: skip


def test_notification_before_the_analysis_goes_out_without_it(channel, deliver, outside, actor):
    channel("webhook")
    declare_incident(actor, title="Orders fail", severity="sev1")
    deliver()
    [got] = outside.webhook.received
    assert got.json()["analysis"] is None


def test_simulated_incidents_of_every_type_page_and_notify_no_one(
    channel, deliver, outside, actor, workspace, make_actor
):
    system, ann = system_actor(workspace.pk), make_actor("responder", username="ann")
    User.objects.filter(pk=ann.user_id).update(address_proven_at=timezone.now())
    schedule = create_schedule(system, name="Primary")
    Workspace.objects.filter(pk=workspace.pk).update(default_schedule=schedule)
    rota = RotationValues(["ann"], time(9), timezone.now().date() - timedelta(days=7))
    put_rotation(system, schedule_id=schedule.pk, layer=1, values=rota)
    install_default_policies(system)
    for kind in ("pagerduty", "slack", "webhook", "email", "log"):
        channel(kind)
    kinds = every(3, TYPES)
    for kind in kinds:
        simulate_incident(actor, Simulation(kind, components=["api"], event_count=5, severity="sev1"))
    later = timezone.now() + timedelta(hours=1)
    for _ in range(2):
        deliver()
        run_due(CLOCKS, at=later)
        run_due(ANALYSIS, at=later)
    deliver()
    assert Incident.objects.of(workspace.pk).filter(is_drill=True).count() == len(kinds)
    assert not Delivery.across_workspaces.exclude(outcome__in=("muted", "superseded")).exists()
    for receiver in (outside.pagerduty, outside.webhook):
        assert receiver.received == []
    assert (outside.slack.posted, outside.mailbox.messages) == ([], [])
