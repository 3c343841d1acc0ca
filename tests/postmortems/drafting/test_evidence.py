"""Evidence of a draft from remediation runs, notifications, roles, deadlines, updates, images and bundles."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from incidents.attachments.models import Attachment
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.models import IncidentEvidence, TimelineEntry
from incidents.roles.services import assign_role
from incidents.timeline.services.notes import add_update
from incidents.timeline.services.timeline_entries import entry
from incidents.vocabulary import EntryKind
from notifications.channels.services import create_channel
from notifications.deliveries.models import Delivery
from postmortems.documents.selectors import section_of
from postmortems.drafting import tables, timeline
from postmortems.drafting.collect import collect
from postmortems.drafting.evidence import NOT_CARRIED, first_events
from postmortems.drafting.services import draft_postmortem, refresh_facts
from postmortems.drafting.tables import table_rows
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


def test_long_timeline_keeps_the_resolution_and_counts_what_is_left_out(actor):
    incident = declare_incident(actor, title="Checkout returns 502")
    for run in range(1, 11):
        for state in ("proposed", "approved", "running", "succeeded"):
            add(actor, incident, EntryKind.REMEDIATION, f"Run {run} {state}.", run=run, state=state)
    resolve_incident(actor, number=1, message="Scaled the pool.")
    made = draft_postmortem(actor, 1, template="light")
    events = [row[1] for row in table_rows(text(made, "timeline"))]
    assert events[1:] == [*(f"Run {run} succeeded." for run in range(1, 11)), "Scaled the pool."]
    for n in range(30):
        add(actor, incident, EntryKind.MITIGATION, f"Step {n}.")
    refresh_facts(actor, incident.pk)
    shown = text(made, "timeline")
    assert (len(table_rows(shown)), "Scaled the pool." in shown) == (30, True)
    assert shown.endswith("\n\n12 more: see the timeline of the incident.")


def test_timeline_of_many_entries_keeps_its_end(actor):
    incident = declare_incident(actor, title="Checkout returns 502")
    notes = [entry(actor, incident, EntryKind.NOTE, f"Note {n}.", at=timezone.now()) for n in range(520)]
    TimelineEntry.objects.of(actor.workspace_id).bulk_create(notes)
    resolve_incident(actor, number=1, message="Scaled the pool.")
    made = draft_postmortem(actor, 1)
    assert "Scaled the pool." in text(made, "executive_summary")
    assert "Scaled the pool." in text(made, "timeline")
    lines = text(made, "appendix_events").splitlines()
    assert "Scaled the pool." in lines[-2]
    assert lines[-1] == "22 entries in between are left out: see the JSON export."


@pytest.mark.parametrize(
    ("kind", "readings", "memory", "disk"),
    [("other", {"memory": 95}, "95% before, 40% after", NOT_CARRIED),
     ("other", {"usage": 95}, NOT_CARRIED, NOT_CARRIED),
     ("memory_exhaustion", {"usage": 95}, "95% before, 40% after", NOT_CARRIED),
     ("disk_space_low", {"usage": 95}, NOT_CARRIED, "95% before, 40% after")],
)  # fmt: skip
def test_usage_before_and_after_is_what_events_reported(actor, kind, readings, memory, disk):
    incident = declare_incident(actor, title="Checkout returns 502", incident_type=kind)
    IncidentEvidence.objects.create(
        workspace_id=actor.workspace_id, incident=incident, metrics_before=readings,
        metrics_after=dict.fromkeys(readings, 40),
    )  # fmt: skip
    made = draft_postmortem(actor, 1)
    assert (text(made, "memory_usage"), text(made, "disk_usage")) == (memory, disk)


def test_first_events_are_in_the_timeline_by_source_and_in_the_appendix(actor, resolved):
    at = resolved.detected_at - timedelta(seconds=5)
    events = [("database", "Connection pool | exhausted"), ("api_gateway", "")]
    IncidentEvidence.objects.create(
        workspace_id=actor.workspace_id, incident=resolved,
        first_events=[
            {"at": at.isoformat(), "source": source, "event_type": "timeout", "message": message}
            for source, message in events
        ],
    )  # fmt: skip
    rows = timeline.rows_with_events([], first_events(resolved), resolved.detected_at)
    assert [(row.event, row.source) for row in rows] == [
        (events[0][1], "database"),
        ("timeout", "api_gateway"),
    ]
    facts = collect(resolved)
    by_source = tables.timeline_by_source(facts).splitlines()
    assert by_source[2] == f"| {rows[0].time} | Connection pool \\| exhausted | database |"
    assert "Scaled the pool." in by_source[-1]
    assert f"- **{rows[1].time}** api_gateway: timeout" in tables.event_timeline(facts).splitlines()
    assert "exhausted" not in tables.timeline_by_impact(facts)


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
