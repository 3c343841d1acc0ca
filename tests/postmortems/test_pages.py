"""Every page of postmortems, action items, lessons and templates, without JavaScript."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client

from core.outbox.relay import relay_due
from core.queue.runner import run_due
from postmortems.action_items.selectors import item_for
from postmortems.action_items.services import create_item
from postmortems.documents.comments import add_comment
from postmortems.documents.selectors import postmortem_for, section_of
from postmortems.documents.services import save_section
from postmortems.drafting.models import DraftRequest
from postmortems.drafting.services import draft_postmortem
from postmortems.learning.lessons import add_lesson
from postmortems.learning.selectors import factor_nodes_of
from postmortems.learning.services import add_why
from postmortems.queues import DRAFT
from postmortems.template_library.models import PostmortemTemplate
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db
HOSTILE = (
    '<script>alert(1)</script><img src=x onerror=alert(1)> [a](javascript:alert(1)) <b hx-get="/x">b</b>'
)


@pytest.fixture
def browser(actor):
    return browser_for(actor)


@pytest.fixture
def postmortem(actor, resolved):
    return draft_postmortem(actor, 1)


def test_page_offers_a_draft_and_shows_it(browser, resolved):
    assert b"Not drafted yet" in browser.get("/postmortems/INC-1").content
    response = browser.post("/postmortems/INC-1/draft", {"template": "light"})
    assert (response.status_code, response["Location"]) == (303, "/postmortems/INC-1")
    text = browser.get("/postmortems/INC-1").content.decode()
    assert "Root Cause" in text
    assert "Pool too small." in text
    assert "How many people noticed" in text


def test_every_page_opens(browser, make_actor, postmortem, actor):
    create_item(actor, 1, title="Alert on pool usage")
    add_lesson(actor, 1, lesson="Alert before the pool is full", category="database")
    add_why(actor, 1, question="Why did it fill?", answer="No limit.")
    add_comment(actor, 1, section_key="went_well", body="Really?")
    manager = browser_for(make_actor("manager"))
    template = PostmortemTemplate.objects.of(actor.workspace_id).get(slug="full")
    for path in (
        "/postmortems", "/postmortems?status=draft&text=Checkout", "/postmortems/INC-1",
        "/postmortems/INC-1/sections/went_well", "/postmortems/INC-1/versions",
        "/postmortems/INC-1/versions/1", "/postmortems/INC-1/settings", "/postmortems/INC-1/five-whys",
        "/postmortems/INC-1/lessons", "/postmortems/INC-1/waive?subject=section:data_loss", "/lessons",
        "/lessons?text=pool&category=database", "/action-items", "/action-items?status=all&due=none",
        "/action-items/ACT-1", "/action-items/new", "/action-items/new?incident=INC-1",
        "/action-items/export.csv", "/settings/postmortems", f"/settings/postmortems/{template.pk}",
        "/panels/postmortem.incident?key=1", "/panels/postmortem.lessons?key=1", "/incidents/INC-1",
    ):  # fmt: skip
        response = manager.get(path)
        assert response.status_code == 200, path
    for kind in ("markdown", "html", "json", "pdf"):
        response = manager.get(f"/postmortems/INC-1/export?format={kind}")
        assert response.status_code == 200, (kind, response.content[:300])
        assert f"postmortem-INC-1.{'md' if kind == 'markdown' else kind}" in response["Content-Disposition"]
    assert b"pdfuaid" in response.content
    assert browser.get("/settings/postmortems").status_code == 403
    assert browser.get("/postmortems/INC-1/export?format=doc").status_code == 422


def test_section_is_saved_by_a_plain_form(browser, postmortem):
    page = browser.get("/postmortems/INC-1/sections/went_well").content.decode()
    assert 'name="base_version" value="1"' in page
    response = browser.post(
        "/postmortems/INC-1/sections/went_well", {"text": "Fast.\r\nCalm.", "base_version": "1"}
    )
    assert (response.status_code, response["Location"]) == (303, "/postmortems/INC-1#section-went_well")
    assert section_of(postmortem, "went_well").text == "Fast.\nCalm."


def test_conflict_shows_both_texts_and_ends_with_one(browser, make_actor, postmortem):
    save_section(make_actor("responder"), 1, "went_well", base_version=1, text="Theirs.")
    response = browser.post("/postmortems/INC-1/sections/went_well", {"text": "Mine.", "base_version": "1"})
    page = response.content.decode()
    assert response.status_code == 409
    assert "Theirs." in page
    assert "Mine." in page
    assert 'name="base_version" value="2"' in page
    done = browser.post(
        "/postmortems/INC-1/sections/went_well", {"text": "Theirs.\n\nMine.", "base_version": "2"}
    )
    assert done.status_code == 303


def test_commands_insert_the_timeline_and_an_action_item(browser, actor, postmortem):
    text = "/timeline\n\n/action Add an alert for the pool"
    browser.post(
        "/postmortems/INC-1/sections/went_well", {"text": text, "base_version": "1", "client_id": "c"}
    )
    stored = section_of(postmortem, "went_well").text
    assert "| Time (UTC) | Event | Impact |" in stored
    assert stored.endswith("ACT-1 Add an alert for the pool")
    assert item_for(actor, "ACT-1").title == "Add an alert for the pool"


def test_commands_work_on_lines_as_browsers_send_them(browser, actor, postmortem):
    text = "/chart timeline\r\n/timeline\r\n/action Add an alert for the pool\r\nEnd."
    browser.post("/postmortems/INC-1/sections/went_well", {"text": text, "base_version": "1"})
    stored = section_of(postmortem, "went_well").text
    assert stored.startswith("```chart\n")
    assert "| Time (UTC) | Event | Impact |" in stored
    assert stored.endswith("\nACT-1 Add an alert for the pool\nEnd.")
    assert item_for(actor, "ACT-1").title == "Add an alert for the pool"


def test_api_saves_merges_and_refuses_like_the_page(actor, make_actor, postmortem):
    browser = browser_for(actor)

    def put(base, text):
        body = json.dumps({"base_version": base, "text": text})
        return browser.put(
            "/api/v1/postmortems/INC-1/sections/went_well", body, content_type="application/json"
        )

    assert put(1, "one\ntwo").json()["version"] == 2
    save_section(
        make_actor("responder", username="ana"), 1, "went_well", base_version=2, text="zero\none\ntwo"
    )
    merged = put(2, "one\ntwo\nthree").json()
    assert (merged["text"], merged["merged"], merged["with"]) == ("zero\none\ntwo\nthree", True, "Ana")
    refused = put(2, "ONE\ntwo").json()
    assert refused["code"] in {"both_changed"} or refused["version"]
    clash = put(1, "something else")
    assert clash.status_code == 409
    assert clash.json()["theirs"] == section_of(postmortem, "went_well").text
    assert put(2, "x" * 64_001).status_code == 422


def test_hostile_text_is_shown_as_text_everywhere(browser, actor, postmortem):
    save_section(actor, 1, "executive_summary", base_version=1, text=HOSTILE)
    pages = [
        browser.get("/postmortems/INC-1").content.decode(),
        browser.post("/postmortems/INC-1/preview", {"text": HOSTILE}).content.decode(),
        browser.get("/postmortems/INC-1/export?format=html").content.decode(),
    ]
    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'href="javascript' not in page
        assert "<b hx-get" not in page


@pytest.mark.django_db(transaction=True)
def test_queue_drafts_after_resolution(actor, resolved):
    relay_due()
    assert DraftRequest.objects.of(actor.workspace_id).filter(creates=True).exists()
    run_due(DRAFT)
    assert postmortem_for(actor, 1).status == "draft"
    assert not DraftRequest.objects.of(actor.workspace_id).exclude(state="done").exists()


def test_bulk_edit_changes_what_it_may_and_names_the_rest(browser, actor, resolved):
    for n in range(3):
        create_item(actor, 1, title=f"Do the thing {n}")
    response = browser.post(
        "/action-items/bulk", {"item": ["ACT-1", "ACT-3", "ACT-9"], "status": "done", "here": "status=all"}
    )
    assert (response.status_code, response["Location"]) == (303, "/action-items?status=all")
    assert [item_for(actor, n).status for n in (1, 2, 3)] == ["done", "open", "done"]
    assert b"ACT-9" in browser.get("/action-items").content


def test_stale_item_is_refused_with_the_input_preserved(browser, actor, resolved):
    create_item(actor, 1, title="Do the thing now")
    given = {
        "title": "Do another thing",
        "status": "open",
        "priority": "low",
        "kind": "detect",
        "version": "7",
    }
    response = browser.post("/action-items/ACT-1", given)
    assert response.status_code == 409
    assert b"Do another thing" in response.content
    assert browser.post("/action-items/ACT-1", {**given, "version": "1"}).status_code == 303


def test_csv_cells_are_no_formulas(browser, actor, resolved):
    create_item(actor, 1, title="=HYPERLINK(1) do it now")
    assert b"'=HYPERLINK(1)" in browser.get("/action-items/export.csv").content


def test_five_whys_grow_branches_and_shrink(browser, resolved):
    url = "/postmortems/INC-1/five-whys"
    assert browser.post(url, {"question": ""}).status_code == 422
    browser.post(url, {"question": "Why one?", "answer": "Because."})
    browser.post(url, {"question": "Why two?"})
    first, second = factor_nodes_of(resolved)
    assert second.parent_id == first.pk
    browser.post(url, {"question": "Why else?", "parent": str(first.pk)})
    place = {"is_branch": "1", "parent": str(second.pk), "beside": str(first.pk)}
    browser.post(url, {"question": "Why besides?", **place})
    browser.post(url, {"question": "Why at all?", "is_branch": "1", "beside": ""})
    parents = {node.question: node.parent_id for node in factor_nodes_of(resolved)}
    assert (parents["Why besides?"], parents["Why at all?"]) == (first.pk, None)
    refused = browser.post(url, {"question": "", "answer": "Half an hour of thought", "is_branch": "1"})
    assert re.search(
        r"(?s)data-next-why.*Half an hour of thought.*name=.is_branch[^>]*checked", refused.content.decode()
    )
    refused = browser.post(f"{url}/{first.pk}", {"question": "", "answer": "Longer than before"})
    assert refused.content.decode().count("Longer than before") == 1
    browser.post(f"{url}/{second.pk}", {"verb": "root"})
    assert b"Root cause" in browser.get(url).content
    browser.post(f"{url}/{first.pk}", {"verb": "remove"})
    assert [node.question for node in factor_nodes_of(resolved)] == ["Why at all?"]


def test_template_is_edited_and_a_bad_placeholder_refused(make_actor, postmortem, actor):
    browser = browser_for(make_actor("manager"))
    template = PostmortemTemplate.objects.of(actor.workspace_id).get(slug="light")
    row = {
        "version": str(template.version), "name": "Short", "header": "# {{ incident_id }}", "footer": "",
        "key": ["summary", ""], "title": ["Summary", ""], "style": ["chapter", "chapter"],
        "help_text": ["What happened?", ""], "starter": ["{{ description }}", ""],
        "audience": ["all", "internal"], "at": ["10", "20"], "is_required": ["0"],
    }  # fmt: skip
    bad = {**row, "starter": ["{{ descripton }}", ""]}
    refused = browser.post(f"/settings/postmortems/{template.pk}", bad)
    assert refused.status_code == 422
    assert b"descripton" in refused.content
    assert browser.post(f"/settings/postmortems/{template.pk}", row).status_code == 303
    assert [one.key for one in template.sections.all()] == ["summary"]
    assert browser.post(f"/settings/postmortems/{template.pk}", row).status_code == 409
    copied = browser.post(f"/settings/postmortems/{template.pk}/copy", {"name": "Our own"})
    assert copied.status_code == 303


def test_other_workspaces_find_nothing(make_actor, other_workspace, postmortem):
    browser = browser_for(make_actor("admin", inside=other_workspace))
    for path in ("/postmortems/INC-1", "/postmortems/INC-1/five-whys", "/action-items/ACT-1"):
        assert browser.get(path).status_code == 404
    assert Client().get("/public/postmortems/none").status_code == 404
