"""Keeps long logs of bundles unpacked for a while, with the places of their lines.

A compressed file can only be read from its start: without this, the last page of 100 MB takes seconds, each
time. The text is in a file without a name, which disappears with the process.
"""

from __future__ import annotations

import io
import os
import re
import tempfile
import threading
import time
import weakref
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import IO, Any, Final

STEP: Final = 500
MAX_BYTES: Final = 256 * 2**20  # of all texts of a process; longer ones are read from the start
KEPT_S: Final = 600.0
_LINE_END: Final = re.compile(rb"\n")


class IndexedText:
    """An unpacked text and the offset of every 500th line. Raises OSError if there is no room on the disk."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.file: IO[bytes] = tempfile.TemporaryFile(prefix="tocsin-log-")  # noqa: SIM115
        weakref.finalize(self, self.file.close)  # with the last reader, or when it is forgotten
        self._offsets = array("Q", [0])
        lines = at = 0
        for piece in pieces:
            self.file.write(piece)
            for found in _LINE_END.finditer(piece):
                lines += 1
                if lines % STEP == 0:
                    self._offsets.append(at + found.end())
            at += len(piece)
        self.file.flush()
        self.size = at

    def near(self, line: int) -> tuple[io.BufferedReader, int]:
        """Return a reader that starts at or before a line, counted from 1, and its first line's number."""
        step = min((line - 1) // STEP, len(self._offsets) - 1)
        return io.BufferedReader(_Part(self, self._offsets[step])), step * STEP + 1


class _Part(io.RawIOBase):
    """Reads a text from an offset on, with a position of its own: several may read one text."""

    def __init__(self, text: IndexedText, at: int) -> None:
        super().__init__()
        self._text, self._at = text, at

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = os.pread(self._text.file.fileno(), len(buffer), self._at)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class IndexedTexts:
    """The texts of this process that were read last, each for ten minutes after its last use."""

    def __init__(self) -> None:
        self._texts: OrderedDict[tuple[str, str], tuple[float, IndexedText]] = OrderedDict()
        self._lock = threading.Lock()
        self._making = threading.Lock()  # ten readers of one log must not unpack it ten times
        self._has_timer = False

    def get(self, key: tuple[str, str], make: Callable[[], IndexedText]) -> IndexedText:
        """Return the text of (object, path), unpacked by `make` if it is not here."""
        if found := self._used(key):
            return found
        with self._making:
            return self._used(key) or self._add(key, make())

    def _used(self, key: tuple[str, str]) -> IndexedText | None:
        with self._lock:
            if key not in self._texts:
                return None
            text = self._texts[key][1]
            self._texts[key] = time.monotonic(), text
            self._texts.move_to_end(key)
            return text

    def _add(self, key: tuple[str, str], text: IndexedText) -> IndexedText:
        with self._lock:
            self._texts[key] = time.monotonic(), text
            while sum(one.size for _, one in self._texts.values()) > MAX_BYTES:
                self._texts.popitem(last=False)
            self._start_timer()
        return text

    def _start_timer(self) -> None:
        if self._texts and not self._has_timer:
            self._has_timer = True
            timer = threading.Timer(KEPT_S / 2, self._forget_old)
            timer.daemon = True
            timer.start()

    def _forget_old(self) -> None:
        """Forget the texts that nobody read for ten minutes; their files go when the last reader is done."""
        oldest = time.monotonic() - KEPT_S
        with self._lock:
            for key in [key for key, (used_at, _) in self._texts.items() if used_at < oldest]:
                del self._texts[key]
            self._has_timer = False
            self._start_timer()


TEXTS: Final = IndexedTexts()
