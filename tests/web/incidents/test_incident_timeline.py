"""The incident page without JavaScript: timeline, details in place, links, stale forms, ended sign-ins."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.responding import edit_incident
from incidents.links.services import relate_incidents
from incidents.models import Incident, TimelineEntry
from incidents.sla.services.clocks import seed_policies
from incidents.timeline.services.entries import pin_entry
from incidents.timeline.services.notes import add_entry
from incidents.vocabulary import EntryKind
from tests.incidents.make import NOW, signal

HERE = {"Origin": "http://testserver"}


@pytest.fixture
def incident(workspace, actor):
    seed_policies(workspace.pk)
    return declare_incident(actor, title="Checkout is down", severity="sev2", components=["checkout"])


def signed_in(actor, **options):
    client = Client(**options)
    user = User.objects.get(pk=actor.user_id)
    user.set_password("ring-the-bell-at-noon")
    user.save()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def client(actor):
    return signed_in(actor)


def url(incident, name=""):
    return f"/incidents/{incident.reference}{f'/{name}' if name else ''}"


def post(client, incident, name, **data):
    return client.post(url(incident, name), data)


def now(incident):
    return Incident.objects.of(incident.workspace_id).get(pk=incident.pk)


def written(incident, kind, count, message="x"):
    of = {"workspace_id": incident.workspace_id, "incident": incident, "author_label": "Tocsin"}
    TimelineEntry.objects.bulk_create(
        TimelineEntry(**of, kind=kind, message=f"{message} {n}", occurred_at=timezone.now())
        for n in range(count)
    )


def test_pinned_entry_is_on_top_until_it_is_unpinned(client, incident, actor):
    note = add_entry(actor, number=incident.number, kind=EntryKind.NOTE, message="the plan")
    assert post(client, incident, "pin", entry=note.pk).status_code == 303
    page = client.get(url(incident)).content.decode()
    assert page.count("the plan") == 2
    assert page.index("the plan") < page.index(f'id="entry-{note.pk}"')
    post(client, incident, "unpin", entry=note.pk)
    assert b"Pinned" not in client.get(url(incident)).content


def test_notes_time_is_corrected_by_a_form(client, incident, actor):
    note = add_entry(actor, number=incident.number, kind=EntryKind.NOTE, message="seen")
    when = (timezone.now() - timedelta(hours=3)).replace(microsecond=0)
    shown = client.get(f"{url(incident, 'time')}?entry={note.pk}&at={when:%Y-%m-%dT%H:%M:%S}")
    assert f'value="{when:%Y-%m-%dT%H:%M:%S}"'.encode() in shown.content
    post(client, incident, "time", entry=note.pk, occurred_at=f"{when:%Y-%m-%dT%H:%M:%S}")
    note.refresh_from_db()
    assert note.occurred_at == when
    User.objects.update(time_zone="Asia/Tokyo")
    written = f"Written {note.created_at:%Y-%m-%d %H:%M:%S} UTC"
    assert f'{written}">time corrected' in client.get(url(incident)).content.decode()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("time", {"entry": 1, "occurred_at": "soon"}),
        ("time", {"entry": "x", "occurred_at": "2026-01-01T00:00"}),
        ("time", {"occurred_at": "2026-01-01T00:00"}),
        ("pin", {"entry": "-1"}),
        ("pin", {}),
        ("relate", {"other": ""}),
        ("relate", {"other": "INC-999"}),
        ("relate", {"other": "nothing"}),
        ("relate", {"other": "INC-1"}),
        ("stage", {"stage": "nowhere"}),
        ("type", {"incident_type": "meteor"}),
        ("title", {"title": ""}),
        ("labels", {"labels": "k" * 61 + "=v"}),
        ("labels", {"labels": "\n".join(f"k{n}=v" for n in range(51))}),
        ("description", {"description": "x" * 20_001}),
        ("note", {"message": "x", "audience": "everybody"}),
    ],
)
def test_form_with_a_fault_is_shown_again_with_it(client, incident, name, data):
    response = post(client, incident, name, **data)
    assert response.status_code == 422
    assert b"field-error" in response.content or b"notice-error" in response.content
    assert now(incident).version == 1


@pytest.mark.parametrize("name", ["pin", "unpin", "time"])
def test_missing_entry_returns_404(client, incident, name):
    data = {"entry": 999_999_999, "occurred_at": "2026-01-01T00:00"}
    assert post(client, incident, name, **data).status_code == 404


@pytest.mark.parametrize(
    ("name", "field", "value", "stored"),
    [
        ("description", "description", "**bold**\r\nline", "**bold**\nline"),
        ("impact", "impact", "a third of payments", "a third of payments"),
        ("root-cause", "root_cause", "a full disk", "a full disk"),
        ("type", "incident_type", "deadlock", "deadlock"),
        ("labels", "labels", "region=eu\r\nteam = pay = ments\r\n\r\nurgent", None),
    ],
)
def test_every_detail_is_edited_in_place(client, incident, name, field, value, stored):
    data = {field: value, f"initial-{field}": "", "version": incident.version}
    assert post(client, incident, name, **data).status_code == 303
    labels = {"region": "eu", "team": "pay = ments", "urgent": ""}
    assert getattr(now(incident), field) == (stored if stored is not None else labels)


def test_detail_can_be_cleared(client, incident, actor):
    edit_incident(actor, number=incident.number, impact="some")
    post(client, incident, "impact", impact="", **{"initial-impact": "some"}, version=2)
    assert now(incident).impact == ""


def test_two_people_editing_different_fields_both_win(client, incident, actor):
    edit_incident(actor, number=incident.number, impact="theirs")
    form = {
        "title": "Mine", "initial-title": "Checkout is down", "impact": "", "initial-impact": "",
        "description": "", "initial-description": "", "root_cause": "", "initial-root_cause": "",
        "labels": "", "initial-labels": "", "incident_type": "other", "initial-incident_type": "other",
    }  # fmt: skip
    assert post(client, incident, "edit", **form, version=1).status_code == 303
    assert (now(incident).title, now(incident).impact) == ("Mine", "theirs")


def test_two_people_editing_one_field_see_both_texts_and_lose_none(client, incident, actor):
    edit_incident(actor, number=incident.number, impact="half of all payments")
    data = {"impact": "a third of payments", "initial-impact": ""}
    refused = post(client, incident, "impact", **data, version=1)
    assert refused.status_code == 409
    text = refused.content.decode()
    assert "half of all payments" in text
    assert text.count("a third of payments") == 2
    assert now(incident).impact == "half of all payments"
    again = {"impact": "a third of payments", "initial-impact": "half of all payments", "version": 2}
    assert post(client, incident, "impact", **again).status_code == 303
    assert now(incident).impact == "a third of payments"


def test_form_of_a_conflict_has_the_current_values(client, incident, actor):
    edit_incident(actor, number=incident.number, title="Theirs", impact="untouched by me")
    data = {"title": "Mine", "initial-title": "Checkout is down", "impact": "", "initial-impact": ""}
    text = post(client, incident, "edit", **data, version=1, incident_type="other").content.decode()
    assert 'name="initial-title" value="Theirs"' in text
    assert "untouched by me</textarea>" in text
    assert 'name="version" value="2"' in text


def test_links_are_made_shown_and_taken_away(client, incident, actor):
    declare_incident(actor, title="The other one")
    assert post(client, incident, "relate", other="2").status_code == 303
    page = client.get(url(incident)).content
    assert b"The other one" in page
    assert b"Unlink INC-2" in page
    post(client, incident, "unrelate", other="INC-2")
    assert b"Unlink INC-2" not in client.get(url(incident)).content


def test_recurring_incident_shows_earlier_ones(client, workspace, actor, incident):
    from django.db import transaction

    from incidents.correlation.services.opening import report_signals
    from incidents.lifecycle.services.resolving import resolve_incident

    for day in range(3):
        with transaction.atomic():
            [outcome] = report_signals(workspace.pk, [signal()], now=NOW + timedelta(days=day))
        resolve_incident(actor, number=outcome.number)
    assert b"<strong>2 times</strong> before" in client.get(f"/incidents/INC-{outcome.number}").content


def test_long_runs_of_machine_entries_are_one_line(client, incident):
    written(incident, "event", 9, "found")
    assert b"found 3" not in client.get(url(incident)).content
    page = client.get(f"{url(incident)}?kind=all").content.decode()
    assert "9 × detection" in page
    assert page.count('<details id="run-') == 1


@pytest.mark.parametrize("query", ["kind=gossip", "before=x"])
def test_unknown_timeline_view_is_refused_by_name(client, incident, query):
    response = client.get(f"{url(incident)}?{query}")
    assert response.status_code == 422
    assert query.split("=")[0] in response.content.decode()


@pytest.mark.parametrize("kind", ["", "updates", "notes", "detection", "changes", "all"])
def test_every_view_of_the_timeline_is_there(client, incident, kind):
    written(incident, "note", 1)
    assert client.get(f"{url(incident)}?kind={kind}").status_code == 200


def test_user_text_is_sanitized_markdown(client, incident, actor):
    words = "**bold** <script>alert(1)</script> [x](javascript:alert(1)) INC-1 https://a.example/b"
    add_entry(actor, number=incident.number, kind=EntryKind.NOTE, message=words)
    text = client.get(url(incident)).content.decode()
    assert "<strong>bold</strong>" in text
    assert "<script>alert" not in text
    assert 'href="javascript' not in text
    assert '<a href="/incidents/INC-1"' in text
    assert '<a href="https://a.example/b" rel="nofollow noopener noreferrer">' in text


def test_public_and_internal_text_are_marked_differently(client, incident):
    post(client, incident, "note", message="for us", audience="internal")
    post(client, incident, "note", message="for all", audience="public")
    text = client.get(url(incident)).content.decode()
    assert text.count('class="internal"') == 2  # the note, and the entry of the declaration
    assert text.count('class="public"') == 1


def test_note_sent_twice_with_its_form_is_one(client, incident):
    for _ in range(2):
        post(client, incident, "note", message="once", audience="internal", request_key="form-7")
        TimelineEntry.objects.of(incident.workspace_id).update(created_at=timezone.now() - timedelta(hours=1))
    assert client.get(url(incident)).content.count(b"once</p>") == 1


def test_activity_has_every_change_and_is_paged(client, incident, actor):
    for number in range(30):
        edit_incident(actor, number=incident.number, impact=f"impact {number}")
    first = client.get(url(incident, "activity"))
    assert first.content.count(b'class="entry ') == 50
    older = re.search(r'href="([^"]+)"\s+rel="next"', first.content.decode())
    second = client.get(f"{url(incident, 'activity')}{unescape(older[1])}")
    assert second.content.count(b'class="entry ') == 12
    assert client.get(f"{url(incident, 'activity')}?source=audit").content.count(b"entry-record") == 31


@pytest.mark.parametrize("query", ["cursor=x", "source=rumour"])
def test_unknown_activity_is_refused(client, incident, query):
    assert client.get(f"{url(incident, 'activity')}?{query}").status_code == 422


def sign_in(client, next_url):
    data = {"login": "rita.responder", "password": "ring-the-bell-at-noon", "next": next_url}
    return client.post("/sign-in", data)


def test_text_typed_after_the_session_ended_is_restored_after_the_sign_in(client, incident):
    client.session.flush()
    data = {"message": "a long thought", "audience": "public", "request_key": "k"}
    sent = client.post(url(incident, "note"), data)
    assert sent["Location"] == f"/sign-in?next=%2Fincidents%2F{incident.reference}%2Fnote"
    back = sign_in(client, url(incident, "note"))
    page = client.get(back["Location"]).content.decode()
    assert "a long thought</textarea>" in page
    assert "Your input was preserved" in page
    assert 'value="public"' in page.split("checked")[0][-200:] or 'value="public" checked' in page
    assert TimelineEntry.objects.of(incident.workspace_id).count() == 1
    assert "a long thought" not in client.get(url(incident, "note")).content.decode()


def test_declaration_survives_an_ended_sign_in_too(client, incident):
    client.session.flush()
    client.post("/incidents/declare", {"title": "All is lost", "severity": "sev1"})
    sign_in(client, "/incidents/declare")
    assert b"All is lost" in client.get("/incidents/declare").content


def test_drafts_of_secrets_are_not_stored(client):
    client.session.flush()
    client.post("/account/password", {"password": "sesame-open-up", "current": "old-secret"})
    assert "recovered_form" not in client.session


def test_form_of_an_earlier_session_shows_its_input_again(actor, incident):
    client = signed_in(actor, enforce_csrf_checks=True)
    client.get(url(incident))
    data = {"message": "typed before", "audience": "internal", "csrfmiddlewaretoken": "x" * 64}
    response = client.post(url(incident, "note"), data, headers=HERE)
    assert (response.status_code, response["Location"]) == (303, url(incident, "note"))
    assert b"typed before" in client.get(url(incident, "note")).content


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {}])
def test_form_of_another_workspace_is_refused_and_not_stored(actor, incident, headers):
    client = signed_in(actor, enforce_csrf_checks=True)
    data = {"message": "forged", "audience": "public"}
    assert client.post(url(incident, "note"), data, headers=headers).status_code == 403
    assert b"forged" not in client.get(url(incident, "note")).content


def test_both_clocks_are_in_the_header(client, incident):
    text = client.get(f"/panels/incident.header?key={incident.number}").content.decode()
    assert 'data-label="Acknowledge"' in text
    assert 'data-label="Update"' in text


def queries(client, path):
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


def test_busy_page_costs_a_fixed_number_of_queries(client, incident, actor):
    for number in range(6):
        declare_incident(actor, title=f"Other {number}", components=["checkout"])
        relate_incidents(actor, number=1, other=number + 2)
    note = add_entry(actor, number=1, kind=EntryKind.NOTE, message="pinned")
    pin_entry(actor, number=1, entry_id=note.pk)
    client.get(url(incident))  # what a process reads once is read now
    before = queries(client, url(incident))
    written(incident, "note", 200)
    written(incident, "event", 300)
    assert queries(client, url(incident)) == before <= 44
    assert queries(client, url(incident, "activity")) <= 10
