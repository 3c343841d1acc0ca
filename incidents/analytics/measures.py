"""Response-time measures, used by page, CSV, API and docs alike. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Measure:
    """Time from one point of an incident to another, and why an incident may have none.

    `start` and `end` are fields of the incident, `column` is the duration in its measures, in microseconds.
    An incident without `end` is left out as `absent`; one whose end is before its start is left out as
    invalid, never counted as zero.
    """

    name: str
    title: str
    definition: str
    start: str
    end: str
    column: str
    absent: str


MEASURES: Final = (
    Measure(
        "mttd", "Time to detect", "From the first event to the detection.",
        "started_at", "detected_at", "to_detect", "not detected",
    ),
    Measure(
        "mtta", "Time to acknowledge", "From the detection to the first acknowledgement by a person.",
        "detected_at", "acknowledged_at", "to_acknowledge", "not acknowledged",
    ),
    Measure(
        "mttm", "Time to mitigate", "From the detection to the first time the status was monitoring.",
        "detected_at", "mitigated_at", "to_mitigate", "not mitigated apart",
    ),
    Measure(
        "mttr", "Time to resolve", "From the detection to the last resolution.",
        "detected_at", "resolved_at", "to_resolve", "not resolved",
    ),
)  # fmt: skip
MTBF_DEFINITION: Final = (
    "Time between the starts of consecutive incidents, minus the time the earlier one was still open."
)
INVALID: Final = "invalid times"
MIN_FOR_TREND: Final = 5
MAX_GROUPS: Final = 50
EXCLUDED: Final = (
    "Drills and merged incidents are excluded. The period is by detection, in the workspace's time zone."
)
