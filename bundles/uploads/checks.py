"""Check of `manage.py doctor`: storage of bundles."""

from __future__ import annotations

from bundles.uploads.bucket_check import ensure_once
from core.health.checks import CheckResult, doctor_probe
from core.storage.client import StorageError, bucket
from core.storage.probe import try_uploads

_UNREACHABLE = (
    "Start the storage, or correct S3_ENDPOINT_URL, S3_PUBLIC_ENDPOINT_URL, S3_ACCESS_KEY, S3_SECRET_KEY and "
    "S3_BUCKET. Bundles and attachments are refused meanwhile; retry later."
)
_NOT_ENFORCED = (
    "Tocsin checks size and SHA-256 of each bundle itself, so that no other file is used; a storage that "
    "enforces conditional writes and checksums refuses it at once."
)


@doctor_probe("storage uploads")
def storage_uploads() -> CheckResult:
    """Which rules of presigned uploads the storage enforces."""
    try:
        ensure_once()
        found = try_uploads(bucket())
    except StorageError as error:
        return CheckResult("warn", f"{error}".strip(), _UNREACHABLE)
    missing = [rule.rule for rule in found if not rule.is_enforced]
    if missing:
        return CheckResult("warn", f"the storage does not enforce {', '.join(missing)}", _NOT_ENFORCED)
    return CheckResult("ok", f"the storage enforces all {len(found)} rules of an upload address")
