"""Configuration is changed in Django's admin through the services: checked, audited and published."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.actor import system_actor
from accounts.models import AuditEntry, OnCallSchedule, User
from accounts.oncall.services.schedules import create_schedule
from core.models import OutboxEvent
from detection.models import Level
from detection.rules.services.rules import install_builtin_rules
from detection.sources.services.sources import create_source
from incidents.correlation.services.opening import declare_incident
from incidents.models import Component, SlaPolicy
from incidents.sla.services.clocks import policy_of, seed_policies
from incidents.stages.services.checklists import change_template
from incidents.stages.standard import Item
from incidents.timeline.models import StoredUpdateTemplate
from incidents.timeline.services.templates import change_update_template
from incidents.timeline.update_templates import STANDARD as UPDATES
from incidents.vocabulary import Severity
from notifications.channels.services import create_channel
from notifications.routes.services import RouteValues, save_route
from postmortems.action_items.services import create_item
from postmortems.template_library.models import PostmortemTemplate, TemplateSection
from postmortems.template_library.services import ensure_templates
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(make_user):
    """A person who runs the server and is a member of no workspace."""
    client = Client()
    client.force_login(make_user("root", display_name="Root", is_staff=True, is_superuser=True))
    return client


def address(thing):
    return reverse(f"admin:{thing._meta.app_label}_{thing._meta.model_name}_change", args=[thing.pk])


def opened(staff, thing):
    """What the form of a thing holds, as a browser would post it."""
    form = staff.get(address(thing)).context["adminform"].form
    posted = {}
    for bound in form:
        value = bound.value()
        if value is not None and value is not False:
            posted[bound.html_name] = value
    return posted


def edit(staff, thing, **changes):
    """Open the page, change these fields and save. Returns the response and the object afterwards."""
    given = opened(staff, thing) | changes
    response = staff.post(address(thing), {name: value for name, value in given.items() if value is not None})
    if type(thing)._base_manager.filter(pk=thing.pk).exists():
        thing.refresh_from_db()
    return response


def entries(workspace, action):
    return AuditEntry.objects.of(workspace.pk).filter(action=action)


def test_component_is_changed_by_its_service_with_audit_row_and_event(
    staff, workspace, make_actor, other_workspace
):
    owner = make_actor("responder", username="olga.owner")
    outsider = make_actor("responder", username="stranger", inside=other_workspace)
    component = Component.objects.create(workspace_id=workspace.pk, name="db")
    needed = Component.objects.create(workspace_id=workspace.pk, name="disk")
    foreign = Component.objects.create(workspace_id=other_workspace.pk, name="theirs")
    response = edit(
        staff, component, description="Orders", tier="1", owner=owner.user_id, depends_on=[needed.pk]
    )
    assert response.status_code == 302
    assert (component.description, component.tier, component.owner_id) == ("Orders", 1, owner.user_id)
    assert (list(component.depends_on.all()), component.version) == ([needed], 2)
    [entry] = entries(workspace, "component.edit")
    assert (entry.actor_label, entry.changes["tier"]) == ("Root", [3, 1])
    assert OutboxEvent.objects.filter(topic="component.changed", workspace_id=workspace.pk).exists()
    edit(staff, component, name="renamed")  # shown, not a field of the form
    assert (component.name, component.version) == ("db", 2)
    for wrong in ({"owner": outsider.user_id}, {"depends_on": [foreign.pk]}, {"depends_on": [component.pk]}):
        response = edit(staff, component, **wrong)
        assert (response.status_code, b"errorlist" in response.content) == (200, True), wrong
    component.refresh_from_db()
    assert (component.version, entries(workspace, "component.edit").count()) == (2, 1)
    assert "olga.owner" not in staff.get(address(foreign)).content.decode()


def test_refusal_of_the_service_is_shown_beside_the_field_with_the_input(staff, workspace):
    rule = install_builtin_rules(system_actor(workspace.pk))[0]
    response = edit(staff, rule, message_pattern="(unclosed", description="Typed")
    assert response.status_code == 200
    text = unescape(response.content.decode())
    assert re.search(r"errorlist[^<]*>\s*<li>must be an RE2 regular expression", text)
    assert "(unclosed" in text
    assert "Typed" in text
    rule.refresh_from_db()
    assert (rule.message_pattern, rule.description) != ("(unclosed", "Typed")
    assert not entries(workspace, "rule.update").exists()


def test_rule_is_changed_by_its_service(staff, workspace):
    rule = install_builtin_rules(system_actor(workspace.pk))[0]
    response = edit(
        staff, rule, name="Renamed", enabled=None, minimum_level=str(Level.CRITICAL.value),
        sources="api, blue\n\n web ", error_threshold="7",
    )  # fmt: skip
    assert response.status_code == 302
    assert (rule.name, rule.enabled, rule.minimum_level) == ("Renamed", False, Level.CRITICAL)
    assert (rule.sources, rule.error_threshold, rule.version) == (["api, blue", "web"], 7, 2)
    [entry] = entries(workspace, "rule.update")
    assert entry.changes["error_threshold"][1] == 7
    assert OutboxEvent.objects.filter(topic="rules.changed", workspace_id=workspace.pk).exists()
    assert edit(staff, rule).status_code == 302  # as it was opened: nothing changes
    assert rule.version == 2


def test_page_that_is_out_of_date_is_refused(staff, workspace):
    component = Component.objects.create(workspace_id=workspace.pk, name="db")
    seen = opened(staff, component)
    edit(staff, component, tier="1")
    response = staff.post(address(component), seen | {"description": "Orders"})
    assert response.status_code == 200
    assert "was changed after this page was opened" in response.content.decode()
    component.refresh_from_db()
    assert (component.tier, component.description) == (1, "")


def test_sla_targets_of_one_severity_are_changed_and_the_others_stay(staff, workspace):
    seed_policies(workspace.pk)
    before = policy_of(workspace.pk)
    row = SlaPolicy.objects.of(workspace.pk).get(severity="sev2")
    assert edit(staff, row, acknowledge_within="20").status_code == 302
    assert row.acknowledge_within == 20
    changed = replace(before[Severity.SEV2], acknowledge_within=20)
    assert policy_of(workspace.pk) == {**before, Severity.SEV2: changed}
    [entry] = entries(workspace, "sla.update")
    history = reverse("admin:incidents_slapolicy_history", args=[row.pk])
    assert entry.summary in staff.get(history).content.decode()
    response = edit(staff, row, resolve_within="5")
    assert (response.status_code, b"must not be shorter" in response.content) == (200, True)


def test_source_is_changed_and_its_keys_are_on_no_page(staff, workspace):
    source, key = create_source(system_actor(workspace.pk), kind="generic", name="Nagios")
    assert edit(staff, source, reopen_minutes="5", name="Nagios 4").status_code == 302
    assert (source.reopen_minutes, source.name, source.version) == (5, "Nagios 4", 2)
    assert entries(workspace, "source.update").count() == 1
    assert edit(staff, source, mapping='["no object"]').status_code == 200
    assert key not in staff.get(address(source)).content.decode()


def test_channel_and_route_are_changed(staff, workspace, other_workspace, admin, make_actor):
    config = {"url": "https://hooks.example.com/a"}
    hook = create_channel(admin, kind="webhook", name="Hook", config=config)
    spare = create_channel(admin, kind="log", name="Spare")
    foreign_channel = create_channel(make_actor("admin", inside=other_workspace), kind="log", name="Theirs")
    assert edit(staff, hook, name="Hook 2", fallback=spare.pk, is_enabled=None).status_code == 302
    assert (hook.name, hook.fallback_id, hook.is_enabled, hook.config) == ("Hook 2", spare.pk, False, config)
    assert entries(workspace, "channel.update").count() == 1
    for wrong in ('{"url": "ftp://nowhere"}', '"text"', '{"url": 5}', "[]", "{"):
        assert edit(staff, hook, config=wrong).status_code == 200, wrong
    assert edit(staff, hook, fallback=foreign_channel.pk).status_code == 200

    route = save_route(admin, RouteValues("All", channel_ids=[hook.pk]))
    assert edit(staff, route, severities="sev1\nsev2", channels=[hook.pk, spare.pk]).status_code == 302
    assert (route.severities, set(route.channels.all())) == (["sev1", "sev2"], {hook, spare})
    assert edit(staff, route, severities="sev9").status_code == 200
    assert edit(staff, route, name="Rest").status_code == 302
    assert (route.name, set(route.channels.all())) == ("Rest", {hook, spare})
    assert entries(workspace, "route.change").count() == 2


def test_schedule_is_changed_and_its_shifts_follow(staff, workspace, admin):
    schedule = create_schedule(admin, name="Days", time_zone="UTC")
    assert edit(staff, schedule, time_zone="Europe/Berlin").status_code == 302
    assert (schedule.time_zone, schedule.version) == ("Europe/Berlin", 2)
    assert entries(workspace, "oncall.edit").get().changes == {"time_zone": ["UTC", "Europe/Berlin"]}
    response = edit(staff, schedule, time_zone="Mars/Olympus")
    assert (response.status_code, b"errorlist" in response.content) == (200, True)
    assert OnCallSchedule.objects.of(workspace.pk).get().time_zone == "Europe/Berlin"


def test_templates_are_changed(staff, workspace, admin):
    stage = change_template(
        admin, stage="containment", from_minutes=0, to_minutes=15, items=[Item("Stop it")]
    )
    items = '[{"text": "Stop it"}, {"text": "Say so", "kind": "check"}]'
    assert edit(staff, stage, items=items, to_minutes="20").status_code == 302
    assert [(one["text"], one["kind"]) for one in stage.items] == [("Stop it", "action"), ("Say so", "check")]
    for wrong in (
        '[{"kind": "check"}]',
        '[{"text": "x", "kind": "dance"}]',
        '"x"',
        '[{"text": "x", "more": 1}]',
    ):
        assert edit(staff, stage, items=wrong).status_code == 200, wrong
    assert entries(workspace, "stage_template.update").count() == 2

    change_update_template(admin, name=next(iter(UPDATES)), label="Ours", text="We are on it.")
    text = StoredUpdateTemplate.objects.of(workspace.pk).get()
    assert edit(staff, text, label="Ours, longer").status_code == 302
    assert text.label == "Ours, longer"
    assert edit(staff, text, text=" \n ").status_code == 200

    ensure_templates(workspace.pk)
    outline = PostmortemTemplate.objects.of(workspace.pk).order_by("pk")[0]
    sections = TemplateSection.objects.of(workspace.pk).filter(template=outline).order_by("position")
    fields = (
        "key",
        "title",
        "style",
        "has_text",
        "help_text",
        "starter",
        "is_required",
        "audience",
        "position",
    )
    before = list(sections.values_list(*fields))
    assert edit(staff, outline, footer="The end").status_code == 302
    assert (outline.footer, list(sections.values_list(*fields))) == ("The end", before)
    assert edit(staff, outline, header="{{ nonsense }}").status_code == 200


def test_action_item_is_changed_with_its_audit_row(staff, workspace, admin):
    incident = declare_incident(admin, title="Checkout is down")
    item = create_item(admin, incident.number, title="Alert on disks")
    assert edit(staff, item, priority="high").status_code == 302
    assert item.priority == "high"
    assert entries(workspace, "action_item.edit").count() == 1


def test_staff_who_may_only_look_change_nothing(make_user, workspace):
    person = make_user("viewer", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_component"))
    component = Component.objects.create(workspace_id=workspace.pk, name="db")
    client = Client()
    client.force_login(User.objects.get(pk=person.pk))
    assert client.get(address(component)).status_code == 200
    assert client.post(address(component), {"tier": "1"}).status_code == 403
    component.refresh_from_db()
    assert component.tier == 3


def test_members_who_are_not_staff_change_nothing(admin, workspace):
    component = Component.objects.create(workspace_id=workspace.pk, name="db")
    assert browser_for(admin).post(address(component), {"tier": "1"}).status_code in (302, 403)
    component.refresh_from_db()
    assert component.tier == 3
