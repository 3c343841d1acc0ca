"""Copies of pages on disk, to serve them if the database is unavailable at startup."""

from __future__ import annotations

import base64
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import orjson
from django.conf import settings

from status.snapshots.rendering import Form


@dataclass(frozen=True, slots=True)
class PageCopy:
    """All rendered forms of a page."""

    slug: str
    page_id: int
    version: int
    is_public: bool
    workspace_id: int
    domains: tuple[str, ...]
    forms: dict[str, Form]


def folder() -> Path:
    """Directory of the copies."""
    return Path(settings.DATA_DIR) / "status"


def write_copy(copy: PageCopy) -> None:
    """Replace the copy of a page, atomically."""
    folder().mkdir(parents=True, exist_ok=True)
    forms = {
        name: [one.content_type, one.etag, _text(one.body), _text(one.compressed)]
        for name, one in copy.forms.items()
    }
    content = orjson.dumps([
        copy.slug, copy.page_id, copy.version, copy.is_public, copy.workspace_id, list(copy.domains), forms,
    ])  # fmt: skip
    handle, name = tempfile.mkstemp(dir=folder())
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(name).replace(folder() / f"{copy.slug}.json")


def read_copies() -> dict[str, PageCopy]:
    """Readable copies by slug."""
    found = {}
    for path in sorted(folder().glob("*.json")):
        try:
            slug, page_id, version, is_public, workspace_id, domains, forms = orjson.loads(path.read_bytes())
            found[slug] = PageCopy(
                slug, page_id, version, is_public, workspace_id, tuple(domains),
                {name: Form(a, b, _bytes(c), _bytes(d)) for name, (a, b, c, d) in forms.items()},
            )  # fmt: skip
        except (OSError, ValueError, TypeError):
            continue  # truncated, or of another release: reload from the database
    return found


def slugs_on_disk() -> set[str]:
    """Slugs of all copies, also of those that cannot be read."""
    return {path.stem for path in folder().glob("*.json")}


def remove_copy(slug: str) -> None:
    """Delete the copy of a deleted page."""
    (folder() / f"{slug}.json").unlink(missing_ok=True)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
