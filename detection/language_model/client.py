"""Client of a language model with an OpenAI-compatible API, without retries.

Code that proposes, merges, links, notifies or acts may not import this module; import-linter enforces that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings

from core.http.client import request
from detection.language_model.answer import content_of

DEADLINE_S: Final = 8.0
CONNECT_S: Final = 3.0
MAX_REPLY_BYTES: Final = 200_000


@dataclass(frozen=True, slots=True)
class Endpoint:
    """URL of the model's API, its name, and the key, "" if none is needed."""

    url: str
    model: str
    key: str


def endpoint() -> Endpoint | None:
    """Return the configured model; None if there is none."""
    if not settings.LANGUAGE_MODEL_URL:
        return None
    url = settings.LANGUAGE_MODEL_URL.rstrip("/")
    return Endpoint(url, settings.LANGUAGE_MODEL_NAME, settings.LANGUAGE_MODEL_KEY)


def ask(where: Endpoint, sent: str) -> str:
    """Send the request text as it is; returns the model's text.

    Raises HttpPassingError and HttpPermanentError for anything but success within 8 s, InvalidResponseError
    if the response has no text.
    """
    headers = {"Content-Type": "application/json"}
    if where.key:
        headers["Authorization"] = f"Bearer {where.key}"
    reply = request(
        "POST",
        f"{where.url}/chat/completions",
        content=sent.encode(),
        headers=headers,
        connect_s=CONNECT_S,
        total_s=DEADLINE_S,
        max_bytes=MAX_REPLY_BYTES,
    )
    return content_of(reply.json())
