"""Django's admin: every table is there to be looked at, its history is the audit trail, its door is ours."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib import admin as django_admin
from django.test import Client
from django.utils import timezone

from accounts.actor import system_actor
from accounts.models import AuditEntry, OnCallSchedule, Session, User
from config.apps_list import APPS
from core.admin.base import LargeTableAdmin, known_columns, shown_texts
from core.models import OutboxDispatch, OutboxEvent
from detection.models import DetectionRule, Event, Finding, IncidentEvent, Source, SourceSecret
from detection.rules.services.rules import install_builtin_rules
from detection.sources.services.sources import create_source
from incidents.correlation.services.opening import declare_incident
from incidents.models import (
    Component,
    Incident,
    SlaPolicy,
    StageTemplate,
    StoredUpdateTemplate,
    TimelineEntry,
)
from notifications.channels.models import Channel
from notifications.routes.models import Route
from notifications.silences.models import Silence
from postmortems.action_items.models import ActionItem
from postmortems.template_library.models import PostmortemTemplate
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db
MODELS = [model for model in apps.get_models() if model._meta.app_label in APPS]
# Changed here, through their services with an audit entry.
CHANGED = {
    User, ActionItem, Channel, Component, DetectionRule, OnCallSchedule, PostmortemTemplate, Route, SlaPolicy,
    Source, StageTemplate, StoredUpdateTemplate,
}  # fmt: skip
# Counters and marks of the machinery, of which a page would show nothing a person can use.
MACHINERY: set[str] = set()
GROWING = (
    AuditEntry, Event, Finding, Incident, IncidentEvent, OutboxDispatch, OutboxEvent, TimelineEntry,
)  # fmt: skip


@pytest.fixture
def staff(admin):
    User.objects.filter(pk=admin.user_id).update(is_staff=True, is_superuser=True)
    return browser_for(admin)


def address(model, name="changelist", *args):
    from django.urls import reverse

    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_table_can_be_viewed(staff, model):
    assert model.__name__ in MACHINERY or django_admin.site.is_registered(model)
    if model.__name__ not in MACHINERY:
        assert staff.get(address(model), {"q": "x"}).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_admin_changes_only_accounts_and_configuration(staff, model, rf, admin):
    if model.__name__ in MACHINERY:
        return
    page = django_admin.site.get_model_admin(model)
    request = rf.get("/admin/")
    request.user = User.objects.get(pk=admin.user_id)
    assert not page.has_add_permission(request)
    assert not page.has_delete_permission(request)
    assert page.has_change_permission(request) is (model in CHANGED)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_no_filter_queries_a_table_for_its_values(model):
    page = django_admin.site._registry.get(model)
    for name in page.get_list_filter(None) if page else ():
        if isinstance(name, str):
            field = model._meta.get_field(name)
            known = field.choices or field.get_internal_type() == "BooleanField"
            assert known or (field.related_model and field.related_model.__name__ == "Workspace"), name


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_list_that_shows_text_is_searched_and_known_values_are_filters(model):
    page = django_admin.site.get_model_admin(model)
    known = {one if isinstance(one, str) else getattr(one, "field", "") for one in page.get_list_filter(None)}
    assert set(known_columns(page)) <= known or page.list_filter
    if shown_texts(page) and model not in {Event, IncidentEvent}:  # which are read by their keys alone
        assert set(page.get_search_fields(None)) - {"=id"}


def test_words_are_found_in_the_newest_rows_of_a_list_without_its_own_search(staff, workspace, monkeypatch):
    monkeypatch.setattr("core.admin.base.NEWEST", 2)
    now = timezone.now()
    for number in range(3):
        Silence.objects.create(
            workspace_id=workspace.pk, reason=f"Disk swap {number}", starts_at=now, due_at=now,
            ends_at=now + timedelta(hours=1), matchers=[],
        )  # fmt: skip
    found = staff.get(address(Silence), {"q": "disk swap"}).content.decode()
    assert [f"Disk swap {number}" in found for number in range(3)] == [False, True, True]
    filtered = staff.get(address(Silence), {"workspace__id__exact": workspace.pk}).content.decode()
    assert "Disk swap 0" in filtered


def test_anonymous_users_are_redirected_to_the_sign_in_and_back():
    first = Client().get("/admin/accounts/user/")
    assert first.status_code == 302
    second = Client().get(first["Location"])
    assert (second.status_code, second["Location"]) == (303, "/sign-in?next=%2Fadmin%2Faccounts%2Fuser%2F")


def test_return_address_is_never_another_site():
    response = Client().get("/admin/login/?next=https://evil.test/")
    assert response["Location"] == "/sign-in?next=%2Fadmin%2F"


def test_password_sent_to_the_admin_form_signs_no_one_in(make_user, workspace):
    make_user("root", password="a long enough one", is_staff=True, is_superuser=True)
    client = Client()
    client.post("/admin/login/", {"username": "root", "password": "a long enough one"})
    assert "_auth_user_id" not in client.session


def test_members_who_are_not_staff_get_an_explanation(admin):
    response = browser_for(admin).get("/admin/login/?next=/admin/")
    assert response.status_code == 403
    assert "administrators of this server" in response.content.decode()


def test_theme_of_the_profile_is_on_the_page_and_no_script_chooses_another(staff, admin):
    User.objects.filter(pk=admin.user_id).update(theme="dark")
    text = staff.get("/admin/").content.decode()
    assert "theme-dark" in text
    assert "css/admin.css" in text
    assert "theme.js" not in text
    assert " style=" not in text


def test_history_of_a_thing_is_the_audit_logs(staff, workspace, admin):
    incident = declare_incident(admin, title="Checkout is down", severity="sev2")
    text = staff.get(address(type(incident), "history", incident.pk)).content.decode()
    assert AuditEntry.objects.of(workspace.pk).latest("id").summary in text
    assert staff.get(address(type(incident), "history", 999_999)).status_code == 404


def person_form(user, **changes):
    shown = ("display_name", "email", "time_zone", "theme")
    form = {name: getattr(user, name) for name in shown} | {"is_active": "on", "keyboard_shortcuts": "on"}
    return {name: value for name, value in (form | changes).items() if value}


def test_edited_account_leaves_one_audit_row_and_a_deactivated_person_is_out(staff, actor, workspace):
    member_browser, user = browser_for(actor), User.objects.get(pk=actor.user_id)
    url = address(User, "change", user.pk)
    assert staff.post(url, person_form(user, display_name="Rita R.", is_active="")).status_code == 302
    assert member_browser.get("/").status_code == 303
    entry = AuditEntry.objects.of(workspace.pk).get(action="account.update")
    assert entry.changes == {"display_name": ["Rita Responder", "Rita R."], "is_active": [True, False]}
    assert entry.object_id == str(user.pk)
    assert "account of Rita R." in staff.get(address(User, "history", user.pk)).content.decode()
    staff.post(url, person_form(User.objects.get(pk=user.pk), is_active=""))
    assert AuditEntry.objects.of(workspace.pk).filter(action="account.update").count() == 1


def test_deactivating_oneself_or_the_last_admin_is_refused(staff, admin, make_actor, other_workspace):
    me = User.objects.get(pk=admin.user_id)
    foreign_admin = User.objects.get(pk=make_actor("admin", inside=other_workspace).user_id)
    mine = person_form(me, is_staff="on")  # and no longer superuser
    for user, form in ((me, mine), (foreign_admin, person_form(foreign_admin, is_active=""))):
        response = staff.post(address(User, "change", user.pk), form)
        assert response.status_code == 200
        assert "errornote" in response.content.decode()
    assert User.objects.filter(is_active=True, is_superuser=True).get() == me
    assert User.objects.get(pk=foreign_admin.pk).is_active


def test_password_given_here_is_audited_and_ends_every_sign_in(staff, actor, workspace):
    member_browser = browser_for(actor)
    url = f"/admin/accounts/user/{actor.user_id}/password/"
    form = {"password1": "another long one", "password2": "another long one", "usable_password": "true"}
    assert staff.post(url, form).status_code == 302
    assert member_browser.get("/").status_code == 303
    assert User.objects.get(pk=actor.user_id).check_password("another long one")
    assert AuditEntry.objects.of(workspace.pk).get(action="account.password").user_id != actor.user_id
    assert staff.post(url, form | {"password2": "differs"}).status_code == 200
    assert AuditEntry.objects.of(workspace.pk).filter(action="account.password").count() == 1


def test_no_key_of_a_session_and_no_digest_is_on_any_page(staff, admin):
    keys = list(Session.objects.values_list("session_key", flat=True))
    text = staff.get(address(Session)).content.decode()
    assert keys
    assert not any(key in text for key in keys)
    assert staff.get(address(Session, "change", keys[0])).status_code == 302


def test_credentials_of_a_source_are_on_no_page(staff, workspace):
    _, key = create_source(system_actor(workspace.pk), kind="generic", name="Nagios")
    secret = SourceSecret.objects.of(workspace.pk).get()
    pages = [address(SourceSecret), address(SourceSecret, "change", secret.pk)]
    for text in (staff.get(page).content.decode() for page in pages):
        assert "Nagios" in text
        assert not any(word in text for word in (key, secret.digest, secret.sealed))


def test_rules_are_shown_with_their_history(staff, workspace):
    rule = install_builtin_rules(system_actor(workspace.pk))[0]
    assert staff.get(address(type(rule), "change", rule.pk)).status_code == 200
    assert "Installed the rule" in staff.get(address(type(rule), "history", rule.pk)).content.decode()


def test_words_are_searched_in_the_newest_rows_and_numbers_in_all(staff, admin, monkeypatch):
    monkeypatch.setattr("core.admin.base.NEWEST", 3)
    old = declare_incident(admin, title="Checkout is down", severity="sev2")
    for number in range(3):
        declare_incident(admin, title=f"Trouble {number}")
    entries, audit = address(TimelineEntry), address(AuditEntry)
    assert 'class="field-incident' in staff.get(entries, {"q": str(old.number)}).content.decode()
    assert b"0 timeline entries" not in staff.get(entries, {"q": admin.label}).content
    assert b"INC-1<" not in staff.get(entries, {"q": admin.label}).content
    assert b"Trouble 2" in staff.get(audit, {"q": "declared"}).content
    assert b"Checkout" not in staff.get(audit, {"q": "declared"}).content
    found = staff.get(address(type(old)), {"q": "checkout"}).content
    assert b"Checkout is down" in found
    assert b"Checkout is down" in staff.get(address(type(old)), {"q": str(old.number)}).content


@pytest.mark.parametrize("model", GROWING, ids=lambda model: model.__name__)
def test_unbounded_table_is_sorted_by_its_key_only(staff, model):
    page = django_admin.site.get_model_admin(model)
    assert list(page.get_sortable_by(None)) == []
    assert isinstance(page, LargeTableAdmin) or page.search_fields in {
        ("title",),
        ("=id",),
        ("=incident_id",),
    }
