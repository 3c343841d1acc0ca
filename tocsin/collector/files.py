"""Reads files of a faulty host safely: links, pipes, devices, endless and growing files."""

from __future__ import annotations

import bz2
import glob
import gzip
import io
import lzma
import os
import stat
import zlib
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

from tocsin.collector.context import MAX_FOLDER_ENTRIES

CHUNK = 256 * 1024
PROBED = 8_192
_OPENERS: dict[str, Any] = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}
_BOM = (b"\xff\xfe", b"\xfe\xff")


class OpenFile(NamedTuple):
    """An open file: `size` is its size when it was opened."""

    file: IO[bytes]
    size: int
    modified: float


class UnreadableError(Exception):
    """A skipped file, with the reason."""


def open_regular(path: str) -> OpenFile:
    """Open a regular file without blocking and without following a link."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | getattr(os, "O_NOFOLLOW", 0)
    try:
        descriptor = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    except OSError as error:
        link = os.path.islink(path)
        raise UnreadableError("is a link" if link else (error.strerror or "cannot be opened")) from error
    info = os.fstat(descriptor)
    if not stat.S_ISREG(info.st_mode) or path.startswith(("/proc/", "/sys/", "/dev/")):
        os.close(descriptor)
        raise UnreadableError("is not a regular file")
    return OpenFile(os.fdopen(descriptor, "rb"), info.st_size, info.st_mtime)


def tail(opened: OpenFile, most: int) -> Iterator[bytes]:
    """Return the last `most` bytes of a file, from the beginning of a line on, up to the size when opened."""
    left = opened.size
    if left > most:
        opened.file.seek(left - most)
        left = most - len(opened.file.readline(most))
    while left > 0:
        data = opened.file.read(min(CHUNK, left))
        if not data:
            return
        left -= len(data)
        yield data


def unpacked(opened: OpenFile, path: str, most: int) -> Iterator[bytes]:
    """Return the first `most` bytes of a compressed file. Raises UnreadableError if it is damaged."""
    opener = _OPENERS[os.path.splitext(path)[1]]
    try:
        with opener(opened.file, "rb") as plain:
            left = most
            while left > 0:
                data = plain.read(min(CHUNK, left))
                if not data:
                    return
                left -= len(data)
                yield data
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise UnreadableError(f"is damaged: {error}") from error


def is_packed(path: str) -> bool:
    """Return whether a name has the suffix of a compressed file."""
    return os.path.splitext(path)[1] in _OPENERS


def is_binary(opened: OpenFile) -> bool:
    """Return whether the beginning of a file is not text."""
    start = opened.file.read(PROBED)
    opened.file.seek(0, io.SEEK_SET)
    return b"\0" in start and start[:2] not in _BOM


def matching(pattern: str) -> list[str]:
    """Return the files that match a pattern, at most 10,000, in order."""
    found: list[str] = []
    for path in glob.iglob(os.path.expanduser(pattern), recursive=False):
        if len(found) >= MAX_FOLDER_ENTRIES:
            break
        if not os.path.isdir(path):
            found.append(path)
    return sorted(found)
