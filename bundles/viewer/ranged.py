"""Reads entries of a stored bundle by range requests, so that only shown parts are transferred."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from bundles.records.models import Bundle
from bundles.viewer.indexed import MAX_BYTES, TEXTS, IndexedText
from core.errors import NotFound, Unavailable
from core.storage.client import ObjectMissingError, StorageError, bucket

BLOCK_BYTES: Final = 1 << 18
MAX_LINE_CHARS: Final = 4_000
FIRST_LINES: Final = 10_000  # read from the start of the entry, which takes some milliseconds


class RangedObject(io.RawIOBase):
    """A stored object as a seekable file."""

    def __init__(self, key: str, size: int) -> None:
        super().__init__()
        self._key, self._size, self._at = key, size, 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """The current offset."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """The current offset."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with one request. Raises StorageError, ObjectMissingError."""
        count = min(len(buffer), self._size - self._at)
        if count <= 0:
            return 0
        data = bucket().read(self._key, self._at, count)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def lines_in(bundle: Bundle, path: str, start: int = 1) -> Iterator[tuple[int, str]]:
    """Numbered lines of an entry from `start` or somewhat before on, long ones cut.

    Raises NotFound, Unavailable.
    """
    try:
        file = io.BufferedReader(RangedObject(bundle.storage_key, bundle.size), BLOCK_BYTES)
        with zipfile.ZipFile(file) as archive:
            if start > FIRST_LINES and (text := _indexed(archive, bundle.storage_key, path)):
                part, first = text.near(start)
                yield from enumerate(_cut(part), first)
                return
            with archive.open(path) as entry:
                yield from enumerate(_cut(entry), 1)
    except (KeyError, ObjectMissingError) as error:
        raise NotFound(f"There is no {path[:200]} in this bundle.") from error
    except StorageError as error:
        raise Unavailable("The storage is not reachable. Try again.", headers={"Retry-After": "5"}) from error
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise NotFound("The file of this bundle cannot be read.") from error


def _indexed(archive: zipfile.ZipFile, key: str, path: str) -> IndexedText | None:
    """Return the text with the places of its lines; None if it is too long, or the disk is full."""
    if archive.getinfo(path).file_size > MAX_BYTES:
        return None

    def unpacked() -> IndexedText:
        with archive.open(path) as entry:
            return IndexedText(iter(partial(entry.read, BLOCK_BYTES), b""))

    try:
        return TEXTS.get((key, path), unpacked)
    except OSError:
        return None


def _cut(entry: Any) -> Iterator[str]:
    """Lines cut to 4,000 characters."""
    is_rest = False
    while piece := entry.readline(4 * MAX_LINE_CHARS):
        if not is_rest:
            yield piece.decode("utf-8", "replace").rstrip("\r\n")[:MAX_LINE_CHARS]
        is_rest = not piece.endswith(b"\n")
