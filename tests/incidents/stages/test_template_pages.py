"""Pages of stage checklists and of update templates."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEntry, User
from accounts.tokens.services import issue_token
from incidents.correlation.services.opening import declare_incident
from incidents.models import StageTemplate, StoredUpdateTemplate
from incidents.stages.services.entering import plans_for
from incidents.stages.standard import STANDARD, Item
from incidents.stages.template_text import items_from, lines_of
from incidents.vocabulary import Stage
from tests.api.client import ApiClient

pytestmark = pytest.mark.django_db
STAGES, UPDATES = "/settings/stages", "/settings/update-templates"


def test_update_templates_are_read_changed_and_reset_by_the_api(admin):
    api = ApiClient(issue_token(admin, name="Settings", scopes=["admin", "incidents:read"]).text)
    names = [one["name"] for one in api.get("/update-templates").json()]
    assert names == ["investigating", "identified", "monitoring", "resolved"]
    given = {"label": "All over", "text": "**{title}** is over"}
    changed = api.put("/update-templates/resolved", given).json()
    assert changed == {"name": "resolved", **given, "is_standard": False}
    assert api.get("/update-templates").json()[3] == changed
    assert api.delete("/update-templates/resolved").json()["is_standard"] is True
    assert not StoredUpdateTemplate.objects.of(admin.workspace_id).exists()
    for path, body in [("closed", given), ("resolved", {"label": "", "text": "x"}), ("resolved", {})]:
        assert api.put(f"/update-templates/{path}", body).status_code == 422
    narrow = ApiClient(issue_token(admin, name="Reads", scopes=["incidents:read"]).text)
    assert narrow.get("/update-templates").status_code == 200
    assert narrow.put("/update-templates/resolved", given).status_code == 403
    changes = AuditEntry.objects.of(admin.workspace_id).filter(action="update_template.update")
    assert changes.count() == 2


@pytest.fixture
def browser(admin):
    client = Client()
    client.force_login(
        User.objects.get(pk=admin.user_id), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


@pytest.mark.parametrize("stage", list(STANDARD))
def test_checklist_reads_back_as_it_was_written(stage):
    assert tuple(items_from(lines_of(STANDARD[stage].items))) == STANDARD[stage].items


def test_lines_name_kind_requirement_and_criterion():
    found = items_from("Call the bank: now\n\ncheck*: Error rate\nexit error_rate: Below 1 %")
    assert found == [
        Item("Call the bank: now"),
        Item("Error rate", "check", True),
        Item("Below 1 %", "exit", False, "error_rate"),
    ]  # fmt: skip


def test_stage_is_saved_for_one_type_and_others_have_the_standard(browser, workspace):
    given = {
        "stage": "containment", "type": "security_breach", "from_minutes": "0", "to_minutes": "30",
        "items": "action*: Revoke the leaked key\ncheck: No new sign-ins",
    }  # fmt: skip
    assert browser.post(STAGES, given).status_code == 303
    plan = plans_for(workspace.pk, "security_breach")[Stage.CONTAINMENT]
    assert (plan.to_minutes, [item.text for item in plan.items]) == (
        30, ["Revoke the leaked key", "No new sign-ins"],
    )  # fmt: skip
    assert plans_for(workspace.pk, "")[Stage.CONTAINMENT] == STANDARD[Stage.CONTAINMENT]
    text = browser.get(f"{STAGES}?type=security_breach").content.decode()
    assert "action*: Revoke the leaked key" in text
    assert AuditEntry.across_workspaces.filter(action="stage_template.update").count() == 1


@pytest.mark.parametrize(
    ("changed", "fault"),
    [({"to_minutes": "soon"}, "to_minutes: must be a whole number"), ({"type": "nothing"}, "type: ")],
    ids=["minutes", "type"],
)
def test_bad_stage_is_refused_with_what_was_typed(browser, changed, fault):
    given = {
        "stage": "containment",
        "type": "",
        "from_minutes": "0",
        "to_minutes": "5",
        "items": "Typed by hand",
    }
    response = browser.post(STAGES, given | changed)
    assert response.status_code == 422
    text = response.content.decode()
    assert fault in text
    assert "Typed by hand" in text
    assert not StageTemplate.across_workspaces.exists()


def test_update_begins_with_the_changed_text_and_the_standard_comes_back(browser, admin):
    declare_incident(admin, title="Checkout is down", severity="sev1")
    given = {
        "name": "investigating",
        "label": "Looking",
        "text": "We look into **{title}**.\nNext: {next_update}",
    }
    assert browser.post(UPDATES, given).status_code == 303
    form = browser.get("/incidents/INC-1/update").content.decode()
    assert "We look into **Checkout is down**." in form
    assert ">Looking</a>" in form
    browser.post(UPDATES, given | {"reset": "1"})
    assert not StoredUpdateTemplate.across_workspaces.exists()
    assert "We are investigating." in browser.get("/incidents/INC-1/update").content.decode()


def test_bad_update_template_is_refused_with_what_was_typed(browser):
    response = browser.post(UPDATES, {"name": "resolved", "label": "Typed", "text": " "})
    assert response.status_code == 422
    assert "text: is required" in response.content.decode()
    assert 'value="Typed"' in response.content.decode()
    assert browser.post(UPDATES, {"name": "none", "label": "x", "text": "y"}).status_code == 422
