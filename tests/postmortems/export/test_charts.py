"""Chart blocks: written by `/chart`, drawn by the page, the HTML file and the PDF."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.ui.chart_blocks import read_chart, write_chart
from core.ui.markdown import document
from incidents.models import IncidentEvidence
from postmortems.documents.selectors import section_of
from postmortems.drafting.charts import slots
from postmortems.drafting.services import draft_postmortem
from postmortems.export.blocks import blocks_of
from tests.web.signed_in import browser_for

ERRORS = {"TimeoutError": 42, "PoolExhausted": 7}


@pytest.fixture
def measured(actor, resolved):
    IncidentEvidence.objects.of(actor.workspace_id).update_or_create(
        workspace_id=actor.workspace_id, incident=resolved,
        defaults={"error_distribution": ERRORS, "source_distribution": {"api": 40, "`x`\n```": 9}},
    )  # fmt: skip
    return draft_postmortem(actor, 1)


@pytest.mark.django_db
def test_chart_command_becomes_a_block_and_a_drawing(actor, measured):
    browser = browser_for(actor)
    text = "Before\n\n/chart\n\n/chart sources\n\n/chart timeline\n\n/chart nothing"
    given = {"text": text, "base_version": "1", "client_id": "c"}
    assert browser.post("/postmortems/INC-1/sections/went_well", given).status_code == 303
    stored = section_of(measured, "went_well").text
    assert "```chart\nErrors of INC-1 by type\nTimeoutError: 42\nPoolExhausted: 7\n```" in stored
    assert "Events of INC-1 by source\napi: 40\n'x' ''': 9\n```" in stored
    assert "Timeline entries of INC-1, times in UTC" in stored
    assert stored.endswith("/chart nothing")
    page = browser.get("/postmortems/INC-1").content.decode()
    assert page.count('<table class="chart-block">') == 3
    html = browser.get("/postmortems/INC-1/export?format=html").content.decode()
    assert "<caption>Errors of INC-1 by type</caption>" in html
    assert browser.get("/postmortems/INC-1/export?format=pdf").content.startswith(b"%PDF")


def test_chart_without_numbers_shows_a_message(actor, db):
    assert write_chart("Nothing", []) == ""


@pytest.mark.parametrize(
    "text",
    ["", "Title only", "One\nTwo\nA: 1", "A: 1\nno number", "A: -1", "A: 1e9", "A: nan", "A: 1\n" * 51],
    ids=["empty", "title", "two titles", "line", "negative", "exponent", "nan", "long"],
)
def test_block_that_is_no_chart_stays_code(text):
    assert read_chart("chart", text) is None
    assert "<pre>" in document(f"```chart\n{text}\n```") or not text


def test_bars_are_shares_of_the_largest():
    made = document("```chart\nErrors\nA: 50\nB: 25\nC: 0\n```")
    assert [f'width="{n}" height="8"' in made for n in (100, 50, 0)] == [True] * 3
    assert blocks_of("```chart\nErrors\nA: 50\nB: 25\n```") == [
        {"t": "chart", "title": "Errors", "rows": [["A", 100, "50"], ["B", 50, "25"]]}
    ]


def test_written_chart_is_read_back():
    rows = [("a: b", 3.0), ("```", 1.5), ("  ", 2.0)]
    text = write_chart("Title: with a colon", rows)
    made = read_chart("chart", text.removeprefix("```chart\n").removesuffix("\n```"))
    assert made.rows == (("a: b", 3.0), ("'''", 1.5), ("?", 2.0))


def test_entries_over_time_fall_into_at_most_twelve_slots():
    start = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    times = [start + timedelta(minutes=n) for n in range(61)]
    made = slots(times, start)
    assert (len(made), sum(count for _, count in made)) == (12, 61)
    assert made[0][0] == "23:30:00"
    assert made[-1][0].startswith("2026-03-02 00:2")
    assert slots([start], start) == [("23:30:00", 1.0)]
