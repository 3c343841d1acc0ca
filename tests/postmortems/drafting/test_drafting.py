"""Drafts: stated facts, open questions, and updates of facts."""

from __future__ import annotations

import re

import pytest

from config.paths import ROOT
from core.errors import Forbidden, NotFound
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.lifecycle.services.responding import (
    acknowledge_incident,
    change_severity,
    change_stage,
    change_status,
)
from incidents.links.services import relate_incidents
from incidents.models import SlaPolicy
from incidents.timeline.services.notes import add_update
from postmortems.action_items.services import create_item
from postmortems.documents.models import Revision
from postmortems.documents.selectors import revisions_of, section_of, sections_of
from postmortems.documents.services import save_section
from postmortems.drafting.collect import collect
from postmortems.drafting.services import draft_postmortem, refresh_facts
from postmortems.drafting.tables import table_rows
from postmortems.learning.services import add_why, identify_root_cause

pytestmark = pytest.mark.django_db
DRAFTING = ROOT / "postmortems"


def text(postmortem, key):
    return section_of(postmortem, key).text


def test_draft_states_the_facts_of_the_incident(actor, resolved):
    made = draft_postmortem(actor, 1)
    assert "“Checkout returns 502”" in text(made, "executive_summary")
    assert "Scaled the pool." in text(made, "executive_summary")
    assert text(made, "systems") == "api (degraded), db (degraded)"
    assert "| Time (UTC) | Event | Impact |" in text(made, "timeline")
    assert text(made, "why_it_happened") == "Pool too small."
    assert "Scaled the pool." in text(made, "immediate_actions")
    assert text(made, "appendix_messages") == "Nothing was sent."
    assert made.owner_id == actor.user_id


def test_draft_of_a_real_course_has_impacts_the_highest_severity_and_the_verification(actor):
    declare_incident(actor, title="Checkout returns 502", severity="sev3")
    acknowledge_incident(actor, number=1)
    change_severity(actor, number=1, severity="sev1")
    change_severity(actor, number=1, severity="sev2")
    change_stage(actor, number=1, stage="recovery", message="No error for ten minutes.")
    change_status(actor, number=1, status="monitoring")
    resolve_incident(actor, number=1, message="Scaled the pool.")
    made = draft_postmortem(actor, 1)
    impacts = [row[2] for row in table_rows(text(made, "timeline"))]
    assert impacts[1:] == ["Investigating", "SEV1", "SEV2", "Monitoring", "Resolved"]
    assert re.fullmatch(r"- \[x\] \S+ No error for ten minutes\.", text(made, "verification"))
    assert collect(made.incident, made).severity == "SEV2 (highest: SEV1)"


def test_deadline_to_acknowledge_is_that_of_the_workspace(actor):
    policies = SlaPolicy.objects.of(actor.workspace_id)
    values = {"workspace_id": actor.workspace_id, "acknowledge_within": 45}
    policies.update_or_create(severity="sev3", defaults=values, create_defaults=values | {"severity": "sev3"})
    declare_incident(actor, title="Checkout returns 502", severity="sev3")
    acknowledge_incident(actor, number=1)
    made = draft_postmortem(actor, 1)
    assert "(deadline 45m)" in section_of(made, "went_well").prompt


def test_draft_has_questions_for_people(actor, resolved):
    made = draft_postmortem(actor, 1)
    questions = {one.key for one in sections_of(made) if one.is_question}
    assert {"users_impacted", "business_impact", "went_well", "data_loss", "preventive_measures"} <= questions
    assert section_of(made, "went_well").prompt.startswith("Acknowledged in ")
    assert section_of(made, "five_whys").prompt.startswith("Why did “Checkout returns 502” happen?")


def test_facts_link_to_their_sources(actor, resolved):
    made = draft_postmortem(actor, 1)
    assert section_of(made, "timeline").sources == [
        {"label": "Timeline", "path": "/incidents/INC-1?kind=all"}
    ]


def test_drafting_twice_makes_one_postmortem(actor, resolved):
    assert draft_postmortem(actor, 1).pk == draft_postmortem(actor, "inc_00001").pk
    made = draft_postmortem(actor, 1)
    assert [one.reason for one in revisions_of(made)] == [Revision.Reason.DRAFT]


def test_untouched_facts_follow_and_edited_ones_stay(actor, resolved):
    made = draft_postmortem(actor, 1)
    save_section(actor, 1, "systems", base_version=1, text="Everything.")
    add_update(actor, number=1, message="We are back.")
    create_item(actor, 1, title="Alert on pool usage", kind="detect")
    refresh_facts(actor, resolved.pk)
    assert "We are back." in text(made, "appendix_messages")
    assert text(made, "detection_improvements") == "- [ ] ACT-1 Alert on pool usage"
    assert text(made, "systems") == "Everything."
    assert not section_of(made, "detection_improvements").is_question


def test_whys_feed_the_draft(actor, resolved):
    made = draft_postmortem(actor, 1)
    add_why(actor, 1, question="Why did the pool exhaust?", answer="Too many connections.")
    add_why(actor, 1, question="Why were there too many?")
    identify_root_cause(actor, 1, root_cause="Missing pool configuration")
    assert "2. **Why were there too many?**\n   - Missing pool configuration" in text(made, "five_whys")
    assert "- Missing pool configuration" in text(made, "why_it_happened")


@pytest.mark.parametrize("slug", ["light", "security", "full"])
def test_each_shipped_template_can_be_drafted(actor, resolved, slug):
    made = draft_postmortem(actor, 1, template=slug)
    assert made.template.slug == slug
    assert "{{" not in "".join(one.text for one in sections_of(made))


def test_security_incident_takes_the_security_template(actor):
    declare_incident(actor, title="Odd sign-ins", incident_type="security_breach")
    assert draft_postmortem(actor, 1).template.slug == "security"


def test_draft_names_no_private_incident_as_related(actor, resolved):
    for number, is_private in ((2, False), (3, True)):
        declare_incident(actor, title=f"Same again {number}", is_private=is_private)
        relate_incidents(actor, number=1, other=number)
    assert collect(resolved).related == ("INC-2: Same again 2",)


def test_unknown_template_is_refused(actor, resolved):
    with pytest.raises(NotFound):
        draft_postmortem(actor, 1, template="none")


def test_viewer_may_not_draft(make_actor, resolved):
    with pytest.raises(Forbidden):
        draft_postmortem(make_actor("viewer"), 1)


def test_missing_facts_have_no_filler_text():
    phrase = re.compile(r"to be (determined|discussed|defined)|\btbd\b|lorem", re.I)
    assert [str(p) for p in DRAFTING.rglob("*.py") if phrase.search(p.read_text())] == []
