"""Publishing: what is published appears, what is not never does."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from core.errors import Conflict, Invalid
from core.queue.runner import run_due
from core.queues import RELAY
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.responding import change_status
from incidents.models import Incident, TimelineEntry
from incidents.privacy.services import set_private
from incidents.timeline.services.notes import add_update
from postmortems.documents.models import Postmortem
from postmortems.drafting.services import draft_postmortem
from postmortems.review.services import set_details
from status.pages.models import StateSpan
from status.pages.services.components import change_component, set_component_state
from status.pages.services.pages import put_page
from status.publishing.drift_reading import drifts_for
from status.publishing.models import PublicIncident
from status.publishing.services.incidents import (
    allow_entry,
    post_public_update,
    publish_incident,
    withdraw_incident,
)
from status.publishing.services.maintenance import cancel_maintenance, schedule_maintenance
from tests.incidents.attachments.pictures import png
from tests.status.scenario import soon
from tests.web.signed_in import browser_for

CANARY = "zebrafinch"


def test_incident_unpublished_is_not_on_the_page(scenario):
    scenario.build()
    summary = scenario.json("summary")
    assert summary["incidents"] == []
    assert summary["status"] == {"indicator": "none", "description": "All Systems Operational"}
    assert b"pg-main-2" not in b"".join(scenario.forms().values())


def test_publishing_shows_a_plain_title_state_and_text(scenario):
    publish_incident(scenario.actor, number=scenario.incident.number)
    change_status(
        scenario.actor, status="identified", number=scenario.incident.number, message="pg-main-2 disk"
    )
    scenario.build()
    shown = scenario.json("incidents/unresolved")["incidents"][0]
    assert (shown["name"], shown["status"], shown["impact"]) == (
        "Problem with Checkout",
        "identified",
        "critical",
    )
    assert [one["status"] for one in shown["incident_updates"]] == ["identified", "investigating"]
    assert scenario.json("status")["status"]["indicator"] == "minor"
    assert b"pg-main-2" not in b"".join(scenario.forms().values())


def test_update_resolve_and_withdraw_follow_on_the_page(scenario):
    number = scenario.incident.number
    publish_incident(scenario.actor, number=number, title="Checkout is slow")
    post_public_update(scenario.actor, number=number, message="A **fix** is on its way, @rita.responder.")
    change_status(scenario.actor, status="resolved", number=number)
    scenario.build()
    page = scenario.get().content.decode()
    assert "A <strong>fix</strong> is on its way" in page
    assert 'href="/people' not in page
    assert scenario.json("incidents")["incidents"][0]["status"] == "resolved"
    assert scenario.json("status")["status"]["indicator"] == "none"
    withdraw_incident(scenario.actor, number=number)
    scenario.build()
    assert scenario.json("incidents")["incidents"] == []


def test_drill_is_refused(scenario):
    drill = declare_incident(scenario.actor, title="Only a drill", is_drill=True)
    with pytest.raises(Conflict, match="drill"):
        publish_incident(scenario.actor, number=drill.number)


def test_private_incident_is_never_published(scenario):
    put_page(scenario.admin, values={"auto_publish": "sev2"})
    change_component(scenario.admin, public_id=scenario.component.public_id, values={"follows": "incidents"})
    set_private(scenario.admin, number=scenario.incident.number, is_private=True)
    with pytest.raises(Conflict, match="private"):
        publish_incident(scenario.admin, number=scenario.incident.number)
    with pytest.raises(Conflict, match="private"):
        post_public_update(scenario.admin, number=scenario.incident.number, message="Soon.")
    scenario.build()
    assert not PublicIncident.objects.of(scenario.actor.workspace_id).exists()
    assert scenario.json("status")["status"]["indicator"] == "none"
    assert drifts_for(scenario.admin, timezone.now()) == []


def test_published_incident_that_becomes_private_leaves_every_form_and_is_not_announced(scenario):
    publish_incident(scenario.actor, number=scenario.incident.number, title=CANARY)
    scenario.build()
    assert CANARY.encode() in scenario.get().content
    set_private(scenario.admin, number=scenario.incident.number, is_private=True)
    change_status(scenario.admin, status="identified", number=scenario.incident.number)
    before = scenario.builds_wanted()
    run_due(RELAY, at=soon())
    assert scenario.builds_wanted() > before
    scenario.build()
    assert scenario.json("incidents")["incidents"] == []
    for form, body in scenario.forms().items():
        assert CANARY.encode() not in body, form
    assert scenario.messages().count() == 0


def test_rule_of_the_page_publishes_sev1_at_once(scenario):
    put_page(scenario.admin, values={"auto_publish": "sev1"})
    declare_incident(scenario.actor, title="Secret plan", severity="sev1", components=["checkout-api-1"])
    declare_incident(scenario.actor, title="Small", severity="sev3", components=["checkout-api-1"])
    scenario.build()
    scenario.build()
    assert [one["name"] for one in scenario.json("incidents")["incidents"]] == ["Problem with Checkout"] * 2


@pytest.mark.parametrize(
    "text", ["db is on pg-main-2.internal", "see 10.1.2.3", "checkout-api-1 restarts", "redis:6379 is full"]
)
def test_internal_name_in_a_public_draft_needs_confirmation(scenario, text):
    number = scenario.incident.number
    publish_incident(scenario.actor, number=number)
    with pytest.raises(Invalid, match="should not be public"):
        post_public_update(scenario.actor, number=number, message=text)
    post_public_update(scenario.actor, number=number, message=text, confirmed=True)
    scenario.build()
    assert scenario.json("incidents")["incidents"][0]["incident_updates"][0]["body"] == text


def test_secret_in_a_public_draft_is_refused_even_when_confirmed(scenario):
    publish_incident(scenario.actor, number=scenario.incident.number)
    with pytest.raises(Invalid, match="secret"):
        post_public_update(
            scenario.actor, number=scenario.incident.number, confirmed=True,
            message="use password=hunter2-and-more",
        )  # fmt: skip


def test_entry_that_looks_sensitive_is_held_until_it_is_allowed(scenario):
    number = scenario.incident.number
    publish_incident(scenario.actor, number=number)
    add_update(scenario.actor, message="Failing over pg-main-2.internal", number=number)
    scenario.build()
    assert b"pg-main-2" not in b"".join(scenario.forms().values())
    held = [one for one in drifts_for(scenario.actor, timezone.now()) if one.kind == "held"]
    allow_entry(scenario.actor, number=number, entry_id=held[0].entry_id)
    scenario.build()
    assert b"pg-main-2.internal" in scenario.get().content


def test_repeated_public_update_shows_nothing_else_that_is_held(scenario):
    number = scenario.incident.number
    publish_incident(scenario.actor, number=number)
    mine = {"message": "Failing over pg-main-3.internal", "confirmed": True, "request_key": "once"}
    post_public_update(scenario.actor, number=number, **mine)
    add_update(scenario.actor, message="Failing over pg-main-2.internal", number=number)
    post_public_update(scenario.actor, number=number, **mine)
    scenario.build()
    page = scenario.get().content
    assert (b"pg-main-3.internal" in page, b"pg-main-2.internal" in page) == (True, False)


def test_manual_state_wins_and_is_flagged_while_nothing_is_open(scenario):
    change_status(scenario.actor, status="resolved", number=scenario.incident.number)
    set_component_state(scenario.actor, public_id=scenario.component.public_id, state="major_outage")
    scenario.build()
    assert scenario.json("components")["components"][0]["status"] == "major_outage"
    assert [one.kind for one in drifts_for(scenario.actor, timezone.now())] == ["manual"]
    spans = StateSpan.objects.of(scenario.actor.workspace_id).filter(ends_at=None)
    assert [span.state for span in spans] == ["major_outage"]


def test_sev1_of_fifteen_minutes_on_a_green_page_is_flagged_once(scenario):
    scenario.build()
    Incident.objects.of(scenario.actor.workspace_id).update(
        detected_at=timezone.now() - timedelta(minutes=16)
    )
    assert {one.kind for one in drifts_for(scenario.actor, timezone.now())} == {"unpublished", "green"}
    scenario.build()
    scenario.build()
    entries = TimelineEntry.objects.of(scenario.actor.workspace_id).filter(message__startswith="Status page:")
    assert entries.count() == 2


def test_overdue_public_update_is_flagged_once_and_no_longer_once_it_is_posted(scenario):
    number, now = scenario.incident.number, timezone.now()
    publish_incident(scenario.actor, number=number)
    scenario.build()
    rows = Incident.objects.of(scenario.actor.workspace_id)
    rows.update(update_due_at=now + timedelta(minutes=1))
    assert "overdue" not in {one.kind for one in drifts_for(scenario.actor, now)}
    rows.update(update_due_at=now - timedelta(minutes=1))
    [late] = [one for one in drifts_for(scenario.actor, now) if one.kind == "overdue"]
    assert late.words == f"The public update of {scenario.incident.reference} is overdue."
    assert late.words in browser_for(scenario.actor).get(f"/incidents/INC-{number}").content.decode()
    scenario.build()
    scenario.build()
    entries = TimelineEntry.objects.of(scenario.actor.workspace_id)
    assert entries.filter(message=f"Status page: {late.words}").count() == 1
    post_public_update(scenario.actor, number=number, message="We are on it.")
    assert "overdue" not in {one.kind for one in drifts_for(scenario.actor, timezone.now())}


def test_postmortem_links_to_the_published_incident(scenario):
    number = scenario.incident.number
    change_status(scenario.actor, status="resolved", number=number)
    draft_postmortem(scenario.admin, number)
    browser = browser_for(scenario.actor)
    address = f"/postmortems/INC-{number}"
    assert "/status/acme/incidents/" not in browser.get(address).content.decode()
    publish_incident(scenario.actor, number=number, title="Checkout fails")
    public_id = PublicIncident.objects.of(scenario.actor.workspace_id).get().public_id
    shown = browser.get(address).content.decode()
    assert f'href="/status/acme/incidents/{public_id}"' in shown
    assert "Checkout fails" in shown
    scenario.build()
    assert scenario.get(f"incidents/{public_id}").status_code == 200
    withdraw_incident(scenario.actor, number=number)
    assert "/status/acme/incidents/" not in browser.get(address).content.decode()


def test_title_colour_and_logo_are_its_own_and_the_feed_names_what_is_published(scenario):
    picture = png(2, 1)
    put_page(scenario.admin, values={"title": "Acme Cloud", "color": "#aa3300", "logo": picture})
    publish_incident(scenario.actor, number=scenario.incident.number, title="Checkout fails")
    scenario.build()
    assert "Acme Cloud" in scenario.get().content.decode()
    assert b"#aa3300" in scenario.get("theme.css").content
    logo = scenario.get("logo")
    assert (logo["Content-Type"], logo.content) == ("image/png", picture)
    feed = scenario.get("history.atom")
    entries = ElementTree.fromstring(feed.content).findall("{http://www.w3.org/2005/Atom}entry")
    assert feed["Content-Type"].startswith("application/atom+xml")
    assert ["Checkout fails" in entry.findtext("{*}title") for entry in entries] == [True]


def test_maintenance_follows_its_times_and_can_be_cancelled(scenario):
    now = timezone.now()
    planned = schedule_maintenance(
        scenario.actor, title="Database upgrade", starts_at=now + timedelta(hours=1),
        ends_at=now + timedelta(hours=2), components=[scenario.component.public_id],
    )  # fmt: skip
    scenario.build()
    assert [
        m["status"] for m in scenario.json("scheduled-maintenances/upcoming")["scheduled_maintenances"]
    ] == ["scheduled"]
    planned.starts_at = now - timedelta(minutes=1)
    planned.save()
    scenario.build()
    assert scenario.json("components")["components"][0]["status"] == "under_maintenance"
    assert (
        scenario.json("scheduled-maintenances/active")["scheduled_maintenances"][0]["status"] == "in_progress"
    )
    cancel_maintenance(scenario.actor, public_id=planned.public_id)
    scenario.build()
    assert scenario.json("components")["components"][0]["status"] == "operational"


def test_resolved_incident_links_to_its_postmortem_once_that_is_public(scenario):
    number = scenario.incident.number
    publish_incident(scenario.actor, number=number)
    change_status(scenario.actor, status="resolved", number=number)
    draft_postmortem(scenario.admin, number)
    set_details(scenario.admin, number, public_link=True)
    scenario.build()
    assert "postmortem_url" not in scenario.json("incidents")["incidents"][0]
    Postmortem.objects.of(scenario.actor.workspace_id).update(published_revision=1)
    scenario.build()
    link = scenario.json("incidents")["incidents"][0]["postmortem_url"]
    assert scenario.outsider.get(urlsplit(link).path).status_code == 200
    assert f'href="{link}"' in scenario.get().content.decode()


def test_hostile_markdown_is_harmless(scenario):
    publish_incident(scenario.actor, number=scenario.incident.number)
    text = "<script>alert(1)</script> [x](javascript:alert(1)) ![p](https://e.example/p.png) " + "*" * 3000
    post_public_update(scenario.actor, number=scenario.incident.number, message=text)
    scenario.build()
    for form in ("index", "history", "history.atom"):
        body = scenario.forms()[form]
        assert b"<script" not in body
        assert b'href="javascript' not in body
        assert b"<img" not in body


def test_older_incidents_are_on_further_pages(scenario):
    now = timezone.now()
    Incident.objects.bulk_create(
        Incident(
            workspace_id=scenario.actor.workspace_id, number=100 + n, title="x", source="declared",
            severity="sev3", status="resolved" if n else "open", started_at=now, detected_at=now,
            resolved_at=now if n else None,
        )
        for n in range(120)
    )  # fmt: skip
    PublicIncident.objects.bulk_create(
        PublicIncident(
            workspace_id=scenario.actor.workspace_id, page=scenario.page, incident=one,
            public_id=f"older{one.number}", public_title=f"Trouble {one.number}", published_by="x",
            published_at=now - timedelta(days=80) + timedelta(hours=one.number),
        )
        for one in Incident.objects.of(scenario.actor.workspace_id).filter(number__gte=100)
    )  # fmt: skip
    scenario.build()
    seen, form, pages = [], "history", 0
    while form:
        page = scenario.get(form).content.decode()
        seen += re.findall(r">(Trouble \d+)</a>", page)
        older = re.search(r'href="/status/acme/([^"]+)">Older incidents', page)
        form, pages = older[1] if older else "", pages + 1
    assert seen == [f"Trouble {number}" for number in range(219, 99, -1)]
    assert pages == 3
    assert "Newer incidents" in scenario.get("history/3").content.decode()
    assert scenario.get("history/4").status_code == 404
    assert scenario.get("incidents/older100").status_code == 200
    named = ["incidents", "incidents/page/2", "incidents/page/3"]
    listed = [one["name"] for name in named for one in scenario.json(name)["incidents"]]
    assert listed == seen
    assert [one["name"] for one in scenario.json("incidents/unresolved")["incidents"]] == ["Trouble 100"]
