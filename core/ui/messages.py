"""Message storage: cookie first, session when too large."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class MessageCookie(CookieStorage):
    """Django's cookie storage under the name of the setting MESSAGE_COOKIE_NAME."""

    cookie_name: Any = settings.MESSAGE_COOKIE_NAME


class Messages(FallbackStorage):
    """Message storage named by the setting MESSAGE_STORAGE."""

    storage_classes: Any = (MessageCookie, SessionStorage)
