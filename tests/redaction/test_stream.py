"""Streams: any cut gives the same result, keys go on across windows and files, placeholders are keyed."""

from __future__ import annotations

import random

import pytest

from tests.runtime.redaction import first_hard, first_harmless, first_plain
from tests.runtime.redaction.shapes import lines
from tocsin.redaction.own_rules import Literals, OwnRule, RuleError
from tocsin.redaction.stream import AHEAD, WINDOW, Redactor

KEY = b"k" * 32
BASE64_LINE = "MIIEpAIBAAKCAQEAx7Qm2Zr9Tt4Lw8Vb3NMIIEpAIBAAKCAQEAx7Qm2Zr9Tt4Lw8"


def cut_in(data: bytes, sizes: random.Random, most: int) -> bytes:
    redactor, done, at = Redactor(KEY), b"", 0
    while at < len(data):
        size = sizes.randrange(1, most)
        done += redactor.feed(data[at : at + size])
        at += size
    return done + redactor.end_of_file()


@pytest.fixture(scope="module")
def log() -> bytes:
    made = [*lines(first_harmless.HARMLESS, 6_000, 1), *lines(first_plain.PLAIN, 400, 2)]
    random.Random(3).shuffle(made)
    return "\n".join(line.text for line in made).encode()


def test_any_cut_gives_the_same_result(log: bytes) -> None:
    assert len(log) > 2 * WINDOW
    whole = Redactor(KEY)
    expected = whole.feed(log) + whole.end_of_file()
    assert whole.counts.total() > 300
    for seed, most in ((1, 100_000), (2, 9_000)):
        assert cut_in(log, random.Random(seed), most) == expected


def test_no_secret_is_left_in_a_stream() -> None:
    made = [*lines(first_plain.PLAIN, 3_000, 5), *lines(first_hard.HARD, 600, 6)]
    redactor = Redactor(KEY)
    data = "\n\n".join(line.text for line in made).encode()
    shown = (redactor.feed(data) + redactor.end_of_file()).decode()
    leaking = [line for line in made if line.leaks(shown)]
    assert len(leaking) <= len(made) * 0.005, sorted({line.kind for line in leaking})


def test_private_key_across_windows_and_rotated_files_is_redacted() -> None:
    redactor = Redactor(KEY)
    filler = b"an ordinary line of a log\n" * ((WINDOW + AHEAD) // 26 - 2)
    begin = b"-----BEGIN RSA PRIVATE KEY-----\n" + BASE64_LINE.encode() + b"\n"
    first = redactor.feed(filler + begin) + redactor.end_of_file()
    second = redactor.feed(BASE64_LINE.encode() + b"\n-----END RSA PRIVATE KEY-----\nafter\n")
    second += redactor.end_of_file()
    assert BASE64_LINE[:30].encode() not in first + second
    assert second.endswith(b"-----END RSA PRIVATE KEY-----\nafter\n")


def test_line_longer_than_a_window_is_redacted_throughout() -> None:
    line = b"x" * (WINDOW + 3_000) + b" password=maple4711 " + b"y " * WINDOW + b"token=" + b"a1B2" * 100_000
    shown = cut_in(line, random.Random(4), 70_000)
    assert b"maple4711" not in shown
    assert b"a1B2a1B2" not in shown


def test_equal_secrets_have_equal_placeholders_under_one_key_only() -> None:
    one, other = Redactor(KEY), Redactor(b"o" * 32)
    shown = one.text("password=maple4711 and password=maple4711")
    assert len({part for part in shown.split() if "redacted" in part}) == 1
    assert one.text("password=maple4711") != other.text("password=maple4711")
    assert one.text(shown) == shown


def test_bytes_that_are_no_text_survive_and_utf16_is_read() -> None:
    assert cut_in(b"a\xff\xfe\x80b\n", random.Random(1), 3) == b"a\xff\xfe\x80b\n"
    shown = cut_in("a password=maple4711 b".encode("utf-16"), random.Random(1), 5).decode()
    assert shown.startswith("a password=[redacted:")
    assert "maple" not in shown


def test_own_rules_and_known_values_add_to_the_built_in_ones() -> None:
    topic = OwnRule({"name": "ntfy", "marks": ["ntfy.sh/"], "pattern": r"ntfy\.sh/(\w+)", "keep": 1})
    redactor = Redactor(KEY, [topic, Literals(["Kx7Qm2Zr9T", "short", "aaaaaaaaaa"])])
    shown = redactor.text("post https://ntfy.sh/mytopic Kx7Qm2Zr9T short aaaaaaaaaa")
    assert "mytopic" not in shown
    assert "Kx7Qm2Zr9T" not in shown
    assert shown.endswith("short aaaaaaaaaa")


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"name": "a", "marks": ["ab"], "pattern": "ab"}, "less than 3"),
        ({"name": "a", "marks": ["abc"], "pattern": "("}, "not valid"),
        ({"name": "a", "marks": ["abc"], "pattern": "abc", "keep": 2}, "no group 2"),
        ({"name": "a", "marks": ["abc"], "pattern": "abc(a+)+$"}, "too slow"),
        ({"name": "a"}, "needs name"),
    ],
)
def test_rule_that_could_harm_is_refused(rule: dict[str, object], reason: str) -> None:
    with pytest.raises(RuleError, match=reason):
        OwnRule(rule)
