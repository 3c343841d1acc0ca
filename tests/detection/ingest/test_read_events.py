"""Posted events: the field names of both documents, every bad element named, the rest accepted."""

from __future__ import annotations

import codecs
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import Invalid, Malformed
from detection.ingest.parsing import MAX_DEPTH, Batch, is_lines, parse_body

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
GOOD = {"source": "shop", "level": "error", "message": "boom"}


def read(document: Any) -> Batch:
    return parse_body(document if isinstance(document, bytes) else json.dumps(document).encode(), NOW, WEEK)


@pytest.mark.parametrize("body", [GOOD, [GOOD], {"events": [GOOD]}])
def test_object_a_batch_and_a_bare_array_are_read(body: Any) -> None:
    batch = read(body)
    assert [event.source for event in batch.events] == ["shop"]
    assert batch.single is (body is GOOD)


def test_other_names_of_fields_mean_the_same() -> None:
    one = read(
        {"service": "a", "level": "HIGH", "message": "m", "type": "t", "occurred_at": "2026-03-01T11:59:00Z"}
    )
    two = read(
        {"source": "a", "severity": "error", "message": "m", "event_type": "t", "timestamp": 1772366340}
    )
    assert one.events[0][3:] == two.events[0][3:]


def test_unknown_fields_are_stored_under_metadata_without_overwriting() -> None:
    [event] = read(GOOD | {"region": "eu", "code": 1, "metadata": {"code": 2}}).events
    assert event.metadata == {"region": "eu", "code": 2}


@pytest.mark.parametrize(
    ("name", "rank"),
    [("debug", 0), ("info", 1), ("low", 1), ("warning", 2), ("WARN", 2), ("medium", 2), ("error", 3),
    ("ERROR", 3),
     ("High", 3), ("sev2", 3), ("critical", 4), (" Critical ", 4), ("sev1", 4), ("p1", 4), ("fatal", 5),
     ("FATAL", 5)],
)  # fmt: skip
def test_levels_have_many_names(name: str, rank: int) -> None:
    assert read(GOOD | {"level": name}).events[0].level == rank


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [(None, 0), ("2026-03-01T12:00:00Z", 0), ("2026-03-01T13:00:00+01:00", 0), ("2026-03-01T11:59:59", -1),
     ("2026-03-01T12:04:59Z", 299), ("2026-03-01T13:00:00Z", 300), ("9999-12-31T23:59:59+00:00", 300),
     (1772366400, 0), (1772366399.5, -0.5),
     (4e10, 300)],
)  # fmt: skip
def test_times_are_read_as_utc_and_clamped_five_minutes_ahead(sent: Any, seconds: float) -> None:
    [event] = read(GOOD | {"timestamp": sent}).events
    assert event.occurred_at == NOW + timedelta(seconds=seconds)


def test_event_of_an_hour_ago_is_counted() -> None:
    ages = [timedelta(hours=1), timedelta(hours=1, microseconds=1), WEEK]
    events = read([GOOD | {"timestamp": (NOW - age).isoformat()} for age in ages]).events
    assert [event.late for event in events] == [False, True, True]


NOT_TEXT: list[Any] = [True, False, 1.5, [], {}, ["a"], {"a": 1}]
LONG = "x" * 201
BAD_TIMES: list[Any] = [
    "yesterday", "", "2026", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "12:00",
    "2026-03-01T25:00:00Z", "1e5",
    "2026-03-01T12:00:00 CET", "2026-02-22T11:59:59Z", "1969-07-20T20:17:00Z", 0, -1, 1e300, -1e300, 10**25,
    1.0, True, False, [], {}, [1], {"$date": 1},
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "now()", "\u0660",
]  # fmt: skip
BAD_LEVELS: list[Any] = [
    "",
    "  ",
    "sev9",
    "erorr",
    "5",
    3,
    0,
    True,
    [],
    {},
    ["error"],
    1.5,
    "error\0",
    "x" * 9000,
    "é",
]
BAD: list[tuple[dict[str, Any], str]] = [
    *(
        ({"source": value, "message": "m"}, "source")
        for value in [*NOT_TEXT, LONG, "a\0b", "\0", "  ", "\t\n"]
    ),
    *(({"service": value, "message": "m"}, "service") for value in [*NOT_TEXT, LONG, "a\0b", None, "", " "]),
    *((GOOD | {"level": value}, "level") for value in BAD_LEVELS),
    *(({"source": "a", "severity": value}, "severity") for value in BAD_LEVELS),
    *((GOOD | {"timestamp": value}, "timestamp") for value in BAD_TIMES),
    *((GOOD | {"occurred_at": value}, "occurred_at") for value in BAD_TIMES),
    *((GOOD | {"message": value}, "message") for value in [*NOT_TEXT, 7, "x" * 8193, "\0", "a\0b"]),
    *((GOOD | {"event_type": value}, "event_type") for value in [*NOT_TEXT, LONG, "a\0b"]),
    *((GOOD | {"type": value}, "type") for value in [*NOT_TEXT, LONG, "a\0b"]),
    *((GOOD | {"correlation_id": value}, "correlation_id") for value in [*NOT_TEXT, LONG, "a\0b"]),
    *((GOOD | {"event_id": value}, "event_id") for value in [*NOT_TEXT, LONG, "a\0b"]),
    *((GOOD | {"metadata": value}, "metadata") for value in ["", "x", 1, True, [], [1], 1.5, "{}"]),
    (GOOD | {"metadata": {"a": "\0"}}, "metadata"),
    (GOOD | {"metadata": {"\0": 1}}, "metadata"),
    (GOOD | {"metadata": {"a": [{"b": "x\0"}]}}, "metadata"),
    (GOOD | {"extra": "\0"}, "metadata"),
    (GOOD | {"metadata": {"a": "x" * 16_384}}, "metadata"),
    (GOOD | {"extra": "x" * 16_384}, "metadata"),
    (GOOD | {"metadata": {"n": 2**64}}, "metadata"),
    (GOOD | {"extra": -(2**63) - 1}, "metadata"),
    ({}, "source"),
    ({"message": "nobody"}, "source"),
    ({"level": "error"}, "source"),
]


@pytest.mark.parametrize(("bad", "field"), BAD)
def test_bad_event_is_named_and_the_rest_is_accepted(bad: dict[str, Any], field: str) -> None:
    batch = read([GOOD, bad, GOOD])
    assert [(fault.position, fault.field) for fault in batch.faults] == [(1, field)]
    assert len(batch.events) == 2
    assert batch.faults[0].message


def test_table_of_bad_events_is_long() -> None:
    assert len(BAD) >= 150


@pytest.mark.parametrize("element", ["null", "1", "true", '"text"', "[]", "[[]]", "1.5", "[{}]"])
def test_element_that_is_no_object_is_refused_alone(element: str) -> None:
    batch = read(f"[{json.dumps(GOOD)},{element}]".encode())
    assert (len(batch.events), batch.faults[0].position, batch.faults[0].rule) == (1, 1, "type")


@pytest.mark.parametrize(
    "value",
    [
        r'"\ud800"',
        r'"\udc00x"',
        r'"a\ud83d"',
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "-1e999",
        r'{"\ud800":1}',
    ],
)
@pytest.mark.parametrize("field", ["source", "message", "metadata", "extra"])
def test_invalid_surrogate_and_number_reject_only_their_event(field: str, value: str) -> None:
    bad = f'{{"source":"a","{field}":{value}}}'
    batch = read(f'{{"events":[{json.dumps(GOOD)},{bad}]}}'.encode())
    assert len(batch.events) == 1
    assert batch.faults[0].position == 1


@pytest.mark.parametrize(
    "bad",
    [b'{"source":"a","x":' + b"1" * 4301 + b"}", b'{"source":"a\xff"}', b'{"source":"a","\xc3":1}',
     b'{"source":"a","message":"\xed\xa0\x80"}'],
)  # fmt: skip
def test_element_for_the_slow_parser_affects_only_its_own_event(bad: bytes) -> None:
    batch = read(b"[" + bad + b',{"service":"good"}]')
    assert [event.source for event in batch.events] == ["good"]
    assert [(fault.position, fault.rule, batch.single) for fault in batch.faults] == [(0, "json", False)]
    alone = read(bad)
    assert ([fault.position for fault in alone.faults], alone.events, alone.single) == ([0], [], True)


def test_single_event_is_accepted_by_the_slow_parser_too() -> None:
    batch = read(codecs.BOM_UTF8 + json.dumps(GOOD).encode())
    assert ([event.source for event in batch.events], batch.single) == (["shop"], True)


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"{", b"[", b"nope", b"{'source':'a'}", b'{"source":"a"', b'[{"source":"a"},]', b"\xff\xfe",
    b"\x00",
     json.dumps([GOOD]).encode("utf-16"), json.dumps([GOOD]).encode("utf-16-le"),
     json.dumps(GOOD).encode("utf-32"), b"[" * 100_000, b'{"a":' * 100_000, b"[1,2", b'{"source":"a"}{}',
     b"service=a", b"<xml/>", b'{"source":"a\x01"}'],
)  # fmt: skip
def test_invalid_json_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        read(body)


@pytest.mark.parametrize(
    "document",
    [None, 1, "text", True, [], {"events": []}, {"events": None}, {"events": {}}, {"events": "x"},
    {"events": 1},
     [GOOD] * 1001, {"events": [GOOD] * 1001}],
)  # fmt: skip
def test_body_that_is_no_batch_is_invalid(document: Any) -> None:
    with pytest.raises(Invalid):
        read(document)


def test_metadata_may_be_nested_so_deep_and_no_deeper() -> None:
    def nested(depth: int) -> Any:
        return {"a": nested(depth - 1)} if depth > 1 else {}

    assert read(GOOD | {"metadata": nested(MAX_DEPTH)}).events
    assert read(GOOD | {"metadata": nested(MAX_DEPTH + 1)}).faults[0].rule == "depth"


def test_limits_are_inclusive() -> None:
    longest = GOOD | {"source": "s" * 200, "message": "m" * 8192, "event_id": "e" * 200, "type": "t" * 200}
    assert read([longest] * 1000).events[999].message == "m" * 8192


def lines(*given: Any) -> bytes:
    return b"\n".join(one if isinstance(one, bytes) else json.dumps(one).encode() for one in given)


def test_ndjson_is_an_event_a_line_and_a_bad_line_is_named() -> None:
    body = codecs.BOM_UTF8 + lines(GOOD, b"", b'{"source": "cut', GOOD | {"source": "db"}, b"\r\n", [GOOD])
    batch = parse_body(body, NOW, WEEK, is_lines=True)
    assert [event.source for event in batch.events] == ["shop", "db"]
    assert [fault.position for fault in batch.faults] == [1, 3]
    assert not batch.single


@pytest.mark.parametrize("body", [b"", b"\n\n", lines(*[GOOD] * 1001)], ids=["empty", "blank", "too many"])
def test_ndjson_without_events_or_with_too_many_is_refused_whole(body: bytes) -> None:
    with pytest.raises(Invalid, match="a batch holds 1 to 1000 events"):
        parse_body(body, NOW, WEEK, is_lines=True)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [("application/x-ndjson", True), ("Application/JSONL; charset=utf-8", True), ("application/json", False),
     ("", False)],
)  # fmt: skip
def test_ndjson_is_known_by_its_media_type(content_type: str, expected: bool) -> None:
    assert is_lines({"content-type": content_type}) is expected
