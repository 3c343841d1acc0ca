"""Texts given for a postmortem: into their sections, onto an existing draft, and read back."""

from __future__ import annotations

import pytest

from postmortems.documents.models import Postmortem
from postmortems.documents.selectors import section_of
from postmortems.documents.services import save_section
from postmortems.drafting.requests import write_requested
from postmortems.drafting.services import draft_postmortem
from postmortems.drafting.tables import table, table_rows
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db
PATH = "/api/v1/incidents/INC-1/postmortem"


@pytest.fixture
def post(actor, resolved):
    browser = browser_for(actor)
    return lambda body: browser.post(PATH, body, content_type="application/json")


def test_title_and_texts_replace_those_of_the_automatic_draft(post, resolved):
    write_requested(resolved, creates=True)
    body = {"title": "Postmortem: API Rate Limit", "impact": "No API for 30 minutes", "template": "full"}
    made = post(body)
    assert made.status_code == 200
    assert (made.json()["title"], made.json()["impact"]) == (body["title"], body["impact"])
    version = made.json()["version"]
    assert post({"title": body["title"]}).json()["version"] == version
    assert post({}).json()["title"] == body["title"]


def test_existing_postmortem_keeps_its_template(post, actor, resolved):
    write_requested(resolved, creates=True)
    refused = post({"template": "light", "title": "Another", "summary": "Lost"})
    assert (refused.status_code, "from the template Full" in refused.json()["detail"]) == (409, True)
    kept = Postmortem.objects.of(actor.workspace_id).get()
    assert (kept.template.slug, kept.title) == ("full", "Postmortem: Checkout returns 502")
    assert "Lost" not in section_of(kept, "executive_summary").text


def test_text_without_a_section_is_refused_before_anything_is_drafted(post, actor):
    texts = {"whatWentWell": "a", "whatWentPoorly": "b", "whereWeGotLucky": "c", "impact": "d"}
    refused = post({"template": "light", "summary": "s", "rootCauses": ["r"], **texts})
    assert refused.status_code == 422
    names = ["what_went_well", "what_went_poorly", "where_we_got_lucky", "impact"]
    assert [one["field"] for one in refused.json()["errors"]] == names
    assert not Postmortem.objects.of(actor.workspace_id).exists()


def test_texts_of_one_section_are_joined(post):
    made = post({"template": "light", "summary": "In short.", "whatHappened": "At length."})
    assert made.status_code == 201
    assert made.json()["summary"] == "In short.\n\nAt length."


def test_timeline_is_read_back_with_what_people_changed(post, actor):
    given = [{"time": "10:00", "event": "Declared | by hand"}, {"time": "12:00", "event": "x" * 900}]
    assert post({"timeline": given}).json()["timeline"] == given
    text = section_of(Postmortem.objects.of(actor.workspace_id).get(), "timeline")
    edited = text.text.replace("10:00", "09:58") + "\n| 12:30 | Party |\n\nNo | row."
    save_section(actor, 1, "timeline", base_version=text.version, text=edited)
    read = browser_for(actor).get(PATH).json()["timeline"]
    assert read == [{**given[0], "time": "09:58"}, given[1], {"time": "12:30", "event": "Party"}]


def test_drafted_timeline_is_data_too(actor, resolved):
    draft_postmortem(actor, 1, template="light")
    rows = browser_for(actor).get(PATH).json()["timeline"]
    assert rows[-1]["event"] == "Scaled the pool."


@pytest.mark.parametrize("cells", [["a", "b"], ["a|b", "c\\"], ["", "x"], ["a\\|b", "|"]])
def test_table_is_read_as_it_was_written(cells):
    assert table_rows(table(("One", "Two"), [cells, cells])) == [cells, cells]


def test_only_rows_below_a_heading_are_rows():
    text = "a | b\n\nOne | Two\n:-- | --:\n1 | 2\n| 3 | 4 |\nend\n5 | 6"
    assert table_rows(text) == [["1", "2"], ["3", "4"]]
