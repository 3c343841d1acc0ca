"""The ASVS assessment and the table of requirements stay up to date: what they name exists, sums fit."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Final, NamedTuple

from tests.architecture.source import ROOT

PAGE: Final = ROOT / "docs" / "reference" / "asvs.md"
VERDICTS: Final = ("met", "partly", "not met", "not applicable")
# Of version 5.0.0: how many requirements each level has.
LEVELS: Final = {1: 70, 2: 183}
REQUIREMENTS: Final = ROOT / "docs" / "reference" / "requirements.md"
_REQUIREMENT: Final = re.compile(
    r"^\| ([A-Z]\d+) \| .+ \| (works|differs|not built) \| (.+) \| (.*) \|$", re.M
)
_ROW: Final = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| (.+?) \| ([a-z ]+?) \| (.+) \|$", re.M)


class Row(NamedTuple):
    number: str
    level: int
    words: str
    verdict: str
    evidence: str

    @property
    def named(self) -> list[str]:
        """`file` and `file::symbol` of the row."""
        return re.findall(r"`([\w./-]+/[\w./-]+(?:::[^`]+)?)`", self.evidence)


@cache
def rows() -> list[Row]:
    found = _ROW.findall(PAGE.read_text())
    return [Row(number, int(level), *rest) for number, level, *rest in found]


@cache
def _text(file: str) -> str:
    path = ROOT / file
    return path.read_text() if path.is_file() else ""


def _is_there(named: str) -> bool:
    file, _, symbol = named.partition("::")
    if not symbol:
        return (ROOT / file).exists()
    if symbol.startswith("test_"):
        return re.search(rf"^(async )?def {symbol}\(", _text(file), re.M) is not None
    if file.endswith(".py"):
        return re.search(rf"\b{re.escape(symbol)}\b", _text(file)) is not None
    return symbol in " ".join(_text(file).split())


def test_every_requirement_of_both_levels_is_assessed_once():
    assert Counter(row.level for row in rows()) == LEVELS
    assert [number for number, times in Counter(row.number for row in rows()).items() if times > 1] == []
    lines = [line for line in PAGE.read_text().splitlines() if re.match(r"\| \d+\.", line)]
    assert len(lines) == len(rows()), "a row that cannot be read"


def test_every_assessment_is_one_of_four_and_met_ones_have_evidence():
    assert {row.verdict for row in rows()} <= set(VERDICTS)
    assert [row.number for row in rows() if row.verdict in {"met", "partly"} and not row.named] == []
    assert [row.number for row in rows() if row.verdict == "partly" and ": " not in row.evidence] == []


def test_all_that_is_named_as_evidence_is_there():
    assert sum(len(row.named) for row in rows()) > 200
    assert [f"{row.number} {one}" for row in rows() for one in row.named if not _is_there(one)] == []


def test_sums_are_those_of_the_table():
    text = PAGE.read_text()
    counts = Counter(row.verdict for row in rows())
    applicable = len(rows()) - counts["not applicable"]
    for verdict in VERDICTS:
        assert re.search(rf"^\| {verdict} \| {counts[verdict]} \|", text, re.M), (verdict, counts[verdict])
    assert f"{counts['met']} of {applicable} applicable requirements are met" in " ".join(text.split())
    assert f"{100 * counts['met'] / applicable:.1f} %" in text


def test_every_requirement_names_tests_that_exist():
    text = REQUIREMENTS.read_text()
    found = _REQUIREMENT.findall(text)
    assert len(found) == len(re.findall(r"^\| [A-Z]\d+ ", text, re.M)) > 150, "a row that cannot be read"
    assert [number for number, times in Counter(row[0] for row in found).items() if times > 1] == []
    named = {number: re.findall(r"`([^`]+)`", tests) for number, _, _, tests in found}
    assert [number for number, _, where, _ in found if not where.strip()] == []
    assert [number for number, verdict, *_ in found if (verdict != "not built") != bool(named[number])] == []
    assert [f"{number} {one}" for number, ones in named.items() for one in ones if not _is_there(one)] == []


def test_sums_of_the_requirements_are_those_of_the_table():
    text = REQUIREMENTS.read_text()
    counts = Counter(verdict for _, verdict, _, _ in _REQUIREMENT.findall(text))
    counts["all"] = counts.total()
    for verdict, number in counts.items():
        assert re.search(rf"^\| {verdict} \| {number} \|$", text, re.M), (verdict, number)
