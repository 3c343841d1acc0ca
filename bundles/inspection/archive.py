"""Validates the structure of an uploaded bundle before unpacking. Pure.

Only zip files as written by our collector are accepted: one central directory, entries without gaps or
overlaps from byte 0, known names, no links, no encryption, no nested archives.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import zipfile
from pathlib import Path
from typing import IO, Final, NamedTuple

MAX_ENTRIES: Final = 500
MAX_UNPACKED_BYTES: Final = 1_000_000_000
END_BYTES: Final = 22
_DIRECTORY_ENTRY_BYTES: Final = 46  # without the name
_END: Final = struct.Struct("<4s4H2LH")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_NAME: Final = re.compile(
    r"(?:metadata|health|system_info|processes|network|services|dangerous_mode|manifest)\.json"
    r"|logs/[A-Za-z0-9._-]{1,160}\.log"
)
_NESTED: Final = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"7z\xbc\xaf", b"Rar!")
_ALLOWED_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ALLOWED_FLAGS: Final = 0x800  # flag of UTF-8 names


class HostileArchiveError(Exception):
    """A refused archive, with the reason."""


class Entry(NamedTuple):
    """An entry with consistent headers."""

    path: str
    size: int
    packed: int
    info: zipfile.ZipInfo


def checked_entries(path: Path) -> list[Entry]:
    """Validate the structure and return the entries. Raises HostileArchiveError."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start, length = _directory(file, size)
        try:
            with zipfile.ZipFile(file) as archive:
                infos = archive.infolist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
            raise HostileArchiveError(f"is not a zip file: {error}") from error
        if sum(_DIRECTORY_ENTRY_BYTES + len(info.orig_filename.encode()) for info in infos) != length:
            raise HostileArchiveError("has bytes in its directory that belong to no entry")
        _check_names(infos)
        _check_sizes(infos)
        _check_places(file, infos, start)
    return [Entry(info.filename, info.file_size, info.compress_size, info) for info in infos]


def check_content(path: str, beginning: bytes) -> None:
    """Raise HostileArchiveError if an entry is an archive itself."""
    if beginning.startswith(_NESTED):
        raise HostileArchiveError(f"{path} is an archive within the archive")


def _directory(file: IO[bytes], size: int) -> tuple[int, int]:
    """Offset and length of the central directory."""
    if size < END_BYTES:
        raise HostileArchiveError("is too short to be a zip file")
    file.seek(size - END_BYTES)
    mark, disk, first_disk, here, total, length, start, comment = _END.unpack(file.read(END_BYTES))
    if mark != b"PK\x05\x06":
        raise HostileArchiveError("does not end like a zip file without a comment")
    if disk or first_disk or here != total or comment:
        raise HostileArchiveError("is one of several parts")
    if start == 0xFFFFFFFF or total == 0xFFFF:
        raise HostileArchiveError("uses zip64")
    if start + length != size - END_BYTES:
        raise HostileArchiveError("has bytes between its directory and its end, or before its beginning")
    return int(start), int(length)


def _check_names(infos: list[zipfile.ZipInfo]) -> None:
    if len(infos) > MAX_ENTRIES:
        raise HostileArchiveError(f"has {len(infos)} entries; at most {MAX_ENTRIES} are taken")
    seen: set[str] = set()
    for info in infos:
        if _NAME.fullmatch(info.orig_filename) is None or ".." in info.orig_filename:
            raise HostileArchiveError(f"has an unknown entry: {info.orig_filename[:80]!r}")
        if info.filename.lower() in seen:
            raise HostileArchiveError(f"has two entries named {info.filename}")
        seen.add(info.filename.lower())
        mode = info.external_attr >> 16
        if mode and not stat.S_ISREG(mode):
            raise HostileArchiveError(f"{info.filename} is not a regular file")
        if info.flag_bits & ~_ALLOWED_FLAGS or info.compress_type not in _ALLOWED_METHODS:
            raise HostileArchiveError(f"{info.filename} is encrypted or packed in another way")
        if info.extra or info.comment:
            raise HostileArchiveError(f"{info.filename} has extra fields or a comment")
    if [info.filename for info in infos[:1]] != ["metadata.json"] or infos[-1].filename != "manifest.json":
        raise HostileArchiveError("does not begin with metadata.json and end with manifest.json")


def _check_sizes(infos: list[zipfile.ZipInfo]) -> None:
    """Check the total. Logs of one repeated line have any compression ratio that deflate can reach."""
    unpacked = sum(info.file_size for info in infos)
    if unpacked > MAX_UNPACKED_BYTES:
        raise HostileArchiveError(f"would be {unpacked} bytes; at most {MAX_UNPACKED_BYTES} are taken")


def _check_places(file: IO[bytes], infos: list[zipfile.ZipInfo], start: int) -> None:
    """Check that entries are contiguous from byte 0 and that local headers match the directory."""
    place = 0
    for info in infos:
        if info.header_offset != place:
            raise HostileArchiveError(f"{info.filename} overlaps another entry or leaves a gap")
        file.seek(place, os.SEEK_SET)
        head = file.read(_LOCAL.size)
        if len(head) < _LOCAL.size:
            raise HostileArchiveError("ends within an entry")
        mark, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(head)
        name = file.read(name_length)
        given = (mark, flags, method, crc, packed, size, extra_length, name)
        expected = (
            b"PK\x03\x04", info.flag_bits, info.compress_type, info.CRC, info.compress_size,
            info.file_size, 0, info.orig_filename.encode(),
        )  # fmt: skip
        if given != expected:
            raise HostileArchiveError(f"{info.filename} has two different headers")
        place += _LOCAL.size + name_length + packed
    if place != start:
        raise HostileArchiveError("has bytes that belong to no entry")
