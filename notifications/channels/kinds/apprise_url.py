"""Sends through any service the apprise library knows, in a child process with a time limit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import orjson
from django.conf import settings

from core.http.client import HttpPassingError
from core.queue.retry import PermanentError
from notifications.channels.kind import ChannelField, ChannelKind, Sent, Target, channel_kind
from notifications.deliveries.message import Message

CALL_S: Final = 15
# Services with hosts of their own. Schemes that name a host are open only where the operator lists them.
DEFAULT_SCHEMES: Final = frozenset(
    [
        "discord",
        "telegram",
        "tgram",
        "msteams",
        "workflows",
        "ntfys",
        "gchat",
        "pover",
        "pbul",
        "o365",
        "opsgenie",
        "signl4",
        "twilio",
        "vonage",
        "sns",
        "clickatell",
        "messagebird",
        "plivo",
        "sinch",
        "webexteams",
        "wxteams",
        "zulip",
        "spike",
        "pagertree",
        "spush",
        "join",
        "onesignal",
        "pushsafer",
        "pushed",
        "simplepush",
        "smseagle",
        "victorops",
        "splunk",
        "dingtalk",
        "feishu",
        "lark",
        "wecombot",
        "line",
    ]
)
_CHILD: Final = """
import sys, json, logging
logging.disable(logging.CRITICAL)
import apprise
given = json.loads(sys.stdin.read())
one = apprise.Apprise()
if not one.add(given["url"]):
    sys.exit(3)
sys.exit(0 if one.notify(title=given["title"], body=given["body"]) else 4)
"""


@channel_kind
class AppriseChannel(ChannelKind):
    """Teams, Discord, Telegram, ntfy, SMS gateways and more."""

    name = "apprise"
    title = "Other service (apprise)"
    icon = "plug"
    fields = (ChannelField("url", "Apprise URL", "Such as discord://…; it holds the credentials.", True),)
    recognizes_repeats = False

    def check(self, config: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, str]:
        """A scheme that is allowed here."""
        url = secrets.get("url", "")
        if url and scheme_of(url) not in allowed_schemes():
            return {"url": "this service is not allowed here; the setting APPRISE_SCHEMES opens others"}
        return {}

    def send(self, target: Target, message: Message) -> Sent:
        """Run apprise once. Raises HttpPassingError where the answer is lost, PermanentError."""
        url = target.secret("url")
        if scheme_of(url) not in allowed_schemes():
            raise PermanentError(f"the scheme {scheme_of(url)} is not allowed here")
        given = {"url": url, "title": message.subject, "body": "\n".join([*message.lines, message.url])}
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-c", _CHILD], input=orjson.dumps(given), timeout=CALL_S,
                capture_output=True, check=False, env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise HttpPassingError("the service did not answer in time", may_have_acted=True) from None
        if done.returncode == 3:
            raise PermanentError("apprise does not understand this URL")
        if done.returncode != 0:
            raise HttpPassingError("the service did not take the message")
        return Sent(detail="taken by the service")


def scheme_of(url: str) -> str:
    """The scheme, lower case."""
    return urlsplit(url.strip()).scheme.lower()


def allowed_schemes() -> frozenset[str]:
    """The defaults and what the operator added."""
    return DEFAULT_SCHEMES | settings.APPRISE_SCHEMES
