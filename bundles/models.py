"""Every model of the app, gathered where Django looks for them."""

from __future__ import annotations

from bundles.inspection.models import Inspection
from bundles.records.models import Bundle, BundleAccess

__all__ = ["Bundle", "BundleAccess", "Inspection"]
