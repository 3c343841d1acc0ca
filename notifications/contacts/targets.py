"""Channel kind and target for a contact method."""

from __future__ import annotations

from core.queue.retry import PermanentError
from core.secrets.encryption import decrypt
from notifications.channels.kind import CHANNEL_KINDS, ChannelKind, Target
from notifications.channels.models import Channel
from notifications.channels.targets import secrets_of
from notifications.contacts.models import ContactMethod
from notifications.contacts.ways import account_address


def kind_and_target(method: ContactMethod) -> tuple[ChannelKind, Target]:
    """The kind and target of a method. Raises PermanentError without a Slack bot, DecryptionError."""
    address = decrypt(method.address)
    if method.kind == ContactMethod.Kind.EMAIL:
        return CHANNEL_KINDS.get("email"), Target({}, {}, address)
    if method.kind == ContactMethod.Kind.APPRISE:
        return CHANNEL_KINDS.get("apprise"), Target({}, {"url": (address,)})
    bots = Channel.objects.of(method.workspace_id).filter(kind="slack", is_enabled=True).order_by("pk")
    for channel in bots:
        secrets = secrets_of(channel)
        if secrets.get("bot_token"):
            return CHANNEL_KINDS.get("slack"), Target(channel.config, secrets, address)
    raise PermanentError("no Slack channel with a bot token is set up, so people cannot be reached there")


def account_kind_and_target(workspace_id: int, user_id: int) -> tuple[ChannelKind, Target]:
    """Mail to the current account address. Raises PermanentError if it is not verified."""
    address = account_address(workspace_id, user_id)
    if not address:
        raise PermanentError("the person left, or the account's email address is no longer verified")
    return CHANNEL_KINDS.get("email"), Target({}, {}, address)
