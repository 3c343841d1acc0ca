"""How much the redactor catches and how much it leaves alone, on thousands of generated log lines.

The bounds are those of docs/explanation/reliability.md. How fast it is, `python -m bench 18` says.
"""

from __future__ import annotations

import json
from itertools import chain

import pytest

from core.redaction import MASK, redact
from tests.runtime import redaction_corpus as known
from tests.runtime import redaction_corpus_more as more
from tests.runtime import redaction_held_out as held_out
from tests.runtime.redaction_corpus import Line, with_secrets, without_secrets
from tests.runtime.redaction_hostile import hostile_lines

LINES = 2_000
PLAIN = {
    "known": with_secrets(known.PLAIN, LINES, 1),
    "another seed": with_secrets(known.PLAIN, LINES, 20261122),
    "more": with_secrets(more.OTHER_PLAIN, LINES, 2),
    "held out": with_secrets(held_out.OTHER_PLAIN, LINES, 3),
}
HARD = {
    "known": with_secrets(known.HARD, LINES, 4),
    "another seed": with_secrets(known.HARD, LINES, 20261123),
    "more": with_secrets(more.OTHER_HARD, LINES, 5),
    "held out": with_secrets(held_out.OTHER_HARD, LINES, 6),
}
HARMLESS = {
    "known": without_secrets(known.HARMLESS, LINES, 7),
    "more": without_secrets(more.OTHER_HARMLESS, LINES, 8),
    "held out": without_secrets(held_out.OTHER_HARMLESS, LINES, 9),
}
LOOKALIKES = {
    "known": without_secrets(known.LOOKALIKES, LINES, 10),
    "more": without_secrets(more.OTHER_LOOKALIKES, LINES, 11),
    "held out": without_secrets(held_out.OTHER_LOOKALIKES, LINES, 12),
}
# What makes a careless pattern look through the same text again from each of many beginnings.
HANGING = (
    "password=", "open quotes", "names and blanks", "addresses", "users of addresses", "long users", "tokens",
    "tokens and dots", "begun keys", "options", "an open quote", "an endless token", "escapes",
)  # fmt: skip


def assert_caught(lines: list[Line], share: float) -> None:
    leaking = [line for line in lines if line.leaks(redact(line.text))]
    assert len(leaking) <= len(lines) * (1 - share), sorted({line.kind for line in leaking})


def assert_left_alone(lines: list[Line], share: float) -> None:
    changed = [line for line in lines if redact(line.text) != line.text]
    assert len(changed) <= len(lines) * (1 - share), sorted({redact(line.text) for line in changed})[:20]


@pytest.mark.parametrize("lines", PLAIN.values(), ids=PLAIN)
def test_plain_secrets_are_caught(lines: list[Line]) -> None:
    assert_caught(lines, 0.995)


@pytest.mark.parametrize("lines", HARD.values(), ids=HARD)
def test_hard_secrets_are_caught(lines: list[Line]) -> None:
    assert_caught(lines, 0.95)


@pytest.mark.parametrize("lines", HARMLESS.values(), ids=HARMLESS)
def test_harmless_lines_are_left_alone(lines: list[Line]) -> None:
    assert_left_alone(lines, 0.998)


@pytest.mark.parametrize("lines", LOOKALIKES.values(), ids=LOOKALIKES)
def test_lookalikes_are_left_alone(lines: list[Line]) -> None:
    assert_left_alone(lines, 0.98)


def test_what_is_redacted_stays_as_it_is_when_redacted_again() -> None:
    once = [redact(line.text) for line in chain(PLAIN["known"], HARD["known"], PLAIN["more"], HARD["more"])]
    assert [text for text in once if redact(text) != text] == []


def test_json_is_json_afterwards() -> None:
    lines = [
        line for line in chain(PLAIN["known"], HARD["known"], HARD["more"]) if line.text.startswith('{"')
    ]
    assert len(lines) > 100
    for line in lines:
        assert MASK in json.dumps(json.loads(redact(line.text)))


@pytest.mark.timeout(15)
@pytest.mark.parametrize("name", HANGING)
def test_a_hostile_line_does_not_hold_it_up(name: str) -> None:
    """Against hangs: a fraction of a second, or far more than the limit if the cost grew with the square."""
    shown = redact(f"{hostile_lines(300_000)[name]}\npassword=maple4711\n")
    assert "maple4711" not in shown
