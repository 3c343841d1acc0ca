"""Exported files of incidents: read back they equal the incidents, and nothing in them is executed."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc

import pytest
from markdown_it import MarkdownIt

from core.errors import Forbidden, Invalid, NotFound
from incidents.export import markdown, tables
from incidents.export.formats import Format, export_chosen, export_list, export_one, parse_format
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.listing.filters import parse_filter
from incidents.listing.selectors import incidents_numbered
from incidents.models import Incident, TimelineEntry
from incidents.roles.services import assign_role
from incidents.timeline.services.notes import add_note, add_update
from tests.incidents.make import NOW
from tests.tables import whole

HOSTILE = [
    "=HYPERLINK(\"https://evil.test\",\"click\")",
    "+1+1",
    "-2+3",
    "@SUM(A1:A9)",
    "|calc",
    "＝1+1",
    "'=already marked",
    'quo"ted, and; separated',
    "# not a heading",
    "## trailing ##",
    "1. not a list",
    "- not a list",
    "* nor this",
    "> not a quote",
    "[link](javascript:alert(1)) ![image](https://evil.test/x.png)",
    "<script>alert(1)</script> <https://evil.test>",
    "`code` **bold** _it_ ~~gone~~ a|b \\ &amp; $x$",
    "תקלה בשרת התשלומים",
    "لا يمكن الاتصال",
    "🔥 " + "x" * 190,
    "=" * 200,
    "---",
    "a   b",
]  # fmt: skip
MESSAGES = [
    *HOSTILE,
    "two\nlines",
    "first\n\n    indented\n\ttab\n```\nfence",
    "+ plus\n1) one\n=====\n| a | b |\n|---|---|",
]

MARKUP = {
    "link_open",
    "image",
    "code_inline",
    "html_inline",
    "html_block",
    "strong_open",
    "em_open",
    "s_open",
}


def _file(file):
    return b"".join(file.pieces).decode()


def _rows(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def _plain(cell):
    """A marked cell without its mark, as the reference describes."""
    return cell[1:] if cell.startswith("'") else cell


@pytest.fixture
def hostile(actor, declared):
    for number, text in enumerate(HOSTILE, 1):
        declared(text, description=text, components=[text[:90], "api"], labels={"project": text[:90]})
        assign_role(actor, number=number, username="rita.responder")
    resolve_incident(actor, number=1, message="=1+1", root_cause="=2+2")
    return HOSTILE


def _export(actor, kind, **options):
    given = options.pop("given", {})
    return _file(export_list(actor, parse_filter(given), Format(kind), filters=given, **options))


def test_csv_round_trips_and_no_cell_begins_a_formula(actor, hostile):
    text = _export(actor, "csv")
    rows = _rows(text)
    assert [_plain(row["title"]) for row in reversed(rows)] == [title.strip() for title in hostile]
    assert [json.loads(_plain(row["labels"]))["project"] for row in reversed(rows)] == [
        t[:90].strip() for t in hostile
    ]
    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell[:1] in "=+-@|＝\t" and cell]
    assert rows[-1]["root_cause"] == "'=2+2"
    assert (rows[-1]["commander"], rows[-1]["is_drill"], rows[-1]["status"]) == (
        "rita.responder",
        "false",
        "resolved",
    )


def test_csv_follows_rfc_4180_with_a_byte_order_mark_only_for_people(actor, hostile):
    text = _export(actor, "csv")
    assert text.startswith("reference,title,")
    assert text.count("\r\n") == len(hostile) + 1
    assert '"quo""ted, and; separated"' in text
    assert _export(actor, "csv", with_bom=True) == "\ufeff" + text


@pytest.mark.parametrize("value", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "|a", "＝1", "＠a", "'a"])
def test_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(value):
    assert tables.cell(value) == f"'{value}"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "true"), (5, "5"), (-3.0, "-3"), (2.5, "2.5"), ("", ""), ("a=b", "a=b"),
     (NOW, "2026-03-01T12:00:00.000Z")],
)  # fmt: skip
def test_cell_of_any_other_kind_is_plain(value, text):
    assert tables.cell(value) == text


def test_json_equals_the_api_and_has_a_count(actor, hostile):
    whole = json.loads(_export(actor, "json", given={"severity": "sev3"}))
    assert [one["title"] for one in reversed(whole["incidents"])] == [title.strip() for title in hostile]
    assert (whole["count"], whole["filters"]) == (len(hostile), {"severity": "sev3"})
    assert whole["incidents"][0].keys() >= {"number", "severity", "affected_components", "mttr", "url"}
    assert whole["incidents"][0]["detected_at"].endswith("Z")


RENDER = MarkdownIt("gfm-like", {"linkify": False, "html": True}).disable("linkify")


def _tokens(text):
    return [inner for token in RENDER.parse(text) for inner in (token, *(token.children or ()))]


def _words(tokens):
    return "".join(
        "\n" if t.type in ("hardbreak", "softbreak", "paragraph_close") else t.content
        for t in tokens
        if t.type in ("text", "hardbreak", "softbreak", "text_special", "paragraph_close")
    )


def test_markdown_shows_every_word_and_nothing_of_it_is_markup(actor, hostile):
    text = _export(actor, "markdown")
    tokens = _tokens(text)
    links = [t.attrs["href"].rsplit("/", 1)[-1] for t in tokens if t.type == "link_open"]
    assert links == [f"INC-{n}" for n in range(len(hostile), 0, -1)]
    assert not [t for t in tokens if t.type in MARKUP - {"link_open"}]
    shown = _words(tokens)
    for title in hostile:
        assert " ".join(title.split()) in shown
    assert text.count("\n| [INC-") == len(hostile)


@pytest.mark.parametrize("message", MESSAGES)
def test_quoted_message_preserves_its_lines_and_opens_no_block(message):
    tokens = _tokens(markdown.quoted(message))
    kinds = {t.type for t in tokens if t.nesting == 1 or t.block}
    assert kinds <= {"blockquote_open", "blockquote_close", "paragraph_open", "paragraph_close", "inline"}
    assert not [t for t in tokens if t.type in MARKUP]
    shown = _words(tokens).replace("\u00a0", " ").split()
    assert shown == message.split()


@pytest.fixture
def incident_with_timeline(actor, declared):
    incident = declared("=A title", components=["api"], labels={"team": "a"})
    for message in MESSAGES:
        add_note(actor, number=1, message=message)
    add_update(actor, number=1, message="Public words")
    resolve_incident(actor, number=1, message="Rolled back", root_cause="A bad deploy")
    return incident


def test_one_incident_as_csv_is_its_timeline_from_the_first_entry_on(actor, incident_with_timeline):
    rows = _rows(_file(export_one(actor, 1, Format.CSV)))
    assert [_plain(row["message"]) for row in rows][1:-2] == [m.strip() for m in MESSAGES]
    assert (rows[0]["kind"], rows[-1]["kind"], rows[-2]["is_public"]) == ("detected", "resolution", "true")
    assert {row["incident"] for row in rows} == {"INC-1"}


def test_one_incident_as_json_has_everything(actor, incident_with_timeline):
    whole = json.loads(_file(export_one(actor, "inc-1", Format.JSON)))
    assert [entry["message"] for entry in whole["timeline"]][1:-2] == [m.strip() for m in MESSAGES]
    restored_at = whole["resolved_at"]
    assert whole["components"] == [{"component": "api", "impact": "degraded", "restored_at": restored_at}]
    assert (whole["root_cause"], whole["roles"], whole["reference"]) == ("A bad deploy", [], "INC-1")


def test_one_incident_as_markdown_reads_like_a_report(actor, incident_with_timeline):
    text = _file(export_one(actor, 1, Format.MARKDOWN))
    tokens = RENDER.parse(text)
    headings = [tokens[at + 1] for at, token in enumerate(tokens) if token.type == "heading_open"]
    assert [_words(one.children) for one in headings] == ["INC-1: =A title", "Root cause", "Timeline"]
    assert "- **Severity:** SEV3" in text
    assert "- **Labels:** team=a" in text
    assert "> Public words" in text
    assert " · update · public" in text
    assert not [
        t for t in _tokens(text) if t.type in ("html_inline", "html_block", "image", "fence", "code_block")
    ]


def test_file_names_have_workspace_and_content_in_plain_characters(actor, incident_with_timeline):
    names = [export_one(actor, 1, kind).name for kind in Format]
    assert names == ["acme-INC-1.csv", "acme-INC-1.json", "acme-INC-1.md"]
    assert export_list(actor, parse_filter({}), Format.CSV, filters={}).name.startswith("acme-incidents-20")


def test_only_the_chosen_ones_are_written_when_some_are_chosen(actor, hostile):
    file = export_chosen(actor, incidents_numbered(actor, [3, 1]), Format.JSON)
    assert [one["number"] for one in json.loads(_file(file))["incidents"]] == [3, 1]


@pytest.mark.parametrize(
    ("word", "kind"), [("", "json"), ("CSV", "csv"), ("md", "markdown"), (" json ", "json")]
)
def test_formats_have_other_names(word, kind):
    assert parse_format(word) == kind


def test_unknown_format_is_refused():
    with pytest.raises(Invalid, match="csv, json, markdown"):
        parse_format("xlsx")


def test_export_contains_nothing_of_another_workspace(
    actor, incident_with_timeline, make_actor, other_workspace
):
    outsider = make_actor("admin", inside=other_workspace)
    assert json.loads(_export(outsider, "json"))["count"] == 0
    with pytest.raises(NotFound):
        export_one(outsider, 1, Format.JSON)


def test_user_without_read_access_gets_no_part_of_a_file(workspace):
    from accounts.actor import Actor

    blind = Actor(workspace.pk, "token", "events only", scopes=frozenset({"events:write"}))
    with pytest.raises(Forbidden):
        export_list(blind, parse_filter({}), Format.CSV, filters={})


@pytest.mark.parametrize("kind", [Format.CSV, *whole(Format.JSON, Format.MARKDOWN)])
def test_memory_does_not_grow_with_the_number_of_incidents(actor, workspace, kind):
    Incident.objects.bulk_create(
        Incident(workspace=workspace, number=n + 1, title="x" * 150, started_at=NOW, detected_at=NOW)
        for n in range(4_000)
    )
    peaks = []
    for limit in (1_000, 4_000):
        file, size = export_list(actor, parse_filter({}), kind, filters={}), 0
        tracemalloc.start()
        for _, piece in zip(range(limit // 500 + 1), file.pieces, strict=False):
            size += len(piece)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert size > limit * 100
    assert peaks[1] < peaks[0] * 2  # of four times as many; what is not collected yet counts as well


def test_timeline_is_written_in_order_even_when_a_time_is_corrected_meanwhile(
    actor, incident_with_timeline, workspace
):
    file = export_one(actor, 1, Format.JSON)
    head = next(file.pieces)
    TimelineEntry.objects.of(workspace.pk).filter(message="Public words").update(occurred_at=NOW)
    rest = b"".join(file.pieces)
    messages = [entry["message"] for entry in json.loads(head + rest)["timeline"]]
    assert messages.count("Public words") == 1
    assert messages.index("Public words") == len(messages) - 2


def test_incident_opened_during_an_export_is_not_in_it(actor, declared):
    from incidents.listing import selectors as listing_selectors

    for number in range(6):
        declared(f"Trouble {number}")
    batches = listing_selectors.incidents_in_batches(actor, size=2)
    seen = [row.number for row in next(batches)]
    declared("Too late")
    resolve_incident(actor, number=3)
    assert seen + [row.number for batch in batches for row in batch] == [6, 5, 4, 3, 2, 1]
