"""Converts untrusted text to one printable line. Pure."""

from __future__ import annotations


def plain(value: object, limit: int) -> str:
    """The value as one line of at most `limit` printable characters; "" for None."""
    words = " ".join(str("" if value is None else value).split())
    return "".join(char for char in words if char.isprintable())[:limit]
