"""Merges of incidents, undoing them, and merge proposals."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Conflict, Invalid, NotFound
from incidents.analysis.models import IncidentEssence
from incidents.correlation.services.opening import report_signals
from incidents.lifecycle.services.resolving import close_incident, reopen_incident, resolve_incident
from incidents.links.services import relate_incidents
from incidents.merging import services
from incidents.merging.proposals import proposals_for
from incidents.merging.services import dismiss_proposal, merge_incidents, undo_merge
from incidents.models import Incident, IncidentSignal, Merge
from incidents.vocabulary import UNRESOLVED, Severity, Status
from tests.incidents.make import NOW, signal
from tests.tables import count
from tests.threads import at_once
from tests.web.signed_in import browser_for

FIELDS = (
    "status",
    "stage",
    "severity",
    "started_at",
    "closed_at",
    "merged_into_id",
    "fingerprint",
    "event_count",
)


def state(incident):
    """What undoing a merge must bring back."""
    row = Incident.objects.of(incident.workspace_id).get(pk=incident.pk)
    signals = IncidentSignal.objects.of(incident.workspace_id).filter(incident_id=incident.pk)
    rows = sorted(signals.values_list("fingerprint", "is_open"))
    return [getattr(row, name) for name in FIELDS], rows


def test_merge_closes_one_and_moves_its_signals(actor, detected, report, audited, timeline):
    first, second = detected("api"), detected("db", severity=Severity.SEV1)
    survivor = merge_incidents(actor, number=second.number, into=first.number)
    second.refresh_from_db()
    assert (second.status, second.merged_into_id) == (Status.CLOSED, first.pk)
    assert survivor.severity == Severity.SEV1
    [outcome] = report(signal("db"))
    assert (outcome.incident_id, outcome.opened) == (first.pk, False)
    assert audited()[-2:] == ["incident.merge", "incident.absorb"]
    assert timeline(second)[-1].message == f"Merged into {first.reference}: {first.title}"


def test_merge_of_too_many_signals_is_refused_whole(actor, detected, monkeypatch):
    first, second = detected("api"), detected("db")
    monkeypatch.setattr(services, "MAX_SIGNALS", 0)
    before = state(first), state(second)
    with pytest.raises(Conflict, match="more than 0 signals: merge in the other direction"):
        merge_incidents(actor, number=second.number, into=first.number)
    assert (state(first), state(second)) == before


def test_merge_repeated_changes_nothing(actor, detected):
    first, second = detected("api"), detected("db")
    versions = [merge_incidents(actor, number=second.number, into=first.number).version for _ in range(2)]
    assert versions[0] == versions[1]
    assert Merge.objects.of(first.workspace_id).count() == 1


def test_signal_that_names_the_merged_incident_joins_the_survivor(actor, detected, report):
    first, second = detected("api"), detected("db")
    merge_incidents(actor, number=second.number, into=first.number)
    [outcome] = report(signal("other rule", joins=second.pk))
    assert outcome.incident_id == first.pk


def test_undo_brings_back_both_incidents_as_they_were(actor, detected):
    first, second = detected("api"), detected("db", severity=Severity.SEV1)
    before = state(first), state(second)
    merge_incidents(actor, number=second.number, into=first.number)
    undo_merge(actor, number=second.number)
    assert (state(first), state(second)) == before


def test_undo_reports_how_many_events_stay(actor, detected, report, timeline):
    first, second = detected("api"), detected("db")
    merge_incidents(actor, number=second.number, into=first.number)
    report(signal("db"))
    undo_merge(actor, number=second.number)
    assert "5 events received meanwhile stay" in timeline(second)[-1].message


def test_undo_preserves_a_severity_set_since(actor, detected):
    from incidents.lifecycle.services.responding import change_severity

    first, second = detected("api"), detected("db", severity=Severity.SEV1)
    merge_incidents(actor, number=second.number, into=first.number)
    change_severity(actor, incident_id=first.pk, severity=Severity.SEV4)
    undo_merge(actor, number=second.number)
    assert state(first)[0][2] == Severity.SEV4


def test_undo_after_a_day_is_refused(actor, detected):
    first, second = detected("api"), detected("db")
    merge_incidents(actor, number=second.number, into=first.number)
    merge = Merge.objects.of(first.workspace_id).get()
    Merge.objects.of(first.workspace_id).update(undo_until=merge.undo_until - timedelta(hours=25))
    with pytest.raises(Conflict):
        undo_merge(actor, number=second.number)
    assert state(second)[0][0] == Status.CLOSED


def test_older_merge_is_undone_only_after_the_newer_one(actor, detected):
    first, second, third = detected("api"), detected("db"), detected("web")
    merge_incidents(actor, number=second.number, into=first.number)
    merge_incidents(actor, number=third.number, into=first.number)
    with pytest.raises(Conflict):
        undo_merge(actor, number=second.number)
    undo_merge(actor, number=third.number)
    assert undo_merge(actor, number=second.number).is_unresolved


def test_undo_is_refused_while_a_newer_incident_has_the_fingerprint(actor, detected):
    first, second = detected("api"), detected("db")
    merge_incidents(actor, number=second.number, into=first.number)
    resolve_incident(actor, incident_id=first.pk)
    assert detected("db").pk not in (first.pk, second.pk)
    before = state(second)
    with pytest.raises(Conflict):
        undo_merge(actor, number=second.number)
    assert state(second) == before


def test_merged_incident_cannot_be_reopened(actor, detected):
    first, second = detected("api"), detected("db")
    merge_incidents(actor, number=second.number, into=first.number)
    with pytest.raises(Conflict, match="merged into another"):
        reopen_incident(actor, incident_id=second.pk)


def test_merges_that_make_no_sense_are_refused(actor, detected, declared):
    first, drill, over = detected("api"), declared("Drill", is_drill=True), detected("web")
    resolve_incident(actor, incident_id=over.pk)
    with pytest.raises(Invalid):
        merge_incidents(actor, number=first.number, into=first.number)
    for other in (drill, over):
        with pytest.raises(Conflict):
            merge_incidents(actor, number=other.number, into=first.number)
    with pytest.raises(NotFound):
        merge_incidents(actor, number=99, into=first.number)


def test_closing_one_of_two_linked_incidents_leaves_the_other(actor, detected):
    first, second = detected("api"), detected("db")
    relate_incidents(actor, number=first.number, other=second.number)
    before = state(second)
    resolve_incident(actor, incident_id=first.pk)
    close_incident(actor, incident_id=first.pk)
    assert state(second) == before


def essence(incident, shapes, correlations=()):
    IncidentEssence.objects.create(
        workspace_id=incident.workspace_id, incident=incident, shapes=shapes, correlations=list(correlations)
    )


def test_proposal_names_its_reasons_and_stays_dismissed_until_there_is_another(actor, detected):
    first, second = detected("api"), detected("db")
    assert proposals_for(actor, first) == []
    essence(first, [1, 2, 3])
    essence(second, [2, 3, 4])
    [proposal] = proposals_for(actor, first)
    assert (proposal.incident.pk, proposal.kinds) == (second.pk, ["shapes"])
    dismiss_proposal(actor, number=first.number, other=second.number)
    assert proposals_for(actor, first) == proposals_for(actor, second) == []
    IncidentEssence.objects.of(first.workspace_id).update(correlations=[7, 8])
    [proposal] = proposals_for(actor, second)
    assert set(proposal.kinds) == {"correlation_id", "shapes"}


def test_proposal_is_dismissed_by_its_form_without_scripts(actor, detected):
    first, second = detected("api"), detected("db")
    for incident in (first, second):
        essence(incident, [1, 2, 3])
    page, client = f"/incidents/{first.reference}", browser_for(actor)
    address = f'action="{page}/dismiss-proposal"'
    assert address in client.get(page).content.decode()
    response = client.post(f"{page}/dismiss-proposal", {"other": second.reference})
    assert (response.status_code, response["Location"]) == (303, page)
    assert address not in client.get(page).content.decode()
    assert proposals_for(actor, first) == []


def test_dependent_components_that_fail_together_are_proposed(actor, detected):
    from incidents.models import Component

    first, second = detected("api"), detected("db")
    rows = Component.objects.of(first.workspace_id)
    rows.get(name="api").depends_on.add(rows.get(name="db"))
    [proposal] = proposals_for(actor, second)
    assert (proposal.incident.pk, proposal.kinds) == (first.pk, ["dependency"])


@given(moves=st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=8))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.django_db
def test_merges_undone_in_reverse_order_restore_everything(moves, actor, workspace):
    with transaction.atomic():
        outcomes = report_signals(
            workspace.pk,
            [signal(n, severity=Severity(f"sev{n + 1}"), components=()) for n in range(4)],
            now=NOW,
        )
        incidents = list(
            Incident.objects.of(workspace.pk).filter(pk__in=[o.incident_id for o in outcomes]).order_by("pk")
        )
        before, done = [state(one) for one in incidents], []
        for _, absorbed, survivor in moves:
            try:
                with transaction.atomic():
                    merge_incidents(actor, number=incidents[absorbed].number, into=incidents[survivor].number)
            except (Conflict, Invalid):
                continue
            if incidents[absorbed].number not in done:
                done.append(incidents[absorbed].number)
        open_signals = IncidentSignal.objects.of(workspace.pk).filter(incident__in=incidents, is_open=True)
        assert open_signals.count() == 4
        for number in reversed(done):
            undo_merge(actor, number=number)
        assert [state(one) for one in incidents] == before
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_merges_and_undos_at_once_leave_one_open_incident_per_signal(actor, workspace):
    names = [f"part {n}" for n in range(6)]
    with transaction.atomic():
        report_signals(workspace.pk, [signal(name) for name in names], now=NOW)
    numbers = sorted(Incident.objects.of(workspace.pk).values_list("number", flat=True))
    pairs = list(pairwise(numbers)) * 2

    def work(index):
        try:
            if index % 3 == 2:
                with transaction.atomic():
                    report_signals(workspace.pk, [signal(names[index % 6])], now=NOW)
            elif index % 3 == 1:
                undo_merge(actor, number=pairs[index % 10][1])
            else:
                merge_incidents(actor, number=pairs[index % 10][1], into=pairs[index % 10][0])
        except (Conflict, NotFound):
            return

    failures = [result for result in at_once(count(12, 36), work) if isinstance(result, Exception)]
    assert failures == []
    signals = IncidentSignal.objects.of(workspace.pk)
    assert signals.count() == signals.filter(is_open=True).count() == 6
    assert set(signals.values_list("incident__status", flat=True)) <= set(UNRESOLVED)
    assert Incident.objects.of(workspace.pk).count() == 6
    counted = sum(Incident.objects.of(workspace.pk).values_list("event_count", flat=True))
    assert counted == 5 * (6 + count(4, 12))
