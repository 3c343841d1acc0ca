"""Unknown severity and state words are listed on the page of their source, with their assumed meaning."""

from __future__ import annotations

import re

import pytest

from detection.models import SourceWord
from detection.sources.services.source_words import MAX_WORDS
from detection.sources.services.sources import update_source
from tests.detection.webhooks.senders import burning, group
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db
CELL = re.compile(r"<td[^>]*>(.*?)</td>", re.DOTALL)


def words_on_page(actor, sender):
    """The rows of the table of unknown words: word, what for, taken as, how often."""
    shown = browser_for(actor).get(f"/sources/{sender.source.pk}").content.decode()
    _, found, table = shown.partition('aria-label="Unknown values"')
    rows = table.partition("</table>")[0].split("<tr>")[2:] if found else []
    return [tuple(CELL.findall(row)[:4]) for row in rows]


def test_word_for_a_severity_is_shown_until_the_source_gives_it_a_meaning(make_sender, admin):
    sender = make_sender("alertmanager", default_severity="sev3")
    for name in ("a", "b"):
        assert sender.post(group(burning(name, severity="meltdown"))).status_code == 202
    assert sender.post(group(burning("c", severity="critical"))).status_code == 202
    assert words_on_page(admin, sender) == [("meltdown", "severity", "sev3", "2")]

    update_source(admin, source_id=sender.source.pk, mapping={"severities": {"Meltdown": "sev1"}})
    assert sender.post(group(burning("d", severity="meltdown"), key="other")).status_code == 202
    assert words_on_page(admin, sender) == [("meltdown", "severity", "sev3", "2")]
    assert sorted(one.severity for one in sender.incidents()) == ["sev1", "sev1"]


def test_unknown_state_word_is_shown_and_changes_no_known_alert(make_sender, admin):
    sender = make_sender("generic")
    body = {"id": "a", "title": "Queue is stuck", "severity": "high", "status": "firing"}
    assert sender.post(body).status_code == 202
    assert sender.post(body | {"status": "wobbling"}).status_code == 202
    [(word, kind, taken_as, times)] = words_on_page(admin, sender)
    assert (word, kind, times) == ("wobbling", "state", "1")
    assert taken_as in {"firing", "resolved", "acknowledged"}
    assert sender.only_incident().status == "open"


def test_unknown_words_of_a_source_are_bounded_and_hidden_from_another_workspace(
    make_sender, admin, make_actor, other_workspace
):
    sender = make_sender("alertmanager")
    alerts = [burning(f"host-{n}", severity=f"<b>word-{n}</b>") for n in range(MAX_WORDS + 5)]
    assert sender.post(group(*alerts)).status_code == 202
    assert SourceWord.objects.of(sender.source.workspace_id).count() == MAX_WORDS
    assert all(word.startswith("&lt;b&gt;word-") for word, *_ in words_on_page(admin, sender))
    outsider = browser_for(make_actor("admin", inside=other_workspace))
    assert outsider.get(f"/sources/{sender.source.pk}").status_code == 404
