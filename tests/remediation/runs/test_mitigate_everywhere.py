"""Mitigate is on the row, the page, the bulk bar and in the palette; it opens what is recommended."""

from __future__ import annotations

import pytest

from remediation.runs.models import RemediationRun
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(actor):
    """The browser of a responder."""
    return browser_for(actor)


def test_row_page_bulk_bar_and_palette_lead_to_the_actions(browser, incident):
    row = browser.get("/").content.decode()
    assert f'class="menu-item" href="/remediation/new?incident={incident.reference}"' in row
    assert '<button type="submit" class="button" formaction="/remediation/many">' in row
    panel = browser.get(f"/panels/incident.remediation?key={incident.number}").content.decode()
    assert f'data-command="Mitigate {incident.reference}"' in panel


def test_viewer_is_offered_nothing(make_actor, incident):
    browser = browser_for(make_actor("viewer"))
    assert "/remediation/many" not in browser.get("/").content.decode()
    assert browser.get("/remediation/many", {"incident": incident.reference}).status_code == 403


def test_selected_incidents_show_their_actions_and_each_is_requested_once(browser, incident):
    response = browser.post("/remediation/many", {"pick": [f"{incident.number}:{incident.version}"]})
    assert (response.status_code, response["Location"]) == (
        303,
        f"/remediation/many?incident={incident.reference}",
    )
    page = browser.get(response["Location"]).content.decode()
    for label in ("Dry run", "Run now", "Request approval", "Scale up", "Restart service"):
        assert label in page
    for action in ("scale_up", "scale_up", "restart_service"):
        fields = {"incident": incident.reference, "action": action, "request_key": "the page's"}
        assert browser.post("/remediation/new", fields).status_code == 303
    runs = RemediationRun.objects.of(incident.workspace_id).order_by("id")
    assert list(runs.values_list("action__slug", flat=True)) == ["scale_up", "restart_service"]


@pytest.mark.parametrize("count", [0, 21])
def test_none_and_too_many_are_refused(browser, count):
    query = "&".join(f"incident=INC-{n}" for n in range(count))
    assert browser.get(f"/remediation/many?{query}").status_code == 422


def test_incident_of_another_workspace_is_not_found(browser, other_workspace, make_actor):
    assert browser.get("/remediation/many?incident=INC-999").status_code == 404
