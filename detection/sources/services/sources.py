"""Creates, updates and deletes sources, their keys and signing secrets."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import orjson
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from accounts.tokens.credentials import digest
from core.errors import Conflict, FieldFault, Invalid, NotFound
from core.secrets.encryption import encrypt
from detection.models import Source, SourceSecret
from detection.webhooks.format import webhook_formats
from incidents.parsing import parsed
from incidents.validation import clean_line
from incidents.vocabulary import Severity, parse_severity

MAX_SOURCES: Final = 200
MAX_LIVE: Final = 2
NAME_LENGTH: Final = 80
SECRET_LENGTH: Final = 500
MAPPING_LENGTH: Final = 20_000
MAX_WINDOW: Final = 10_080
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
Purpose = SourceSecret.Purpose


def create_source(actor: Actor, *, kind: str, name: str, **fields: Any) -> tuple[Source, str]:
    """Create a source and the key in its URL (32 characters).

    `fields`: enabled, opens_incidents (default: on for alerting formats), default_severity, reopen_minutes,
    mapping. Raises Forbidden, Invalid naming the field, Conflict for a name in use.
    """
    require(actor, Capability.SOURCES_WRITE)
    if kind not in webhook_formats():
        raise _invalid("kind", "choice", f"must be one of {', '.join(sorted(webhook_formats().names()))}")
    values = {"opens_incidents": webhook_formats().get(kind).is_alerting, **_read(fields)}
    webhook_formats().get(kind).check_mapping(values.get("mapping", {}))
    if Source.objects.of(actor.workspace_id).count() >= MAX_SOURCES:
        raise Invalid(f"A workspace may have {MAX_SOURCES} sources. Delete one first.")
    title = clean_line("name", name, NAME_LENGTH)
    with _one_name(), transaction.atomic():
        source: Source = Source.objects.create(
            workspace_id=actor.workspace_id, kind=kind, name=title, **values
        )
        key = _add(source, Purpose.KEY, _chance())
        record(
            actor, action="source.create", target=source, summary=f"{actor.label} created the source {title}"
        )
    return source, key


def update_source(
    actor: Actor, *, source_id: int, version: int | None = None, name: str | None = None, **fields: Any
) -> Source:
    """Change fields of a source; does nothing when they already have these values.

    Raises Forbidden, NotFound, Invalid naming the field, Conflict (stale, or a name in use).
    """
    require(actor, Capability.SOURCES_WRITE)
    values = _read(fields) | ({} if name is None else {"name": clean_line("name", name, NAME_LENGTH)})
    with _one_name(), transaction.atomic():
        source = _locked(actor, source_id)
        if version is not None and version != source.version:
            raise Conflict("Someone else changed the source meanwhile. Nothing was saved; review it again.")
        webhook_formats().get(source.kind).check_mapping(values.get("mapping", {}))
        changed = {n: [getattr(source, n), v] for n, v in values.items() if getattr(source, n) != v}
        if changed:
            _save(source, values, list(changed))
            summary = f"{actor.label} changed the source {source.name}"
            record(actor, action="source.update", target=source, summary=summary, changes=_plain(changed))
    return source


def delete_source(actor: Actor, *, source_id: int) -> None:
    """Delete a source with its keys and its quarantine; events, changes and incidents stay.

    Raises Forbidden, NotFound.
    """
    require(actor, Capability.SOURCES_WRITE)
    with transaction.atomic():
        source = _locked(actor, source_id)
        summary = f"{actor.label} deleted the source {source.name}"
        record(actor, action="source.delete", target=source, summary=summary)
        source.delete()


def add_key(actor: Actor, *, source_id: int) -> str:
    """Add a second key for a source's URL; the first works until it is revoked.

    Raises Forbidden, NotFound, Conflict when two are live.
    """
    return _add_secret(actor, source_id, Purpose.KEY, _chance())


def add_signing_secret(actor: Actor, *, source_id: int, text: str) -> None:
    """Add a signing secret (8 to 500 characters); once there is one, unsigned requests are refused.

    Raises Forbidden, NotFound, Invalid, Conflict when two are live.
    """
    cleaned = clean_line("secret", text, SECRET_LENGTH)
    if len(cleaned) < 8:
        raise _invalid("secret", "min_length", "must have at least 8 characters")
    _add_secret(actor, source_id, Purpose.SIGNING, cleaned)


def revoke_secret(actor: Actor, *, source_id: int, secret_id: int) -> None:
    """Revoke a key or a signing secret at once (idempotent).

    Raises Forbidden, NotFound, Conflict for the only key: a source without any could receive nothing.
    """
    require(actor, Capability.SOURCES_WRITE)
    with transaction.atomic():
        source = _locked(actor, source_id)
        secret = SourceSecret.objects.of(actor.workspace_id).filter(source=source, pk=secret_id).first()
        if secret is None:
            raise NotFound("This source has no such key or secret.")
        if secret.revoked_at is not None:
            return
        if secret.purpose == Purpose.KEY and _live(source, Purpose.KEY) == 1:
            raise Conflict(
                "This is the only key of the source. Create another one first, or disable the source."
            )
        secret.revoked_at = timezone.now()
        secret.save(update_fields=["revoked_at"])
        summary = f"{actor.label} revoked the {_called(secret)} of {source.name}"
        record(actor, action="source.revoke", target=source, summary=summary)


def _add_secret(actor: Actor, source_id: int, purpose: Purpose, text: str) -> str:
    require(actor, Capability.SOURCES_WRITE)
    with transaction.atomic():
        source = _locked(actor, source_id)
        if _live(source, purpose) >= MAX_LIVE:
            raise Conflict(f"Two are live already: revoke one of {source.name}'s before creating another.")
        _add(source, purpose, text)
        kind = "key" if purpose == Purpose.KEY else "signing secret"
        summary = f"{actor.label} added a {kind} to {source.name}"
        record(actor, action="source.secret", target=source, summary=summary)
    return text


def _add(source: Source, purpose: Purpose, text: str) -> str:
    SourceSecret.objects.create(
        workspace_id=source.workspace_id,
        source=source,
        purpose=purpose,
        digest=digest(text),
        sealed=encrypt(text),
        hint=text[-4:],
    )
    return text


def _live(source: Source, purpose: Purpose) -> int:
    rows = SourceSecret.objects.of(source.workspace_id)
    return rows.filter(source=source, purpose=purpose, revoked_at=None).count()


def _locked(actor: Actor, source_id: int) -> Source:
    rows = Source.objects.of(actor.workspace_id).select_for_update()
    source: Source | None = rows.filter(pk=source_id).first()
    if source is None:
        raise NotFound("There is no such source in this workspace.")
    return source


def _save(source: Source, values: Mapping[str, Any], names: list[str]) -> None:
    for name in names:
        setattr(source, name, values[name])
    source.version += 1
    source.updated_at = timezone.now()
    source.save(update_fields=[*names, "version", "updated_at"])


def _read(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields as they are stored. Raises Invalid naming the wrong one."""
    readers: dict[str, Callable[[str, Any], Any]] = {
        "enabled": _truth, "opens_incidents": _truth, "reopen_minutes": _minutes, "mapping": _mapping,
        "default_severity": _severity,
    }  # fmt: skip
    if unknown := fields.keys() - readers.keys():
        raise _invalid(min(unknown), "unknown", "is not a field of a source")
    return {name: readers[name](name, value) for name, value in fields.items()}


def _truth(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise _invalid(name, "type", "must be true or false")


def _severity(name: str, value: Any) -> str:
    return str(parsed(name, value, parse_severity, Severity))


def _minutes(name: str, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_WINDOW:
        return value
    raise _invalid(name, "range", f"must be a whole number of minutes from 0 to {MAX_WINDOW}")


def _mapping(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _invalid(name, "type", "must be an object")
    if len(orjson.dumps(value, default=str)) > MAPPING_LENGTH:
        raise _invalid(name, "max_length", f"must be at most {MAPPING_LENGTH} bytes of JSON")
    return value


def _plain(changed: Mapping[str, list[Any]]) -> dict[str, Any]:
    return {
        name: [value if name == "mapping" else str(value) for value in pair] for name, pair in changed.items()
    }


def _called(secret: SourceSecret) -> str:
    kind = "key" if secret.purpose == Purpose.KEY else "signing secret"
    return f"{kind} ending in {secret.hint}"


def _chance() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(32))


def _invalid(field: str, rule: str, message: str) -> Invalid:
    return Invalid(f"{field} {message}. Nothing was saved.", faults=[FieldFault(field, rule, message)])


@contextlib.contextmanager
def _one_name() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise Conflict("Another source has this name. Nothing was saved; choose another one.") from None
