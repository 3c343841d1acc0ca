"""Event types and message patterns by incident type: one table, as data. Pure.

The built-in rules match these event types, and if a rule that matches by level only opens an incident, the
text of its events determines the type. `docs/reference/event-types.md` shows the table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from detection.evaluation.matching import compile_pattern
from incidents.lifecycle.severity_matrix import EVENT_METRICS, Fact, default_severity, read_fact, read_number
from incidents.vocabulary import SEVERITY_RANK, IncidentType

# Share of the sampled events that must indicate a type, as one in so many.
SHARE: Final = 3


class EventText(NamedTuple):
    """Event type and message of one event."""

    event_type: str
    message: str


class Words(NamedTuple):
    """Event types of an incident type, and its message patterns (RE2, case-insensitive)."""

    event_types: tuple[str, ...]
    message: str


# In order: if a message matches two types, the first is the more specific cause.
WORDS: Final[Mapping[IncidentType, Words]] = {
    IncidentType.SECURITY_BREACH: Words(
        ("security_breach", "intrusion_detected", "unauthorized_access", "brute_force", "data_exfiltration",
         "credential_leak", "privilege_escalation", "malware_detected"),
        r"security breach|intrusion|brute.?force|exfiltrat|malware|ransomware|privilege escalation"
        r"|unauthori[sz]ed access"
        r"|(credential|secret|key|password)s? (was |were |is |are )?(leaked|exposed|stolen|compromised)",
    ),
    IncidentType.DATA_CORRUPTION: Words(
        ("data_corruption", "corruption_detected", "corrupt_data", "checksum_mismatch", "checksum_failed",
         "data_inconsistency"),
        r"\bcorrupt(ed|ion)?\b|checksum (mismatch|failed|failure|error|does not match|verification failed)"
        r"|invalid page in block",
    ),
    IncidentType.DEADLOCK: Words(
        ("deadlock", "deadlock_detected", "lock_timeout", "lock_wait_timeout"),
        r"\bdead.?lock|lock wait timeout|waits? for (a )?lock held by",
    ),
    IncidentType.DISK_SPACE_LOW: Words(
        ("disk_space_low", "disk_full", "low_disk_space", "disk_usage_high", "filesystem_full", "volume_full",
         "no_space_left", "inodes_exhausted"),
        r"no space left|low disk space|\bdisk (is )?(almost |nearly )?full|disk (usage|space)"
        r"|(volume|file ?system|partition|/\S*) is (\d+(\.\d+)? ?% |almost |nearly )?full"
        r"|out of (disk space|inodes)",
    ),
    IncidentType.RESOURCE_LEAK: Words(
        ("resource_leak", "memory_leak", "connection_leak", "thread_leak", "handle_leak",
         "file_descriptor_leak", "too_many_open_files"),
        r"too many open files"
        r"|(resource|memory|connection|socket|thread|goroutine|handle|(file )?descriptor)s? leak"
        r"|leak(ed|ing|s) .*(connection|socket|thread|goroutine|handle|descriptor)",
    ),
    IncidentType.MEMORY_EXHAUSTION: Words(
        ("memory_high", "memory_exhaustion", "oom_kill", "oom_killed", "oom", "out_of_memory", "high_memory",
         "heap_exhausted", "swap_full"),
        r"out of memory|\boom\b|\boom.?kill|outofmemory|heap space|heap (is )?exhausted"
        r"|cannot allocate memory"
        r"|memory (usage|exhausted|is exhausted)|memory limit|allocation of .* failed|swap is full",
    ),
    IncidentType.API_RATE_LIMIT: Words(
        ("api_rate_limit", "rate_limit", "rate_limited", "rate_limit_exceeded", "too_many_requests",
         "throttled", "quota_exceeded"),
        r"rate.?limit|too many requests|throttl(ed|ing)|(status|http|code|error)[ :=/.0-9]*\b429\b"
        r"|^429\b|\b429 (from|too many)|quota .*(exceeded|exhausted|used up)",
    ),
    IncidentType.CACHE_FAILURE: Words(
        ("cache_failure", "cache_error", "cache_down", "cache_unavailable", "cache_timeout", "redis_error",
         "redis_down", "memcached_error"),
        r"\b(cache|redis|valkey|memcached?)\b.*(fail|unavailable|unreachable|\bdown\b|refused|reset"
        r"|error|timed? ?out|evict|lost)"
        r"|(failed|unable|could not|cannot) .*\b(cache|redis|valkey|memcached?)\b",
    ),
    IncidentType.DATABASE_CONNECTION_FAILURE: Words(
        ("database_connection_failure", "database_connection_fail", "database_connection_error",
         "database_connection_failed", "db_connection_error", "db_connection_failed", "database_unavailable",
         "database_down", "database_unreachable", "connection_pool_exhausted"),
        r"\b(database|db|postgres(ql)?|mysql|mariadb|mongo(db)?|oracle|sql ?server|jdbc|pgbouncer)\b.*"
        r"(connect|unreachable|unavailable|refused|timed? ?out|\bdown\b)"
        r"|connect\w* .*\b(database|db|postgres(ql)?|mysql|mariadb|mongo(db)?|oracle|sql ?server)\b"
        r"|connection pool|too many (clients|connections)|could not connect to server"
        r"|waiting for a connection",
    ),
    IncidentType.NETWORK_PARTITION: Words(
        ("network_partition", "partition_detected", "split_brain", "network_unreachable", "node_unreachable",
         "peer_unreachable", "quorum_lost"),
        r"network (partition|is unreachable|unreachable)|split.?brain|no route to host"
        r"|(lost|no) quorum|quorum lost"
        r"|(peer|node|replica|zone|region|member)s? \S*\s?(is |are )?unreachable",
    ),
    IncidentType.WORKFLOW_FAILURE_SPIKE: Words(
        ("workflow_failed", "workflow_failure", "job_failed", "pipeline_failed", "build_failed",
         "task_failed", "batch_failed", "etl_failed", "cron_failed"),
        r"\b(workflow|pipeline|job|batch|etl|dag|cron ?job|build)\b.*\b(failed|failure)\b",
    ),
    IncidentType.QUALITY_DROP: Words(
        ("quality_check_failed", "quality_drop", "quality_gate_failed", "coverage_drop", "coverage_dropped",
         "lint_failed", "complexity_violation"),
        r"quality (gate|check).*(failed|below)|coverage .*(dropped|fell|below)|lint(er|ing)? .*failed",
    ),
    IncidentType.PERFORMANCE_DEGRADATION: Words(
        ("slow_request", "slow_query", "slow_response", "high_latency", "latency_high",
         "performance_degradation", "response_time_high"),
        r"\bslow (request|query|response)|high latency|latency .*(above|over|exceed|high|limit)"
        r"|(request|query|response|call) took \d|times slower",
    ),
    IncidentType.SERVICE_DOWN: Words(
        ("service_unavailable", "service_down", "service_crashed", "service_stopped", "health_check_failed",
         "host_down", "instance_down", "endpoint_down", "pod_crashed", "crash_loop", "heartbeat_missed"),
        r"health.?check (failed|timed out|did not)"
        r"|service (is down|crashed|stopped|has crashed|not responding)"
        r"|crash.?loop|(is|went) (down|offline)\b|exited unexpectedly",
    ),
}  # fmt: skip
_TYPES: Final = {name: kind for kind, words in WORDS.items() for name in words.event_types}
_PATTERNS: Final = [(kind, compile_pattern(f"(?i){words.message}")) for kind, words in WORDS.items()]
_SEPARATORS: Final = str.maketrans(" -./:", "_____")

# Other names of metrics in the severity matrix.
METRIC_NAMES: Final[Mapping[str, str]] = {metric: metric for metric in EVENT_METRICS} | {
    "coverage": "coverage_percent", "slowdown": "slowdown_factor", "disk_free_percent": "free_percent",
}  # fmt: skip
USED_NAMES: Final = ("usage_percent", "used_percent", "disk_usage_percent")
# A duration divided by its limit is a slowdown; in the order in which exit criteria read them.
LIMIT_NAME: Final = "threshold_ms"
DURATION_NAMES: Final = ("response_time_ms", "latency_ms", "duration_ms")
FACT_NAMES: Final = (*METRIC_NAMES, *USED_NAMES, LIMIT_NAME, "metric")


def event_types_of(incident_type: IncidentType) -> tuple[str, ...]:
    """Return the event types of an incident type."""
    return WORDS[incident_type].event_types


def type_of(event: EventText) -> IncidentType | None:
    """Return the incident type of an event: by its event type, else by its message; None for neither."""
    word = event.event_type.strip().casefold().translate(_SEPARATORS)
    if word in _TYPES:
        return _TYPES[word]
    return next((kind for kind, pattern in _PATTERNS if pattern.search(event.message)), None)


def type_of_events(events: Sequence[EventText]) -> IncidentType | None:
    """Return the type of most events, if at least a third indicate it; the worse one of equals."""
    votes = Counter(kind for event in events if (kind := type_of(event)) is not None)
    if not votes:
        return None
    places = {kind: place for place, kind in enumerate(WORDS)}
    kind = min(votes, key=lambda one: (-votes[one], SEVERITY_RANK[default_severity(one)], places[one]))
    return kind if votes[kind] * SHARE >= len(events) else None


def facts_in(metadata: Mapping[str, Any]) -> dict[str, Fact]:
    """Return measurements in an event's metadata: metric of the severity matrix -> value."""
    facts: dict[str, Fact] = {}
    for name, metric in METRIC_NAMES.items():
        if name in metadata and (value := read_fact(metric, metadata[name])) is not None:
            facts[metric] = value
    for used in _numbers(metadata, USED_NAMES):
        facts.setdefault("free_percent", 100 - used)
    if (factor := _slowdown(metadata)) is not None:
        facts.setdefault("slowdown_factor", factor)
    if metadata.get("metric") == "coverage":
        for value in _numbers(metadata, ("value",)):
            facts.setdefault("coverage_percent", value)
    return facts


def _slowdown(metadata: Mapping[str, Any]) -> float | None:
    """Return how many times the limit a request took: `duration_ms` 5200, `threshold_ms` 1000 -> 5.2."""
    limit = read_number(metadata.get(LIMIT_NAME))
    taken = next(iter(_numbers(metadata, DURATION_NAMES)), None)
    return read_number(taken / limit) if limit and limit > 0 and taken is not None else None


def _numbers(metadata: Mapping[str, Any], names: Iterable[str]) -> list[float]:
    return [number for name in names if (number := read_number(metadata.get(name))) is not None]
