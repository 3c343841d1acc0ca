"""Sample events of each incident type, for rule tests and simulated incidents. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from incidents.vocabulary import IncidentType

MIN_EVENTS, MAX_EVENTS, DEFAULT_EVENTS = 1, 1_000, 12
MIN_SPAN_S, MAX_SPAN_S, DEFAULT_SPAN_S = 1, 3_600, 60
MAX_SOURCES: Final = 20
DEFAULT_SOURCE: Final = "simulated"
TYPES: Final = tuple(kind for kind in IncidentType if kind != IncidentType.OTHER)


class Sample(NamedTuple):
    """One kind of event: `{n}` in its message is the number of the event."""

    event_type: str
    level: str
    message: str
    metadata: Mapping[str, Any] = {}


SAMPLES: Final[Mapping[IncidentType, tuple[Sample, ...]]] = {
    IncidentType.ERROR_BURST: (
        Sample("api_error", "error", "POST /api/orders returned 500 (request {n})", {"status_code": 500}),
        Sample("api_error", "error", "Unhandled exception in request {n}: KeyError: 'price'"),
    ),
    IncidentType.SERVICE_DOWN: (
        Sample("service_unavailable", "critical", "Health check failed: connection refused (try {n})"),
        Sample("service_crashed", "critical", "Process exited unexpectedly with code 137, restart {n}"),
    ),
    IncidentType.QUALITY_DROP: (
        Sample(
            "quality_check_failed", "warning", "Quality gate failed in build {n}: coverage dropped to 72 %",
            {"metric": "coverage", "value": 72, "threshold": 80},
        ),
    ),
    IncidentType.WORKFLOW_FAILURE_SPIKE: (
        Sample("workflow_failed", "error", "Workflow data_pipeline run {n} failed at step load"),
        Sample("job_failed", "error", "Job nightly-report {n} failed: exit status 1"),
    ),
    IncidentType.MEMORY_EXHAUSTION: (
        Sample(
            "memory_high", "critical", "Memory usage at 95 % (reading {n})",
            {"usage_percent": 95, "used_mb": 1946, "total_mb": 2048},
        ),
        Sample("oom_killed", "critical", "Out of memory: killed process {n} (java)"),
    ),
    IncidentType.PERFORMANCE_DEGRADATION: (
        Sample(
            "slow_request", "warning", "Slow request {n}: GET /search took 5200 ms (limit 1000 ms)",
            {"response_time_ms": 5200, "threshold_ms": 1000},
        ),
    ),
    IncidentType.DISK_SPACE_LOW: (
        Sample("disk_space_low", "error", "Disk usage of /var at 92 % (reading {n})", {"usage_percent": 92}),
        Sample("no_space_left", "critical", "write /var/log/app.{n}.log: no space left on device"),
    ),
    IncidentType.DATABASE_CONNECTION_FAILURE: (
        Sample(
            "database_connection_failed", "critical",
            "Database connection timeout: failed to connect to PostgreSQL (try {n})",
        ),
        Sample("connection_pool_exhausted", "error", "Connection pool exhausted: request {n} waited 30 s"),
    ),
    IncidentType.API_RATE_LIMIT: (
        Sample("rate_limited", "error", "429 Too Many Requests from api.payments.example (call {n})",
               {"status_code": 429}),
    ),
    IncidentType.CACHE_FAILURE: (
        Sample("cache_error", "error", "Cache unavailable: Redis connection reset, key session:{n}"),
    ),
    IncidentType.NETWORK_PARTITION: (
        Sample("network_partition", "critical", "Node {n} is unreachable: no route to host"),
        Sample("quorum_lost", "critical", "Quorum lost in term {n}: 1 of 3 members reachable"),
    ),
    IncidentType.DEADLOCK: (
        Sample("deadlock_detected", "error", "Deadlock detected: process {n} waits for a lock held by 4711"),
    ),
    IncidentType.RESOURCE_LEAK: (
        Sample("too_many_open_files", "error", "accept: too many open files ({n} in use)"),
        Sample("connection_leak", "warning", "Connection leak: connection {n} was never returned"),
    ),
    IncidentType.SECURITY_BREACH: (
        Sample("unauthorized_access", "critical", "Unauthorized access to /admin by session {n}"),
        Sample("brute_force", "critical", "Brute force: {n} failed sign-ins of one address in a minute"),
    ),
    IncidentType.DATA_CORRUPTION: (
        Sample("checksum_mismatch", "critical", "Checksum mismatch in block {n} of orders.db"),
    ),
}  # fmt: skip


def sample_events(
    incident_type: IncidentType, *, sources: Sequence[str], count: int, span_s: int, until: datetime
) -> list[dict[str, Any]]:
    """Return `count` events as the events API accepts them, evenly over `span_s` seconds before `until`.

    Sources and kinds of event alternate. The span is less than `span_s`, as in a window of a rule.
    """
    kinds, names = SAMPLES[incident_type], list(sources) or [DEFAULT_SOURCE]
    step = timedelta(seconds=span_s) / count
    return [
        {
            "timestamp": (until - step * (count - 1 - place)).isoformat(),
            "event_type": kind.event_type,
            "source": names[place % len(names)],
            "level": kind.level,
            "message": kind.message.format(n=place + 1),
            "metadata": {**kind.metadata, "simulated": True},
        }
        for place in range(count)
        for kind in (kinds[place // len(names) % len(kinds)],)
    ]
