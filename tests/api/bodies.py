"""The whole body of a response, streamed ones included."""

from __future__ import annotations

from typing import Any

from asgiref.sync import async_to_sync


def body_of(answer: Any) -> bytes:
    """The whole body, of a streamed answer too."""
    if not answer.streaming:
        return bytes(answer.content)

    async def whole() -> bytes:
        return b"".join([part async for part in answer])

    return async_to_sync(whole)() if answer.is_async else b"".join(answer.streaming_content)
