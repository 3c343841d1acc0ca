"""Posts and finds messages; finding is used before an unconfirmed post is repeated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from warroom.connection.models import SlackTeam
from warroom.slack.client import call
from warroom.slack.errors import BAD_BLOCKS, SlackRefusedError
from warroom.slack.text import MAX_PLAIN_CHARS, cut

EVENT_TYPE: Final = "tocsin"
HISTORY_PAGE: Final = 100


def post(
    team: SlackTeam,
    channel: str,
    text: str,
    *,
    key: str,
    blocks: Sequence[dict[str, Any]] = (),
    thread_ts: str = "",
) -> dict[str, Any]:
    """Post a message with `key` in its metadata. Returns Slack's response with `channel` and `ts`.

    Falls back to text if Slack rejects the blocks; joins a public channel once if needed.
    """
    message: dict[str, Any] = {
        "channel": channel,
        "text": cut(text, MAX_PLAIN_CHARS),
        "unfurl_links": False,
        "metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": key}},
    }
    if blocks:
        message["blocks"] = list(blocks)
    if thread_ts:
        message["thread_ts"] = thread_ts
    try:
        return call(team, "chat.postMessage", **message)
    except SlackRefusedError as refused:
        if refused.code == "not_in_channel":
            call(team, "conversations.join", channel=channel)
        elif refused.code in BAD_BLOCKS and "blocks" in message:
            del message["blocks"]
        else:
            raise
    return call(team, "chat.postMessage", **message)


def update(team: SlackTeam, channel: str, ts: str, text: str, blocks: Sequence[dict[str, Any]]) -> None:
    """Update one of our messages; falls back to text if Slack rejects the blocks."""
    message: dict[str, Any] = {"channel": channel, "ts": ts, "text": cut(text, MAX_PLAIN_CHARS)}
    try:
        call(team, "chat.update", **message, blocks=list(blocks))
    except SlackRefusedError as refused:
        if refused.code not in BAD_BLOCKS:
            raise
        call(team, "chat.update", **message, blocks=[])


def find_posted(team: SlackTeam, channel: str, key: str, *, thread_ts: str = "") -> str:
    """The ts of our message with `key` among the latest of a channel or a thread, or ""."""
    page: dict[str, Any] = {"channel": channel, "limit": HISTORY_PAGE, "include_all_metadata": "true"}
    if thread_ts:
        response = call(team, "conversations.replies", **page, ts=thread_ts)
    else:
        response = call(team, "conversations.history", **page)
    for message in response.get("messages", []):
        metadata = message.get("metadata") or {}
        if metadata.get("event_type") == EVENT_TYPE and metadata.get("event_payload", {}).get("key") == key:
            return str(message["ts"])
    return ""
