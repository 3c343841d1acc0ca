"""Who is told of a review, a comment and a publication."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core.outbox.events import publish
from core.outbox.relay import relay_due
from notifications.channels.services import create_channel
from notifications.deliveries.models import Delivery
from postmortems.documents.comments import add_comment
from postmortems.documents.revisions import ids_of
from postmortems.documents.selectors import postmortem_for
from postmortems.drafting.services import draft_postmortem
from postmortems.events import PostmortemPublished
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


def test_published_postmortem_goes_to_the_channels_of_its_routes(actor, admin, resolved):
    create_channel(admin, kind="log", name="Log")
    draft_postmortem(actor, 1)
    with transaction.atomic():
        publish(PostmortemPublished(*ids_of(postmortem_for(actor, 1)), revision=1, by="Ana"))
    relay_due()
    rows = Delivery.objects.of(actor.workspace_id).filter(event_kind="postmortem.published")
    assert [row.payload["snapshot"]["number"] for row in rows] == [1]
