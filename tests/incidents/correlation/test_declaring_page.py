"""The page to declare an incident."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from incidents.models import Incident
from tests.threads import at_once


def _signed_in(actor):
    client = Client()
    backend = "django.contrib.auth.backends.ModelBackend"
    client.force_login(User.objects.get(pk=actor.user_id), backend=backend)
    return client


def test_title_with_nul_finds_what_the_rest_of_it_finds(actor, declared):
    declared("Checkout is down")
    response = _signed_in(actor).get("/incidents/similar?title=checkout%00")
    assert (response.status_code, b"INC-1" in response.content) == (200, True)


def test_four_thousand_components_are_refused_by_name(actor):
    response = _signed_in(actor).get("/incidents?component=" + "x," * 4000)
    assert response.status_code == 400
    assert b"at most 50 values" in response.content


@pytest.mark.django_db(transaction=True)
def test_form_sent_ten_times_at_once_declares_one_incident(workspace, actor):
    form = {"title": "Twice", "severity": "sev3", "request_key": "one form"}
    client = _signed_in(actor)

    def send(_):
        again = Client()
        again.cookies = client.cookies
        return again.post("/incidents/declare", form)["Location"]

    assert set(at_once(10, send)) == {"/incidents/INC-1"}
    assert Incident.objects.of(workspace.pk).count() == 1
