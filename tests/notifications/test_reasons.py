"""Every path that drops, mutes, holds or falls back names a reason of the closed list; each is used."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from core.reasons import Reason

ROOT = Path(__file__).parents[2]
PRODUCT = [
    path
    for app in ("core", "incidents", "notifications", "detection")
    for path in sorted((ROOT / app).rglob("*.py"))
    if "migrations" not in path.parts
]
NOT_SENT = {"MUTED", "HELD", "MERGED", "SUPERSEDED", "UNKNOWN", "DEAD"}
# Where deliveries are planned, muted, held, sent or passed over.
DECIDING = [
    "notifications/subscribers.py", "notifications/routes/decision.py",
    "notifications/deliveries/planning.py", "notifications/deliveries/digest.py",
    "notifications/deliveries/limits.py", "notifications/deliveries/duplicates.py",
    "notifications/deliveries/settling.py",
    "notifications/deliveries/holding.py", "notifications/deliveries/sending.py",
    "notifications/deliveries/fallback.py", "notifications/deliveries/subscribers.py",
    "notifications/silences/muting.py", "notifications/silences/services/releasing.py",
]  # fmt: skip


def _functions(path: Path) -> list[ast.FunctionDef]:
    tree = ast.parse(path.read_text())
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def _ends_unsent(function: ast.FunctionDef) -> bool:
    """Whether it gives a delivery an outcome that is not sent, by keyword or by assignment."""
    compared = {
        keyword
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith((".filter", ".exclude"))
        for keyword in node.keywords
    }
    for node in ast.walk(function):
        if node in compared:
            continue
        if isinstance(node, ast.keyword) and node.arg == "outcome":
            given: ast.AST = node.value
        elif isinstance(node, ast.Assign) and any("outcome" in ast.unparse(one) for one in node.targets):
            given = node.value
        else:
            continue
        if re.search(rf"Outcome\.({'|'.join(NOT_SENT)})\b", ast.unparse(given)):
            return True
    return False


def test_each_reason_is_named_by_the_product():
    text = "".join(path.read_text() for path in PRODUCT if path.name != "reasons.py")
    unused = [one.name for one in Reason if not re.search(rf"\bReason\.{one.name}\b", text)]
    assert unused == []


def test_each_reason_is_documented_as_it_reads():
    page = (ROOT / "docs/reference/reasons.md").read_text()
    shown = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", page, re.MULTILINE))
    assert shown == {one.value: str(one.label) for one in Reason}


def test_codes_fit_where_they_are_stored():
    assert max(len(one.value) for one in Reason) <= 20


def test_each_delivery_that_is_not_sent_gets_a_reason():
    found = {
        f"{path.relative_to(ROOT)}::{one.name}": ast.unparse(one)
        for path in PRODUCT
        for one in _functions(path)
        if "notifications" in path.parts and _ends_unsent(one)
    }
    assert len(found) >= 5  # the search finds what it looks for
    assert [name for name, text in found.items() if "Reason." not in text and "reason_code" not in text] == []


@pytest.mark.parametrize("name", DECIDING)
def test_each_path_that_passes_over_a_destination_names_a_reason(name):
    """A `continue` or a bare return where deliveries are decided is in a function that names a reason, or
    calls `why_not`; a loop that only skips what is already chosen is marked."""
    silent = []
    for function in _functions(ROOT / name):
        leaves = [
            node
            for node in ast.walk(function)
            if isinstance(node, ast.Continue) or (isinstance(node, ast.Return) and node.value is None)
        ]
        source = "\n".join((ROOT / name).read_text().splitlines()[function.lineno - 1 : function.end_lineno])
        if leaves and not re.search(
            r"Reason\.|why_not\(|record_not_notified\(|record_|settle_with_reason\(", source
        ):
            silent.append(function.name)
    assert silent == []
