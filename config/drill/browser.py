"""A person's browser, as far as the exercise needs one: cookies, pages, forms that are filled in and sent."""

from __future__ import annotations

import re
import urllib.request
from html import unescape
from http.cookiejar import CookieJar
from typing import Final
from urllib.parse import urlencode

WITHIN_S: Final = 30
_INPUT: Final = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


class Browser:
    """`page` opens an address; `send` fills in the form of a page that goes to `action`."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
        )

    def page(self, path: str) -> str:
        """The text of a page. Raises OSError when it is refused."""
        return self._open(path, None)

    def send(self, page: str, action: str, **typed: str) -> str:
        """Send the form of the page that goes to `action`, with its hidden fields and what is typed."""
        form = next((one for one in page.split("<form")[1:] if f'action="{action}"' in one), "")
        return self._open(action, {name: unescape(value) for name, value in _INPUT.findall(form)} | typed)

    def sign_in(self, link: str) -> None:
        """By a link that works once: the page has one form, without an address of its own."""
        fields = dict(_INPUT.findall(self.page(link)))
        self._open(link, fields)

    def _open(self, path: str, fields: dict[str, str] | None) -> str:
        content = urlencode(fields).encode() if fields is not None else None
        with self._opener.open(f"{self.base_url}{path}", content, WITHIN_S) as reply:
            return str(reply.read().decode())
