"""Evidence of a draft from remediation runs, notifications, roles, deadlines, updates, images and bundles."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from incidents.attachments.models import Attachment
from incidents.correlation.services.opening import declare_incident
from incidents.models import TimelineEntry
from incidents.roles.services import assign_role
from incidents.timeline.services.notes import add_update
from incidents.timeline.services.timeline_entries import entry
from incidents.vocabulary import EntryKind
from notifications.channels.services import create_channel
from notifications.deliveries.models import Delivery
from postmortems.documents.selectors import section_of
from postmortems.drafting.services import draft_postmortem
from remediation.runs.services.proposing import Request, request_run

pytestmark = pytest.mark.django_db


def text(postmortem, key):
    return section_of(postmortem, key).text


def add(actor, incident, kind, words, **data):
    made = entry(actor, incident, kind, words, at=timezone.now(), **data)
    TimelineEntry.objects.of(actor.workspace_id).bulk_create([made])
    return made


def test_remediation_run_is_one_row_with_how_it_ended(actor, resolved):
    for state, words in (("proposed", "Rita proposed it."), ("running", "Started."), ("succeeded", "Done.")):
        add(actor, resolved, EntryKind.REMEDIATION, words, run=7, state=state, action="scale_up")
    add(actor, resolved, EntryKind.REMEDIATION, "Rejected.", run=8, state="rejected", action="clear_cache")
    made = draft_postmortem(actor, 1, template="light")
    table = text(made, "remediation")
    assert table.count("scale_up") == 1
    assert "| scale_up | Succeeded | Done. |" in table
    assert "| clear_cache | Rejected | Rejected. |" in table


def test_real_run_of_the_catalogue_is_in_the_draft(actor):
    declare_incident(actor, title="Checkout returns 502", components=["api"])
    run = request_run(actor, "INC-1", Request("scale_up"))
    made = draft_postmortem(actor, 1, template="light")
    assert f"| scale_up | {run.get_state_display()} |" in text(made, "remediation").replace("_", "_")


def test_role_changes_and_missed_deadlines_are_in_the_internal_tables(actor, make_actor, resolved):
    make_actor("responder", username="theo")
    assign_role(actor, number=1, role="tech_lead", username="theo")
    for n in (1, 2):
        add(
            actor, resolved, EntryKind.SLA, f"SLA breached: update {n}.", clock="update", phase="breached",
            generation=n,
        )  # fmt: skip
    made = draft_postmortem(actor, 1)
    assert "SLA breached: update 1." in text(made, "appendix_events")
    for word in ("SLA breached", "Theo"):  # this section may have readers outside
        assert word not in text(made, "timeline")
    assert "Theo" in text(made, "resolution_timeline")
    assert "2 stakeholder updates were late: why?" in section_of(made, "could_improve").prompt


def test_notifications_and_updates_are_the_communication_log(actor, admin, resolved):
    channel = create_channel(admin, kind="log", name="Ops log")
    add_update(actor, number=1, message="We are on it.")
    rows = [
        ("one", "incident.opened", "sent", "Ops log"), ("one", "incident.opened", "dead", "Second log"),
        ("two", "incident.resolved", "sent", "Ops log"), ("three", "incident.noted", "muted", "Ops log"),
        ("four", "postmortem.commented", "sent", "Ops log"),
    ]  # fmt: skip
    for n, (key, kind, outcome, label) in enumerate(rows):
        Delivery.objects.of(actor.workspace_id).create(
            workspace_id=actor.workspace_id, event_key=key, event_kind=kind, destination=f"channel:{n}",
            label=label, incident_id=resolved.pk, incident_number=1, channel=channel, outcome=outcome,
            state="done", created_at=timezone.now() + timedelta(seconds=n),
        )  # fmt: skip
    log = text(draft_postmortem(actor, 1), "appendix_messages")
    assert "| Log | Opened | Ops log, Second log (not delivered) |" in log
    assert "| Log | Resolved | Ops log |" in log
    assert "| Public update | We are on it. | Everyone |" in log
    assert len(log.splitlines()) == 5


def test_images_and_bundles_are_under_logs_and_screenshots(actor, resolved):
    image = Attachment.objects.of(actor.workspace_id).create(
        workspace_id=actor.workspace_id, incident=resolved, name="pool [1].png", content_type="image/png",
        size=10, sha256="0" * 64, key="k", width=1, height=1,
    )  # fmt: skip
    add(actor, resolved, EntryKind.NOTE, "Diagnostic bundle received: web-1", bundle="b-1")
    logs = text(draft_postmortem(actor, 1), "appendix_logs")
    assert f"![pool (1).png](/attachments/{image.pk})" in logs
    assert "[Diagnostic bundle received: web-1](/bundles/b-1)" in logs
