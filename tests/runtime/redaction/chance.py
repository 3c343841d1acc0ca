"""Parts of generated log lines: words, numbers and secrets, random from a seed.

Every secret is drawn by chance in the shape its issuer publishes; nothing here was ever valid. A line knows
its secrets, so that a redactor can be measured by what is left of them.
"""

from __future__ import annotations

import base64
import json
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

ALNUM: Final = string.ascii_letters + string.digits
HEX: Final = string.digits + "abcdef"
UPPER: Final = string.ascii_uppercase + string.digits
URLSAFE: Final = ALNUM + "-_"
WORDS: Final = [
    "amber",
    "birch",
    "cobalt",
    "delta",
    "ember",
    "falcon",
    "garnet",
    "harbor",
    "indigo",
    "juniper",
    "kestrel",
    "lumen",
    "maple",
    "nickel",
]


@dataclass(frozen=True, slots=True)
class Line:
    """One log line. `secrets` are what must not be left of it; `kind` names the maker, for reports."""

    text: str
    secrets: tuple[str, ...]
    kind: str

    def leaks(self, shown: str) -> bool:
        """Whether a secret, or a whole half of a long one, is still to be read."""
        return any(part in shown for secret in self.secrets for part in _parts(secret))


def _parts(secret: str) -> tuple[str, ...]:
    middle = len(secret) // 2
    return (secret,) if len(secret) < 12 else (secret[:middle], secret[middle:])


class Chance(Random):
    """Random with the shapes of credentials and of the text around them."""

    def text(self, letters: str, length: int) -> str:
        return "".join(self.choices(letters, k=length))

    def password(self) -> str:
        """As people and generators choose them; always with a digit or a sign in it."""
        return self.choice([
            lambda: f"{self.choice(WORDS)}{self.randrange(10, 9999)}",
            lambda: f"{self.choice(WORDS).title()}{self.randrange(1950, 2030)}!",
            lambda: "-".join(self.sample(WORDS, 3)) + str(self.randrange(10)),
            lambda: self.text(ALNUM, self.randrange(8, 25)) + str(self.randrange(10)),
            lambda: self.text(ALNUM + "!@#$%^*_+.?-", self.randrange(10, 20)) + "a1",
            lambda: self.text(HEX, 32) + "0",
        ])()  # fmt: skip

    def token(self) -> str:
        return self.text(*self.choice([(ALNUM, 32), (HEX, 40), (URLSAFE, 43), (ALNUM, 24), (HEX, 64)]))

    def jwt(self) -> str:
        head = _url64(json.dumps({"alg": "HS256", "typ": "JWT"}))
        body = _url64(
            json.dumps({"sub": self.randrange(10**6), "exp": 1_790_000_000, "n": self.text(HEX, 8)})
        )
        return f"{head}.{body}.{self.text(URLSAFE, 43)}"

    def pem(self, kind: str = "RSA PRIVATE KEY") -> str:
        rows = "\n".join(self.text(ALNUM + "+/", 64) for _ in range(6))
        return f"-----BEGIN {kind}-----\n{rows}\n-----END {kind}-----"

    def issued(self) -> str:
        """A token with its issuer's own mark."""
        return self.choice(ISSUED)(self)

    def user(self) -> str:
        return self.choice(["dana", "svc-billing", "root", "app_user", "j.doe", "tocsin", "admin"])

    def host(self) -> str:
        return self.choice(["db-1.internal", "10.0.4.17", "cache.example.org", "localhost", "queue:5672"])

    def stamp(self) -> str:
        return f"2026-11-{self.randrange(1, 31):02}T{self.randrange(24):02}:{self.randrange(60):02}:07.{self.randrange(1000):03}Z"

    def head(self) -> str:
        """The part before a message."""
        return self.choice([
            "", f"{self.stamp()} INFO ", f"[{self.stamp()}] [ERROR] [worker-3] ", f"{self.stamp()} level=info msg=",
            "Nov 22 03:41:07 web-2 app[811]: ", "ERROR:tocsin.http: ", f"I1122 03:41:07.{self.randrange(10**6):06} 1 main.go:214] ",
            f"{self.stamp()}  WARN 7 --- [nio-8080-exec-4] o.e.shop.LoginController : ",
        ])  # fmt: skip


def _url64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def basic(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


# Marks are put together here, so that no scanner of sources takes one for a real key.
ISSUED: Final[Sequence[Callable[[Chance], str]]] = (
    lambda c: "AKI" + "A" + c.text(UPPER, 16),
    lambda c: "gh" + c.choice("pousr") + "_" + c.text(ALNUM, 36),
    lambda c: "github" + "_pat_" + c.text(ALNUM, 22) + "_" + c.text(ALNUM, 59),
    lambda c: "gl" + "pat-" + c.text(URLSAFE, 20),
    lambda c: "xox" + c.choice("bp") + f"-{c.randrange(10**11, 10**12)}-{c.randrange(10**11, 10**12)}-" + c.text(ALNUM, 24),
    lambda c: c.choice(["sk", "rk"]) + c.choice(["_live_", "_test_"]) + c.text(ALNUM, 24),
    lambda c: "AI" + "za" + c.text(URLSAFE, 35),
    lambda c: "npm" + "_" + c.text(ALNUM, 36),
    lambda c: "pypi" + "-AgEIcHlwaS5vcmc" + c.text(URLSAFE, 80),
    lambda c: "S" + "K" + c.text(HEX, 32),
    lambda c: "S" + "G." + c.text(URLSAFE, 22) + "." + c.text(URLSAFE, 43),
    lambda c: "sk-" + "ant-api03-" + c.text(URLSAFE, 93) + "AA",
    lambda c: "sk-" + c.choice(["", "proj-"]) + c.text(ALNUM, 48),
    lambda c: "tcs" + "_" + c.text(string.ascii_lowercase + string.digits, 8) + "_" + c.text(ALNUM, 40),
    lambda c: c.jwt(),
)  # fmt: skip
