"""Edges of postmortems: small severities, drills, merges, learning, the admin, letters no font has."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, User
from core.errors import Conflict
from core.ui.markdown import document
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.resolving import reopen_incident, resolve_incident
from incidents.lifecycle.services.responding import change_severity
from incidents.models import Incident
from notifications.deliveries.models import Delivery
from postmortems.action_items.models import ActionItem
from postmortems.action_items.selectors import item_for
from postmortems.action_items.services import create_item
from postmortems.documents.comments import add_comment
from postmortems.documents.models import Postmortem
from postmortems.documents.services import save_section
from postmortems.drafting.requests import write_requested
from postmortems.drafting.services import draft_postmortem
from postmortems.export import pdf_child
from postmortems.export.blocks import blocks_of
from postmortems.fix_watch.models import FixWatch
from postmortems.learning.lessons import add_lesson
from postmortems.learning.selectors import factor_nodes_of, lessons_for, lessons_page
from postmortems.learning.services import add_factor, add_why, identify_root_cause
from postmortems.review.services import request_review, waive, withdraw
from tests.api.bodies import body_of
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db


def test_small_incidents_get_a_draft_only_on_request(actor, resolved):
    change_severity(actor, number=1, severity="sev4")
    resolved.refresh_from_db()
    write_requested(resolved, creates=True)
    assert not Postmortem.objects.of(actor.workspace_id).exists()
    assert draft_postmortem(actor, 1).status == "draft"


def test_resolved_twice_has_one_postmortem_that_mentions_the_reopening(actor, resolved):
    write_requested(resolved, creates=True)
    reopen_incident(actor, number=1, message="It is back.")
    resolve_incident(actor, number=1, message="Fixed for good.")
    resolved.refresh_from_db()
    write_requested(resolved, creates=True)
    assert Postmortem.objects.of(actor.workspace_id).count() == 1


def test_drill_is_drafted_and_notifies_no_one(actor, admin, resolved):
    Incident.objects.of(actor.workspace_id).filter(pk=resolved.pk).update(is_drill=True)
    draft_postmortem(actor, 1)
    add_comment(admin, 1, section_key="went_well", body="Is this so, @rita.responder?")
    assert browser_for(actor).get("/postmortems/INC-1").status_code == 200
    assert not Delivery.objects.of(actor.workspace_id).filter(event_kind__startswith="postmortem").exists()


def test_merged_incident_has_no_postmortem_of_its_own_and_its_text_is_read_only(actor, resolved):
    declare_incident(actor, title="Survivor")
    draft_postmortem(actor, 1)
    survivor = Incident.objects.of(actor.workspace_id).get(number=2)
    Incident.objects.of(actor.workspace_id).filter(number=1).update(merged_into=survivor)
    with pytest.raises(Conflict, match="merged"):
        save_section(actor, 1, "went_well", base_version=1, text="Late.")
    with pytest.raises(Conflict, match="merged"):
        draft_postmortem(actor, 1)
    assert b"merged into another one" in browser_for(actor).get("/postmortems/INC-1").content


def test_review_is_withdrawn_and_requested_again(actor, resolved):
    made = draft_postmortem(actor, 1)
    for section in made.sections.filter(is_question=True):
        waive(actor, 1, subject=f"section:{section.key}", reason="No one knows it now.")
    assert request_review(actor, 1).status == "in_review"
    assert withdraw(actor, 1).status == "draft"
    with pytest.raises(Conflict):
        withdraw(actor, 1)
    assert request_review(actor, 1).status == "in_review"


def test_five_whys_hold_several_causes_branches_and_factors(actor, resolved):
    first = add_why(actor, 1, question="Why did it fill?", answer="No limit.", answered_by="rita.responder")
    add_why(actor, 1, question="Why was there no limit?", answer="No review.")
    beside = add_why(actor, 1, question="Why was it so slow?", answer="A slow query.", parent=first.pk)
    identify_root_cause(actor, 1, root_cause="No review.", node=beside.pk - 1)
    identify_root_cause(actor, 1, root_cause="A missing index.", node=beside.pk)
    add_factor(actor, 1, factor="The pager was muted.")
    nodes = factor_nodes_of(resolved)
    assert sum(node.is_root_cause for node in nodes) == 2
    assert {node.parent_id for node in nodes if node.question} == {None, first.pk}
    assert first.answered_by_id == actor.user_id
    assert [node.answer for node in nodes if node.kind == "contributing_factor"] == ["The pager was muted."]


def test_lessons_are_found_by_words_and_shown_where_an_incident_is_alike(actor, resolved, make_actor):
    add_lesson(actor, 1, lesson="Always limit the connection pool", priority="low", category="database")
    add_lesson(actor, 1, lesson="Alert before it is full", priority="critical")
    add_lesson(actor, 1, lesson="Write the runbook", priority="medium")
    add_lesson(actor, 1, lesson="Drill the failover", priority="high")
    assert [one.lesson for one in lessons_page(actor, text="limits connections")] == [
        "Always limit the connection pool"
    ]
    assert [one.category for one in lessons_page(actor, category="DATABASE")] == ["database"]
    alike = declare_incident(actor, title="Again", components=["db"])
    assert [one.priority for one in lessons_for(actor, alike)] == ["critical", "high", "medium"]
    assert b"Alert before it is full" in browser_for(actor).get("/incidents/INC-2").content
    other = declare_incident(actor, title="Elsewhere", components=["mail"])
    assert not lessons_for(actor, other)
    Incident.objects.of(actor.workspace_id).filter(number=1).update(is_private=True)
    assert not lessons_for(make_actor("responder", username="una"), alike)


def test_action_item_is_changed_in_the_admin_with_an_audit_row(actor, admin, resolved):
    User.objects.filter(pk=admin.user_id).update(is_staff=True, is_superuser=True)
    item = create_item(actor, 1, title="Alert on pool usage")
    form = {"status": "done", "priority": "high", "kind": "prevent", "due_date": ""}
    response = browser_for(admin).post(f"/admin/postmortems/actionitem/{item.pk}/change/", form)
    assert response.status_code == 302
    assert (item_for(actor, 1).status, item_for(actor, 1).priority) == ("done", "high")
    assert AuditEntry.objects.of(actor.workspace_id).filter(action__startswith="action_item.").exists()


def test_text_links_incidents_people_and_items_and_has_boxes_and_own_pictures():
    html = str(
        document("- [ ] Ask @dana.ruiz about #INC-42 and ACT-7\n- [x] done\n\n![graph](/attachments/3)")
    )
    for href in ("/incidents/INC-42", "/action-items/ACT-7"):
        assert f'href="{href}"' in html
    assert "dana.ruiz</a>" in html
    assert html.count('type="checkbox"') == 2
    assert '<img src="/attachments/3" alt="graph"' in html


def test_letters_no_font_has_are_marked_and_named(tmp_path):
    (tmp_path / "layout.typ").write_bytes(pdf_child.LAYOUT.read_bytes())
    words = "Words \u65e5\u672c\u8a9e \U0001f525 and \u16a0 here."
    made = pdf_child._compiled(tmp_path, {"title": "Report", "blocks": blocks_of(f"# Report\n\n{words}")})
    assert b"pdfuaid" in made
    data = json.loads((tmp_path / "data.json").read_text())
    assert sorted(data["missing"]) == ["U+16A0", "U+1F525", "U+65E5", "U+672C", "U+8A9E"]
    assert "Words ??? ? and ? here." in json.dumps(data["blocks"])


def test_more_words_cost_no_more_statements(actor, resolved, django_assert_max_num_queries):
    draft_postmortem(actor, 1)
    browser = browser_for(actor)
    with django_assert_max_num_queries(60) as before:
        assert browser.get("/postmortems/INC-1").status_code == 200
    for number in range(15):
        create_item(actor, 1, title=f"Do the thing {number}")
        add_comment(actor, 1, section_key="went_well", body=f"Comment {number}")
        add_lesson(actor, 1, lesson=f"Lesson {number}")
    with django_assert_max_num_queries(len(before)):
        assert browser.get("/postmortems/INC-1").status_code == 200


def test_analytics_shows_items_closed_in_time_and_each_number_opens_them(actor, resolved):
    now = timezone.now()
    for number, (due, done) in enumerate([(-2, -3), (-2, -1), (-1, None), (0, 0), (-40, -41)], 1):
        create_item(actor, 1, title=f"Do the thing {number}")
        rows = ActionItem.objects.of(actor.workspace_id).filter(number=number)
        rows.update(due_date=timezone.localdate() + timedelta(days=due))
        if done is not None:
            rows.update(status="done", completed_at=now + timedelta(days=done))
    browser = browser_for(actor)
    page = browser.get("/analytics").content.decode()
    links = re.findall(r'href="(/action-items\?status=all&amp;due=[^"]+)">(\d+)</a> of (\d+)', page)
    assert [(number, total) for _, number, total in links] == [("2", "4"), ("2", "4")]
    for address, number, _ in links:
        shown = browser.get(html.unescape(address)).content.decode()
        assert len(set(re.findall(r"ACT-\d+", shown))) == int(number)
    assert browser.get("/action-items?due_from=tomorrow").status_code == 422
    watch = {"workspace_id": actor.workspace_id, "completed_at": now, "starts_at": now, "ends_at": now}
    FixWatch.objects.create(item_id=rows.get().pk, verdict="held", **watch)
    rows.update(kind="prevent")
    found = {one["name"]: one for one in browser.get("/api/v1/analytics").json()["follow_through"]}
    assert {name: one["count"] for name, one in found.items() if one["count"]} == {
        "items_in_time": 2, "items_late": 2, "fixes_held": 1,
    }  # fmt: skip
    for one in found.values():
        assert len(browser.get(one["items_url"]).json()) == one["count"]
    csv = body_of(browser.get("/analytics.csv")).decode()
    assert "follow_through,items_in_time,,,,,,2" in csv
    assert "follow_through,fixes_held,,,,,,1" in csv
