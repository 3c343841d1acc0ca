"""Recipients of notices about a review, a comment and a publication."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core.outbox.events import publish
from core.outbox.relay import relay_due
from incidents.models import Incident
from incidents.privacy.services import invite_person, set_private
from notifications.channels.kinds.webhook import webhook_body
from notifications.channels.services import create_channel
from notifications.deliveries.message import compose
from notifications.deliveries.models import Delivery
from notifications.routes.services import RouteValues, save_route
from postmortems.action_items.services import create_item, update_item
from postmortems.documents.comments import add_comment
from postmortems.documents.revisions import ids_of
from postmortems.documents.selectors import postmortem_for
from postmortems.drafting.services import draft_postmortem
from postmortems.events import PostmortemPublished, PostmortemReviewRequested
from postmortems.review.services import set_details

pytestmark = pytest.mark.django_db(transaction=True)


def test_comment_is_mailed_to_the_owner_and_not_to_its_author(actor, admin, resolved, settings):
    settings.MAIL_FROM = "tocsin@example.test"
    User.objects.filter(pk__in=[actor.user_id, admin.user_id]).update(address_proven_at=timezone.now())
    draft_postmortem(actor, 1)
    set_details(actor, 1, owner="rita.responder")
    add_comment(actor, 1, section_key="went_well", body="Mine.")
    add_comment(admin, 1, section_key="went_well", body="Is this so?")
    relay_due()
    relay_due()
    rows = Delivery.objects.of(actor.workspace_id).filter(event_kind="postmortem.commented")
    assert [(row.user_id, row.payload["details"]["lines"][0]) for row in rows.order_by("pk")] == [
        (actor.user_id, "“Is this so?”")
    ]


def test_review_of_a_private_incident_is_asked_of_those_who_may_see_it(actor, make_actor, resolved, settings):
    settings.MAIL_FROM = "tocsin@example.test"
    invited, other = make_actor("manager", username="ina"), make_actor("manager")
    people = (invited.user_id, other.user_id)
    User.objects.filter(pk__in=people).update(address_proven_at=timezone.now())
    draft_postmortem(actor, 1)
    set_private(actor, number=1, is_private=True, reason="Personal data")
    invite_person(actor, number=1, username="ina")
    with transaction.atomic():
        fact = PostmortemReviewRequested(*ids_of(postmortem_for(actor, 1)), by="Ana", reviewer_ids=people)
        publish(fact)
    relay_due()
    relay_due()
    rows = Delivery.objects.of(actor.workspace_id).filter(event_kind="postmortem.review_requested")
    assert [row.user_id for row in rows] == [invited.user_id]


def test_published_postmortem_goes_to_the_channels_of_its_routes(actor, admin, resolved):
    create_channel(admin, kind="log", name="Log")
    draft_postmortem(actor, 1)
    with transaction.atomic():
        publish(PostmortemPublished(*ids_of(postmortem_for(actor, 1)), revision=1, by="Ana"))
    relay_due()
    rows = Delivery.objects.of(actor.workspace_id).filter(event_kind="postmortem.published")
    assert [row.payload["snapshot"]["number"] for row in rows] == [1]


def test_action_items_go_to_channels_whose_routes_name_them(actor, admin, resolved):
    hook = create_channel(
        admin, kind="webhook", name="Tracker", config={"url": "https://tracker.example.com/in"}
    )
    kinds = ("action_item.created", "action_item.changed")
    save_route(admin, RouteValues(name="Items", event_kinds=kinds, channel_ids=[hook.pk]))
    create_item(actor, 1, title="Alert on pool usage")
    relay_due()
    update_item(actor, 1, status="done", assignee="rita.responder")
    relay_due()
    relay_due()
    rows = Delivery.objects.of(actor.workspace_id).filter(event_kind__in=kinds).order_by("pk")
    assert [(row.event_kind, row.channel_id) for row in rows] == [(kind, hook.pk) for kind in kinds]
    sent = webhook_body(compose(rows[1].payload, public_id="1", workspace_id=actor.workspace_id))
    assert (sent["event"], sent["incident_id"]) == ("action_item.changed", "INC-1")
    item = sent["details"]["item"]
    assert (item["id"], item["status"], item["assignee"]) == ("ACT-1", "done", "rita.responder")
    assert sent["url"].endswith("/action-items/ACT-1")


def test_action_items_of_private_incidents_and_drills_are_not_sent(actor, admin, resolved):
    create_channel(admin, kind="log", name="Log")
    save_route(admin, RouteValues(name="All", event_kinds=("action_item.created",), kinds=["log"]))
    for flag in ("is_private", "is_drill"):
        Incident.objects.of(actor.workspace_id).update(**{"is_private": False, "is_drill": False, flag: True})
        create_item(admin, 1, title=f"Alert on pool usage {flag}")
        relay_due()
    assert not Delivery.objects.of(actor.workspace_id).filter(event_kind="action_item.created").exists()
