"""Limits of diagnostic bundles."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

MAX_BUNDLE_BYTES: Final = 200_000_000
MIN_BUNDLE_BYTES: Final = 22  # an empty zip file
TICKET_S: Final = 900
ARRIVES_WITHIN: Final = timedelta(hours=24)
MAX_HITS: Final = 500  # stored of the second scan; lines after the last one are hidden
UNREDACTED_STAYS: Final = timedelta(days=7)
CONTENT_TYPE: Final = "application/zip"
