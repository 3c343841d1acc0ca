"""A long postmortem as PDF: 500 entries and long sections, in one child process within its limits."""

from __future__ import annotations

import re
import zlib
from datetime import timedelta

import pytest
from django.utils import timezone

from incidents.models import TimelineEntry
from incidents.timeline.services.timeline_entries import entry
from incidents.vocabulary import EntryKind
from postmortems.documents.services import save_section
from postmortems.drafting.services import draft_postmortem
from postmortems.export.pdf import pdf_of
from tests.web.signed_in import browser_for

_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.S)


def pages_in(pdf):
    """How many pages a PDF has, object streams included."""
    parts = [pdf]
    for match in _STREAM.finditer(pdf):
        try:
            parts.append(zlib.decompress(match[1]))
        except zlib.error:
            continue
    return sum(len(re.findall(rb"/Type\s*/Page\b(?!s)", part)) for part in parts)


@pytest.mark.django_db
def test_postmortem_of_620_entries_becomes_a_long_accessible_pdf(actor, resolved):
    start = timezone.now()
    rows = [
        entry(actor, resolved, EntryKind.NOTE, f"Note {n}: " + "we looked at the pool and waited. " * 3,
              at=start + timedelta(seconds=n))
        for n in range(620)
    ]  # fmt: skip
    TimelineEntry.objects.of(actor.workspace_id).bulk_create(rows)
    draft_postmortem(actor, 1)
    long = "\n\n".join(f"Paragraph {n}. " + "Words that someone typed. " * 12 for n in range(150))
    save_section(actor, 1, "what_happened", base_version=1, text=long)
    browser = browser_for(actor)
    markdown = browser.get("/postmortems/INC-1/export?format=markdown").content.decode()
    assert "Note 350" in markdown
    assert "Note 619" in markdown
    assert re.search(r"1[0-9]{2} entries in between are left out: see the JSON export", markdown)
    response = browser.get("/postmortems/INC-1/export?format=pdf")
    assert response.status_code == 200, response.content[:300]
    assert b"pdfuaid" in response.content
    assert pages_in(response.content) >= 20


def test_500_headings_make_500_pages_or_fewer_within_the_limits():
    text = "\n\n".join(f"## Section {n}\n\n" + "A line of the report.\n\n" * 40 for n in range(250))
    pdf = pdf_of("Long", text)
    assert pages_in(pdf) > 200
