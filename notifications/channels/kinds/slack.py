"""Posts to a Slack channel: by an incoming webhook, or as a bot with chat.postMessage."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from core.http.addresses import address_fault
from core.http.chat_text import quiet
from core.http.client import HttpPassingError, HttpPermanentError, HttpResponse, request
from notifications.channels.kind import ChannelField, ChannelKind, Sent, Target, channel_kind
from notifications.deliveries.message import Message, cut

API_URL: Final = "https://slack.com/api"
MAX_HEADER: Final = 150
MAX_TEXT: Final = 2900
MAX_PAGES: Final = 5
EVENT_TYPE: Final = "tocsin_delivery"
# Errors sent with status 200 that are worth a retry.
_PASSING: Final = {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable",
                   "request_timeout", "team_added_to_org"}  # fmt: skip
_TOO_RICH: Final = {"invalid_blocks", "invalid_attachments", "msg_too_long", "no_text"}


SCOPES: Final = "xoxb-…, with chat:write and channels:history; for people im:write and im:history."


@channel_kind
class SlackChannel(ChannelKind):
    """A Slack channel."""

    name = "slack"
    title = "Slack"
    icon = "hash"
    fields = (
        ChannelField("webhook_url", "Incoming webhook URL", "Leave empty to use a bot token.", True, False),
        ChannelField(
            "bot_token",
            "Bot token",
            SCOPES,
            True,
            False,
        ),
        ChannelField("channel", "Channel ID", "Such as C0123456789; needed with a bot.", is_required=False),
        ChannelField("api_url", "API URL", "Only for GovSlack.", is_required=False),
    )
    deduplicates = False
    server_fields = {"bot_token": "api_url"}

    def check(self, config: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, str]:
        """A webhook, or a bot with a channel."""
        api_url = config.get("api_url", "")
        if api_url and (fault := address_fault(api_url)):
            return {"api_url": fault}
        if secrets.get("bot_token") and not config.get("channel"):
            return {"channel": "is needed with a bot token"}
        if url := secrets.get("webhook_url"):
            return (
                {} if url.startswith(("https://", "http://")) else {"webhook_url": "must begin with https://"}
            )
        return {} if secrets.get("bot_token") else {"webhook_url": "or a bot token is required"}

    def lane(self, workspace_id: int, incident_id: int | None, channel_id: int) -> str:
        """No lane: a waiting message must not block the next one, which may be a page."""
        return ""

    def send(self, target: Target, message: Message) -> Sent:
        """Post it; blocks rejected by Slack are resent as plain text, once. Raises what `request` does."""
        if target.secret("bot_token"):
            return self._as_bot(target, message)
        url = target.secret("webhook_url")
        try:
            response = request("POST", url, json=rich(message))
        except HttpPermanentError as error:
            if error.status != 400 or error.body.strip() not in _TOO_RICH:
                raise
            response = request("POST", url, json=plain(message))
        return Sent(status=response.status, detail=cut(response.text, 100))

    def can_find_sent(self, target: Target) -> bool:
        """With a bot token: each message carries its delivery id as metadata."""
        return bool(target.secret("bot_token"))

    def find_sent(self, target: Target, message: Message, since: datetime) -> Sent | None:
        """Search the channel's history for the delivery id. Raises HttpPermanentError without the scope."""
        channel = self._conversation(target)
        params = {"channel": channel, "oldest": f"{since.timestamp():.6f}", "include_all_metadata": "true"}
        cursor = ""
        for _ in range(MAX_PAGES):
            reply = self._ask(target, "conversations.history", params | {"limit": "200", "cursor": cursor})
            _raise_for(reply)
            for one in reply.get("messages") or []:
                if _delivery_of(one) == message.public_id:
                    return Sent(str(one.get("ts", "")), 200, "An earlier attempt was delivered.")
            cursor = (reply.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return None
        raise HttpPermanentError("too much was posted since the earlier attempt", status=200)

    def _conversation(self, target: Target) -> str:
        """The channel id; for a person, the id of the direct message with the bot."""
        channel = target.recipient or target.config["channel"]
        if not channel.startswith(("U", "W")):
            return channel
        reply = self._ask(target, "conversations.open", {"users": channel})
        _raise_for(reply)
        return str((reply.get("channel") or {}).get("id", ""))

    def _as_bot(self, target: Target, message: Message) -> Sent:
        channel = target.recipient or target.config["channel"]
        common = {"channel": channel, "metadata": _metadata(message)}
        reply = self._call(target, "chat.postMessage", common | rich(message))
        if reply.get("error") in _TOO_RICH:
            reply = self._call(target, "chat.postMessage", common | plain(message))
        _raise_for(reply)
        return Sent(str(reply.get("ts", "")), 200)

    def _call(self, target: Target, method: str, body: dict[str, Any]) -> dict[str, Any]:
        url = f"{(target.config.get('api_url') or API_URL).rstrip('/')}/{method}"
        headers = {"Authorization": f"Bearer {target.secret('bot_token')}"}
        return _json_object(request("POST", url, json=body, headers=headers))

    def _ask(self, target: Target, method: str, arguments: dict[str, str]) -> dict[str, Any]:
        """Call a read method, which takes form-encoded arguments."""
        url = f"{(target.config.get('api_url') or API_URL).rstrip('/')}/{method}"
        headers = {"Authorization": f"Bearer {target.secret('bot_token')}"}
        return _json_object(request("POST", url, data=arguments, headers=headers))


def _json_object(response: HttpResponse) -> dict[str, Any]:
    reply = response.json()
    return reply if isinstance(reply, dict) else {"ok": False, "error": "not an object"}


def _metadata(message: Message) -> dict[str, Any]:
    return {"event_type": EVENT_TYPE, "event_payload": {"delivery": message.public_id}}


def _delivery_of(posted: Mapping[str, Any]) -> str:
    metadata = posted.get("metadata") or {}
    is_ours = metadata.get("event_type") == EVENT_TYPE
    return str((metadata.get("event_payload") or {}).get("delivery", "")) if is_ours else ""


def _raise_for(reply: Mapping[str, Any]) -> None:
    if reply.get("ok"):
        return
    error = str(reply.get("error", "unknown_error"))
    if error in _PASSING:
        raise HttpPassingError(
            f"Slack returned {error}", status=429 if "rate" in error else 503, retry_after=5
        )
    raise HttpPermanentError(f"Slack returned {error}", status=200, body=error)


def escaped(text: str) -> str:
    """Escape Slack's control characters, so that a title cannot mention @channel."""
    return quiet(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain(message: Message) -> dict[str, Any]:
    """Message with text only."""
    return {"text": escaped(cut(message.subject, 300)) + (f"\n{message.url}" if message.url else "")}


def rich(message: Message) -> dict[str, Any]:
    """Message with text and blocks."""
    header = {"type": "plain_text", "text": cut(message.subject, MAX_HEADER) or "Notification"}
    blocks: list[dict[str, Any]] = [{"type": "header", "text": header}]
    if lines := escaped("\n".join(message.lines))[:MAX_TEXT]:
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": lines}})
    if message.url:
        button = {
            "type": "button",
            "text": {"type": "plain_text", "text": "Open in Tocsin"},
            "url": message.url,
        }
        blocks.append({"type": "actions", "elements": [button]})
    return {"text": plain(message)["text"], "blocks": blocks}
