"""No secret of any kind reaches the log, however it is logged, in console and JSON lines."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import logging.config
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Final

import pytest
import structlog
from django.test import RequestFactory

from config.runtime.logging import logging_settings, own_secrets
from core.redaction import MASK, redact
from tests.runtime.redaction import first_plain, second, services, third
from tests.runtime.redaction.chance import Line
from tests.runtime.redaction.shapes import lines

ONE_TIME: Final = "YPu2804XklsvYk5BnNEh34jmFm4seMysVvRUK2cTtJo"
SOURCE_KEY: Final = "k3J9xQ2mVb7TzR5wLd8NfY4hGc6PsA1e"
OWN: Final = "an-own-value-under-no-name"


class Wrapper:
    """An object whose repr holds a secret."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"Wrapper({self.text!r})"


def _raised(text: str) -> None:
    typed = text  # a local variable of a frame in the traceback
    raise ValueError(typed)


def _exception(log: logging.Logger, text: str) -> None:
    try:
        _raised(text)
    except ValueError:
        log.exception("failed")


def _cause(log: logging.Logger, text: str) -> None:
    try:
        try:
            _raised(text)
        except ValueError as error:
            error.add_note(text)
            raise RuntimeError("second") from error
    except RuntimeError:
        structlog.get_logger("tocsin.test").error("failed", exc_info=True)


def _bound(_log: logging.Logger, text: str) -> None:
    with structlog.contextvars.bound_contextvars(note=text):
        structlog.get_logger("tocsin.test").info("bound")


STYLES: Final[dict[str, Callable[[logging.Logger, str], None]]] = {
    "message": lambda log, text: log.warning(text.replace("%", "%%"), *(() if "%" not in text else ({},))),
    "argument": lambda log, text: log.error("said: %s", text),
    "repr argument": lambda log, text: log.error("said: %r", Wrapper(text)),
    "extra": lambda log, text: log.info("m", extra={"note": text}),
    "extra nested": lambda log, text: log.info("m", extra={"note": {"list": [{"deep": text}]}}),
    "extra key": lambda log, text: log.info("m", extra={"note": {text: 1}}),
    "extra bytes": lambda log, text: log.info("m", extra={"note": text.encode()}),
    "extra set": lambda log, text: log.info("m", extra={"note": {text}}),
    "extra object": lambda log, text: log.info("m", extra={"note": Wrapper(text)}),
    "extra exception": lambda log, text: log.info("m", extra={"note": OSError(text)}),
    "structlog": lambda _, text: structlog.get_logger("tocsin.test").info(text),
    "structlog value": lambda _, text: structlog.get_logger("tocsin.test").info("m", note=(text, 1)),
    "structlog argument": lambda _, text: structlog.get_logger("tocsin.test").info("m %s", text),
    "exception": _exception,
    "cause": _cause,
    "context": _bound,
}


@pytest.fixture
def written(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What the root handler writes, in the test's format."""
    before = logging.root.handlers[:], logging.root.level
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    logging.config.dictConfig(logging_settings("INFO", json=request.param == "json", own=[OWN]))
    out = io.StringIO()
    handler = logging.root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(out)
    yield out
    logging.root.handlers[:], logging.root.level = before
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    logging.captureWarnings(capture=False)


both = pytest.mark.parametrize("written", ["json", "console"], indirect=True)


def _every_kind() -> list[Line]:
    """One line of each kind of secret that the redactor masks whole in plain text."""
    shapes = [*first_plain.PLAIN, *second.PLAIN, *third.PLAIN, *services.PLAIN]
    made = lines(shapes, len(shapes), seed=11)
    known = [line for line in made if not line.leaks(redact(line.text)) and "\n" not in line.text]
    assert len(known) > 40
    return known


@both
@pytest.mark.parametrize("style", STYLES)
def test_every_kind_of_secret_is_masked(style: str, written: io.StringIO) -> None:
    log = logging.getLogger("tocsin.test")
    leaked = []
    for line in _every_kind():
        STYLES[style](log, line.text)
        shown = written.getvalue()
        written.seek(0)
        written.truncate()
        assert shown, line.text
        if line.leaks(shown):
            leaked.append(line.kind)
    assert leaked == []


@both
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"Forbidden (CSRF): /sign-in/once/{ONE_TIME}", ONE_TIME),
        (f"Service Unavailable: /api/v1/webhooks/grafana/{SOURCE_KEY}", SOURCE_KEY),
        (f"http://tocsin.example/api/v1/webhooks/json/{SOURCE_KEY}?x=1", SOURCE_KEY),
        (f"value {OWN} of this installation", OWN),
    ],
)
def test_addresses_with_keys_and_own_values_are_masked(
    style: str, text: str, secret: str, written: io.StringIO
) -> None:
    STYLES[style](logging.getLogger("tocsin.test"), text)
    assert MASK in written.getvalue()
    assert secret not in written.getvalue()


@both
@pytest.mark.parametrize("path", [f"/sign-in/once/{ONE_TIME}", f"/api/v1/webhooks/grafana/{SOURCE_KEY}"])
def test_request_is_logged_by_method_and_path_without_secrets(path: str, written: io.StringIO) -> None:
    request = RequestFactory().post(f"{path}?state=private-words")
    logging.getLogger("django.request").error("%s: %s", "Oops", path, extra={"request": request})
    shown = written.getvalue()
    assert "POST /" in shown
    for hidden in (ONE_TIME, SOURCE_KEY, "private-words", "Request"):
        assert hidden not in shown


@both
def test_traceback_holds_no_local_variables(written: io.StringIO) -> None:
    typed = "".join(("horse", "battery"))
    try:
        raise KeyError("field")
    except KeyError:
        logging.getLogger("tocsin.test").exception("failed")
    assert len(typed) == 12
    assert "horsebattery" not in written.getvalue()
    assert "locals" not in written.getvalue()
    assert "KeyError" in written.getvalue()


@pytest.mark.parametrize("written", ["json"], indirect=True)
def test_redacted_json_line_is_one_object_with_the_fields(written: io.StringIO) -> None:
    logging.getLogger("tocsin.test").info(
        'password="a b\\" c"', extra={"env": [{"name": "DB_PASSWORD", "value": "hunter2-hunter2"}], "n": 7}
    )
    record = json.loads(written.getvalue())
    assert record["n"] == 7
    assert "hunter2" not in written.getvalue()


@both
def test_tracebacks_printed_by_python_are_redacted(
    written: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        raise OSError(f"cannot open https://x.example/sign-in/once/{ONE_TIME}")
    except OSError as error:
        sys.excepthook(type(error), error, error.__traceback__)
        threading.excepthook(
            threading.ExceptHookArgs((type(error), error, error.__traceback__, threading.current_thread()))
        )
    shown = capsys.readouterr().err
    assert shown.count("\nOSError: cannot open") == 2
    assert ONE_TIME not in shown


@both
def test_web_server_logs_through_the_redacted_handler(written: io.StringIO) -> None:
    assert logging.getLogger("_granian").handlers == []
    logging.getLogger("_granian").error("failed on /sign-in/once/%s", ONE_TIME)
    assert ONE_TIME not in written.getvalue()
    assert MASK in written.getvalue()


def test_own_secrets_are_keys_and_passwords_of_addresses() -> None:
    given = {"SECRET_KEY_FALLBACKS": "one, two", "DATABASE_URL": "postgresql://u:p%40ss@h/d", "PORT": "1"}
    found = own_secrets(given)
    with contextlib.suppress(ValueError):
        found.remove("p%40ss")
    assert sorted(found) == ["one", "p@ss", "two"]


@pytest.mark.parametrize("written", ["console"], indirect=True)
@pytest.mark.parametrize("style", ["message", "argument", "extra", "structlog", "exception", "extra key"])
def test_forged_lines_and_control_characters_are_escaped(style: str, written: io.StringIO) -> None:
    forged = "GET /a\nCRITICAL root: forged\r\x1b[2J\x1b]0;title\x07\x9b31m\x85\u2028end"
    STYLES[style](logging.getLogger("tocsin.test"), forged)
    shown = written.getvalue()
    assert not any(line.startswith("CRITICAL") for line in shown.splitlines())
    assert not [one for one in shown if (ord(one) < 32 and one != "\n") or 127 <= ord(one) < 160]
    assert "\\x1b[2J" in shown


@pytest.mark.parametrize("written", ["json"], indirect=True)
def test_json_line_holds_no_control_character(written: io.StringIO) -> None:
    logging.getLogger("tocsin.test").info("a\x7f\x9b\u2028\n\x1b[2Jb")
    shown = written.getvalue().removesuffix("\n")
    assert all(32 <= ord(one) < 127 for one in shown)
    assert json.loads(shown)["event"] == "a\x7f\x9b\u2028\n\x1b[2Jb"
