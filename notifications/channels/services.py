"""Creates, changes, deletes and tests channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import IntegrityError, transaction

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import Workspace
from accounts.permissions import Capability, require
from core.errors import Conflict, FieldFault, Invalid
from core.http.addresses import is_other_server
from core.secrets.signing import new_webhook_secret
from notifications.channels.kind import CHANNEL_KINDS, ChannelKind
from notifications.channels.models import Channel
from notifications.channels.selectors import channel_for
from notifications.channels.targets import Secrets, encrypted, secrets_of

MAX_CHANNELS: Final = 200
MAX_FALLBACKS: Final = 3
MAX_NAME: Final = 80
MAX_VALUE: Final = 2000


def create_channel(
    actor: Actor,
    *,
    kind: str,
    name: str,
    config: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    fallback_id: int | None = None,
    is_for_drills: bool = False,
) -> Channel:
    """Create a channel. Raises Forbidden, Invalid (field)."""
    require(actor, Capability.CHANNELS_WRITE)
    if kind not in CHANNEL_KINDS:
        raise _invalid("kind", "choice", f"must be one of {', '.join(CHANNEL_KINDS.names())}")
    of_kind = CHANNEL_KINDS.get(kind)
    given = dict(secrets or {})
    if kind == "webhook" and not given.get("secret"):
        given["secret"] = new_webhook_secret()
    clean, sealed = _checked(of_kind, config or {}, given, {})
    channel = Channel(
        workspace_id=actor.workspace_id, kind=kind, name=_name(name), config=clean, secrets=encrypted(sealed),
        is_for_drills=is_for_drills,
    )  # fmt: skip
    with transaction.atomic():
        _lock_chains(actor)
        if Channel.objects.of(actor.workspace_id).count() >= MAX_CHANNELS:
            raise Conflict(f"A workspace has at most {MAX_CHANNELS} channels. Nothing was created.")
        channel.fallback = _fallback(actor, channel, fallback_id)
        _refuse_mixed(channel)
        _save(channel, force_insert=True)
        summary = f"{actor.label} created the {of_kind.title} channel {channel.name}"
        record(actor, action="channel.create", target=channel, summary=summary)
    return channel


def update_channel(
    actor: Actor,
    *,
    channel_id: int,
    name: str | None = None,
    config: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    fallback_id: int | None = None,
    is_enabled: bool | None = None,
    is_for_drills: bool | None = None,
    changes_fallback: bool = False,
) -> Channel:
    """Update the given fields. Empty secrets are unchanged; a replaced secret stays valid beside the new one.

    Raises Forbidden, NotFound, Invalid.
    """
    require(actor, Capability.CHANNELS_WRITE)
    with transaction.atomic():
        _lock_chains(actor)
        channel = _locked(actor, channel_id)
        before = _shown(channel)
        of_kind = CHANNEL_KINDS.get(channel.kind)
        if config is not None or secrets:
            stored = secrets_of(channel)
            wanted = channel.config if config is None else config
            _refuse_other_server(of_kind, channel.config, wanted, dict(secrets or {}), stored)
            channel.config, sealed = _checked(of_kind, wanted, dict(secrets or {}), stored)
            channel.secrets = encrypted(sealed)
        if name is not None:
            channel.name = _name(name)
        if is_for_drills is not None:
            channel.is_for_drills = is_for_drills
        if changes_fallback:
            channel.fallback = _fallback(actor, channel, fallback_id)
        _refuse_mixed(channel)
        if is_enabled is not None:
            channel.is_enabled = is_enabled
        channel.state, channel.reason, channel.retry_at = Channel.State.OK, "", None
        channel.version += 1
        _save(channel)
        after = _shown(channel)
        changes = {field: [before[field], after[field]] for field in after if before[field] != after[field]}
        if secrets and any(secrets.values()):
            changes["secrets"] = ["set", "replaced"]
        summary = f"{actor.label} changed the channel {channel.name}"
        record(actor, action="channel.update", target=channel, summary=summary, changes=changes)
    return channel


def delete_channel(actor: Actor, *, channel_id: int) -> None:
    """Delete a channel; its deliveries are retained. Raises Forbidden, NotFound."""
    require(actor, Capability.CHANNELS_WRITE)
    with transaction.atomic():
        channel = _locked(actor, channel_id)
        summary = f"{actor.label} deleted the channel {channel.name}"
        record(actor, action="channel.delete", target=channel, summary=summary)
        channel.delete()


def _lock_chains(actor: Actor) -> None:
    """Serialize channel changes: two concurrent ones could create a fallback cycle."""
    Workspace.objects.select_for_update(no_key=True).get(pk=actor.workspace_id)


def _locked(actor: Actor, channel_id: int) -> Channel:
    channel_for(actor, channel_id)
    rows = Channel.objects.of(actor.workspace_id).select_for_update(of=("self",))
    locked: Channel = rows.get(pk=channel_id)
    return locked


def _shown(channel: Channel) -> dict[str, Any]:
    fallback = channel.fallback.name if channel.fallback else None
    return {
        "name": channel.name,
        "config": dict(channel.config),
        "fallback": fallback,
        "enabled": channel.is_enabled,
        "for_drills": channel.is_for_drills,
    }


def _save(channel: Channel, **options: Any) -> None:
    try:
        with transaction.atomic():
            channel.save(**options)
    except IntegrityError as error:
        raise _invalid("name", "unique", f"{channel.name} is the name of another channel") from error


def _name(name: str) -> str:
    clean = " ".join(name.split())
    if not 1 <= len(clean) <= MAX_NAME:
        raise _invalid("name", "length", f"must have 1 to {MAX_NAME} characters")
    return clean


def _checked(
    kind: ChannelKind, config: Mapping[str, str], given: Mapping[str, str], stored: Secrets
) -> tuple[dict[str, str], Secrets]:
    """Validated fields and the secrets to store. Raises Invalid (fields)."""
    plain = {f.name: str(config.get(f.name, "")).strip() for f in kind.fields if not f.is_secret}
    new = {f.name: str(given.get(f.name, "")).strip() for f in kind.fields if f.is_secret}
    effective = {name: value or (stored.get(name) or ("",))[0] for name, value in new.items()}
    faults = {
        f.name: "is required"
        for f in kind.fields
        if f.is_required and not (effective if f.is_secret else plain)[f.name]
    }
    faults |= {
        n: f"must have at most {MAX_VALUE} characters"
        for n, v in {**plain, **new}.items()
        if len(v) > MAX_VALUE
    }
    faults = {**kind.check(plain, effective), **faults}
    if faults:
        raise Invalid(
            "The channel was not saved.", faults=[FieldFault(n, "value", text) for n, text in faults.items()]
        )
    sealed: Secrets = {}
    for name, value in new.items():
        old = stored.get(name, ())
        if values := ((value, *old[:1]) if value and (value,) != old[:1] else old):
            sealed[name] = values
    return {name: value for name, value in plain.items() if value}, sealed


def _refuse_other_server(
    kind: ChannelKind,
    before: Mapping[str, str],
    after: Mapping[str, str],
    given: Mapping[str, str],
    stored: Secrets,
) -> None:
    """Require a stored secret to be entered again when the server changes. Raises Invalid (the secret)."""
    for name, address in kind.server_fields.items():
        is_unchanged = stored.get(name) and not given.get(name, "").strip()
        if is_unchanged and is_other_server(before.get(address, ""), str(after.get(address, ""))):
            raise _invalid(name, "typed_again", f"must be entered again: {address} names another server")


def _fallback(actor: Actor, channel: Channel, fallback_id: int | None) -> Channel | None:
    """The fallback channel. Raises Invalid for a cycle or a chain that is too long."""
    if fallback_id is None:
        return None
    found: Channel | None = Channel.objects.of(actor.workspace_id).filter(pk=fallback_id).first()
    if found is None:
        raise _invalid("fallback", "choice", "must be a channel of this workspace")
    rows = Channel.objects.of(actor.workspace_id).values_list("pk", "fallback_id")
    after: dict[int, int | None] = dict(rows) | {channel.pk: fallback_id}
    lengths = {pk: _chain_length(after, pk) for pk in after}
    if lengths[channel.pk] is None:
        raise _invalid("fallback", "loop", "would create a cycle of fallbacks")
    if any(length is not None and length > MAX_FALLBACKS for length in lengths.values()):
        raise _invalid("fallback", "length", f"would be a chain of more than {MAX_FALLBACKS}")
    return found


def _chain_length(after: Mapping[int, int | None], pk: int) -> int | None:
    """Length of the fallback chain after a channel; None for a cycle."""
    seen, step = {pk}, after.get(pk)
    while step is not None:
        if step in seen:
            return None
        seen.add(step)
        step = after.get(step)
    return len(seen) - 1


def _refuse_mixed(channel: Channel) -> None:
    """Refuse a fallback between drill and real channels. Raises Invalid."""
    backed_up = Channel.objects.of(channel.workspace_id).filter(fallback=channel.pk or 0)
    others = [channel.fallback] if channel.fallback else []
    others += list(backed_up.exclude(is_for_drills=channel.is_for_drills)[:1])
    if any(one.is_for_drills != channel.is_for_drills for one in others):
        raise _invalid("fallback", "drills", "must be for drills if the channel is, and not otherwise")


def _invalid(field: str, rule: str, text: str) -> Invalid:
    return Invalid(f"{field} {text}. Nothing was changed.", faults=[FieldFault(field, rule, text)])
