"""Moves one incident into its archive file or back, step by step; an interrupted step is repeated.

The file is stored, read back and compared before any row is deleted, and the rows are deleted in one
transaction, which is rolled back unless they are exactly those of the file.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import structlog
from django.db import transaction
from django.utils import timezone

from accounts.actor import system_actor
from accounts.audit.services import record
from core.queue.items import renew
from core.queue.retry import PassingError, PermanentError
from core.storage.client import CHUNK_BYTES, ObjectMissingError, bucket
from incidents.archive.documents import (
    DamagedArchiveError,
    Summary,
    check,
    read_rows_of,
    row_line,
    write,
)
from incidents.archive.models import IncidentArchive
from incidents.archive.parts import PARTS
from incidents.archive.queues import ARCHIVE
from incidents.archive.rows import ROWS_AT_ONCE, delete_rows, insert_rows, read_rows
from incidents.models import Incident
from incidents.vocabulary import OVER

log = structlog.get_logger(__name__)
Phase = IncidentArchive.Phase
NAME: Final = "archive.jsonl.gz"


class RowsChangedError(Exception):
    """The incident changed after its file was written."""


def advance(archive: IncidentArchive) -> None:
    """Take the remaining steps. Raises StorageError and PassingError, to be retried later.

    Raises PermanentError without changes when a file to restore is missing or damaged.
    """
    while step := STEPS.get(archive.phase):
        if not renew(archive, ARCHIVE.lease_s):
            return
        with tempfile.TemporaryDirectory(prefix="tocsin-archive-") as folder:
            step(archive, Path(folder, NAME))


def _write(archive: IncidentArchive, path: Path) -> None:
    """planned -> written."""
    count = _dump(archive, path)
    digest = _sha256(path)
    incident = archive.incident
    year = f"{incident.detected_at:%Y}"
    key = f"archive/{archive.workspace_id}/{year}/INC-{incident.number:06}-{digest[:12]}.jsonl.gz"
    bucket().ensure()
    bucket().put_file(key, path)
    _move(
        archive, Phase.WRITTEN, key=key, sha256=digest, size=path.stat().st_size, rows=count,
        written_at=timezone.now(),
    )  # fmt: skip


def _dump(archive: IncidentArchive, path: Path) -> int:
    """Write the file; return how many rows it has."""
    summaries: dict[str, Summary] = {part.name: Summary() for part in PARTS}
    rows = path.with_suffix(".rows")
    with rows.open("wb") as file:
        for part in PARTS:
            for _, row in read_rows(part, archive.workspace_id, archive.incident_id):
                summaries[part.name].add(row)
                file.write(row_line(part.name, row).encode())
    incident = archive.incident
    header = {
        "workspace": archive.workspace_id,
        "incident_id": incident.pk,
        "reference": incident.reference,
        "title": incident.title,
        "parts": {name: one.as_json() for name, one in summaries.items()},
    }
    with rows.open("rb") as file:
        write(path, header, file)
    return sum(one.rows for one in summaries.values())


def _verify(archive: IncidentArchive, path: Path) -> None:
    """verified after reading the written file back; planned again if the storage returns anything else."""
    try:
        _fetch(archive, path)
    except (DamagedArchiveError, ObjectMissingError) as error:
        _move(archive, Phase.PLANNED)
        raise PassingError(f"The stored archive was modified: {error}") from error
    _move(archive, Phase.VERIFIED)


def _fetch(archive: IncidentArchive, path: Path) -> dict[str, Any]:
    """Read the file back and compare it with what was written. Raises DamagedArchiveError."""
    with path.open("wb") as file:
        for chunk in bucket().stream(archive.key, CHUNK_BYTES):
            file.write(chunk)
    if _sha256(path) != archive.sha256:
        raise DamagedArchiveError("its bytes differ from what was written")
    header = check(path)
    if (header["workspace"], header["incident_id"]) != (archive.workspace_id, archive.incident_id):
        raise DamagedArchiveError(f"it holds {header['reference']} of another workspace or incident")
    return header


def _prune(archive: IncidentArchive, path: Path) -> None:
    """verified -> archived, in one transaction; back to planned when a row has changed meanwhile."""
    try:
        header = _fetch(archive, path)
        with transaction.atomic():
            incident = _locked(archive)
            if incident.status not in OVER:
                raise RowsChangedError("it was reopened")
            _delete(archive, header, path)
            now = timezone.now()
            _mark(incident, now)
            _audit(archive, "archive", f"Timeline and events of {incident.reference} archived")
            _move(archive, Phase.ARCHIVED, archived_at=now, restored_at=None)
    except (DamagedArchiveError, ObjectMissingError, RowsChangedError) as error:
        log.warning("archive.again", incident=archive.incident_id, why=str(error))
        _move(archive, Phase.PLANNED)
        raise PassingError(f"The archive is written again: {error}") from error


def _delete(archive: IncidentArchive, header: dict[str, Any], path: Path) -> None:
    """Delete the archived rows, children first. Raises RowsChangedError unless they equal the file's."""
    leaving = [part for part in PARTS if part.leaves]
    for part in reversed(leaving):
        keys = [key for key, _ in read_rows(part, archive.workspace_id, archive.incident_id)]
        gone = Summary()
        for row in delete_rows(part, archive.workspace_id, archive.incident_id, keys):
            gone.add(row)
        if gone.as_json() != header["parts"].get(part.name, Summary().as_json()):
            raise RowsChangedError(f"its rows of {part.name} have changed")


def _restore(archive: IncidentArchive, path: Path) -> None:
    """restoring -> restored, in one transaction."""
    try:
        _fetch(archive, path)
        with transaction.atomic():
            incident = _locked(archive)
            for name, rows in _batches(path):
                insert_rows(PARTS.get(name), rows)
            _mark(incident, None)
            _audit(archive, "restore", f"{incident.reference} restored from its archive")
            _move(archive, Phase.RESTORED, restored_at=timezone.now())
    except (DamagedArchiveError, ObjectMissingError) as error:
        raise PermanentError(f"The archive of {archive.incident.reference} is refused: {error}") from error


def _batches(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the rows to insert, parents first."""
    leaving = frozenset(part.name for part in PARTS if part.leaves)
    waiting: dict[str, list[str]] = defaultdict(list)
    for name, row in read_rows_of(path, leaving):
        waiting[name].append(row)
        if len(waiting[name]) == ROWS_AT_ONCE:
            yield name, waiting.pop(name)
    yield from waiting.items()


def _locked(archive: IncidentArchive) -> Incident:
    rows = Incident.objects.of(archive.workspace_id).select_for_update(of=("self",))
    found: Incident = rows.get(pk=archive.incident_id)
    return found


def _mark(incident: Incident, at: Any) -> None:
    rows = Incident.objects.of(incident.workspace_id).filter(pk=incident.pk)
    rows.update(archived_at=at, updated_at=timezone.now())


def _move(archive: IncidentArchive, phase: Phase, **fields: Any) -> None:
    rows = IncidentArchive.objects.of(archive.workspace_id).filter(pk=archive.pk, phase=archive.phase)
    rows.update(phase=phase, **fields)
    for name, value in {"phase": phase.value, **fields}.items():
        setattr(archive, name, value)


def _audit(archive: IncidentArchive, verb: str, summary: str) -> None:
    actor = system_actor(archive.workspace_id)
    record(actor, action=f"incident.{verb}", target=archive.incident, summary=summary)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


STEPS: Final[dict[str, Callable[[IncidentArchive, Path], None]]] = {
    Phase.PLANNED: _write,
    Phase.WRITTEN: _verify,
    Phase.VERIFIED: _prune,
    Phase.RESTORING: _restore,
}
