"""Templates over the API: list, create, copy, change, archive and bring back."""

from __future__ import annotations

import json

import pytest

from postmortems.drafting.services import draft_postmortem
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db
URL = "/api/v1/postmortem-templates"
SECTIONS = [
    {"key": "summary", "title": "Summary", "style": "chapter", "starter": "{{ summary }}", "audience": "all"},
    {"key": "why", "title": "Why", "help_text": "Why did it happen?", "is_required": True},
]


@pytest.fixture
def call(make_actor):
    browser = browser_for(make_actor("manager"))

    def send(method, path="", **body):
        data = json.dumps(body) if method != "GET" else None
        return browser.generic(method, URL + path, data or b"", content_type="application/json")

    send.browser = browser
    return send


def test_template_is_created_drafted_from_changed_archived_and_restored(call, actor, resolved):
    made = call("POST", name="Database outage", sections=SECTIONS)
    assert (made.status_code, made.json()["id"]) == (201, "database-outage")
    drafted = draft_postmortem(actor, 1, template="database-outage")
    assert [one.key for one in drafted.sections.all()] == ["summary", "why"]
    changed = call("PATCH", "/database-outage", sections=SECTIONS[:1], is_strict=True, version=1).json()
    assert ([one["key"] for one in changed["sections"]], changed["is_strict"]) == (["summary"], True)
    assert call("PATCH", "/database-outage", name="Other", version=1).status_code == 409
    assert call("PATCH", "/database-outage", name="Other").json()["sections"][0]["key"] == "summary"
    assert call("DELETE", "/database-outage").status_code == 204
    assert "database-outage" not in [one["id"] for one in call("GET").json()]
    assert [one["id"] for one in call("GET", "?archived=true").json()] == ["database-outage"]
    page = call.browser.get("/settings/postmortems").content.decode()
    assert "Archived" in page
    assert call("PATCH", "/database-outage", is_archived=False).json()["is_archived"] is False
    assert drafted.sections.count() == 2


def test_copy_has_the_sections_of_its_source(call, resolved):
    made = call("POST", name="Full, ours", copy_of="full").json()
    assert made["kind"] == "own"
    assert made["sections"] == call("GET", "/full").json()["sections"]
    assert call("POST", name="Full, ours", copy_of="full").status_code == 422


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "x"}, 422),
        ({"name": "x", "copy_of": "none"}, 404),
        ({"name": "", "sections": SECTIONS}, 422),
        ({"name": "x", "sections": [SECTIONS[0], SECTIONS[0]]}, 422),
        ({"name": "x", "sections": [{"key": "A B", "title": "x"}]}, 422),
        ({"name": "x", "sections": [{"key": "a", "title": "x", "starter": "{{ no_such }}"}]}, 422),
        ({"name": "x", "sections": SECTIONS, "header": "{{ no_such }}"}, 422),
        ({"name": "x", "sections": SECTIONS, "odd": 1}, 422),
    ],
    ids=["empty", "unknown source", "no name", "twice", "bad key", "placeholder", "header", "unknown field"],
)
def test_bad_template_is_refused_and_nothing_stored(call, body, status):
    before = len(call("GET").json())
    assert call("POST", **body).status_code == status
    assert len(call("GET").json()) == before


def test_default_is_not_archived(call):
    call("GET")
    assert call("DELETE", "/full").status_code == 409
