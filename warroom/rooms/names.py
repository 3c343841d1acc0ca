"""Names and topics of rooms. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MAX_SLUG_CHARS: Final = 20
MAX_NAME_CHARS: Final = 80
MAX_TOPIC_CHARS: Final = 250
MAX_NAMES: Final = 9


def channel_name(number: int, title: str, turn: int = 1) -> str:
    """`inc-42-checkout-returns-500`; a higher `turn` appends -2 to -9, for names that are taken."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_SLUG_CHARS].strip("-")
    name = f"inc-{number}-{slug}" if slug else f"inc-{number}"
    return f"{name}-{turn}"[:MAX_NAME_CHARS] if turn > 1 else name


def topic_of(severity: str, title: str, status: str) -> str:
    """`[SEV1] Checkout returns 500 | Status: Investigating`, with the title cut to fit."""
    head, tail = f"[{severity}] ", f" | Status: {status}"
    room = MAX_TOPIC_CHARS - len(head) - len(tail)
    return f"{head}{title if len(title) <= room else title[: room - 1] + '…'}{tail}"
