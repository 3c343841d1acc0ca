"""Field mapping: which parts of a body are which fields. Pure.

A mapping is stored as JSON with the source. Its expressions are those of `detection.webhooks.mapping.paths`.
"""

from __future__ import annotations

from collections.abc import Mapping as Read
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Final

from core.errors import FieldFault, Invalid
from detection.webhooks.http.signing import ALGORITHMS, ENCODINGS
from detection.webhooks.mapping.paths import ExpressionError, check, steps_of
from detection.webhooks.parsed import ChangeKind
from detection.webhooks.synonyms import STATES, plain
from incidents.vocabulary import Severity

KINDS: Final = ("alert", "event", "change")
MAX_WORDS: Final = 50
MAX_WORD: Final = 100
MAX_HEADER: Final = 100
EXPRESSIONS: Final = (
    "title", "description", "component", "key", "group", "severity", "state", "event_type", "occurred_at",
    "url", "labels", "version", "author",
)  # fmt: skip
SIGNATURE: Final = ("signature_header", "signature_algorithm", "signature_prefix", "signature_encoding")
TABLES: Final[Read[str, tuple[str, ...]]] = {"severities": tuple(Severity), "states": STATES}
CHOICES: Final[Read[str, tuple[str, ...]]] = {
    "kind": KINDS, "default_severity": ("", *Severity), "default_state": STATES,
    "change_kind": tuple(ChangeKind), "signature_algorithm": ALGORITHMS, "signature_encoding": ENCODINGS,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mapping:
    """How to parse one sender.

    `each`: the path of its list of alerts; empty: the body itself is the only one. kind: "alert" (opens and
    resolves by its state), "event" (counted by the rules), "change" (a deployment and the like). `severities`
    and `states` translate the sender's own words; common ones need no entry. `group`: alerts with the same
    text share an incident. `signature_…`: how the sender signs, if the source has a secret.
    """

    kind: str = "alert"
    each: str = ""
    title: str = "title | summary | subject | name | alert_name | alertname | event | message | msg | text"
    description: str = "description | details | body | message | msg | text"
    component: str = "component | service | source | host | hostname | server | monitor | project"
    key: str = "dedup_key | alias | fingerprint | incident_key | alert_id | id"
    group: str = ""
    severity: str = "severity | priority | level"
    state: str = "state | status | event_action | action"
    event_type: str = "event_type | type"
    occurred_at: str = "occurred_at | timestamp | time | date"
    url: str = "url | link"
    labels: str = "labels | tags"
    version: str = "version | revision | sha | commit"
    author: str = "author | user | actor"
    severities: Read[str, str] = field(default_factory=dict)
    states: Read[str, str] = field(default_factory=dict)
    default_severity: str = ""
    default_state: str = "firing"
    change_kind: str = "deployment"
    signature_header: str = "x-signature"
    signature_algorithm: str = "sha256"
    signature_prefix: str = ""
    signature_encoding: str = "hex"


DEFAULT: Final = Mapping()
_FIELDS: Final = tuple(one.name for one in fields(Mapping))


def parse_mapping(given: Any) -> Mapping:
    """Parse JSON to a Mapping; missing fields have their default. Raises Invalid naming each wrong field."""
    if not isinstance(given, Read):
        fault = FieldFault("mapping", "type", "must be an object")
        raise Invalid("The mapping must be an object. Nothing was changed.", faults=[fault])
    faults = [_fault(name, "unknown", "is not a field of a mapping") for name in given if name not in _FIELDS]
    faults += [fault for name in _FIELDS if name in given for fault in _check(name, given[name])]
    if faults:
        named = ", ".join(fault.field for fault in faults[:5])
        raise Invalid(f"The mapping cannot be used: {named}. Nothing was changed.", faults=faults)
    return _ready(Mapping(**given))


def mapping_json(mapping: Mapping) -> dict[str, Any]:
    """Return the mapping as it is stored: only what differs from the default."""
    return {name: value for name, value in asdict(mapping).items() if value != getattr(DEFAULT, name)}


def _ready(mapping: Mapping) -> Mapping:
    """Normalize own words like the tables, and the header name like requests."""
    return replace(
        mapping,
        severities={plain(word): meaning for word, meaning in mapping.severities.items()},
        states={plain(word): meaning for word, meaning in mapping.states.items()},
        signature_header=mapping.signature_header.strip().lower(),
    )


def _fault(name: Any, rule: str, message: str) -> FieldFault:
    return FieldFault(f"mapping.{str(name)[:60]}", rule, message)


def _check(name: str, value: Any) -> list[FieldFault]:
    if name in TABLES:
        return _check_words(name, value, TABLES[name])
    if not isinstance(value, str):
        return [_fault(name, "type", "must be text")]
    if "\0" in value:
        return [_fault(name, "characters", "must not contain NUL characters")]
    if name in CHOICES:
        choices = CHOICES[name]
        return [] if value in choices else [_fault(name, "choice", f"must be one of {', '.join(choices)}")]
    return _check_signature(name, value) if name in SIGNATURE else _check_expression(name, value)


def _check_signature(name: str, value: str) -> list[FieldFault]:
    is_header = name == "signature_header"
    if len(value) > MAX_HEADER or not value.isascii() or not value.isprintable():
        return [_fault(name, "format", f"must be at most {MAX_HEADER} plain characters")]
    if is_header and not value.strip().replace("-", "").replace("_", "").isalnum():
        return [_fault(name, "format", "must be the name of a header, like X-Signature")]
    return []


def _check_expression(name: str, value: str) -> list[FieldFault]:
    try:
        (steps_of if name == "each" else check)(value)
    except ExpressionError as refusal:
        return [_fault(name, "expression", str(refusal))]
    return []


def _check_words(name: str, value: Any, choices: tuple[str, ...]) -> list[FieldFault]:
    if not isinstance(value, dict) or len(value) > MAX_WORDS:
        return [_fault(name, "type", f"must be an object of at most {MAX_WORDS} words")]
    wrong = [
        word for word, meaning in value.items()
        if meaning not in choices or not 0 < len(word) <= MAX_WORD or "\0" in word
    ]  # fmt: skip
    return [_fault(name, "choice", f"{word[:60]!r} must mean one of {', '.join(choices)}") for word in wrong]
