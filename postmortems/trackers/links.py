"""Parses addresses of external issues. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from incidents.validation import clean_url, invalid

MAX_URL_CHARS: Final = 500
_GITHUB: Final = re.compile(r"/([\w.-]+/[\w.-]+)/(?:issues|pull)/([1-9]\d{0,9})/?")
_GITLAB: Final = re.compile(r"/([\w./-]+?)/-/(issues|merge_requests|work_items)/([1-9]\d{0,9})/?")
_JIRA: Final = re.compile(r"(?:/[\w.-]+)*/browse/([A-Z][A-Z0-9_]{1,30}-[1-9]\d{0,9})/?")
_LINEAR: Final = re.compile(r"/[\w-]+/issue/([A-Z][A-Z0-9]{0,30}-[1-9]\d{0,9})(?:/[^/]*)?/?")


@dataclass(frozen=True)
class OutsideLink:
    """An external issue: its system, and a normalized key."""

    system: str
    key: str
    url: str

    @property
    def shown(self) -> str:
        """Label: `acme/shop#42`, `OPS-42`, else the host."""
        if self.system in ("jira", "linear"):
            return self.key.rpartition("/")[2]
        if self.system == "other":
            return urlsplit(self.url).hostname or self.url
        return self.key.partition("/")[2]


def read_link(text: str) -> OutsideLink:
    """Parse the address of an issue. Raises Invalid (field `outside_url`)."""
    url = clean_url("outside_url", text.strip())
    if len(url) > MAX_URL_CHARS:
        raise invalid("outside_url", "max_length", f"must have at most {MAX_URL_CHARS} characters")
    parts = urlsplit(url)
    host, path = (parts.hostname or "").lower(), parts.path
    if host == "linear.app" and (found := _LINEAR.fullmatch(path)):
        return OutsideLink("linear", f"{host}/{found[1]}", url)
    if found := _GITLAB.fullmatch(path):
        mark = "!" if found[2] == "merge_requests" else "#"
        return OutsideLink("gitlab", f"{host}/{found[1].lower()}{mark}{found[3]}", url)
    if found := _JIRA.fullmatch(path):
        return OutsideLink("jira", f"{host}/{found[1]}", url)
    if found := _GITHUB.fullmatch(path):
        return OutsideLink("github", f"{host}/{found[1].lower()}#{found[2]}", url)
    return OutsideLink("other", f"{host}{path.rstrip('/')}"[:300], url)
