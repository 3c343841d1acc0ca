"""Reads and downloads files of a bundle; each access is logged."""

from __future__ import annotations

import math
from collections.abc import Iterator

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from bundles.records.models import Bundle
from bundles.records.rendering import entries_of
from bundles.records.selectors import opened_bundle
from bundles.records.services import Access, note_access
from bundles.viewer.lines import LEVELS, LogPage, log_page, masked
from bundles.viewer.ranged import lines_in
from core.errors import Forbidden, NotFound, Unavailable
from core.storage.client import ObjectMissingError, StorageError, bucket
from incidents.validation import invalid


def read_lines(
    actor: Actor, public_id: str, path: str, *, start: int = 1, search: str = "", level: str = ""
) -> tuple[Bundle, LogPage]:
    """Lines of a file; lines with secrets are hidden from everyone but admins.

    Raises NotFound, Forbidden, Invalid, Unavailable.
    """
    if level and level not in LEVELS:
        raise invalid("level", "choice", f"must be one of {', '.join(LEVELS)}")
    bundle = opened_bundle(actor, public_id)
    if path not in {"manifest.json", *(entry.get("path") for entry in entries_of(bundle))}:
        raise NotFound(f"There is no {path[:200]} in this bundle.")
    lines = lines_in(bundle, path, start)
    if not allowed(actor, Capability.BUNDLES_MANAGE):
        hidden = frozenset(hit[1] for hit in bundle.hits if hit[0] == path)
        lines = masked(lines, hidden, _unlisted_from(bundle, path))
    page = log_page(lines, start=start, search=search, level=level)
    note_access(actor, bundle, Access.LOG, path)
    return bundle, page


def open_file(actor: Actor, public_id: str) -> tuple[Bundle, Iterator[bytes]]:
    """The file in chunks; only for admins if secrets were found.

    Raises NotFound, Forbidden; the chunks raise NotFound, Unavailable.
    """
    bundle = opened_bundle(actor, public_id)
    if bundle.hits and not allowed(actor, Capability.BUNDLES_MANAGE):
        raise Forbidden("Secrets were found in this bundle: only admins can download it.")
    note_access(actor, bundle, Access.DOWNLOAD)
    return bundle, _pieces(bundle.storage_key)


def _unlisted_from(bundle: Bundle, path: str) -> float:
    """Return the first line of a file that may have a secret which is not in `hits`."""
    if not bundle.has_unlisted_hits:
        return math.inf
    last_path, last_line, _ = bundle.hits[-1]
    if path == last_path:
        return float(last_line + 1)
    paths = [entry.get("path") for entry in entries_of(bundle)]  # in the order of the scan
    return 1 if last_path in paths and path in paths[paths.index(last_path) :] else math.inf


def _pieces(key: str) -> Iterator[bytes]:
    try:
        yield from bucket().stream(key)
    except ObjectMissingError as error:
        raise NotFound("The file of this bundle is no longer in the storage.") from error
    except StorageError as error:
        raise Unavailable("The storage is not reachable. Try again.", headers={"Retry-After": "5"}) from error
