"""Log lines made from templates and a seed: each line different, each knowing its secrets.

In a template `‹…›` is filled with what is no secret (a field of `FIELDS`, or one of `‹this|that›`) and `«…»` with
a secret (a kind of `SECRETS`, its length behind a colon). Nothing here was ever valid.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from tests.runtime.redaction.chance import ALNUM, HEX, UPPER, URLSAFE, Chance, Line, basic

_BASE64: Final = ALNUM + "+/"
_SIGNS: Final = ALNUM + "!@#$%^*_+.?-"
_MARK: Final = re.compile("‹([^›]+)›|«([a-z0-9]+)(?::(\\d+))?»")


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A template whose filled text is written again in another way."""

    template: str
    wrap: Callable[[str], str]


Made = tuple[str, tuple[str, ...]]
Maker = Callable[[Chance], Made]
Shape = str | Wrapped | Maker


def in_json(template: str) -> Wrapped:
    """As the message of a JSON log."""
    return Wrapped(template, lambda text: json.dumps({"level": "info", "message": text, "n": 3}))


def in_json_twice(template: str) -> Wrapped:
    return Wrapped(template, lambda text: json.dumps({"log": json.dumps({"msg": text}) + "\n"}))


def in_query(template: str) -> Wrapped:
    """As the value of a parameter of an address."""
    return Wrapped(template, lambda text: f"GET /hook?payload={quote(text, safe='')}&v=2 200")


SECRETS: Final[Mapping[str, Callable[[Chance, int], str]]] = {
    "pw": lambda c, _: c.password(),
    "token": lambda c, _: c.token(),
    "jwt": lambda c, _: c.jwt(),
    "issued": lambda c, _: c.issued(),
    "basic": lambda c, _: basic(c.user(), c.password()),
    "b64pw": lambda c, _: base64.b64encode(c.password().encode()).decode(),
    "uuid": lambda c, _: str(uuid.UUID(int=c.getrandbits(128), version=4)),
    "pem": lambda c, _: c.pem("PRIVATE KEY"),
    "an": lambda c, size: c.text(ALNUM, size - 1) + str(c.randrange(10)),
    "hex": lambda c, size: c.text(HEX, size),
    "uphex": lambda c, size: c.text(HEX.upper(), size),
    "up": lambda c, size: c.text(UPPER, size),
    "low": lambda c, size: c.text("abcdefghijklmnopqrstuvwxyz", size),
    "num": lambda c, size: c.text("0123456789", size),
    "url": lambda c, size: c.text(URLSAFE, size),
    "b64": lambda c, size: c.text(_BASE64, size),
    "signs": lambda c, size: c.text(_SIGNS, size) + "a1",
    "odd": lambda c, size: c.text(ALNUM, 4) + c.text(ALNUM + " ,;:!&()#", size - 6) + "x1",
}
FIELDS: Final[Mapping[str, Callable[[Chance], str]]] = {
    "head": Chance.head,
    "user": Chance.user,
    "host": Chance.host,
    "stamp": Chance.stamp,
    "n": lambda c: str(c.randrange(2, 999)),
    "m": lambda c: str(c.randrange(1000, 99999)),
    "d": lambda c: str(c.randrange(1, 9)),
    "ip": lambda c: f"192.0.2.{c.randrange(255)}",
    "uuid": lambda c: str(uuid.UUID(int=c.getrandbits(128), version=4)),
    "ulid": lambda c: "01" + c.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 24),
    "low5": lambda c: c.text("bcdfghjklmnpqrstvwxz2456789", 5),
    "low10": lambda c: c.text("bcdfghjklmnpqrstvwxz2456789", 10),
    "up16": lambda c: c.text(UPPER, 16),
    "b22": lambda c: c.text(_BASE64, 22),
    "b43": lambda c: c.text(_BASE64, 43),
    "b64": lambda c: c.text(_BASE64, 64),
    "b240": lambda c: c.text(_BASE64, 240),
    **{f"hex{size}": lambda c, size=size: c.text(HEX, size) for size in (2, 4, 7, 8, 12, 16, 24, 32, 38, 40, 64, 128)},
}  # fmt: skip


def made(shape: Shape, c: Chance) -> Line:
    """A line of this shape, which a function may make as well. A secret of several rows counts by its rows between the first and the last."""
    if not isinstance(shape, str | Wrapped):
        text, parts = shape(c)
        return Line(text, parts, shape.__name__.strip("_"))
    template = shape.template if isinstance(shape, Wrapped) else shape
    secrets: list[str] = []

    def filled(mark: re.Match[str]) -> str:
        field, kind, size = mark.groups()
        if field is not None:
            return FIELDS[field](c) if field in FIELDS else c.choice(field.split("|"))
        secret = SECRETS[kind](c, int(size or 0))
        secrets.extend(secret.splitlines()[1:-1] if "\n" in secret else [secret])
        return secret

    text = _MARK.sub(filled, template)
    return Line(shape.wrap(text) if isinstance(shape, Wrapped) else text, tuple(secrets), template[:70])


def lines(shapes: Sequence[Shape], count: int, seed: int) -> list[Line]:
    """`count` lines, each shape as often as every other."""
    c = Chance(seed)
    return [made(shapes[number % len(shapes)], c) for number in range(count)]
