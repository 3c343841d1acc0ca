"""Custom redaction rules of an installation: in addition to the built-in ones, in texts, logs and bundles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bundles.inspection.inspecting import run_child
from config.environment import Environment
from core.log_redaction import RecordRedaction
from core.redaction import redact, redact_value, use_rules
from tests.bundles.test_inspection import bundle, written

NTFY = {"name": "ntfy", "marks": ["ntfy.sh/"], "pattern": r"ntfy\.sh/(\w+)", "keep": 1}
TEXT = "post https://ntfy.sh/mytopic with password=maple4711"


@pytest.fixture
def _with_rule() -> Iterator[None]:
    use_rules([NTFY])
    yield
    use_rules([])


@pytest.mark.usefixtures("_with_rule")
def test_own_rule_adds_to_the_built_in_ones() -> None:
    shown = redact(TEXT)
    assert shown == "post https://ntfy.sh/[redacted] with password=[redacted]"
    assert redact(shown) == shown
    assert redact_value({"url": ["https://ntfy.sh/mytopic"]}) == {"url": ["https://ntfy.sh/[redacted]"]}
    assert "mytopic" not in RecordRedaction().text(TEXT)


def test_without_own_rules_the_built_in_ones_hold() -> None:
    assert redact(TEXT) == "post https://ntfy.sh/mytopic with password=[redacted]"


def test_the_second_scan_of_a_bundle_uses_them(tmp_path: Path, settings: Any) -> None:
    file = tmp_path / "a.zip"
    file.write_bytes(written(bundle([("logs/app.log", b"first\nhttps://ntfy.sh/mytopic\n")])))
    assert run_child(file)["hits"] == []
    settings.REDACTION_RULES = [NTFY]
    found = run_child(file)
    assert (found["hits"], found["is_leaking"]) == ([["logs/app.log", 2, "ntfy"]], False)


def test_rule_that_could_harm_is_named_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDACTION_RULES", json.dumps([NTFY]))
    assert Environment().redaction_rules == [NTFY]
    monkeypatch.setenv("REDACTION_RULES", json.dumps([NTFY | {"marks": ["sh"]}]))
    with pytest.raises(ValidationError, match="REDACTION_RULES: ntfy: the mark 'sh' has less than 3 letters"):
        Environment()
