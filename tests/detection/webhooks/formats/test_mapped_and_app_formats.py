"""Parsing of CloudEvents, Sentry, Datadog, uptime monitors, GitHub, GitLab, forms and any JSON."""

from __future__ import annotations

import pytest

from tests.detection.webhooks.fixture import check_recorded, recorded

NAMES = (
    "cloudevents",
    "sentry",
    "datadog",
    "uptime-kuma",
    "uptimerobot",
    "generic",
    "form",
    "github",
    "gitlab",
)
CASES = [(name, path) for name in NAMES for path in recorded(name)]


@pytest.mark.parametrize(("name", "path"), CASES, ids=[f"{name}-{path.stem}" for name, path in CASES])
def test_recorded_request_is_parsed_as_expected(name, path):
    check_recorded(name, path)


def test_every_format_here_has_recorded_requests():
    assert all(recorded(name) for name in NAMES)
    assert len(CASES) > 100
