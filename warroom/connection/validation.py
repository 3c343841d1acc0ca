"""Validation of Slack settings. Pure."""

from __future__ import annotations

import re
from typing import Final

from accounts.validation import invalid

MAX_SECRET_CHARS: Final = 500
_BOT_TOKEN: Final = re.compile(r"xox[be][-.][A-Za-z0-9.-]{1,480}")
_APP_TOKEN: Final = re.compile(r"xapp-[A-Za-z0-9-]{1,480}")
_SIGNING: Final = re.compile(r"[A-Za-z0-9]{16,128}")
_SLACK_ID: Final = re.compile(r"[UW][A-Z0-9]{2,31}")
_CHANNEL: Final = re.compile(r"#?[^\s#@,]{1,79}")


def clean_bot_token(text: str) -> str:
    """Validate a bot token. Raises Invalid (field `bot_token`)."""
    return _matching("bot_token", text, _BOT_TOKEN, "must be a bot token, which begins with xoxb-")


def clean_app_token(text: str) -> str:
    """Validate an app-level token. Raises Invalid (field `app_token`)."""
    return _matching("app_token", text, _APP_TOKEN, "must be an app-level token, which begins with xapp-")


def clean_signing_secret(text: str) -> str:
    """Validate a signing secret. Raises Invalid (field `signing_secret`)."""
    return _matching("signing_secret", text, _SIGNING, "must be 16 to 128 letters and digits")


def clean_slack_id(text: str) -> str:
    """Validate a member id. Raises Invalid (field `slack_id`)."""
    return _matching("slack_id", text.strip().upper(), _SLACK_ID, "must be a member id such as U012AB3CD")


def clean_channel(text: str) -> str:
    """Validate a channel name or id; returns it without #. Raises Invalid (field `announce_channel`)."""
    if not text.strip():
        return ""
    return _matching("announce_channel", text, _CHANNEL, "must be one channel, such as #incidents").lstrip(
        "#"
    )


def _matching(field: str, text: str, pattern: re.Pattern[str], rule: str) -> str:
    value = text.strip()
    if not pattern.fullmatch(value):
        raise invalid(field, "shape", rule)
    return value
