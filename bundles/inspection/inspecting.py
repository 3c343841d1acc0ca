"""Inspects an uploaded bundle: download, limited child process, verdict."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from bundles.inspection.child import RULES
from bundles.inspection.verdict import record_verdict
from bundles.records.models import Bundle, BundleStatus
from core.queue.retry import PassingError
from core.storage.client import ObjectMissingError, bucket

TIMEOUT_S: Final = 120.0
READ_BYTES: Final = 1 << 20
_OUT_OF_LIMITS: Final = "could not be inspected within 60 s of CPU time and 512 MB of memory"


def inspect_bundle(bundle: Bundle) -> None:
    """Inspect a bundle once; does nothing if it is inspected or removed meanwhile.

    Raises StorageError for a retry.
    """
    if bundle.status != BundleStatus.UPLOADED:
        return
    with tempfile.TemporaryDirectory(prefix="tocsin-bundle-") as folder:
        file = Path(folder) / "bundle.zip"
        try:
            bucket().get_file(bundle.storage_key, file)
        except ObjectMissingError:
            found: dict[str, Any] = {"refused": "is no longer in the storage"}
        else:
            found = _found(bundle, file)
    record_verdict(bundle.workspace_id, bundle.pk, found)


def _found(bundle: Bundle, file: Path) -> dict[str, Any]:
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    if digest != bundle.sha256 or file.stat().st_size != bundle.size:
        return {"refused": "is not the announced file"}
    return run_child(file)


def run_child(file: Path) -> dict[str, Any]:
    """The report of the child process, or `{"refused": reason}`."""
    argv = [sys.executable, "-m", "bundles.inspection.child", str(file)]
    try:
        ran = subprocess.run(
            argv, capture_output=True, timeout=TIMEOUT_S, cwd=settings.BASE_DIR, check=False,
            env={
                "PYTHONPATH": str(settings.BASE_DIR), "LC_ALL": "C.UTF-8",
                RULES: json.dumps(settings.REDACTION_RULES),
            },
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"refused": _OUT_OF_LIMITS}
    except OSError as error:
        raise PassingError(f"the inspection could not start: {error}") from error
    if ran.returncode:
        return {"refused": _OUT_OF_LIMITS}
    report: dict[str, Any] = json.loads(ran.stdout)
    return report
