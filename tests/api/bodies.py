"""The whole body of a response, streamed ones included."""

from __future__ import annotations

from typing import Any

from asgiref.sync import async_to_sync


def body_of(response: Any) -> bytes:
    """The whole body, also of a streamed response."""
    if not response.streaming:
        return bytes(response.content)

    async def whole() -> bytes:
        return b"".join([part async for part in response])

    return async_to_sync(whole)() if response.is_async else b"".join(response.streaming_content)
