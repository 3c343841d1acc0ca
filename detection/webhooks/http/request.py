"""A webhook request as a format parses it. Pure."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from core.errors import Malformed
from core.http.strict_json import load

RESENT_WITHIN_S: Final = 300
# In UTF-8; the request's own size is checked before, and no encoding takes less than half of this.
MAX_DOCUMENT: Final = 32_000_000
# Longest first: the mark of UTF-32 begins with that of UTF-16.
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_ENCODINGS: Final = {
    "": "utf-8", "utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "ascii", "ascii": "ascii",
    "iso-8859-1": "latin-1", "latin-1": "latin-1", "windows-1252": "cp1252",
    "utf-16": "utf-16", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A request to a source.

    `headers` have lower-case names. `raw` is the body as received, which senders sign; `body` is the same
    without its Content-Encoding. `received_at` is aware. `path` is the part after the source key in the URL
    (`alias-7/close`), "" for most senders.
    """

    method: str
    headers: Mapping[str, str]
    raw: bytes
    body: bytes
    received_at: datetime
    query: Mapping[str, str] = field(default_factory=dict)
    path: str = ""

    @property
    def content_type(self) -> str:
        """Return the media type in lower case without parameters; "" if there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str:
        """Return the `charset` of the Content-Type in lower case; "" if there is none."""
        _, _, parameters = self.headers.get("content-type", "").lower().partition(";")
        for parameter in parameters.split(";"):
            name, _, value = parameter.partition("=")
            if name.strip() == "charset":
                return value.strip().strip('"')
        return ""

    def text(self) -> str:
        """Return the body as text: by its byte order mark, else the stated charset, else UTF-8.

        Raises Malformed.
        """
        marked = next((encoding for mark, encoding in _MARKS if self.body.startswith(mark)), None)
        encoding = marked or _ENCODINGS.get(self.charset)
        if encoding is None:
            raise Malformed(f"The charset {self.charset[:40]!r} is not known here. Send UTF-8.")
        try:
            return self.body.decode(encoding)
        except UnicodeDecodeError:
            raise Malformed(f"The body is not text in {encoding}. Send UTF-8.") from None

    def document(self) -> Any:
        """Return the body as JSON. Raises Malformed, TooLarge, and Invalid for NUL characters."""
        return load(self.text().encode(), limit=MAX_DOCUMENT)

    def made_key(self) -> str:
        """Return a key for an alert without one; the same body within minutes gets the same."""
        slot = int(self.received_at.timestamp()) // RESENT_WITHIN_S
        return hashlib.sha256(f"{slot}\n".encode() + self.body).hexdigest()[:32]


def pasted(text: str, content_type: str = "application/json") -> WebhookRequest:
    """Return a body that a person typed as if it had been posted."""
    raw = text.encode("utf-8", "replace")
    return WebhookRequest("POST", {"content-type": content_type}, raw, raw, datetime.now(UTC))
