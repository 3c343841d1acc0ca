"""Every number of the analytics page opens the incidents it counts, no more and no fewer."""

from __future__ import annotations

import html
import random
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from config.paths import ROOT
from incidents.analytics.measures import MEASURES, MTBF_DEFINITION
from incidents.models import (
    AffectedComponent,
    Component,
    Incident,
    IncidentSignal,
    IncidentVerdict,
    RoleAssignment,
    SlaClock,
)
from tests.incidents.analytics.test_analytics import NOW, SINCE, history
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db
LINK = re.compile(r'<a class="link" href="(/analytics/incidents\?[^"]+)">(\d+)</a>')
NUMBER = re.compile(
    r'<td class="end num" data-label="(?:Incidents|Active|Met|Missed|Running|At night)">\s*(\d+)\s*<'
)
BEHIND = re.compile(r'data-incident="(\d+)"')


@pytest.fixture
def browser(workspace, make_actor):
    """A history with components, deadlines, detectors, verdicts and responders."""
    chance, made = random.Random(7), history(workspace, seed=7, count=40)
    actor = make_actor("viewer")
    component = Component.objects.of(workspace.pk).create(workspace=workspace, name="api & <db>")
    for one in made:
        if chance.random() < 0.5:
            AffectedComponent.objects.of(workspace.pk).create(
                workspace=workspace, incident=one, component=component
            )
        if chance.random() < 0.5:
            IncidentSignal.objects.of(workspace.pk).create(
                workspace=workspace, incident=one, fingerprint=f"{one.number:064x}",
                reporter=chance.choice(["rule:error_burst", "rule:a & b"]), first_at=NOW, last_at=NOW,
            )  # fmt: skip
        if chance.random() < 0.3:
            verdict = chance.choice(["real", "false_positive"])
            IncidentVerdict.objects.of(workspace.pk).create(
                workspace=workspace, incident=one, verdict=verdict
            )
        if chance.random() < 0.5:
            RoleAssignment.objects.of(workspace.pk).create(
                workspace=workspace, incident=one, role="commander", user_id=actor.user_id,
                assigned_at=one.detected_at, ended_at=one.detected_at + timedelta(hours=1),
            )  # fmt: skip
        SlaClock.objects.of(workspace.pk).create(
            workspace=workspace, incident=one, kind="acknowledge", started_at=one.detected_at,
            phase=chance.choice(["met", "breached", "running", "stopped"]), warn_at=one.detected_at,
            deadline=datetime(2100, 1, 1, tzinfo=UTC), due_at=one.detected_at, state="done",
        )  # fmt: skip
    return browser_for(actor)


def test_every_number_opens_its_incidents_and_adds_up(browser, workspace):
    period = f"since={SINCE:%Y-%m-%dT%H:%M:%SZ}&until={NOW:%Y-%m-%dT%H:%M:%SZ}"
    page = browser.get(f"/analytics?{period}").content.decode()
    links = LINK.findall(page)
    assert len(links) > 40
    assert [number for number in NUMBER.findall(page) if number != "0"] == []
    seen = {}
    for address, number in links:
        address = html.unescape(address)
        response = browser.get(address)
        assert response.status_code == 200, address
        behind = BEHIND.findall(response.content.decode())
        assert len(behind) == len(set(behind)) == int(number), address
        seen[address.rpartition("show=")[2]] = set(behind)
    assert set().union(*(one for show, one in seen.items() if show.startswith("hour%3A"))) == seen["all"]
    for measure in ("mttd", "mtta", "mttr"):
        parts = [seen.get(f"{kind}%3A{measure}", set()) for kind in ("counted", "absent", "invalid")]
        assert sum(map(len, parts)) == len(seen["all"])
        assert set().union(*parts) == seen["all"]
    assert len(seen["all"]) == Incident.objects.of(workspace.pk).filter(
        detected_at__gte=SINCE, detected_at__lt=NOW, is_drill=False
    ).count()  # fmt: skip


def test_every_number_of_the_api_lists_its_incidents(browser):
    period = f"since={SINCE:%Y-%m-%dT%H:%M:%SZ}&until={NOW:%Y-%m-%dT%H:%M:%SZ}"
    found = browser.get(f"/api/v1/analytics?{period}&severity=sev1,sev2").json()
    groups = [one for name, part in found.items() if name.startswith("by_") for one in part if "show" in one]
    numbers = {one["show"]: one["incidents"] for one in (*groups, *found["over_time"]["steps"])}
    for name, one in found["measures"].items():
        numbers[f"counted:{name}"] = one["count"]
    numbers |= {"all": found["total_incidents"], "active": found["active_incidents"]}
    numbers |= {f"sla:{one['kind']}.met": one["met"] for one in found["sla"]}
    assert len(numbers) > 15
    for show, number in numbers.items():
        behind = browser.get(f"{found['incidents_url']}{quote(show)}").json()
        assert len({one["incident_id"] for one in behind}) == len(behind) == number, show
    address = f"{found['incidents_url']}all&limit=2"
    pages = [browser.get(f"{address}&cursor={at}").json() for at in range(0, numbers["all"], 2)]
    assert sum(map(len, pages)) == numbers["all"]
    assert 'rel="next"' in browser.get(address)["Link"]


@pytest.mark.parametrize(
    "show", ["", "nothing:1", "counted:x", "hour:7", "hour:a-b", "month:99999999-1", "week:2026-13-01"]
)
def test_unknown_number_is_refused(browser, show):
    assert browser.get("/analytics/incidents", {"show": show}).status_code == 422


def test_page_of_the_documentation_has_the_definitions():
    text = (ROOT / "docs" / "reference" / "analytics.md").read_text()
    for one in MEASURES:
        assert f"| {one.name.upper()} | {one.title} | {one.definition} | {one.absent} |" in text
    assert MTBF_DEFINITION in text
