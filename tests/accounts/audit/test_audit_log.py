"""The audit trail: filters, pages by keyset, CSV that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from asgiref.sync import async_to_sync
from django.db import connection

from accounts.audit.selectors import AuditFilter, audit_page
from accounts.models import AuditEntry
from core.http.csv_stream import csv_lines
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(admin):
    return browser_for(admin)


def write(workspace, count=1, **fields):
    row = {
        "actor_kind": "user", "actor_label": "Dana", "action": "incident.open", "object_type": "incident",
        "object_id": "1", "summary": "Dana opened INC-1",
    }  # fmt: skip
    entries = [AuditEntry(workspace_id=workspace.pk, **row | fields) for _ in range(count)]
    return AuditEntry.objects.bulk_create(entries)


def numbers(text):
    return [int(pk) for pk in re.findall(r'id="audit-(\d+)"', text)]


def test_every_entry_is_seen_once_however_many_pages_there_are(browser, workspace):
    written = [entry.pk for entry in write(workspace, 120)]
    seen, url = [], "/settings/audit?what=incidents"
    while url:
        text = browser.get(url).content.decode()
        seen += numbers(text)
        following = re.search(r'href="(/settings/audit\?[^"]*cursor=\d+)"', text)
        url = following[1].replace("&amp;", "&") if following else None
        if url:
            assert parse_qs(urlsplit(url).query)["what"] == ["incidents"]
    assert seen == sorted(written, reverse=True)


@pytest.mark.parametrize(
    ("query", "found"),
    [("", 4), ("who=theo", 1), ("who=THEO", 1), ("what=rules", 1), ("what=incidents", 2),
     ("what=rule.update", 1), ("since=2026-01-02", 3), ("until=2026-01-01", 1),
     ("since=2026-01-02&until=2026-01-02", 1),
     ("who=nobody", 0), ("who=theo&what=rules", 0)],
)  # fmt: skip
def test_filters_narrow_by_who_what_and_when(browser, workspace, query, found):
    write(workspace, at="2026-01-01T23:59:59Z", actor_label="Theo")
    write(workspace, at="2026-01-02T00:00:00Z")
    write(workspace, at="2026-01-03T12:00:00Z", action="rule.update")
    write(workspace, at="2026-01-04T12:00:00Z", action="sla.update")
    assert len(numbers(browser.get(f"/settings/audit?{query}").content.decode())) == found


@pytest.mark.parametrize(
    "query",
    ["since=yesterday", "since=2026-13-01", "until=0001-01-01", "cursor=x", "cursor=-1", "who=%00",
     f"what={'x' * 151}", "since=2026-02-01&until=2026-01-01"],
)  # fmt: skip
def test_filter_that_cannot_be_read_is_a_422_that_names_it(browser, query):
    response = browser.get(f"/settings/audit?{query}")
    assert response.status_code == 422
    assert query.rpartition("&")[2].partition("=")[0] in response.content.decode()


def rows_of(response):
    async def whole():
        return "".join([part.decode() async for part in response])

    return list(csv.DictReader(io.StringIO(async_to_sync(whole)())))


def test_csv_holds_exactly_what_is_filtered_and_no_formula(browser, workspace):
    write(workspace, 3, summary='=HYPERLINK("http://evil.test")', action="rule.update", changes={"a": [1, 2]})
    write(workspace, 2)
    response = browser.get("/settings/audit.csv?what=rules")
    assert response["Content-Type"].startswith("text/csv")
    rows = rows_of(response)
    assert [row["action"] for row in rows] == ["rule.update"] * 3
    assert rows[0]["summary"].startswith("'=HYPERLINK")
    assert rows[0]["changes"] == '{"a": [1, 2]}'


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_cell_that_would_be_a_formula_is_made_a_text(cell):
    assert next(csv.reader(io.StringIO(csv_lines([[cell]]), newline="")))[0] == f"'{cell}"


def test_another_workspaces_entries_are_never_seen(admin, other_workspace):
    write(other_workspace, 3)
    assert audit_page(admin, AuditFilter())[0] == []


def test_page_is_found_by_an_index_however_long_the_log_is(workspace):
    rows = AuditEntry.objects.of(workspace.pk).filter(pk__lt=5000).order_by("-id")[:51]
    write(workspace, 3000)
    with connection.cursor() as cursor:
        cursor.execute("analyze accounts_auditentry")
    assert "Index" in rows.explain()
    assert "Seq Scan" not in rows.explain()
