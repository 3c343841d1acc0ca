"""Sources, the quarantine and changes: pages without scripts, rights, audit, statements."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, User
from detection.models import ChangeEvent, Event, QuarantinedRequest, Source, SourceSecret
from detection.rules.services.rules import create_rule
from detection.sources.services.sources import create_source, update_source
from detection.webhooks.format import webhook_formats
from incidents.correlation.services.opening import declare_incident
from incidents.models import Incident
from incidents.sla.services.clocks import seed_policies
from tests.detection.webhooks.senders import Sender

HTMX = {"HX-Request": "true"}


def _client(actor):
    client = Client()
    client.force_login(
        User.objects.get(pk=actor.user_id), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


@pytest.fixture
def admin(make_actor, workspace):
    seed_policies(workspace.pk)
    return make_actor("admin")


@pytest.fixture
def client(admin):
    return _client(admin)


@pytest.fixture
def sender(admin):
    return Sender(*create_source(admin, kind="generic", name="Nagios"))


def audited(workspace):
    return list(AuditEntry.objects.of(workspace.pk).order_by("pk").values_list("action", flat=True))


def page(sender, rest=""):
    return f"/sources/{sender.source.pk}{rest}"


def test_source_is_made_by_a_form_and_its_address_works_at_once(client, workspace):
    response = client.post("/sources/new", {"kind": "generic", "name": "Nagios", "default_severity": "sev2",
                                          "reopen_minutes": "30"})  # fmt: skip
    assert response.status_code == 303
    text = client.get(response["Location"]).content.decode()
    address = text.split('tabindex="0">')[1].split("<")[0]
    sent = Client().post(
        address.removeprefix("http://testserver"), {"title": "Disk is full"}, "application/json"
    )
    assert sent.status_code == 202
    assert Incident.objects.of(workspace.pk).get().severity == "sev2"
    assert audited(workspace)[0] == "source.create"


def test_key_is_shown_for_ten_minutes_and_to_admins_only(client, sender, make_actor, workspace):
    assert sender.key in client.get(page(sender)).content.decode()
    assert sender.key not in _client(make_actor("manager")).get(page(sender)).content.decode()
    SourceSecret.objects.of(workspace.pk).update(created_at=timezone.now() - timedelta(minutes=11))
    text = client.get(page(sender)).content.decode()
    assert sender.key not in text
    assert f"…{sender.key[-4:]}" in text


def test_name_in_use_and_wrong_fields_are_refused_with_what_was_typed(client, sender):
    response = client.post("/sources/new", {"kind": "generic", "name": "Nagios", "default_severity": "sev2",
                                          "reopen_minutes": "-1"})  # fmt: skip
    assert response.status_code == 422
    assert b"Nagios" in response.content
    again = client.post("/sources/new", {"kind": "generic", "name": "Nagios", "default_severity": "sev2",
                                         "reopen_minutes": "5"})  # fmt: skip
    assert again.status_code == 422
    assert b"Another source has this name" in again.content


def test_keys_rotate_with_two_live(client, sender, workspace):
    assert client.post(page(sender, "/keys")).status_code == 303
    assert client.post(page(sender, "/keys")).status_code == 409
    old = SourceSecret.objects.of(workspace.pk).order_by("pk").first()
    assert sender.post({"title": "a", "id": 1}).status_code == 202
    assert client.post(page(sender, f"/secrets/{old.pk}/revoke")).status_code == 303
    assert sender.post({"title": "b", "id": 2}).status_code == 404


def test_signing_secret_refuses_unsigned_requests(client, sender):
    assert client.post(page(sender, "/secrets"), {"text": "short"}).status_code == 422
    assert client.post(page(sender, "/secrets"), {"text": "long enough"}).status_code == 303
    assert sender.post({"title": "a"}).status_code == 401


def test_test_shows_every_step_and_leaves_nothing_behind(client, sender, workspace):
    before = audited(workspace)
    response = client.post(page(sender, "/test"), headers=HTMX)
    text = response.content.decode()
    for step in ("Received", "Mapped", "Deduplicated", "Matched", "Opened", "Rolled back"):
        assert f"<strong>{step}</strong>" in text
    assert "INC-1 would be opened" in text
    assert Incident.objects.of(workspace.pk).count() == Event.objects.of(workspace.pk).count() == 0
    assert audited(workspace) == before
    assert Source.objects.of(workspace.pk).get().last_seen_at is None


def test_log_of_a_test_names_the_rules_that_count_what_came(client, admin, workspace):
    create_rule(admin, fields={"rule_id": "full-disks", "name": "Disks fill up", "incident_type": "other",
                               "severity": "sev2", "error_threshold": 3, "time_window_seconds": 120,
                               "minimum_level": "error", "message_pattern": "full"})  # fmt: skip
    create_rule(admin, fields={"rule_id": "slow", "name": "All is slow", "incident_type": "other",
                               "severity": "sev2", "error_threshold": 3, "time_window_seconds": 60,
                               "message_pattern": "slow"})  # fmt: skip
    counted = Sender(*create_source(admin, kind="generic", name="Counts", opens_incidents=False))
    counted.post({"title": "Disk is full", "severity": "sev2", "component": "db-1", "key": "earlier"})
    body = json.dumps({"title": "Disk is full", "severity": "sev2", "component": "db-1", "key": "now"})
    text = client.post(page(counted, "/test"), {"body": body}, headers=HTMX).content.decode()
    assert "1 rule counts these events." in text
    assert "Disks fill up (full-disks) for db-1: 2 of 3 within 2 min" in text
    assert "All is slow" not in text
    ignored = json.dumps({"title": "Nothing to see", "severity": "sev4", "key": "calm"})
    text = client.post(page(counted, "/test"), {"body": ignored}, headers=HTMX).content.decode()
    assert "No enabled rule matches these events." in text
    assert "Disks fill up" not in text


def test_log_counts_the_alerts_that_were_sent(client, admin):
    group = Sender(*create_source(admin, kind="alertmanager", name="Prometheus"))
    text = client.post(page(group, "/test"), headers=HTMX).content.decode()
    assert "Found 1 alert." in text
    assert "not listed" not in text
    body = webhook_formats().get("alertmanager").guide.body | {"truncatedAlerts": 3}
    text = client.post(page(group, "/test"), {"body": json.dumps(body)}, headers=HTMX).content.decode()
    assert "Found 2 alerts." in text


@pytest.mark.parametrize("body", ["{", '{"a": 1}', "[]", "\x00", "<script>alert(1)</script>"])
def test_source_test_of_an_unreadable_body_shows_an_error(client, sender, body):
    text = client.post(page(sender, "/test"), {"body": body}).content.decode()
    assert "Rolled back" in text or "would go to quarantine" in text
    assert "<script>alert(1)" not in text


def mapping_form(**more):
    return {"kind": "alert", "title": "what", "component": "where", "key": "what", "state": "now", "each": "",
            "severity": "bad", "default_state": "firing", "change_kind": "deployment", "default_severity": "",
            "signature_algorithm": "sha256", "signature_encoding": "hex", "signature_header": "x-signature",
            **more}  # fmt: skip


def test_preview_follows_the_mapping_typed(client, sender):
    body = json.dumps({"what": "Disk <b>is</b> full", "where": "db-1", "now": "kaputt", "bad": "P1"})
    typed = mapping_form(states="kaputt = firing", body=body, do="preview")
    text = client.post(page(sender, "/mapping"), typed, headers=HTMX).content.decode()
    assert "Disk &lt;b&gt;is&lt;/b&gt; full" in text
    assert "An alert, firing, SEV1" in text
    odd = client.post(page(sender, "/mapping"), typed | {"title": "a b", "states": "x = gone"}, headers=HTMX)
    assert odd.status_code == 422
    assert b"Cannot be read from" in odd.content
    assert Source.objects.of(sender.source.workspace_id).get().mapping == {}


def test_mapping_preview_has_the_last_request_with_secrets_masked(client, sender):
    sender.post({"title": "x", "password": "hunter2", "note": "token=abcdefgh1234"})
    text = client.get(page(sender, "/mapping")).content.decode()
    assert "The last body received" in text
    assert "hunter2" not in text
    assert "abcdefgh1234" not in text


def test_quarantined_request_is_replayed_once_the_mapping_is_right(client, sender, workspace):
    assert sender.post({"what": "Disk is full", "where": "db-1", "api_key": "hunter2hunter2"}).json()[
        "quarantined"
    ]
    row = QuarantinedRequest.objects.of(workspace.pk).get()
    assert b"Nagios" in client.get("/quarantine").content
    text = client.get(f"/quarantine/{row.pk}").content.decode()
    assert "Disk is full" in text
    assert "hunter2" not in text
    assert client.post(f"/quarantine/{row.pk}/replay").status_code == 422
    saved = client.post(page(sender, "/mapping"), mapping_form())
    assert saved.status_code == 303, saved.content.decode().split("<main")[1][:3000]
    assert client.post(f"/quarantine/{row.pk}/replay").status_code == 303
    assert Incident.objects.of(workspace.pk).get().title == "Disk is full"
    assert client.post(f"/quarantine/{row.pk}/replay").status_code == 409
    assert Incident.objects.of(workspace.pk).count() == 1
    assert audited(workspace).count("source.replay") >= 1


def test_quarantined_request_can_be_discarded(client, sender, workspace):
    sender.post(b"not json")
    row = QuarantinedRequest.objects.of(workspace.pk).get()
    assert client.post(f"/quarantine/{row.pk}/discard").status_code == 303
    assert client.get(f"/quarantine/{row.pk}").status_code == 404
    assert audited(workspace)[-1] == "source.discard"


def waiting(sender, count):
    """So many more requests of that sender in quarantine."""
    row = QuarantinedRequest.objects.of(sender.source.workspace_id).get(source=sender.source)
    for n in range(count):
        row.pk, row.digest = None, f"{n:064}"
        row.save(force_insert=True)


def test_page_of_the_quarantine_leads_on_and_back_and_stays_with_its_source(client, sender):
    sender.post(b"not json")
    waiting(sender, 50)
    first = client.get(f"/quarantine?source={sender.source.pk}").content.decode()
    assert 'href="/quarantine"' in first
    older = re.search(r'href="(\?[^"]*cursor=[^"]*)"', first)[1].replace("&amp;", "&")
    second = client.get(f"/quarantine{older}").content.decode()
    assert second.count('<th scope="row">') == 1
    assert f'href="?source={sender.source.pk}"' in second
    assert 'rel="next"' not in second


def test_another_workspaces_sources_are_not_there(sender, make_actor, other_workspace, workspace):
    sender.post(b"not json")
    row = QuarantinedRequest.objects.of(workspace.pk).get()
    outsider = _client(make_actor("admin", inside=other_workspace))
    for rest in ("", "/edit", "/mapping", "/test", "/delete"):
        assert outsider.get(page(sender, rest)).status_code == 404
    for rest in ("/keys", "/delete", "/test"):
        assert outsider.post(page(sender, rest)).status_code == 404
    assert outsider.get(f"/quarantine/{row.pk}").status_code == 404
    assert outsider.post(f"/quarantine/{row.pk}/replay").status_code == 404
    assert b"Nagios" not in outsider.get("/sources").content


def test_deletion_requires_a_confirmation(client, sender, workspace):
    assert b"Delete Nagios?" in client.get(page(sender, "/delete")).content
    assert client.post(page(sender, "/delete")).status_code == 303
    assert not Source.objects.of(workspace.pk).exists()


def test_changes_before_an_incident_are_shown_its_own_first(client, admin, workspace):
    incident = declare_incident(admin, title="Checkout is down", severity="sev2", components=["checkout"])
    for minutes, component in ((30, "search"), (90, "checkout"), (1000, "checkout")):
        change = {
            "summary": f"Deploy {component} {minutes}",
            "component": component,
            "url": "https://ci.test/1",
            "occurred_at": (timezone.now() - timedelta(minutes=minutes)).isoformat(),
            "key": str(minutes),
        }
        for status in (201, 200):  # fmt: skip
            assert client.post("/api/v1/changes", change, "application/json").status_code == status
    text = client.get(f"/panels/incident.changes?key={incident.number}").content.decode()
    assert text.index("Deploy checkout 90") < text.index("Deploy search 30")
    assert "Deploy checkout 1000" not in text
    assert ChangeEvent.objects.of(workspace.pk).count() == 3
    component = incident.affected.get().component_id
    shown = client.get(f"/panels/component.changes?key={component}").content.decode()
    assert "Deploy checkout 1000" in shown
    assert "Deploy search" not in shown


@pytest.mark.parametrize("wrong", [{"summary": ""}, {"kind": "x"}, {"url": "javascript:alert(1)"},
                                   {"occurred_at": "soon"}, {"detail": []}, {"odd": 1}])  # fmt: skip
def test_wrong_change_is_refused_with_its_field_named(client, wrong):
    response = client.post("/api/v1/changes", {"summary": "x", **wrong}, "application/json")
    assert response.status_code == 422
    assert next(iter(wrong)) in response.json()["detail"] + str(response.json()["errors"])


def test_list_costs_the_same_for_one_source_and_for_ten(client, admin, django_assert_max_num_queries):
    def statements():
        with django_assert_max_num_queries(12) as seen:
            client.get("/sources")
        return len(seen)

    create_source(admin, kind="generic", name="The first")
    client.get("/sources")
    few = statements()
    for number in range(10):
        create_source(admin, kind="generic", name=f"S{number}")
    assert statements() == few


def test_stale_mapping_is_refused_with_the_input_preserved(client, sender, admin):
    update_source(admin, source_id=sender.source.pk, name="Nagios 2")
    response = client.post(page(sender, "/mapping"), mapping_form(source_version="1"))
    assert response.status_code == 422
    assert b"changed the source meanwhile" in response.content
