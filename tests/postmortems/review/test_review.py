"""From draft to published: signatures bound to a revision, waivers, and what is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accounts.actor import Actor
from accounts.models import Role
from core.errors import Conflict, Forbidden, Invalid
from incidents.roles.services import assign_role
from postmortems.action_items.services import create_item, update_item
from postmortems.documents.selectors import postmortem_for, sections_of
from postmortems.documents.services import save_section
from postmortems.drafting.requests import note_reopened
from postmortems.drafting.services import draft_postmortem
from postmortems.export.document import export_of
from postmortems.export.public import public_document
from postmortems.review.selectors import review_of
from postmortems.review.services import (
    Incomplete,
    amend,
    decide,
    publish_postmortem,
    request_review,
    set_details,
    waive,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(make_actor) -> Actor:
    return make_actor("responder", username="lena.lead")


@pytest.fixture
def manager(make_actor) -> Actor:
    return make_actor("manager", username="max.manager")


@pytest.fixture
def complete(actor, lead, resolved):
    """A draft with every question answered; commander `actor`, tech lead `lead`."""
    assign_role(actor, number=1, user_id=actor.user_id)
    assign_role(actor, number=1, role="tech_lead", user_id=lead.user_id)
    made = draft_postmortem(actor, 1)
    for section in sections_of(made):
        if section.is_question:
            save_section(actor, 1, section.key, base_version=1, text=f"Answer to {section.key}.")
    return made


def test_review_needs_every_required_answer(actor, resolved):
    draft_postmortem(actor, 1)
    with pytest.raises(Incomplete) as caught:
        request_review(actor, 1)
    subjects = [one["subject"] for one in caught.value.extra["missing"]]
    assert "section:users_impacted" in subjects
    assert "section:geographic_impact" not in subjects
    assert postmortem_for(actor, 1).status == "draft"


def test_three_signatures_publish(actor, lead, manager, complete):
    request_review(actor, 1)
    with pytest.raises(Incomplete) as caught:
        publish_postmortem(manager, 1)
    assert [one["subject"] for one in caught.value.extra["missing"]] == [
        "role:commander", "role:tech_lead", "role:manager"
    ]  # fmt: skip
    decide(actor, 1, role="commander", decision="approved")
    decide(lead, 1, role="tech_lead", decision="approved")
    decide(manager, 1, role="manager", decision="approved")
    done = publish_postmortem(manager, 1)
    assert (done.status, done.published_revision) == ("published", done.revision)
    text = export_of(actor, 1).markdown()
    assert f"| Manager | Max Manager | Approved revision {done.revision} |" in text
    assert "Open question" not in text
    with pytest.raises(Conflict):
        publish_postmortem(manager, 1)


def test_public_page_has_the_title_of_the_publication(actor, lead, manager, complete):
    def publish():
        request_review(actor, 1)
        for one, role in ((actor, "commander"), (lead, "tech_lead"), (manager, "manager")):
            decide(one, 1, role=role, decision="approved")
        return publish_postmortem(manager, 1)

    set_details(manager, 1, title="Checkout failed", public_link=True)
    key = publish().public_key
    set_details(manager, 1, title="Checkout failed because of Acme")
    assert public_document(key).title == "Checkout failed"
    amend(manager, 1)
    assert public_document(key).title == "Checkout failed"
    publish()
    assert public_document(key).title == "Checkout failed because of Acme"


def test_signature_is_void_once_the_text_changes(actor, lead, complete):
    request_review(actor, 1)
    decide(actor, 1, role="commander", decision="approved")
    save_section(lead, 1, "went_well", base_version=2, text="Better words.")
    state = review_of(postmortem_for(actor, 1)).signatures[0]
    assert not state.is_settled
    assert state.state.startswith("Void: the text changed in revision ")


def test_signature_stays_when_an_appendix_changes(actor, lead, complete):
    request_review(actor, 1)
    decide(actor, 1, role="commander", decision="approved")
    save_section(lead, 1, "appendix_logs", base_version=2, text="See the graph.")
    assert review_of(postmortem_for(actor, 1)).signatures[0].is_signed


def test_token_signs_only_with_the_write_scope(actor, complete):
    request_review(actor, 1)
    token = replace(actor, token_id=1, scopes=frozenset({"incidents:read"}))
    with pytest.raises(Forbidden, match="incidents:write"):
        decide(token, 1, role="commander", decision="approved")
    token = replace(token, scopes=frozenset({"incidents:read", "incidents:write"}))
    assert decide(token, 1, role="commander", decision="approved").user_id == actor.user_id


def test_only_holders_sign_and_the_manager_is_another_person(actor, lead, make_actor, complete):
    request_review(actor, 1)
    with pytest.raises(Forbidden):
        decide(lead, 1, role="commander", decision="approved")
    with pytest.raises(Forbidden):
        decide(lead, 1, role="manager", decision="approved")
    machine = Actor(actor.workspace_id, "token", "ci", scopes=frozenset({"admin"}), token_id=1)
    with pytest.raises(Forbidden):
        decide(machine, 1, role="commander", decision="approved")
    boss = Actor(actor.workspace_id, "user", "Boss", user_id=actor.user_id, role=Role.ADMIN)
    decide(boss, 1, role="commander", decision="approved")
    with pytest.raises(Forbidden):
        decide(boss, 1, role="manager", decision="approved")


def test_request_for_changes_sends_it_back(actor, lead, complete):
    request_review(actor, 1)
    decide(lead, 1, role="tech_lead", decision="changes_requested", note="Say why.")
    assert postmortem_for(actor, 1).status == "draft"


def test_stale_revision_is_not_signed(actor, complete):
    request_review(actor, 1)
    with pytest.raises(Conflict):
        decide(actor, 1, role="commander", decision="approved", revision=1)


def test_action_items_need_an_owner_and_a_date(actor, lead, manager, complete):
    item = create_item(actor, 1, title="Alert on pool usage")
    subjects = {one.subject for one in review_of(postmortem_for(actor, 1)).complete.for_publishing}
    assert f"item:{item.number}" in subjects
    update_item(actor, item.number, assignee="lena.lead", due_date=item.created_at.date())
    subjects = {one.subject for one in review_of(postmortem_for(actor, 1)).complete.for_publishing}
    assert f"item:{item.number}" not in subjects


def test_waiver_needs_a_reason(actor, manager, resolved):
    draft_postmortem(actor, 1)
    with pytest.raises(Invalid):
        waive(actor, 1, subject="section:data_loss", reason="no")
    waive(actor, 1, subject="section:data_loss", reason="No data was touched.")
    assert "*Not answered: No data was touched.*" in export_of(actor, 1).markdown().replace("\n", " ")
    with pytest.raises(Forbidden):
        waive(actor, 1, subject="role:manager", reason="The manager is away.")
    with pytest.raises(Invalid):
        waive(manager, 1, subject="role:king", reason="Long live the king.")


def test_amendment_leaves_the_published_revision_for_readers(actor, lead, manager, complete):
    for role in ("commander", "tech_lead", "manager"):
        waive(manager, 1, subject=f"role:{role}", reason="Agreed in the meeting.")
    request_review(actor, 1)
    published = publish_postmortem(manager, 1)
    set_details(manager, 1, public_link=True)
    key = postmortem_for(actor, 1).public_key
    amend(actor, 1)
    section = next(one for one in sections_of(published) if one.key == "executive_summary")
    save_section(
        actor, 1, section.key, base_version=section.version, text="Amended words, token=hunter2secret99"
    )
    shown = public_document(key)
    assert "Amended words" not in shown.html
    assert "Business Impact" not in shown.html
    assert "Executive Summary" in shown.html
    assert postmortem_for(actor, 1).published_revision == published.published_revision


def test_reopened_incident_sends_the_review_back(actor, complete):
    from incidents.lifecycle.services.resolving import reopen_incident

    request_review(actor, 1)
    reopen_incident(actor, number=1, message="It is back.")
    note_reopened(actor.workspace_id, incident_id=complete.incident_id)
    found = postmortem_for(actor, 1)
    assert (found.status, found.reopened_at is not None) == ("draft", True)
