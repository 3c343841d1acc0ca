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
# Answers with status 200 that another attempt may change.
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
        ChannelField("webhook_url", "Incoming webhook URL", "Or leave empty and use a bot.", True, False),
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
    recognizes_repeats = False
    goes_to = {"bot_token": "api_url"}

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
        """None: a message that waits may not hold up the next one, which may be a page."""
        return ""

    def send(self, target: Target, message: Message) -> Sent:
        """Post it; text that Slack finds too rich is posted plain, once. Raises what `request` does."""
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

    def looks_back(self, target: Target) -> bool:
        """As a bot: each message carries the id of its delivery."""
        return bool(target.secret("bot_token"))

    def find_sent(self, target: Target, message: Message, since: datetime) -> Sent | None:
        """Look for the id in the channel's history. Raises HttpPermanentError without the scope for it."""
        channel = self._conversation(target)
        asked = {"channel": channel, "oldest": f"{since.timestamp():.6f}", "include_all_metadata": "true"}
        cursor = ""
        for _ in range(MAX_PAGES):
            answer = self._ask(target, "conversations.history", asked | {"limit": "200", "cursor": cursor})
            _raise_for(answer)
            for one in answer.get("messages") or []:
                if _delivery_of(one) == message.public_id:
                    return Sent(str(one.get("ts", "")), 200, "An earlier attempt had arrived.")
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return None
        raise HttpPermanentError("too much was posted since the earlier attempt", status=200)

    def _conversation(self, target: Target) -> str:
        """The id of the channel; for a person that of the conversation with the bot."""
        channel = target.recipient or target.config["channel"]
        if not channel.startswith(("U", "W")):
            return channel
        answer = self._ask(target, "conversations.open", {"users": channel})
        _raise_for(answer)
        return str((answer.get("channel") or {}).get("id", ""))

    def _as_bot(self, target: Target, message: Message) -> Sent:
        channel = target.recipient or target.config["channel"]
        common = {"channel": channel, "metadata": _metadata(message)}
        answer = self._call(target, "chat.postMessage", common | rich(message))
        if answer.get("error") in _TOO_RICH:
            answer = self._call(target, "chat.postMessage", common | plain(message))
        _raise_for(answer)
        return Sent(str(answer.get("ts", "")), 200)

    def _call(self, target: Target, method: str, body: dict[str, Any]) -> dict[str, Any]:
        url = f"{(target.config.get('api_url') or API_URL).rstrip('/')}/{method}"
        headers = {"Authorization": f"Bearer {target.secret('bot_token')}"}
        return _answer(request("POST", url, json=body, headers=headers))

    def _ask(self, target: Target, method: str, arguments: dict[str, str]) -> dict[str, Any]:
        """Methods that read take a form."""
        url = f"{(target.config.get('api_url') or API_URL).rstrip('/')}/{method}"
        headers = {"Authorization": f"Bearer {target.secret('bot_token')}"}
        return _answer(request("POST", url, data=arguments, headers=headers))


def _answer(response: HttpResponse) -> dict[str, Any]:
    answer = response.json()
    return answer if isinstance(answer, dict) else {"ok": False, "error": "not an object"}


def _metadata(message: Message) -> dict[str, Any]:
    return {"event_type": EVENT_TYPE, "event_payload": {"delivery": message.public_id}}


def _delivery_of(posted: Mapping[str, Any]) -> str:
    metadata = posted.get("metadata") or {}
    is_ours = metadata.get("event_type") == EVENT_TYPE
    return str((metadata.get("event_payload") or {}).get("delivery", "")) if is_ours else ""


def _raise_for(answer: Mapping[str, Any]) -> None:
    if answer.get("ok"):
        return
    error = str(answer.get("error", "unknown_error"))
    if error in _PASSING:
        raise HttpPassingError(
            f"Slack answered {error}", status=429 if "rate" in error else 503, retry_after=5
        )
    raise HttpPermanentError(f"Slack answered {error}", status=200, body=error)


def escaped(text: str) -> str:
    """Slack's three special characters; nothing in a title may mention everybody."""
    return quiet(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain(message: Message) -> dict[str, Any]:
    """Text only."""
    return {"text": escaped(cut(message.subject, 300)) + (f"\n{message.url}" if message.url else "")}


def rich(message: Message) -> dict[str, Any]:
    """Text and blocks."""
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
