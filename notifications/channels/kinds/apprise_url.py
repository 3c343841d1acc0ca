"""Sends through any service the apprise library knows, in a child process with a time limit."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from typing import Final
from urllib.parse import unquote, urlsplit

import orjson
from django.conf import settings

from core.http.chat_text import unmarked
from core.http.child_guard import REFUSED_STATUS
from core.http.client import HttpPassingError
from core.queue.retry import PermanentError
from notifications.channels.kind import ChannelField, ChannelKind, Sent, Target, channel_kind
from notifications.deliveries.message import Message

CALL_S: Final = 15
UNKNOWN_STATUS: Final = 3
LIST_S: Final = 30
# Hosted services, or self-hosted ones reached over HTTPS at public addresses. Other schemes that name
# a host are allowed only if the operator lists them.
DEFAULT_SCHEMES: Final = frozenset(
    [
        "discord",
        "tgram",
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
        "msgbird",
        "plivo",
        "sinch",
        "wxteams",
        "zulip",
        "spike",
        "pagertree",
        "spush",
        "join",
        "onesignal",
        "psafers",
        "pushed",
        "simplepush",
        "victorops",
        "splunk",
        "dingtalk",
        "feishu",
        "lark",
        "wecombot",
        "line",
    ]
)
# A single address: `Apprise.add` accepts a list, of which only the first scheme was checked.
_CHILD: Final = """
import sys, json, logging
logging.disable(logging.CRITICAL)
given = json.loads(sys.stdin.read())
import apprise
sys.path.append(given["root"])
from core.http.child_guard import REFUSED_STATUS, confine
refused = confine(given["allowed"])
one = apprise.Apprise.instantiate(given["url"])
if one is None:
    from apprise.manager_plugins import NotificationManager
    scheme = given["url"].strip().partition(":")[0].lower()
    is_known = scheme in NotificationManager().schemas()
    fault = "cannot read the rest of an address that begins with" if is_known else "knows no service"
    print(f"apprise {apprise.__version__} {fault} {scheme}://")
    sys.exit(3)
if one.notify(title=given["title"], body=given["body"]):
    sys.exit(0)
if refused:
    print(refused[0])
    sys.exit(REFUSED_STATUS)
sys.exit(4)
"""
_SCHEMES: Final = "from apprise.manager_plugins import NotificationManager as N; print(*N().schemas())"
# Certificates are always verified; apprise splits parameters at both characters.
_UNVERIFIED: Final = re.compile(r"[?&;]\s*verify\s*(=|&|;|$)", re.IGNORECASE)
_SEVERAL: Final = re.compile(r"[\s,]+[a-z0-9]{1,12}://", re.IGNORECASE)


@channel_kind
class AppriseChannel(ChannelKind):
    """Teams, Discord, Telegram, ntfy, SMS gateways and more."""

    name = "apprise"
    title = "Other service (apprise)"
    icon = "plug"
    fields = (ChannelField("url", "Apprise URL", "Such as discord://…; it holds the credentials.", True),)
    deduplicates = False

    def check(self, config: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, str]:
        """One address with a scheme that is allowed here, and no parameter that weakens TLS."""
        url = secrets.get("url", "")
        return {"url": fault} if url and (fault := entry_fault(url)) else {}

    def send(self, target: Target, message: Message) -> Sent:
        """Run apprise once. Raises HttpPassingError if the result is unknown, PermanentError."""
        url = target.secret("url")
        if fault := fault_in(url):
            raise PermanentError(f"the address {fault}")
        given = {
            "url": url, "title": unmarked(message.subject),
            "body": "\n".join([*map(unmarked, message.lines), message.url]),
            "root": str(settings.BASE_DIR),
            "allowed": [str(network) for network in settings.HTTP_ALLOWED_NETWORKS],
        }  # fmt: skip
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-c", _CHILD], input=orjson.dumps(given), timeout=CALL_S,
                capture_output=True, check=False, env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise HttpPassingError("the service timed out", may_have_acted=True) from None
        if done.returncode:
            raise _failure(done.returncode, done.stdout)
        return Sent(detail="accepted by the service")


def _failure(status: int, output: bytes) -> Exception:
    """The error for an exit status of the child process."""
    if status == REFUSED_STATUS:
        reason = output.decode(errors="replace").strip()[:200]
        return PermanentError(f"the service is not an allowed destination: {reason}")
    if status == UNKNOWN_STATUS:
        message = output.decode(errors="replace").strip()[:200]
        return PermanentError(message or "apprise does not understand this address")
    return HttpPassingError("the service rejected the message")


def entry_fault(url: str) -> str:
    """Validation error of an address being saved, or "". Stored ones with `verify=` still work."""
    if _UNVERIFIED.search(unquote(url)):
        return "must not hold verify=…: the certificate of the service is always checked"
    if fault := fault_in(url):
        return fault
    known = installed_schemes()
    is_known = not known or scheme_of(url) in known
    return "" if is_known else f"names {scheme_of(url)}://, which the installed apprise does not know"


def installed_schemes() -> frozenset[str]:
    """What the installed apprise knows; empty where it does not say so in time."""
    try:
        return _listed()
    except subprocess.SubprocessError:
        return frozenset()


@cache
def _listed() -> frozenset[str]:
    """Asked in a child, since that loads all of it."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", _SCHEMES], timeout=LIST_S, capture_output=True, check=True,
        text=True, env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
    )  # fmt: skip
    return frozenset(done.stdout.split())


def fault_in(url: str) -> str:
    """Why an address may not be used, or ""."""
    if _SEVERAL.search(url.strip()):
        return "must be a single one"
    if scheme_of(url) not in allowed_schemes():
        return "names a service that is not allowed here; the setting APPRISE_SCHEMES opens others"
    return ""


def scheme_of(url: str) -> str:
    """The scheme, lower case."""
    return urlsplit(url.strip()).scheme.lower()


def allowed_schemes() -> frozenset[str]:
    """The default schemes and those added by the operator."""
    return DEFAULT_SCHEMES | settings.APPRISE_SCHEMES
