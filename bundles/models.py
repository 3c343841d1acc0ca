"""Models of the app, imported for Django."""

from __future__ import annotations

from bundles.inspection.models import Inspection
from bundles.records.models import Bundle, BundleAccess

__all__ = ["Bundle", "BundleAccess", "Inspection"]
