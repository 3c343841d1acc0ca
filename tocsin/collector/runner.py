"""Runs each probe in a child process of its own, which redacts its results before passing them on."""

from __future__ import annotations

import json
import os
import select
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tocsin.collector.context import Context, kill_group
from tocsin.collector.files import UnreadableError
from tocsin.collector.items import PARTIAL, SKIPPED, Item, Probe, as_json
from tocsin.redaction.names import is_secret
from tocsin.redaction.stream import Redactor

MAX_MEMORY_BYTES = 2 * 2**30  # of address space, of which 256 MB are used
NICE = 10
_HEAD = struct.Struct("!cI")
BEGIN, DATA, END, FAILED = b"b", b"d", b"e", b"f"
MakeRedactor = Callable[[], Redactor]


class Message(NamedTuple):
    """One message of a child: an entry begins, continues, ends; or a probe failed."""

    kind: bytes
    body: bytes

    def fields(self) -> Any:
        return json.loads(self.body)


class ProbeResult(NamedTuple):
    """Result of a probe."""

    name: str
    ok: bool
    seconds: float
    reason: str


def run_probe(
    probe: Probe, context: Context, redactor: MakeRedactor, *, is_raw: bool = False
) -> Iterator[Any]:
    """Yield the messages of a probe, finally its result. It is killed at its deadline."""
    began = time.monotonic()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _child(probe, context, redactor, writing, is_raw)
    os.close(writing)
    reason = ""
    try:
        for message in _messages(reading, context):
            if message is None:
                reason = f"did not end in {context.deadline - began:.0f} s"
                break
            if message.kind == FAILED:
                reason = message.fields()["reason"]
            else:
                yield message
    finally:
        os.close(reading)
        kill_group(child)
        os.waitpid(child, 0)
    yield ProbeResult(probe.name, not reason, round(time.monotonic() - began, 2), reason)


def _messages(reading: int, context: Context) -> Iterator[Any]:
    buffer = b""
    while True:
        while len(buffer) >= _HEAD.size:
            kind, size = _HEAD.unpack_from(buffer)
            if len(buffer) < _HEAD.size + size:
                break
            yield Message(kind, buffer[_HEAD.size : _HEAD.size + size])
            buffer = buffer[_HEAD.size + size :]
        ready, _, _ = select.select([reading], [], [], context.left())
        if not ready:
            yield None
            return
        data = os.read(reading, 1 << 18)
        if not data:
            return
        buffer += data


def _child(probe: Probe, context: Context, redactor: MakeRedactor, writing: int, is_raw: bool) -> None:
    """Never return: the child ends here, whatever happens."""
    code = 0
    try:
        os.setpgid(0, 0)
        _be_modest()
        send = _Sender(writing, None if is_raw else redactor())
        for item in probe.run(context):
            send.item(item)
    except BrokenPipeError:
        code = 1
    except Exception as error:  # a probe must not end the others
        _write(writing, FAILED, {"reason": f"{type(error).__name__}: {error}"[:500]})
        code = 1
    finally:
        os._exit(code)


def _be_modest() -> None:
    try:
        os.nice(NICE)
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    except (OSError, ValueError, ImportError):
        pass


class _Sender:
    """Writes items to the parent, redacted."""

    def __init__(self, writing: int, redactor: Any) -> None:
        self._writing, self._redactor = writing, redactor

    def item(self, item: Item) -> None:
        head = {"path": item.path, "source": item.source, "state": item.state, "reason": item.reason}
        if item.state == SKIPPED:
            _write(self._writing, BEGIN, head)
            _write(self._writing, END, head)
            return
        before = self._counts()
        _write(self._writing, BEGIN, head)
        if item.document is not None:
            self._data(as_json(self._document(item.document)))
        else:
            head = self._stream(item, head)
        counts = self._counts()
        counts.subtract(before)
        _write(self._writing, END, {**head, "redactions": {k: n for k, n in counts.items() if n > 0}})

    def _stream(self, item: Item, head: Any) -> Any:
        try:
            for chunk in item.chunks:
                self._data(self._redactor.feed(chunk) if self._redactor else chunk)
        except (UnreadableError, OSError, MemoryError) as error:
            head = {**head, "state": PARTIAL, "reason": str(error) or type(error).__name__}
        if self._redactor:
            self._data(self._redactor.end_of_file(ends_rotation=not item.continues))
        return head

    def _document(self, value: Any) -> Any:
        """Return the document with its texts redacted."""
        if self._redactor is None:
            return value
        if isinstance(value, str):
            return self._redactor.text(value)
        if isinstance(value, dict):
            return {
                self._redactor.text(str(k)): "[redacted]" if is_secret(k) and v else self._document(v)
                for k, v in value.items()
            }
        return [self._document(v) for v in value] if isinstance(value, (list, tuple)) else value

    def _counts(self) -> Counter[str]:
        return Counter(self._redactor.counts) if self._redactor else Counter()

    def _data(self, data: bytes) -> None:
        for at in range(0, len(data), 1 << 20):
            _put(self._writing, DATA, data[at : at + (1 << 20)])


def _write(writing: int, kind: bytes, fields: Any) -> None:
    _put(writing, kind, json.dumps(fields).encode())


def _put(writing: int, kind: bytes, body: bytes) -> None:
    left = memoryview(_HEAD.pack(kind, len(body)) + body)
    while left:
        left = left[os.write(writing, left) :]
