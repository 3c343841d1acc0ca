"""A channel's fields with its secrets decrypted, for the moment of sending."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from core.secrets.encryption import decrypt, encrypt
from notifications.channels.kind import Target
from notifications.channels.models import Channel

Secrets = dict[str, tuple[str, ...]]


def secrets_of(channel: Channel) -> Secrets:
    """Name -> live values, newest first. Raises DecryptionError."""
    if not channel.secrets:
        return {}
    return {name: tuple(values) for name, values in orjson.loads(decrypt(channel.secrets)).items()}


def encrypted(secrets: Secrets) -> str:
    """As it is stored."""
    return encrypt(orjson.dumps(secrets).decode()) if secrets else ""


def target_of(channel: Channel, recipient: str = "") -> Target:
    """What `ChannelKind.send` takes. Raises DecryptionError."""
    return Target(channel.config, secrets_of(channel), recipient)


def generated_secret(channel: Channel, given: Mapping[str, str] | None) -> str:
    """The signing secret that `create_channel` made because none was given, to be shown once; or nothing."""
    if channel.kind != "webhook" or (given or {}).get("secret"):
        return ""
    return secrets_of(channel)["secret"][0]
