"""`/metrics` in Prometheus text format, computed at each scrape.

So the figures are the same in every process and survive restarts. An app adds its own in its `metrics.py`:
`@metric_source("name")` on a function that yields metric families.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from core.errors import NotFound
from core.health.checks import examine, outbox_lag
from core.registry import Registry

Source = Callable[[], Iterable[Metric]]
SOURCES: Final[Registry[Source]] = Registry("metric source")
metric_source = SOURCES.register
HEALTH: Final = {"ok": 1.0, "warn": 0.5, "fail": 0.0}


class _FromSources(Collector):
    def collect(self) -> Iterator[Metric]:
        for source in SOURCES:
            yield from source()


REGISTRY: Final = CollectorRegistry(auto_describe=False)
REGISTRY.register(_FromSources())


@metric_source("core")
def _core() -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "tocsin_outbox_lag_seconds", "Age of the oldest undelivered event in seconds.", value=outbox_lag()
    )
    health = GaugeMetricFamily(
        "tocsin_health", "1 well, 0.5 with a warning, 0 failed; see /readyz.", labels=["check"]
    )
    for name, finding in examine().items():
        health.add_metric([name], HEALTH[finding.level])
    yield health


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return all metrics.

    In production the bearer token METRICS_TOKEN is required; without that setting it is 404.
    """
    if not _may_scrape(request):
        raise NotFound("There is no such page.")
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)


def _may_scrape(request: HttpRequest) -> bool:
    if not settings.IS_PRODUCTION:
        return True
    expected = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
    return bool(expected) and secrets.compare_digest(given, expected.encode())
