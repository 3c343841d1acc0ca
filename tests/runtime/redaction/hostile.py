"""Lines that are expensive for a redactor: repeated beginnings of its patterns without their ends."""

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
    "queries": "?key=aaa", "bearers by plus": "bearer+a1.", "underscores": "a_", "words and underscores": "ab_" + "a" * 30,
    "sentences": "password is a", "long sentences": "password aaaa " + "a" * 60, "names and long words": "token " + "aA1" * 12 + ":",
    "names and rows": "password:\n", "rows of tables": "insert into a (token) values (1,'a'", "columns": "insert into a (" + "a," * 40,
    "texts to hash": "crypt('", "pipes": "echo aaaaaa |" + "a" * 190, "users of Redis": "acl setuser " + "a" * 118, "kinds": 'kind":"secret"',
    "kinds by the line": "kind: secret\n", "data of kinds": 'kind":"secret""data":{"a":"', "sessions": "session=a1", "cells": "password | ",
    "files of passwords": "passwd:" + "a" * 110, "refused sign-ins": "login incorrect [aaaa/", "sign-ins": "login a ", "links": "/reset/a1",
    "drivers": "pdo->__construct('a', ", "wrapped values": 'token:{"a', "diffs": 'token="a" -> "', "commas": "token=a,b", "clients with a letter": "curl " + "a" * 99,
    "lists of options": '"--token", "', "connections": "connect a/", "passwords of files": ":5432:a:a:", "dots": "password....", "elements by name": 'password">a',
    "lone underscores": "_", "marks before underscores": "hf_", "options with a dash": "-pass ", "options in capitals": "--USER",
    "options of passwords": "--password ", "archives": "zip ", "fields of a digest": 'authorization: digest a"',
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
