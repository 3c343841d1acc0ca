"""State and rules of the fake Slack: what its methods do and how they refuse."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

NAME = re.compile(r"[a-z0-9_-]{1,80}")
MAX_BLOCKS, MAX_SECTION, MAX_FIELD, MAX_TEXT = 50, 3000, 2000, 40_000


def written_by_slack(text: str) -> str:
    """A topic as Slack gives it back: escaped, and addresses as links."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"https?://[^ ]+", lambda found: f"<{found[0]}>", escaped)


class RefusedError(Exception):
    """The response `{"ok": false, "error": code}`."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.code, self.more = code, more


@dataclass
class Channel:
    """A channel with its messages by ts."""

    id: str
    name: str
    creator: str
    created: float
    is_private: bool = False
    is_archived: bool = False
    topic: str = ""
    purpose: str = ""
    members: list[str] = field(default_factory=list)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    pins: list[str] = field(default_factory=list)
    pinned_by: dict[str, str] = field(default_factory=dict)
    bookmarks: list[dict[str, Any]] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """As the API lists it."""
        return {
            "id": self.id, "name": self.name, "creator": self.creator, "created": int(self.created),
            "is_private": self.is_private, "is_archived": self.is_archived,
            "topic": {"value": written_by_slack(self.topic)}, "purpose": {"value": self.purpose},
        }  # fmt: skip


class Slack:
    """One team: people, channels, views. Methods are named like Slack's, with an underscore for the dot."""

    team_id, name, bot_user_id, bot_id = "T0TEAM", "Acme", "U0BOT", "B0BOT"

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.channels: dict[str, Channel] = {}
        self.views: list[dict[str, Any]] = []
        self.homes: dict[str, dict[str, Any]] = {}
        self.ephemerals: list[dict[str, Any]] = []
        self.files: dict[str, bytes] = {}
        self.reacted: dict[str, list[str]] = {}
        self.triggers: dict[str, float] = {}
        self.requested_by: dict[str, str] = {}
        self.shown_to: dict[str, str] = {}
        self.serial = 0

    def person(self, slack_id: str, email: str, **more: Any) -> str:
        """Add a person; `more` overrides fields of the user object."""
        profile = {"email": email, "real_name": slack_id}
        self.users[slack_id] = {
            "id": slack_id, "team_id": self.team_id, "profile": profile, "is_email_confirmed": True,
            "is_bot": False, "is_restricted": False, **more,
        }  # fmt: skip
        return slack_id

    def channel(self, name: str, *, creator: str = "U0OTHER", member: bool = True) -> Channel:
        """Add a channel that someone else made."""
        made = Channel(self._id("C0CHAN"), name, creator, time.time())
        made.members = [creator, *([self.bot_user_id] if member else [])]
        self.channels[made.id] = made
        return made

    def named(self, name: str) -> Channel:
        """The channel with that name."""
        return next(one for one in self.channels.values() if one.name == name)

    def trigger(self, user: str = "") -> str:
        """A trigger id, good for one view within three seconds, which that person sees."""
        made = self._id("trigger")
        self.triggers[made], self.requested_by[made] = time.monotonic(), user
        return made

    def _id(self, prefix: str) -> str:
        self.serial += 1
        return f"{prefix}{self.serial:04d}"

    # Methods of the Web API.

    def auth_test(self, given: dict[str, Any]) -> dict[str, Any]:
        return {
            "url": "https://acme.slack.com/", "team": self.name, "user": "tocsin", "team_id": self.team_id,
            "user_id": self.bot_user_id, "bot_id": self.bot_id,
        }  # fmt: skip

    def conversations_create(self, given: dict[str, Any]) -> dict[str, Any]:
        name = given.get("name", "")
        if not NAME.fullmatch(name):
            raise RefusedError("invalid_name_maxlength" if len(name) > 80 else "invalid_name_specials")
        if any(one.name == name for one in self.channels.values()):
            raise RefusedError("name_taken")
        made = Channel(self._id("C0ROOM"), name, self.bot_user_id, time.time(), bool(given.get("is_private")))
        made.members = [self.bot_user_id]
        self.channels[made.id] = made
        return {"channel": made.shown()}

    def conversations_list(self, given: dict[str, Any]) -> dict[str, Any]:
        listed = [one.shown() for one in self.channels.values()]
        start = int(given.get("cursor") or 0)
        size = min(int(given.get("limit", 100)), 1000)
        following = str(start + size) if start + size < len(listed) else ""
        return {"channels": listed[start : start + size], "response_metadata": {"next_cursor": following}}

    def conversations_join(self, given: dict[str, Any]) -> dict[str, Any]:
        channel = self._find(given)
        if channel.is_private:
            raise RefusedError("method_not_supported_for_channel_type")
        channel.members.append(self.bot_user_id)
        return {"channel": channel.shown()}

    def conversations_setTopic(self, given: dict[str, Any]) -> dict[str, Any]:
        channel = self._active(given)
        if len(given["topic"]) > 250:
            raise RefusedError("too_long")
        channel.topic = given["topic"]
        return {"channel": channel.shown()}

    def conversations_setPurpose(self, given: dict[str, Any]) -> dict[str, Any]:
        channel = self._active(given)
        if len(given["purpose"]) > 250:
            raise RefusedError("too_long")
        channel.purpose = given["purpose"]
        return {"channel": channel.shown()}

    def conversations_invite(self, given: dict[str, Any]) -> dict[str, Any]:
        channel = self._active(given)
        for user in given["users"].split(","):
            if user == self.bot_user_id:
                raise RefusedError("cant_invite_self")
            if user not in self.users:
                raise RefusedError("user_not_found")
            if self.users[user].get("is_ultra_restricted"):
                raise RefusedError("ura_max_channels")
            if user in channel.members:
                raise RefusedError("already_in_channel")
            channel.members.append(user)
        return {"channel": channel.shown()}

    def conversations_kick(self, given: dict[str, Any]) -> dict[str, Any]:
        channel = self._active(given)
        if given["user"] == self.bot_user_id:
            raise RefusedError("cant_kick_self")
        if given["user"] not in self.users:
            raise RefusedError("user_not_found")
        if given["user"] not in channel.members:
            raise RefusedError("not_in_channel")
        channel.members.remove(given["user"])
        return {}

    def conversations_archive(self, given: dict[str, Any]) -> dict[str, Any]:
        channel = self._find(given)
        if channel.is_archived:
            raise RefusedError("already_archived")
        channel.is_archived = True
        return {}

    def conversations_unarchive(self, given: dict[str, Any]) -> dict[str, Any]:
        """Slack refuses this to bot tokens."""
        self._find(given)
        raise RefusedError("not_allowed_token_type")

    def conversations_members(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"members": self._find(given).members, "response_metadata": {"next_cursor": ""}}

    def conversations_history(self, given: dict[str, Any]) -> dict[str, Any]:
        channel = self._find(given)
        latest, oldest = given.get("latest"), given.get("oldest")
        found = sorted(channel.messages.values(), key=lambda one: one["ts"], reverse=True)
        found = [one for one in found if not latest or one["ts"] <= latest]
        found = [one for one in found if not oldest or one["ts"] >= oldest]
        found = [one for one in found if one.get("thread_ts") in (None, one["ts"])]
        return self._page(channel, found, given)

    def conversations_replies(self, given: dict[str, Any]) -> dict[str, Any]:
        channel = self._find(given)
        if given.get("ts") not in channel.messages:
            raise RefusedError("thread_not_found")
        below = [one for one in channel.messages.values() if given["ts"] in (one["ts"], one.get("thread_ts"))]
        below = [one for one in below if one["ts"] >= given.get("oldest", "")]
        return self._page(channel, sorted(below, key=lambda one: one["ts"]), given)

    def conversations_info(self, given: dict[str, Any]) -> dict[str, Any]:
        channel = self._find(given)
        return {"channel": channel.shown() | {"is_member": self.bot_user_id in channel.members}}

    def _page(self, channel: Channel, found: list[dict[str, Any]], given: dict[str, Any]) -> dict[str, Any]:
        hides = given.get("include_all_metadata") != "true"
        shown = [{k: v for k, v in one.items() if not (hides and k == "metadata")} for one in found]
        for one in shown:
            if one["ts"] in channel.pins:
                one["pinned_to"] = [channel.id]
            if "reactions" in one:
                by = self.reacted.get(one["ts"], ["U0OTHER"])
                one["reactions"] = [{"name": name, "count": 1, "users": by} for name in one["reactions"]]
        start = int(given.get("cursor") or 0)
        end = start + int(given.get("limit", 100))
        following = str(end) if end < len(shown) else ""
        return {"messages": shown[start:end], "response_metadata": {"next_cursor": following}}

    def chat_postMessage(self, given: dict[str, Any]) -> dict[str, Any]:
        channel = self._active(given)
        self._check_message(given)
        ts = f"{int(time.time())}.{self._id('')[-6:]:0>6}"
        content = {name: given[name] for name in ("text", "blocks", "metadata", "thread_ts") if name in given}
        channel.messages[ts] = {"ts": ts, "user": self.bot_user_id, "bot_id": self.bot_id, **content}
        return {"channel": channel.id, "ts": ts, "message": channel.messages[ts]}

    def chat_update(self, given: dict[str, Any]) -> dict[str, Any]:
        channel = self._active(given)
        message = channel.messages.get(given["ts"])
        if message is None:
            raise RefusedError("message_not_found")
        if message["user"] != self.bot_user_id:
            raise RefusedError("cant_update_message")
        self._check_message(given)
        message.update(text=given["text"], blocks=given.get("blocks", []))
        return {"channel": channel.id, "ts": given["ts"]}

    def chat_delete(self, given: dict[str, Any]) -> dict[str, Any]:
        channel = self._active(given)
        if given["ts"] not in channel.messages:
            raise RefusedError("message_not_found")
        if channel.messages[given["ts"]]["user"] != self.bot_user_id:
            raise RefusedError("cant_delete_message")
        del channel.messages[given["ts"]]
        return {"channel": channel.id, "ts": given["ts"]}

    def chat_postEphemeral(self, given: dict[str, Any]) -> dict[str, Any]:
        channel = self._active(given)
        if given["user"] not in channel.members:
            raise RefusedError("user_not_in_channel")
        self.ephemerals.append(given)
        return {"message_ts": "1.1"}

    def pins_add(self, given: dict[str, Any]) -> dict[str, Any]:
        channel = self._active(given)
        if given["timestamp"] not in channel.messages:
            raise RefusedError("message_not_found")
        if given["timestamp"] in channel.pins:
            raise RefusedError("already_pinned")
        channel.pins.append(given["timestamp"])
        return {}

    def pins_remove(self, given: dict[str, Any]) -> dict[str, Any]:
        channel = self._active(given)
        if given["timestamp"] not in channel.pins:
            raise RefusedError("no_pin")
        channel.pins.remove(given["timestamp"])
        return {}

    def pins_list(self, given: dict[str, Any]) -> dict[str, Any]:
        channel = self._find(given)
        known = [channel.messages[ts] for ts in channel.pins if ts in channel.messages]
        return {
            "items": [
                {
                    "type": "message", "channel": channel.id, "message": one,
                    "created_by": channel.pinned_by.get(one["ts"], self.bot_user_id),
                }
                for one in known
            ]
        }  # fmt: skip

    def bookmarks_add(self, given: dict[str, Any]) -> dict[str, Any]:
        channel = self._active({"channel": given["channel_id"]})
        made = {"id": self._id("Bk"), "title": given["title"], "link": given["link"]}
        channel.bookmarks.append(made)
        return {"bookmark": made}

    def bookmarks_list(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"bookmarks": self._find({"channel": given["channel_id"]}).bookmarks}

    def views_open(self, given: dict[str, Any]) -> dict[str, Any]:
        started = self.triggers.get(given.get("trigger_id", ""))
        if started is None:
            raise RefusedError("invalid_trigger_id")
        if started < 0:
            raise RefusedError("exchanged_trigger_id")
        if time.monotonic() - started > 3:
            raise RefusedError("expired_trigger_id")
        self.triggers[given["trigger_id"]] = -1.0
        view = {"id": self._id("V"), **given["view"]}
        self._check_blocks(view["blocks"], 100)
        if len(view["title"]["text"]) > 24:
            raise RefusedError("invalid_arguments")
        self.views.append(view)
        self.shown_to[view["id"]] = self.requested_by[given["trigger_id"]]
        return {"view": view}

    def views_publish(self, given: dict[str, Any]) -> dict[str, Any]:
        self._check_blocks(given["view"]["blocks"], 100)
        self.homes[given["user_id"]] = given["view"]
        return {"view": given["view"]}

    def users_lookupByEmail(self, given: dict[str, Any]) -> dict[str, Any]:
        for user in self.users.values():
            if user["profile"]["email"].lower() == given.get("email", "").lower():
                return {"user": user}
        raise RefusedError("users_not_found")

    def users_info(self, given: dict[str, Any]) -> dict[str, Any]:
        if given.get("user") not in self.users:
            raise RefusedError("user_not_found")
        return {"user": self.users[given["user"]]}

    def reactions_add(self, given: dict[str, Any]) -> dict[str, Any]:
        names = self._message(given).setdefault("reactions", [])
        if given["name"] in names:
            raise RefusedError("already_reacted")
        names.append(given["name"])
        return {}

    def reactions_remove(self, given: dict[str, Any]) -> dict[str, Any]:
        names = self._message(given).get("reactions", [])
        if given["name"] not in names:
            raise RefusedError("no_reaction")
        names.remove(given["name"])
        return {}

    def reactions_get(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"type": "message", "message": self._message(given)}

    def _message(self, given: dict[str, Any]) -> dict[str, Any]:
        found = self._active(given).messages.get(given["timestamp"])
        if found is None:
            raise RefusedError("message_not_found")
        return found

    def _find(self, given: dict[str, Any]) -> Channel:
        wanted = str(given.get("channel", ""))
        channel = self.channels.get(wanted)
        if channel is None:
            raise RefusedError("channel_not_found")
        return channel

    def _active(self, given: dict[str, Any]) -> Channel:
        channel = self._find(given)
        if channel.is_archived:
            raise RefusedError("is_archived")
        if self.bot_user_id not in channel.members:
            raise RefusedError("not_in_channel")
        return channel

    def _check_message(self, given: dict[str, Any]) -> None:
        if not given.get("text") and not given.get("blocks"):
            raise RefusedError("no_text")
        if len(given.get("text", "")) > MAX_TEXT:
            raise RefusedError("msg_too_long")
        self._check_blocks(given.get("blocks", []), MAX_BLOCKS)

    def _check_blocks(self, blocks: list[dict[str, Any]], most: int) -> None:
        if len(blocks) > most:
            raise RefusedError("invalid_blocks")
        for block in blocks:
            text = (block.get("text") or {}).get("text", "x")
            fields = block.get("fields", [])
            limit = 150 if block["type"] == "header" else MAX_SECTION
            if not 1 <= len(text) <= limit or len(fields) > 10:
                raise RefusedError("invalid_blocks")
            if any(not 1 <= len(one["text"]) <= MAX_FIELD for one in fields):
                raise RefusedError("invalid_blocks")


def method_of(slack: Slack, name: str) -> Callable[[dict[str, Any]], dict[str, Any]] | None:
    """The function of a method such as `chat.postMessage`."""
    group, dot, word = name.partition(".")
    found = getattr(slack, f"{group}_{word}", None) if dot and not word.startswith("_") else None
    return found if callable(found) else None
