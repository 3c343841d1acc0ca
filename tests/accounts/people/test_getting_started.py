"""The onboarding checklist of a new installation: its steps, their state, and dismissing it."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.utils import timezone

from accounts.actor import system_actor
from accounts.identity.models import IdentityProvider
from accounts.models import AuditEntry, Membership, Session, User
from accounts.oncall.services.schedules import create_schedule
from accounts.sign_in.tasks import prune_sessions
from accounts.tokens.services import issue_token
from core.ui.onboarding import ONBOARDING_STEPS, onboarding_steps
from detection.ingest.services.accept_events import accept_events
from detection.rules.services.rules import install_builtin_rules, update_rule
from detection.sources.services.sources import create_source
from notifications.channels.models import Channel
from tests.web.signed_in import BACKEND, browser_for
from warroom.connection.models import SlackTeam

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(admin, workspace):
    install_builtin_rules(system_actor(workspace.pk))
    return browser_for(admin)


def done(admin):
    return {name for name in ONBOARDING_STEPS.names() if ONBOARDING_STEPS.get(name).is_done(admin)}


def test_new_installation_has_every_onboarding_step_open(browser, admin):
    assert done(admin) == set()
    text = browser.get("/setup").content.decode()
    assert f"0 of {len(ONBOARDING_STEPS)} done" in text
    assert text.count("button-primary") == 1


def test_each_step_is_done_by_doing_it(browser, admin, workspace, make_actor, settings):
    user = User.objects.get(pk=admin.user_id)
    user.set_password("a long enough one")
    user.save()
    assert done(admin) == {"password"}
    accept_events(system_actor(workspace.pk), body=json.dumps({"source": "api"}).encode())
    assert done(admin) == {"password", "events"}
    update_rule(admin, rule_id="error_burst", fields={"error_threshold": 9})
    assert done(admin) == {"password", "events", "rules"}
    make_actor("responder")
    assert done(admin) == {"password", "events", "rules", "members"}
    issue_token(system_actor(workspace.pk), name="First token", scopes=["admin"])
    assert "token" not in done(admin)
    issue_token(admin, name="billing", scopes=["admin"])
    create_schedule(admin, name="Platform")
    make_actor("admin")
    others = {"source", "mail", "test_alert", "slack", "identity_provider"}
    assert done(admin) == set(ONBOARDING_STEPS.names()) - others
    settings.MAIL_FROM = "tocsin@example.com"
    create_source(admin, kind="alertmanager", name="Prometheus")
    Channel.objects.create(workspace=workspace, kind="log", name="Log", last_ok_at=timezone.now())
    SlackTeam.objects.create(workspace=workspace, slack_id="T1", name="Acme")
    IdentityProvider.objects.create(
        workspace=workspace, slug="acme", name="Acme", server_url="https://id.example.com", client_id="x"
    )
    assert done(admin) == set(ONBOARDING_STEPS.names()) - {"test_alert"}
    Channel.objects.create(workspace=workspace, kind="webhook", name="Hook", last_ok_at=timezone.now())
    assert done(admin) == set(ONBOARDING_STEPS.names())


def test_another_workspaces_steps_are_its_own(admin, other_workspace, make_user):
    outsider = make_user("stranger")
    Membership.objects.create(workspace_id=other_workspace.pk, user=outsider, role="admin")
    assert "members" not in done(admin)


def test_every_step_leads_to_a_page_its_reader_may_open(browser):
    for step in onboarding_steps():
        assert browser.get(step.url).status_code == 200, step.url


def test_onboarding_list_is_dismissed_and_restored_with_audit_rows(browser, workspace):
    assert 'href="/setup"' in browser.get("/").content.decode()
    for _ in range(2):
        assert browser.post("/setup/dismiss").status_code == 303
    assert 'href="/setup"' not in browser.get("/").content.decode()
    assert browser.get("/setup").status_code == 200
    browser.post("/setup/dismiss", {"show": "on"})
    assert 'href="/setup"' in browser.get("/").content.decode()
    entries = AuditEntry.objects.of(workspace.pk).filter(action__startswith="setup.").order_by("id")
    assert [entry.action for entry in entries] == ["setup.dismiss", "setup.show"]


def test_new_admin_begins_with_the_first_steps_and_a_new_viewer_with_what_is_open(workspace, make_user):
    for role, page in (("admin", "/setup"), ("viewer", "/")):
        user = make_user(f"new.{role}")
        Membership.objects.create(workspace_id=workspace.pk, user=user, role=role)
        client = Client()
        client.force_login(user, backend=BACKEND)
        assert client.post("/account/password", {"password": "a long enough one"})["Location"] == page


def test_expired_sessions_are_deleted(workspace, make_user, admin):
    live, old = browser_for(admin).session.session_key, browser_for(admin).session.session_key
    Session.objects.filter(pk=old).update(expire_date="2020-01-01T00:00:00Z")
    prune_sessions()
    assert [row.pk for row in Session.objects.all()] == [live]
