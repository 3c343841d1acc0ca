"""Bundles as JSON."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from bundles.records.models import Bundle


def bundle_json(bundle: Bundle) -> dict[str, Any]:
    """A bundle in a list."""
    return {
        "id": str(bundle.public_id), "incident": bundle.reference or None, "status": bundle.status,
        "why": bundle.why, "summary": bundle.summary, "file_name": bundle.file_name, "size": bundle.size,
        "sha256": bundle.sha256, "host": bundle.host, "os": bundle.os, "arch": bundle.arch,
        "cli_version": bundle.cli_version, "health": bundle.health, "partial": bundle.is_partial,
        "dangerous": bundle.is_dangerous, "made_at": bundle.made_at, "received_at": bundle.received_at,
        "expires_at": bundle.expires_at, "uploaded_by": bundle.uploaded_by_label,
        "url": f"{settings.BASE_URL}/bundles/{bundle.public_id}",
    }  # fmt: skip


def bundle_detail(bundle: Bundle) -> dict[str, Any]:
    """A bundle with the result of its inspection."""
    found = {
        "checks": bundle.checks, "system": bundle.facts, "hits": bundle.hits,
        "entries": entries_of(bundle),
    }  # fmt: skip
    return bundle_json(bundle) | found


def entries_of(bundle: Bundle) -> list[dict[str, Any]]:
    """Entries of its manifest."""
    listed = bundle.manifest.get("entries")
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def redactions_of(bundle: Bundle) -> int:
    """Number of secrets redacted by the collector."""
    counted = [entry.get("redactions") for entry in entries_of(bundle)]
    numbers = [value for rules in counted if isinstance(rules, dict) for value in rules.values()]
    return sum(value for value in numbers if isinstance(value, int))
