"""Plain secrets: under a name, in a header, in an address, with the mark of their issuer. The rules were written by them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from tests.runtime.redaction.chance import ALNUM, UPPER, Chance, basic
from tests.runtime.redaction.shapes import Made, Maker

NAMES: Final = (
    "password", "passwd", "api_key", "api-key", "apiKey", "secret", "token", "access_token", "client_secret",
    "DB_PASSWORD", "SECRET_KEY", "refresh_token", "auth_token", "private_key", "X-Api-Key", "passphrase", "apikey",
)  # fmt: skip


def _named(c: Chance) -> Made:
    secret = c.password()
    return f"{c.head()}connecting as {c.user()} {c.choice(NAMES)}={secret} to {c.host()}", (secret,)


def _colon(c: Chance) -> Made:
    secret = c.password()
    return f"{c.head()}{c.choice(NAMES)}: {secret}", (secret,)


def _bearer(c: Chance) -> Made:
    secret = c.choice([c.token, c.jwt, c.issued])()
    return f"{c.head()}> Authorization: Bearer {secret}", (secret,)


def _basic(c: Chance) -> Made:
    secret = basic(c.user(), c.password())
    return f"{c.head()}Authorization: Basic {secret}", (secret,)


def _json(c: Chance) -> Made:
    secret = c.password()
    record = {"level": "info", "user": c.user(), c.choice(NAMES): secret, "attempt": c.randrange(9)}
    return json.dumps(record, separators=c.choice([(",", ":"), (", ", ": ")])), (secret,)


def _userinfo(c: Chance) -> Made:
    secret = quote(c.password(), safe="!*")
    scheme = c.choice(["postgresql", "redis", "amqp", "https", "mongodb+srv", "mysql"])
    return f"{c.head()}cannot reach {scheme}://{c.user()}:{secret}@{c.host()}/main: refused", (secret,)


def _query(c: Chance) -> Made:
    secret = c.token()
    name = c.choice(["token", "access_token", "api_key", "key", "secret", "password", "sig"])
    return f'{c.head()}"GET /v1/items?page=2&{name}={secret}&limit=50 HTTP/1.1" 200 512', (secret,)


def _libpq(c: Chance) -> Made:
    secret = c.text(ALNUM, 16)
    return f"{c.head()}dsn host={c.host()} port=5432 user={c.user()} password={secret} dbname=main", (secret,)


def _pem(c: Chance) -> Made:
    text = c.pem(c.choice(["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY"]))
    return f"{c.head()}loaded key\n{text}\ndone", tuple(text.splitlines()[1:-1])


def _issued(c: Chance) -> Made:
    secret = c.issued()
    return f"{c.head()}request with {secret} was refused", (secret,)


def _aws(c: Chance) -> Made:
    key, secret = "AKI" + "A" + c.text(UPPER, 16), c.text(ALNUM + "+/", 40)
    return f"{c.head()}aws_access_key_id={key} aws_secret_access_key={secret}", (key, secret)


def _cookie(c: Chance) -> Made:
    first, second = c.token(), c.token()
    return f"{c.head()}Cookie: sessionid={first}; csrftoken={second}", (first, second)


def _set_cookie(c: Chance) -> Made:
    secret = c.token()
    return f"{c.head()}Set-Cookie: sid={secret}; Path=/; HttpOnly; Secure; SameSite=Lax", (secret,)


def _slack_hook(c: Chance) -> Made:
    secret = c.text(ALNUM, 24)
    place = f"T{c.text(UPPER, 8)}/B{c.text(UPPER, 10)}"
    return f"{c.head()}posting to https://hooks.slack.com/services/{place}/{secret} failed: 500", (secret,)


def _header(c: Chance) -> Made:
    secret = c.token()
    return (
        f"{c.head()}{c.choice(['X-API-Key', 'X-Auth-Token', 'PRIVATE-TOKEN', 'X-Vault-Token'])}: {secret}",
        (secret,),
    )


PLAIN: Final[Sequence[Maker]] = (
    _named, _colon, _bearer, _basic, _json, _userinfo, _query, _libpq, _pem, _issued, _issued, _aws, _cookie,
    _set_cookie, _slack_hook, _header,
)  # fmt: skip
