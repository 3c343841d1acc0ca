"""Normalizes sender values: texts, times, severities, labels, links. Pure.

A value that cannot be parsed becomes empty (or the default), never an error: the original is stored in the
alert's `detail`, and one odd label must not lose an alert.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from core.errors import FieldFault, Invalid
from detection.webhooks.parsed import Link
from incidents.validation import LABEL_KEY_LENGTH, LABELS, NAME_LENGTH, fit, fit_text
from incidents.vocabulary import IncidentType, Severity, parse_severity, parse_type

MAX_URL: Final = 2000
# Other years are placeholders: Go's zero time is the year 1, and some senders write 9999 for "never".
_FIRST_YEAR, _LAST_YEAR = 1990, 2200
_MILLISECONDS: Final = 100_000_000_000
_WORDS: Final = {
    "page": Severity.SEV1, "emergency": Severity.SEV1, "disaster": Severity.SEV1, "alert": Severity.SEV1,
    "emerg": Severity.SEV1, "panic": Severity.SEV1, "blocker": Severity.SEV1, "crit": Severity.SEV1,
    "outage": Severity.SEV1, "down": Severity.SEV1, "severe": Severity.SEV1, "highest": Severity.SEV1,
    "very high": Severity.SEV1, "very_high": Severity.SEV1,
    "serious": Severity.SEV2, "important": Severity.SEV2,
    "lowest": Severity.SEV4, "trivial": Severity.SEV4, "verbose": Severity.SEV4, "trace": Severity.SEV4,
    "not_classified": Severity.SEV4, "not classified": Severity.SEV4, "normal": Severity.SEV4,
    "error": Severity.SEV2, "err": Severity.SEV2, "urgent": Severity.SEV2,
    "warning": Severity.SEV3, "warn": Severity.SEV3, "average": Severity.SEV3, "ticket": Severity.SEV3,
    "notice": Severity.SEV4, "informational": Severity.SEV4, "information": Severity.SEV4,
    "none": Severity.SEV4, "debug": Severity.SEV4, "p5": Severity.SEV4, "ok": Severity.SEV4,
}  # fmt: skip
# `sev-1`, `S2`, `Priority 3`: 0 and 1 are the worst, all beyond 4 the mildest.
_NUMBERED: Final = re.compile(r"(?:sev|severity|s|p|prio|priority|level)[ _:-]*([0-9])")
# Names of labels by relevance: these are preferred if there are too many, and searched for the component.
COMPONENT_LABELS: Final = (
    "service", "service_name", "component", "app", "application", "app_kubernetes_io_name", "job",
    "deployment", "statefulset", "namespace", "host", "hostname", "host_name", "node", "instance",
)  # fmt: skip
MEANINGFUL: Final = (
    "alertname", "rulename", "severity", "priority", "level", "incident_type", *COMPONENT_LABELS,
    "summary", "title", "message", "description", "error", "runbook_url", "dashboard_url",
    "env", "environment", "cluster", "region", "team", "project", "pod", "container",
)  # fmt: skip
# Monitoring tools, which are not the affected component.
_TOOL_NAMES: Final = (
    "alertmanager prometheus grafana zabbix nagios icinga icinga2 checkmk check_mk datadog opsgenie "
    "pagerduty "
    "sensu kibana elastalert elastalert2 uptime_kuma uptimekuma uptimerobot statuscake new_relic newrelic "
    "cloudwatch amazon_cloudwatch aws_cloudwatch sentry splunk azure_monitor azure google_cloud_monitoring "
    "stackdriver victorops jira jsm tocsin curl monitoring_tool prtg site24x7 pingdom"
)
TOOLS: Final = frozenset(_TOOL_NAMES.split())
TITLE_LABELS: Final = ("service", "job", "app", "component", "namespace", "pod", "host", "instance")
_SEPARATORS: Final = str.maketrans(".- /", "____")


def line(value: Any, limit: int = NAME_LENGTH) -> str:
    """Return a text, number or boolean as one line of at most `limit` characters; "" for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return fit(str(value), limit) if isinstance(value, str | int | float) else ""


def prose(value: Any) -> str:
    """Return a longer text with its line breaks, at most 20,000 characters; "" for anything else."""
    return fit_text(value).strip() if isinstance(value, str) else ""


def first_line(*values: Any, limit: int = NAME_LENGTH) -> str:
    """Return the first of `values` that makes a line; "" when none does."""
    return next((found for value in values if (found := line(value, limit))), "")


def moment(value: Any) -> datetime | None:
    """Parse ISO 8601 text, or seconds or milliseconds since 1970, to an aware UTC time.

    None for anything else. Placeholders such as 0001-01-01 are None too. A text without a time zone is UTC.
    """
    try:
        found = _instant(value)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found is not None and _FIRST_YEAR <= found.year <= _LAST_YEAR else None


def _instant(value: Any) -> datetime | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.strip().lstrip("-").replace(".", "", 1).isdecimal():
        value = float(value)
    if isinstance(value, int | float):
        for _ in range(3):  # milli-, micro- or nanoseconds
            value = value / 1000 if abs(value) >= _MILLISECONDS else value
        return datetime.fromtimestamp(value, UTC)
    if not isinstance(value, str):
        return None
    text = value.strip()
    # PagerDuty's own client writes both an offset and a Z.
    found = datetime.fromisoformat(text[:-1] if text.endswith("+00:00Z") else text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def severity_of(word: Any, own: Mapping[str, Severity] | None = None) -> Severity | None:
    """Parse `critical`, `P1`, `warning`, `sev2` … as a Severity, by the format's `own` words first.

    Else None.
    """
    text = line(word, 40).casefold()
    if found := (own or {}).get(text) or _WORDS.get(text):
        return found
    if numbered := _NUMBERED.fullmatch(text):
        return Severity(f"sev{min(max(int(numbered[1]), 1), 4)}")
    try:
        return parse_severity(text)
    except ValueError:
        return None


def type_of(word: Any) -> IncidentType | None:
    """Parse an incident type or one of its aliases; else None."""
    try:
        return parse_type(line(word, 60))
    except ValueError:
        return None


def labels_of(value: Any) -> dict[str, str]:
    """Return up to 50 labels of an object of scalars, truncated to fit; others are dropped."""
    if not isinstance(value, Mapping):
        return {}
    fitted = {line(name, LABEL_KEY_LENGTH): line(text) for name, text in value.items()}
    labels = [(name, text) for name, text in fitted.items() if name and text]
    if len(labels) > LABELS:
        places = {name: place for place, name in enumerate(MEANINGFUL)}
        labels.sort(key=lambda pair: places.get(plain_name(pair[0]), len(places)))
    return dict(labels[:LABELS])


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """Normalize a name: `Kubernetes-io/Name` -> `kubernetes_io_name`."""
    return name.strip().casefold().translate(_SEPARATORS)


def named(values: Mapping[str, Any], *names: str) -> Any:
    """Return the first of `names` in `values` that has a value, ignoring case and `.`, `-` or `_`.

    Else None.
    """
    spelled = values.spelled if isinstance(values, Labels) else _spelled(values)
    return next((values.get(name) or spelled[name] for name in names if name in spelled), None)


def _spelled(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values by normalized names; of two alike, the first."""
    spelled: dict[str, Any] = {}
    for name, value in values.items():
        if value not in (None, ""):
            spelled.setdefault(plain_name(str(name)), value)
    return spelled


class Labels(dict[str, Any]):
    """Labels or annotations for repeated look-ups by `named`: names are normalized once.

    Must not be changed after the first look-up.
    """

    @cached_property
    def spelled(self) -> Mapping[str, Any]:
        """Return the values by normalized names."""
        return _spelled(self)


def component_in(values: Mapping[str, Any]) -> str:
    """Return the component in labels or details: the first label that names it; else ""."""
    return line(named(values, *COMPONENT_LABELS))


def not_a_tool(*names: Any) -> str:
    """Return the sender's first own name that is neither an address nor the monitoring tool; else ""."""
    return next((text for text in map(line, names) if text and not _is_tool(text)), "")


def _is_tool(text: str) -> bool:
    return "://" in text or plain_name(text) in TOOLS


def title_from(labels: Mapping[str, str]) -> str:
    """Return a title for an alert without a name: its component, or its first labels; "" without any."""
    about = dict.fromkeys(line(found) for name in TITLE_LABELS if (found := named(labels, name)))
    return " ".join(list(about)[:3] or list(labels.values())[:3])


def link(url: Any, text: str = "") -> Link | None:
    """Return a Link for an absolute http or https URL without credentials; else None."""
    if not isinstance(url, str) or len(url) > MAX_URL or any(c.isspace() or ord(c) < 32 for c in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    safe = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    return Link(url, fit(text, NAME_LENGTH)) if safe else None


def links(*found: Link | None) -> tuple[Link, ...]:
    """Return the links, each URL once, at most ten."""
    return tuple({item.url: item for item in found if item is not None}.values())[:10]


def require_object(value: Any, field: str = "") -> Mapping[str, Any]:
    """Return `value` if it is a JSON object. Raises Invalid naming `field`."""
    if isinstance(value, Mapping):
        return value
    where = field or "the body"
    raise Invalid(f"{where} must be a JSON object.", faults=[FieldFault(field, "type", "must be an object")])


def require_line(value: Any, field: str, limit: int = NAME_LENGTH) -> str:
    """Return `value` as a line that is not empty. Raises Invalid naming `field`."""
    if text := line(value, limit):
        return text
    raise Invalid(f"{field} must be a text.", faults=[FieldFault(field, "required", "must be a text")])
