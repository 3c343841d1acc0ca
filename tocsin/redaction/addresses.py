"""Secrets in URLs."""

from __future__ import annotations

from typing import Final

from tocsin.redaction.shape import Shape, shape
from tocsin.redaction.values import WORDS

_IN_QUERIES: Final = (
    "key code sig signature x-amz-signature x-goog-signature auth sid jwt ticket samlresponse samlrequest "
    "assertion"
)
_LETS_IN: Final = (
    "reset reset-password password-reset magic magic-link invite invitation activate confirm verify "
    "unsubscribe share"
)


def _leading(names: str) -> str:
    return " ".join(f"{lead}{name}=" for lead in "?&;#" for name in names.split())


ADDRESSES: Final[tuple[Shape, ...]] = (
    shape("password in an address", "://", r"""://[^\s:/@"'<>]{0,256}:([^\s/"'<>]{1,512})@"""),
    shape("token in an address", "://", r"""://([^\s:/@"'<>]{20,512})@"""),
    shape(
        "password in an encoded address",
        "%3a%2f%2f",
        r"%3a%2f%2f(?:(?!%3a|%2f)[^\s&]){0,60}+%3a((?:(?!%40|%2f)[^\s&\"'<>]){1,120}+)%40",
    ),
    shape(
        "address that grants access to anyone who has it",
        "/sign-in/ /webhooks/ hooks.slack.com/ webhook.office.com/",
        r"""(?:/sign-in/(?:once/|link/)?|/webhooks/[a-z0-9_-]{1,64}/
            |hooks\.slack\.com/(?:services|workflows|triggers)/[A-Z0-9]{1,32}/[A-Z0-9]{1,32}/(?:[0-9]{1,32}/)?
            |webhook\.office\.com/webhookb2/)([A-Za-z0-9_@/-]{16,}+)""",
    ),
    shape(
        "link that was sent to one person",
        " ".join(f"/{word}/" for word in _LETS_IN.split()),
        rf"""/[a-z-]{{1,20}}/(?:[\w-]{{1,12}}/)?(?=[^\s/]{{0,40}}\d)(?=[^\s/]{{0,40}}[a-z])
            (?![0-9a-f]{{8}}-[0-9a-f]{{4}}-)(?!{WORDS})([\w~=-]{{20,}}+)""",
    ),
    shape("key in a query", _leading(_IN_QUERIES), r"""[?&;\#][\w-]{1,20}=([^\s&"'<>\#]{8,}+)"""),
    shape(
        "long value of a short name in a query",
        _leading("t k h hash"),
        rf"""[?&;\#][a-z]{{1,4}}=(?!{WORDS})
            ((?=[^\s&]{{0,40}}\d)(?=[^\s&]{{0,40}}[a-z])[^\s&"'<>\#]{{20,}}+)""",
    ),
    shape(
        "line of a file of passwords",
        ":5432: :3306: :6432:",
        r""":\d{4}:[^:\s/]{1,64}:[^:\s/]{1,64}:([^\s:/"\\]{6,}+)(?=[\s"\\]|$)""",
    ),
)
