"""Recorded requests of alert senders, and their expected results."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.detection.webhooks.fixture import check_recorded, recorded

SENDERS = (
    "alertmanager", "grafana", "pagerduty", "opsgenie", "sns", "victorops", "azure-monitor",
    "google-cloud-monitoring",
)  # fmt: skip
RECORDED = [path for name in SENDERS for path in recorded(name)]


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_recorded_request_is_parsed_as_expected(path: Path):
    check_recorded(path.parent.name, path)


def test_each_of_them_has_recorded_requests_good_and_bad():
    for name in SENDERS:
        texts = [path.read_text() for path in recorded(name)]
        assert any('"reading"' in text for text in texts), name
        assert any('"refused"' in text for text in texts), name
