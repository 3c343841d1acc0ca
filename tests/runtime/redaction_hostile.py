"""Lines made to keep a redactor busy: what its patterns begin with, again and again, and never what they end with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_REPEATED: Final = {
    "names and separators": "a=", "quotes": '"', "backslashes": "\\", "brackets": "[{(", "dashes": "-",
    "password": "password", "password=": "password=", "assignments": "password = ", "open quotes": "password=\"'",
    "escaped quotes": 'password=\\"', "names and backslashes": "password\\\\\\\\", "names and blanks": "password" + " " * 40,
    "names and colours": "password\x1b[0m\x1b[0m\x1b[0m", "elements": "password a='" + "a" * 190, "keys": "key",
    "encoded names": "password%3d", "values beside": 'password "value"', "base64": "QUJD", "addresses": "://",
    "users of addresses": "://u:p", "long users": "://" + "u" * 250, "encoded addresses": "%3a%2f%2fa%3a", "tokens": "eyJ",
    "tokens and dots": "eyJaaaaaaaaaa.", "marks of issuers": "sk-", "begun keys": "-----BEGIN PRIVATE KEY-----",
    "options": "--a", "clients": "mysql " + "a " * 48, "users of commands": " -u" + "u" * 60, "bearers": "bearer ",
    "long bearers": "bearer " + "a" * 39 + " ", "cookies": "cookie: " + "a" * 79, "authorizations": "authorization: ",
    "queries": "?key=aaa", "bearers by plus": "bearer+a1.",
}  # fmt: skip
_END: Final = "====="  # what no pattern ends with
_LONG: Final = {
    "a name and blanks": ("password", " "), "an open quote": ('password="', "a\\"), "an endless user": ("://", "u"),
    "an endless token": ("eyJ", "a"), "an endless bearer": ("bearer ", "a"), "escapes": ("password=", "\\"),
}  # fmt: skip


def hostile_lines(size: int) -> Mapping[str, str]:
    """Each by what it is made of, `size` characters long."""
    repeated = {
        name: (unit * (size // len(unit) + 1))[: size - len(_END)] + _END for name, unit in _REPEATED.items()
    }
    return repeated | {name: head + (unit * size)[: size - len(head)] for name, (head, unit) in _LONG.items()}
