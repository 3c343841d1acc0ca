"""Dead dispatches in the admin: listed, and sent again."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.messages.storage.fallback import FallbackStorage
from django.db import transaction
from django.test import RequestFactory

from core.models import OutboxDispatch
from core.outbox.events import publish
from tests.core.make import Happened


@pytest.fixture
def page():
    return admin.site.get_model_admin(OutboxDispatch)


@pytest.fixture
def request_(make_user):
    request = RequestFactory().post("/")
    request.user = make_user("root", is_superuser=True, is_staff=True)
    request.session = {}
    request._messages = FallbackStorage(request)
    return request


def test_only_a_dead_dispatch_is_sent_again(delivered, page, request_):
    with transaction.atomic():
        publish(Happened(1))
        publish(Happened(1))
    dead, waiting = OutboxDispatch.objects.order_by("id")
    OutboxDispatch.objects.filter(pk=dead.pk).update(state="dead", attempts=16)
    page.send_chosen_again(request_, OutboxDispatch.objects.all())
    assert [m.message for m in request_._messages] == ["1 will be resent; the others were not dead letters."]
    dead.refresh_from_db()
    assert (dead.state, dead.attempts) == ("pending", 0)
    assert waiting.state == "pending"


def test_outbox_is_read_only_in_the_admin(page, request_):
    assert not page.has_add_permission(request_)
    assert not page.has_change_permission(request_)
    assert page.get_actions(request_).keys() >= {"send_chosen_again"}
