"""Posts and finds messages; finding is used before an unconfirmed post is repeated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from warroom.connection.models import SlackTeam
from warroom.slack.client import call
from warroom.slack.errors import BAD_BLOCKS, SlackRefusedError
from warroom.slack.text import MAX_PLAIN_CHARS, cut

EVENT_TYPE: Final = "tocsin"
POST_EVERY_S: Final = 1.0  # in each channel, as documented
HISTORY_PAGE: Final = 200
MAX_PAGES: Final = 10
SLACK_CLOCK: Final = timedelta(seconds=60)


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


def find_posted(
    team: SlackTeam, channel: str, key: str, *, since: datetime | None, thread_ts: str = ""
) -> str:
    """The ts of our message with `key` in a channel or a thread, first tried at `since`; or ""."""
    if since is None:
        return ""
    for message in _messages(team, channel, since - SLACK_CLOCK, thread_ts):
        metadata = message.get("metadata") or {}
        if metadata.get("event_type") == EVENT_TYPE and metadata.get("event_payload", {}).get("key") == key:
            return str(message["ts"])
    return ""


def _messages(team: SlackTeam, channel: str, oldest: datetime, thread_ts: str) -> Iterator[dict[str, Any]]:
    """Messages since `oldest`. A thread begins with its oldest ones, a channel with its newest."""
    method = "conversations.replies" if thread_ts else "conversations.history"
    page: dict[str, Any] = {"channel": channel, "limit": HISTORY_PAGE, "include_all_metadata": "true"}
    page |= {"oldest": f"{oldest.timestamp():.6f}"} | ({"ts": thread_ts} if thread_ts else {})
    for _ in range(MAX_PAGES):
        response = call(team, method, **page)
        yield from response.get("messages", [])
        page["cursor"] = (response.get("response_metadata") or {}).get("next_cursor", "")
        if not page["cursor"]:
            return
