"""The last copies of pages on disk, for a start while the database is away."""

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
    """All forms of one page, as a web process serves them."""

    slug: str
    page_id: int
    version: int
    is_public: bool
    workspace_id: int
    domains: tuple[str, ...]
    forms: dict[str, Form]


def folder() -> Path:
    """Where the copies are."""
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
    """Every readable copy by slug."""
    found = {}
    for path in sorted(folder().glob("*.json")):
        try:
            slug, page_id, version, is_public, workspace_id, domains, forms = orjson.loads(path.read_bytes())
            found[slug] = PageCopy(
                slug, page_id, version, is_public, workspace_id, tuple(domains),
                {name: Form(a, b, _bytes(c), _bytes(d)) for name, (a, b, c, d) in forms.items()},
            )  # fmt: skip
        except (OSError, ValueError, TypeError):
            continue  # cut short, or of another release; the database has it again soon
    return found


def remove_copy(slug: str) -> None:
    """Forget a page that does not exist any more."""
    (folder() / f"{slug}.json").unlink(missing_ok=True)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
