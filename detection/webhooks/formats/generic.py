"""Any JSON, parsed by the source's field mapping."""

from __future__ import annotations

from typing import Final

from detection.webhooks.format import webhook_format
from detection.webhooks.guide import Guide
from detection.webhooks.mapping.mapped_format import MappedFormat

_CURL: Final = """curl -X POST '{address}' \\
  -H 'Content-Type: application/json' \\
  -d '{"title": "Disk is full", "component": "db-1", "severity": "sev2", "state": "firing",
       "key": "disk-db-1"}'

# and when it is over:
curl -X POST '{address}' \\
  -H 'Content-Type: application/json' \\
  -d '{"title": "Disk is full", "component": "db-1", "state": "resolved", "key": "disk-db-1"}'"""
_FLAT: Final = {
    "title": "Disk is full", "component": "db-1", "severity": "sev2", "state": "firing", "key": "tocsin-test",
    "dedup_key": "tocsin-test", "description": "A test from Tocsin's source page.",
}  # fmt: skip
_GUIDE: Final = Guide(
    "Any program that posts JSON", _CURL, _FLAT,
    signing="The sender signs the body; configure how in the mapping."
)  # fmt: skip


@webhook_format
class Generic(MappedFormat):
    """JSON of any structure."""

    name = "generic"
    title = "Generic JSON"
    guide = _GUIDE
    content_types = frozenset({"application/json", "text/json", "text/plain", "application/octet-stream", ""})
