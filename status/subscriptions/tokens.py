"""Signed tokens in the links of messages to subscribers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.core import signing

from core.errors import Gone
from status.subscriptions.models import Subscriber

CONFIRM_WITHIN_S: Final = 24 * 3600
_SALT: Final = "status.subscription"


def link_token(action: str, subscriber: Subscriber, components: Sequence[str] = ()) -> str:
    """A signed token of a subscriber and an action, for links."""
    given = [action, str(subscriber.public_id), list(components)]
    return signing.dumps(given, salt=_SALT, compress=True)


def read_token(action: str, token: str) -> tuple[str, list[str]]:
    """The subscriber's public id and components. Raises Gone."""
    try:
        named, public_id, components = signing.loads(
            token, salt=_SALT, max_age=CONFIRM_WITHIN_S if action == "confirm" else None
        )
    except (signing.BadSignature, ValueError) as error:
        raise Gone("This link is invalid or has expired. Subscribe again.") from error
    if named != action:
        raise Gone("This link is for something else.")
    return str(public_id), list(components)
