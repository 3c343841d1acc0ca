"""What is published appears, what is not never does."""

from __future__ import annotations

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
from tests.status.world import soon
from tests.web.signed_in import browser_for

CANARY = "zebrafinch"


def test_incident_unpublished_is_not_on_the_page(world):
    world.build()
    summary = world.json("summary")
    assert summary["incidents"] == []
    assert summary["status"] == {"indicator": "none", "description": "All Systems Operational"}
    assert b"pg-main-2" not in b"".join(world.forms().values())


def test_publishing_shows_a_plain_title_state_and_our_words(world):
    publish_incident(world.actor, number=world.incident.number)
    change_status(world.actor, status="identified", number=world.incident.number, message="pg-main-2 disk")
    world.build()
    shown = world.json("incidents/unresolved")["incidents"][0]
    assert (shown["name"], shown["status"], shown["impact"]) == (
        "Problem with Checkout",
        "identified",
        "critical",
    )
    assert [one["status"] for one in shown["incident_updates"]] == ["identified", "investigating"]
    assert world.json("status")["status"]["indicator"] == "minor"
    assert b"pg-main-2" not in b"".join(world.forms().values())


def test_update_resolve_and_withdraw_follow_on_the_page(world):
    number = world.incident.number
    publish_incident(world.actor, number=number, title="Checkout is slow")
    post_public_update(world.actor, number=number, message="A **fix** is on its way, @rita.responder.")
    change_status(world.actor, status="resolved", number=number)
    world.build()
    page = world.get().content.decode()
    assert "A <strong>fix</strong> is on its way" in page
    assert 'href="/people' not in page
    assert world.json("incidents")["incidents"][0]["status"] == "resolved"
    assert world.json("status")["status"]["indicator"] == "none"
    withdraw_incident(world.actor, number=number)
    world.build()
    assert world.json("incidents")["incidents"] == []


def test_drill_is_refused(world):
    drill = declare_incident(world.actor, title="Only a drill", is_drill=True)
    with pytest.raises(Conflict, match="drill"):
        publish_incident(world.actor, number=drill.number)


def test_private_incident_is_never_published(world):
    put_page(world.admin, values={"auto_publish": "sev2"})
    change_component(world.admin, public_id=world.component.public_id, values={"follows": "incidents"})
    set_private(world.admin, number=world.incident.number, is_private=True)
    with pytest.raises(Conflict, match="private"):
        publish_incident(world.admin, number=world.incident.number)
    with pytest.raises(Conflict, match="private"):
        post_public_update(world.admin, number=world.incident.number, message="Soon.")
    world.build()
    assert not PublicIncident.objects.of(world.actor.workspace_id).exists()
    assert world.json("status")["status"]["indicator"] == "none"
    assert drifts_for(world.admin, timezone.now()) == []


def test_published_incident_that_becomes_private_leaves_every_form_and_is_not_announced(world):
    publish_incident(world.actor, number=world.incident.number, title=CANARY)
    world.build()
    assert CANARY.encode() in world.get().content
    set_private(world.admin, number=world.incident.number, is_private=True)
    change_status(world.admin, status="identified", number=world.incident.number)
    before = world.builds_wanted()
    run_due(RELAY, at=soon())
    assert world.builds_wanted() > before
    world.build()
    assert world.json("incidents")["incidents"] == []
    for form, body in world.forms().items():
        assert CANARY.encode() not in body, form
    assert world.messages().count() == 0


def test_rule_of_the_page_publishes_sev1_at_once(world):
    put_page(world.admin, values={"auto_publish": "sev1"})
    declare_incident(world.actor, title="Secret plan", severity="sev1", components=["checkout-api-1"])
    declare_incident(world.actor, title="Small", severity="sev3", components=["checkout-api-1"])
    world.build()
    world.build()
    assert [one["name"] for one in world.json("incidents")["incidents"]] == ["Problem with Checkout"] * 2


@pytest.mark.parametrize(
    "text", ["db is on pg-main-2.internal", "see 10.1.2.3", "checkout-api-1 restarts", "redis:6379 is full"]
)
def test_internal_name_in_a_public_draft_needs_confirmation(world, text):
    number = world.incident.number
    publish_incident(world.actor, number=number)
    with pytest.raises(Invalid, match="should not be public"):
        post_public_update(world.actor, number=number, message=text)
    post_public_update(world.actor, number=number, message=text, confirmed=True)
    world.build()
    assert world.json("incidents")["incidents"][0]["incident_updates"][0]["body"] == text


def test_secret_in_a_public_draft_is_refused_even_when_confirmed(world):
    publish_incident(world.actor, number=world.incident.number)
    with pytest.raises(Invalid, match="secret"):
        post_public_update(
            world.actor, number=world.incident.number, confirmed=True,
            message="use password=hunter2-and-more",
        )  # fmt: skip


def test_entry_that_looks_sensitive_is_held_until_somebody_allows_it(world):
    number = world.incident.number
    publish_incident(world.actor, number=number)
    add_update(world.actor, message="Failing over pg-main-2.internal", number=number)
    world.build()
    assert b"pg-main-2" not in b"".join(world.forms().values())
    held = [one for one in drifts_for(world.actor, timezone.now()) if one.kind == "held"]
    allow_entry(world.actor, number=number, entry_id=held[0].entry_id)
    world.build()
    assert b"pg-main-2.internal" in world.get().content


def test_repeated_public_update_shows_nothing_else_that_is_held(world):
    number = world.incident.number
    publish_incident(world.actor, number=number)
    mine = {"message": "Failing over pg-main-3.internal", "confirmed": True, "request_key": "once"}
    post_public_update(world.actor, number=number, **mine)
    add_update(world.actor, message="Failing over pg-main-2.internal", number=number)
    post_public_update(world.actor, number=number, **mine)
    world.build()
    page = world.get().content
    assert (b"pg-main-3.internal" in page, b"pg-main-2.internal" in page) == (True, False)


def test_state_by_hand_wins_and_is_flagged_while_nothing_is_open(world):
    change_status(world.actor, status="resolved", number=world.incident.number)
    set_component_state(world.actor, public_id=world.component.public_id, state="major_outage")
    world.build()
    assert world.json("components")["components"][0]["status"] == "major_outage"
    assert [one.kind for one in drifts_for(world.actor, timezone.now())] == ["manual"]
    spans = StateSpan.objects.of(world.actor.workspace_id).filter(ends_at=None)
    assert [span.state for span in spans] == ["major_outage"]


def test_sev1_of_fifteen_minutes_on_a_green_page_is_flagged_once(world):
    world.build()
    Incident.objects.of(world.actor.workspace_id).update(detected_at=timezone.now() - timedelta(minutes=16))
    assert {one.kind for one in drifts_for(world.actor, timezone.now())} == {"unpublished", "green"}
    world.build()
    world.build()
    entries = TimelineEntry.objects.of(world.actor.workspace_id).filter(message__startswith="Status page:")
    assert entries.count() == 2


def test_overdue_public_update_is_flagged_once_and_no_longer_once_it_is_posted(world):
    number, now = world.incident.number, timezone.now()
    publish_incident(world.actor, number=number)
    world.build()
    rows = Incident.objects.of(world.actor.workspace_id)
    rows.update(update_due_at=now + timedelta(minutes=1))
    assert "overdue" not in {one.kind for one in drifts_for(world.actor, now)}
    rows.update(update_due_at=now - timedelta(minutes=1))
    [late] = [one for one in drifts_for(world.actor, now) if one.kind == "overdue"]
    assert late.words == f"The public update of {world.incident.reference} is overdue."
    assert late.words in browser_for(world.actor).get(f"/incidents/INC-{number}").content.decode()
    world.build()
    world.build()
    entries = TimelineEntry.objects.of(world.actor.workspace_id)
    assert entries.filter(message=f"Status page: {late.words}").count() == 1
    post_public_update(world.actor, number=number, message="We are on it.")
    assert "overdue" not in {one.kind for one in drifts_for(world.actor, timezone.now())}


def test_postmortem_links_to_the_published_incident(world):
    number = world.incident.number
    change_status(world.actor, status="resolved", number=number)
    draft_postmortem(world.admin, number)
    browser = browser_for(world.actor)
    address = f"/postmortems/INC-{number}"
    assert "/status/acme/incidents/" not in browser.get(address).content.decode()
    publish_incident(world.actor, number=number, title="Checkout fails")
    public_id = PublicIncident.objects.of(world.actor.workspace_id).get().public_id
    shown = browser.get(address).content.decode()
    assert f'href="/status/acme/incidents/{public_id}"' in shown
    assert "Checkout fails" in shown
    world.build()
    assert world.get(f"incidents/{public_id}").status_code == 200
    withdraw_incident(world.actor, number=number)
    assert "/status/acme/incidents/" not in browser.get(address).content.decode()


def test_title_colour_and_logo_are_its_own_and_the_feed_names_what_is_published(world):
    picture = png(2, 1)
    put_page(world.admin, values={"title": "Acme Cloud", "color": "#aa3300", "logo": picture})
    publish_incident(world.actor, number=world.incident.number, title="Checkout fails")
    world.build()
    assert "Acme Cloud" in world.get().content.decode()
    assert b"#aa3300" in world.get("theme.css").content
    logo = world.get("logo")
    assert (logo["Content-Type"], logo.content) == ("image/png", picture)
    feed = world.get("history.atom")
    entries = ElementTree.fromstring(feed.content).findall("{http://www.w3.org/2005/Atom}entry")
    assert feed["Content-Type"].startswith("application/atom+xml")
    assert ["Checkout fails" in entry.findtext("{*}title") for entry in entries] == [True]


def test_maintenance_follows_the_clock_and_can_be_called_off(world):
    now = timezone.now()
    planned = schedule_maintenance(
        world.actor, title="Database upgrade", starts_at=now + timedelta(hours=1),
        ends_at=now + timedelta(hours=2), components=[world.component.public_id],
    )  # fmt: skip
    world.build()
    assert [m["status"] for m in world.json("scheduled-maintenances/upcoming")["scheduled_maintenances"]] == [
        "scheduled"
    ]
    planned.starts_at = now - timedelta(minutes=1)
    planned.save()
    world.build()
    assert world.json("components")["components"][0]["status"] == "under_maintenance"
    assert world.json("scheduled-maintenances/active")["scheduled_maintenances"][0]["status"] == "in_progress"
    cancel_maintenance(world.actor, public_id=planned.public_id)
    world.build()
    assert world.json("components")["components"][0]["status"] == "operational"


def test_resolved_incident_links_to_its_postmortem_once_that_is_public(world):
    number = world.incident.number
    publish_incident(world.actor, number=number)
    change_status(world.actor, status="resolved", number=number)
    draft_postmortem(world.admin, number)
    set_details(world.admin, number, public_link=True)
    world.build()
    assert "postmortem_url" not in world.json("incidents")["incidents"][0]
    Postmortem.objects.of(world.actor.workspace_id).update(published_revision=1)
    world.build()
    link = world.json("incidents")["incidents"][0]["postmortem_url"]
    assert world.outsider.get(urlsplit(link).path).status_code == 200
    assert f'href="{link}"' in world.get().content.decode()


def test_hostile_markdown_is_harmless(world):
    publish_incident(world.actor, number=world.incident.number)
    text = "<script>alert(1)</script> [x](javascript:alert(1)) ![p](https://e.example/p.png) " + "*" * 3000
    post_public_update(world.actor, number=world.incident.number, message=text)
    world.build()
    for form in ("index", "history", "history.atom"):
        body = world.forms()[form]
        assert b"<script" not in body
        assert b'href="javascript' not in body
        assert b"<img" not in body
