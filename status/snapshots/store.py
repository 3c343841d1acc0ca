"""In-memory store of pages, refreshed from the database at most every two seconds."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import Future
from functools import cache
from typing import Final

import structlog
from django.db import DatabaseError, close_old_connections, connection

from status.snapshots.disk import PageCopy, read_copies, remove_copy, slugs_on_disk, write_copy
from status.snapshots.models import PageBuild, Snapshot
from status.snapshots.rendering import Form

LOOK_EVERY_S: Final = 2.0
log = structlog.get_logger(__name__)


class SnapshotStore:
    """Copies of all enabled pages. `get` is for the event loop, `refresh` for a thread.

    look: what requests wait for while the store is stale. refreshing: its refresh, which may take longer.
    """

    def __init__(self) -> None:
        self.look: asyncio.Task[None] | None = None
        self.refreshing: Future[None] | None = None
        self._copies: dict[str, PageCopy] = {}
        self._is_filled = False
        self._looked_at = self._read_at = float("-inf")  # at the database, and at the disk instead of it
        self._lock, self._swap = threading.Lock(), threading.Lock()

    def is_stale(self) -> bool:
        """Whether the store should be refreshed before serving."""
        now = time.monotonic()
        return now - self._looked_at >= LOOK_EVERY_S and now - self._read_at >= LOOK_EVERY_S

    def get(self, slug: str) -> PageCopy | None:
        """The copy of a page."""
        return self._copies.get(slug)

    def fill(self) -> None:
        """Load the copies from disk, once per process, since a database timeout may take long."""
        if not self._is_filled:
            self._is_filled = True
            self._copies = self._copies or read_copies()

    def refresh(self) -> None:
        """Load changed pages from the database; on failure, keep the current ones."""
        with self._lock:
            if time.monotonic() - self._looked_at < LOOK_EVERY_S:
                return
            self.fill()
            try:
                self._load()
            except DatabaseError:
                log.warning("status.database_away", exc_info=True)
                self.load_newer()
            finally:
                self._looked_at = time.monotonic()

    def load_newer(self) -> None:
        """Follow the copies on disk, which other processes of this host may have written or removed.

        Each process writes what it loads from the database, so the same version on disk has the newer access.
        """
        before = self._copies
        saved, present = read_copies(), slugs_on_disk()
        copies = {slug: _later(before.get(slug), saved.get(slug)) for slug in before.keys() | saved.keys()}
        with self._swap:
            if self._copies is before:  # else loaded from the database meanwhile
                self._copies = {slug: one for slug, one in copies.items() if one and slug in present}
        self._read_at = time.monotonic()

    def refresh_and_close(self) -> None:
        """`refresh` in a thread, closing the database connection afterwards."""
        try:
            close_old_connections()
            self.refresh()
        finally:
            connection.close()

    def _load(self) -> None:
        present = {}
        for build in enabled_builds():
            slug = build.page.slug
            known = self._copies.get(slug)
            if known is None or not _is_copy_of(known, build):
                known = _copy_of(build)
                write_copy(known)
            present[slug] = known
        for slug in self._copies.keys() - present.keys():
            remove_copy(slug)
        with self._swap:
            self._copies = present


def _later(known: PageCopy | None, saved: PageCopy | None) -> PageCopy | None:
    """The later one of the copies in memory and on disk; None on disk: it cannot be read."""
    if known is None or saved is None:
        return known or saved
    return known if known.page_id == saved.page_id and known.version > saved.version else saved


def enabled_builds() -> list[PageBuild]:
    """Builds of all enabled pages that were rendered."""
    rows = PageBuild.across_workspaces.filter(page__is_enabled=True, version__gt=0)
    return list(rows.select_related("page").defer("page__logo"))


def _is_copy_of(known: PageCopy, build: PageBuild) -> bool:
    """Whether the copy is current; access changes apply before the next build."""
    page = build.page
    now = (page.pk, build.version, page.access == "public", tuple(page.domains))
    return now == (known.page_id, known.version, known.is_public, known.domains)


def _copy_of(build: PageBuild) -> PageCopy:
    forms = {
        one.form: Form(one.content_type, one.etag, bytes(one.body), bytes(one.compressed))
        for one in Snapshot.objects.of(build.workspace_id).filter(page_id=build.page_id)
    }
    page = build.page
    return PageCopy(
        page.slug,
        page.pk,
        build.version,
        page.access == "public",
        build.workspace_id,
        tuple(page.domains),
        forms,
    )


@cache
def store() -> SnapshotStore:
    """The store of this process."""
    return SnapshotStore()
