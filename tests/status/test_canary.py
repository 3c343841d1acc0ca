"""A canary in every internal text: no public form, page, mail or webhook has it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import User, Workspace
from incidents.lifecycle.services.responding import change_status
from incidents.models import Incident, TimelineEntry
from incidents.timeline.services.notes import add_note, add_update
from notifications.silences.matching import Matcher
from notifications.silences.services.windows import WindowValues, save_window
from postmortems.drafting.services import draft_postmortem
from status.publishing.models import PublicIncident
from status.publishing.services.incidents import publish_incident
from status.publishing.services.windows import show_window
from status.subscriptions.sending import mail_of, webhook_body
from status.urls import urlpatterns
from tests.status.scenario import link_in

CANARY = "zebrafinch"
# Addresses that outsiders may open: those of forms, and those that are made for one person.
PUBLIC_ROUTES = {"public", "public_form", "subscribe", "confirm", "leave"}


@pytest.fixture
def marked(scenario, settings):
    """A published incident whose every internal text is the canary, and a notified subscriber."""
    settings.MAIL_FROM = "status@acme.test"
    workspace_id, number = scenario.actor.workspace_id, scenario.incident.number
    Incident.objects.of(workspace_id).filter(pk=scenario.incident.pk).update(
        title=CANARY, description=CANARY, impact=CANARY, root_cause=CANARY,
        labels={CANARY: CANARY}, metadata={CANARY: CANARY}, acknowledged_label=CANARY, fingerprint=CANARY,
    )  # fmt: skip
    Workspace.objects.filter(pk=workspace_id).update(name=CANARY)
    User.objects.update(display_name=CANARY)
    component = scenario.component.component
    component.name, component.description, component.runbook_url = CANARY, CANARY, f"https://{CANARY}.test"
    component.save()
    start = (timezone.now() + timedelta(hours=1)).replace(microsecond=0, tzinfo=None)
    planned = save_window(
        scenario.admin, WindowValues(CANARY, [Matcher("component", "=", CANARY)], start, 3600, "UTC")
    )
    show_window(scenario.actor, window_id=planned.pk, title="Upgrade")
    publish_incident(scenario.actor, number=number)
    PublicIncident.objects.of(workspace_id).update(published_by=CANARY)
    add_note(scenario.actor, message=CANARY, number=number)
    add_update(scenario.actor, message=CANARY, is_public=False, number=number)
    change_status(scenario.actor, status="identified", number=number, message=CANARY)
    change_status(scenario.actor, status="resolved", number=number, message=CANARY)
    draft_postmortem(scenario.admin, number)
    scenario.build()
    scenario.subscribe()
    scenario.deliver()
    scenario.confirm = link_in(mail.outbox[-1].body, "confirm")
    assert scenario.outsider.post(scenario.confirm).status_code == 200
    PublicIncident.objects.of(workspace_id).update(announced=[])
    TimelineEntry.objects.of(workspace_id).update(author_label=CANARY)
    scenario.build()
    return scenario


def leaks(scenario, text):
    """The internal texts in `text`."""
    return [word for word in (CANARY, "INC-", "pg-main-2", "rita.responder") if word in text]


def test_no_public_form_shows_internals(marked):
    assert len(marked.forms()) >= 13
    shown = {form: body.decode("utf-8", "replace") for form, body in marked.forms().items()}
    assert {form: found for form, text in shown.items() if (found := leaks(marked, text))} == {}
    assert "Problem with Checkout" in shown["index"]
    assert "Upgrade" in shown["index"]


def test_no_public_page_shows_internals(marked):
    assert {one.name for one in urlpatterns if str(one.pattern).startswith("status/")} == PUBLIC_ROUTES
    marked.deliver()
    leave = link_in(mail.outbox[-1].body, "unsubscribe")
    opened = {form: marked.get("" if form == "index" else form) for form in marked.forms()}
    opened |= {path: marked.outsider.get(path) for path in (marked.confirm, leave, f"{leave}x")}
    opened["wrong address"] = marked.subscribe(address="nobody")
    opened["subscribed"] = marked.subscribe(address="other@example.org")
    opened["left"] = marked.outsider.post(leave)
    opened["unknown"] = marked.get("nothing")
    for name, page in opened.items():
        assert page.status_code in (200, 404, 410, 422), (name, page.status_code)
        assert leaks(marked, f"{page.headers}{page.content.decode('utf-8', 'replace')}") == [], name


def test_no_message_to_a_subscriber_shows_internals(marked):
    messages = list(marked.messages().filter(kind="update").select_related("subscriber__page"))
    matching = [one for one in messages if "Problem with Checkout" in repr(one.payload)]
    assert matching
    for message in messages:
        written = mail_of(message)
        sent = [written.subject, written.body, *(text for text, _ in written.alternatives)]
        sent += [repr(written.extra_headers), repr(webhook_body(message)), repr(message.payload)]
        assert [one for one in sent if leaks(marked, one)] == []
