"""structlog processors that keep secrets out of log records and out of the rendered lines."""

from __future__ import annotations

import json
import re
import sys
import threading
import traceback
from collections.abc import Collection, Mapping, MutableMapping
from types import TracebackType
from typing import Any, Final

from core.redaction import MASK, is_secret, redact

Record = MutableMapping[str, Any]
MIN_OWN_LENGTH: Final = 8  # shorter values occur by chance in harmless text
MAX_DEPTH: Final = 8
TRACEBACK: Final = "\0traceback\0"  # separates a readable line from its traceback until it is escaped
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Rendered by the last processor; numbers stay numbers.
_AS_THEY_ARE: Final = (int, float, bool, type(None))


class RecordRedaction:
    """Redacts every value of a record, and the rendered line.

    `own` are secrets of this installation, such as its signing key: they are masked by value, wherever they
    occur. Anything but text, numbers, lists and mappings is shown as redacted text, requests by method and
    path.
    """

    def __init__(self, own: Collection[str] = ()) -> None:
        self._own = sorted((value for value in own if len(value) >= MIN_OWN_LENGTH), key=len, reverse=True)

    def record(self, _logger: Any, _method: str, record: Record) -> Record:
        """Processor: redacts the values of a record before it is rendered."""
        return {self.text(str(key)): self._value(key, value) for key, value in record.items()}

    def line(self, _logger: Any, _method: str, line: str) -> str:
        """Processor: redacts a readable line after it is rendered."""
        return self.text(line)

    def json_line(self, _logger: Any, _method: str, line: str) -> str:
        """Processor: redacts a JSON line after it is rendered; the result is still one JSON object."""
        shown = self.text(line)
        if shown == line:
            return line
        try:
            json.loads(shown)
        except ValueError:
            return json.dumps({"event": shown, "level": json.loads(line).get("level", "")})
        return shown

    def text(self, text: str) -> str:
        """Return the text without secrets."""
        for value in self._own:
            text = text.replace(value, MASK)
        return redact(text)

    def _value(self, name: object, value: Any, depth: int = 0) -> Any:
        if is_secret(name) and value is not None:
            return MASK
        if isinstance(value, _AS_THEY_ARE):
            return value
        if isinstance(value, Mapping) and depth < MAX_DEPTH:
            return {self.text(str(k)): self._value(k, v, depth + 1) for k, v in value.items()}
        if isinstance(value, list | tuple | set | frozenset) and depth < MAX_DEPTH:
            return [self._value(None, item, depth + 1) for item in value]
        return self.text(_as_text(value))


def escaped(_logger: Any, _method: str, line: str) -> str:
    """Processor: puts a readable record on one line, its traceback indented below.

    Control characters are escaped. So input cannot forge a log line or control a terminal.
    """
    head, _, trace = line.partition(TRACEBACK)
    below = [f"    {_CONTROL.sub(_escape, row)}" for row in trace.split("\n")] if trace else []
    return "\n".join([_CONTROL.sub(_escape, head.strip("\n")), *below])


def escaped_json(_logger: Any, _method: str, line: str) -> str:
    """Processor: escapes the control characters that JSON itself permits."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def _escape(found: re.Match[str]) -> str:
    number = ord(found[0])
    known = {9: "\\t", 10: "\\n", 13: "\\r"}
    return known.get(number) or (f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}")


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "backslashreplace")
    if hasattr(value, "META") and hasattr(value, "path"):
        return request_line(value)
    return repr(value)


def request_line(request: Any) -> str:
    """Return a Django request as its method and route, or redacted path; never with its query string."""
    route = getattr(getattr(request, "resolver_match", None), "route", None)
    return f"{request.method} {f'/{route}' if route else redact(request.path)}"


def redact_tracebacks(redaction: RecordRedaction) -> None:
    """Redact tracebacks that Python itself prints to standard error: of a process, a thread, a finalizer."""

    def show(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        text = "".join(traceback.format_exception(kind, error, trace))
        sys.stderr.write(redaction.text(text))

    def of_process(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        show(kind, error, trace)

    def of_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_type is not SystemExit:
            show(args.exc_type, args.exc_value, args.exc_traceback)

    def of_finalizer(args: sys.UnraisableHookArgs) -> None:
        show(args.exc_type, args.exc_value, args.exc_traceback)

    sys.excepthook = of_process
    threading.excepthook = of_thread
    sys.unraisablehook = of_finalizer
