"""Saving: versions, merging, conflicts, repeats and restoring."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, transaction

from core.errors import Conflict, Forbidden, Invalid, NotFound
from postmortems.documents.comments import add_comment, resolve_comment
from postmortems.documents.diffs import diff_lines
from postmortems.documents.models import Revision, SectionText
from postmortems.documents.selectors import comments_of, draft_of, revisions_of, section_of
from postmortems.documents.services import BothChanged, restore_revision, save_section
from postmortems.drafting.services import draft_postmortem

pytestmark = pytest.mark.django_db
KEY = "went_well"


@pytest.fixture
def postmortem(actor, resolved):
    made = draft_postmortem(actor, 1)
    save_section(actor, 1, KEY, base_version=1, text="one\ntwo\nthree")
    return made


def test_save_stores_the_next_version(actor, postmortem):
    saved = save_section(actor, 1, KEY, base_version=2, text="one\n2\nthree\r\n")
    assert (saved.version, saved.text, saved.merged) == (3, "one\n2\nthree", False)
    assert not section_of(postmortem, KEY).is_question


def test_same_text_writes_nothing(actor, postmortem):
    before = len(revisions_of(postmortem))
    assert save_section(actor, 1, KEY, base_version=1, text="one\ntwo\nthree").version == 2
    assert len(revisions_of(postmortem)) == before


def test_stale_save_merges(actor, make_actor, postmortem):
    ana = make_actor("responder", username="ana.other")
    save_section(ana, 1, KEY, base_version=2, text="zero\none\ntwo\nthree")
    saved = save_section(actor, 1, KEY, base_version=2, text="one\ntwo\nthree\nfour")
    assert saved.text == "zero\none\ntwo\nthree\nfour"
    assert (saved.merged, saved.by_other, saved.changed) == (True, ana.label, ((5, 5),))
    assert revisions_of(postmortem)[0].reason == Revision.Reason.MERGE


def test_conflict_stores_the_text_as_a_draft(actor, make_actor, postmortem):
    ana = make_actor("responder")
    save_section(ana, 1, KEY, base_version=2, text="one\nANA\nthree")
    with pytest.raises(BothChanged) as caught:
        save_section(actor, 1, KEY, base_version=2, text="one\nMINE\nthree")
    extra = caught.value.extra
    assert (extra["base"], extra["theirs"], extra["yours"]) == (
        "one\ntwo\nthree", "one\nANA\nthree", "one\nMINE\nthree"
    )  # fmt: skip
    assert extra["hunks"] == [{"base": "two", "theirs": "ANA", "yours": "MINE"}]
    section = section_of(postmortem, KEY)
    assert draft_of(section, f"user:{actor.user_id}").text == "one\nMINE\nthree"
    save_section(actor, 1, KEY, base_version=extra["version"], text="one\nANA\nMINE\nthree")
    assert draft_of(section, f"user:{actor.user_id}") is None


def test_repeated_save_is_the_same_save(actor, make_actor, postmortem):
    first = save_section(actor, 1, KEY, base_version=2, text="mine", client_id="c-1")
    save_section(make_actor("responder"), 1, KEY, base_version=first.version, text="mine\nhers")
    again = save_section(actor, 1, KEY, base_version=2, text="mine", client_id="c-1")
    assert (again.version, again.text) == (first.version, "mine")
    assert section_of(postmortem, KEY).text == "mine\nhers"


def test_text_typed_on_after_a_lost_response_is_a_change_of_what_was_saved(actor, make_actor, postmortem):
    """The editor does not know that its first save arrived, so it sends the same id and version again."""
    save_section(actor, 1, KEY, base_version=2, text="one\ntwo\nthree and", client_id="c-1")
    ana = make_actor("responder", username="ana.other")
    save_section(ana, 1, KEY, base_version=3, text="zero\none\ntwo\nthree and")
    for _ in range(2):
        saved = save_section(actor, 1, KEY, base_version=2, text="one\ntwo\nthree and more", client_id="c-1")
        assert saved.text == "zero\none\ntwo\nthree and more"
    assert saved.version == 5


def test_text_typed_on_after_a_merge_whose_response_was_lost_drops_nothing(actor, make_actor, postmortem):
    ana = make_actor("responder", username="ana.other")
    save_section(ana, 1, KEY, base_version=2, text="zero\none\ntwo\nthree")
    merged = save_section(actor, 1, KEY, base_version=2, text="one\ntwo\nthree\nfour", client_id="c-1")
    again = save_section(actor, 1, KEY, base_version=2, text="one\ntwo\nthree\nfour", client_id="c-1")
    assert again.text == merged.text == "zero\none\ntwo\nthree\nfour"
    with pytest.raises(BothChanged) as caught:
        save_section(actor, 1, KEY, base_version=2, text="one\ntwo\nthree\nfour more", client_id="c-1")
    assert (caught.value.extra["theirs"], caught.value.extra["yours"]) == (
        "zero\none\ntwo\nthree\nfour", "one\ntwo\nthree\nfour more"
    )  # fmt: skip


@pytest.mark.parametrize("text", ["x" * 64_001, "a\x00b", "a\u202eb"])
def test_unreadable_text_is_refused(actor, postmortem, text):
    with pytest.raises(Invalid) as caught:
        save_section(actor, 1, KEY, base_version=2, text=text)
    assert caught.value.faults[0].field == "text"


def test_unknown_version_is_refused(actor, postmortem):
    with pytest.raises(Invalid):
        save_section(actor, 1, KEY, base_version=99, text="x")


def test_generated_sections_have_no_text_of_their_own(actor, postmortem):
    for key in ("approval", "impact_analysis"):
        with pytest.raises(Invalid):
            save_section(actor, 1, key, base_version=1, text="x")
    with pytest.raises(NotFound):
        save_section(actor, 1, "none", base_version=1, text="x")


def test_viewers_and_other_workspaces_may_not_save(make_actor, other_workspace, postmortem):
    with pytest.raises(Forbidden):
        save_section(make_actor("viewer"), 1, KEY, base_version=2, text="x")
    with pytest.raises(NotFound):
        save_section(make_actor("admin", inside=other_workspace), 1, KEY, base_version=2, text="x")


def test_restore_brings_old_texts_back_as_a_new_revision(actor, postmortem):
    old = revisions_of(postmortem)[0].number
    save_section(actor, 1, KEY, base_version=2, text="changed")
    made = restore_revision(actor, 1, old)
    assert section_of(postmortem, KEY).text == "one\ntwo\nthree"
    assert made.reason == Revision.Reason.RESTORE
    assert restore_revision(actor, 1, old) is None
    with pytest.raises(NotFound):
        restore_revision(actor, 1, 99)


def test_revisions_cannot_be_changed(actor, postmortem):
    rows = SectionText.objects.of(actor.workspace_id).filter(section__key=KEY)
    with pytest.raises(ProgrammingError), transaction.atomic():
        rows.update(text="forged")


def test_comment_is_answered_and_resolved(actor, postmortem):
    first = add_comment(actor, 1, section_key=KEY, body="Is that so?", quote="one")
    add_comment(actor, 1, section_key=KEY, body="Yes.", parent=first.pk)
    resolve_comment(actor, 1, first.pk)
    found = comments_of(postmortem)
    assert [(one.body, one.parent_id) for one in found] == [("Is that so?", None), ("Yes.", first.pk)]
    assert found[0].resolved_at is not None
    with pytest.raises(NotFound):
        add_comment(actor, 1, section_key=KEY, body="x", parent=first.pk + 100)


def test_diff_marks_the_words_that_changed():
    lines = diff_lines("The pool was full.\nSame.", "The pool was empty.\nSame.")
    assert [(line.kind, [s.text for s in line.spans if s.is_changed]) for line in lines] == [
        ("removed", ["full."]), ("added", ["empty."]), ("same", []),
    ]  # fmt: skip


def test_published_text_is_refused(actor, postmortem):
    postmortem.status = "published"
    postmortem.save()
    with pytest.raises(Conflict):
        save_section(actor, 1, KEY, base_version=2, text="x")
