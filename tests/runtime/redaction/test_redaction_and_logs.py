"""Secrets do not reach a log; what looks like one but is not stays."""

from __future__ import annotations

import json
import logging
import logging.config
from typing import Any

import pytest

from config.runtime.logging import logging_settings
from core.redaction import MASK, redact, redact_value


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdef0123456789",
        "token tcs_zs1e5ugx_ICDCVYgBvP0UfMrqb99gdG6u2g3d was used",
        "cannot reach postgresql://tocsin:hunter2secret@127.0.0.1:5432/tocsin",
        "redis://:s3cretpassword@10.0.0.1/0",
        "password=correct-horse-battery",
        "api_key: 0123456789abcdef",
        "GET /sign-in/once/YPu2804XklsvYk5BnNEh34jmFm4seMysVvRUK2cTtJo",
    ],
)
def test_secret_in_a_text_is_masked(text: str) -> None:
    assert MASK in redact(text)
    assert redact(text) != text


@pytest.mark.parametrize(
    "text",
    [
        "incident 6f1e2f0a-8a44-4d0e-9a55-0c1e7a1e0b52 opened",
        "commit 4b825dc642cb6eb9a060e54bf8d69288fbee4904",
        "trace 4bf92f3577b34da6a3ce929d0e0e4736",
        "GET /incidents/42 200 in 12 ms",
        "https://tocsin.example/incidents/7",
    ],
)
def test_text_that_only_looks_like_a_secret_is_unchanged(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"Authorization": "Digest abc", "next": 1}, {"Authorization": f"Digest {MASK}", "next": 1}),
        (
            {"Authorization": 'Digest username="dana", response="6629fae4"', "next": 1},
            {"Authorization": f"Digest {MASK}", "next": 1},
        ),
        (
            {"m": 'Authorization: Digest username="dana", response="6629fae4"', "next": 1},
            {"m": f"Authorization: Digest {MASK}", "next": 1},
        ),
        ({"m": "Authorization: Digest abc", "next": 1}, {"m": f"Authorization: Digest {MASK}", "next": 1}),
        ({"m": 'curl -u dana:s3cret"x'}, {"m": f'curl -u dana:{MASK}"x'}),
        ({"m": "curl -u dana:s3cret\nnext"}, {"m": f"curl -u dana:{MASK}\nnext"}),
        ({"m": "curl -u 'dana:s3c\\$ret' x"}, {"m": f"curl -u 'dana:{MASK}' x"}),
        ({"m": 'ACL SETUSER dana on >s3cret4711"'}, {"m": f'ACL SETUSER dana on >{MASK}"'}),
        ({"m": "db:5432:app:dana:s3cret4711", "next": 1}, {"m": f"db:5432:app:dana:{MASK}", "next": 1}),
        ({"m": "::add-mask::s3cret4711"}, {"m": f"::add-mask::{MASK}"}),
        ({"m": "net use z: /user:dana s3cret4711"}, {"m": f"net use z: /user:dana {MASK}"}),
    ],
)
def test_secret_at_the_end_of_a_text_in_json_leaves_the_rest(given: Any, shown: Any) -> None:
    assert json.loads(redact(json.dumps(given))) == shown


def test_header_outside_of_quotes_is_masked_to_its_end() -> None:
    header = 'Authorization: Digest username="dana", realm="a b", response="6629fae4", uri="/x"'
    assert redact(f"{header}\nnext") == f"Authorization: Digest {MASK}\nnext"


def test_values_under_secret_names_are_masked_at_any_depth() -> None:
    given = {"user": "dana", "nested": [{"api_key": "abc", "count": 3}], "Set-Cookie": "x"}
    assert redact_value(given) == {
        "user": "dana",
        "nested": [{"api_key": MASK, "count": 3}],
        "Set-Cookie": MASK,
    }


@pytest.fixture
def line(capsys: pytest.CaptureFixture[str]) -> Any:
    saved = logging.root.handlers[:], logging.root.level

    def log(message: str, *, json: bool, **extra: Any) -> str:
        logging.config.dictConfig(logging_settings("INFO", json=json))
        logging.getLogger("tocsin.test").warning(message, extra=extra)
        return capsys.readouterr().err.strip()

    yield log
    logging.root.handlers[:], logging.root.level = saved


def test_production_logs_one_json_object_a_line(line: Any) -> None:
    record = json.loads(line("signed in", json=True, password="hunter2", workspace=7))
    assert record["event"] == "signed in"
    assert record["level"] == "warning"
    assert record["workspace"] == 7
    assert record["password"] == MASK


def test_plain_log_line_is_readable_and_redacted(line: Any) -> None:
    output = line("reached redis://:s3cretpassword@localhost/0", json=False, workspace=7)
    assert output == f"WARNING tocsin.test: reached redis://:{MASK}@localhost/0 workspace=7"
