"""Reasons for requests and events that are refused, duplicate or quarantined. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from core.reasons import Reason

# By the `code` of the problem returned to the sender.
REASON_OF_CODE: Final[Mapping[str, Reason]] = {
    "bad_request": Reason.REQUEST_MALFORMED,
    "malformed": Reason.REQUEST_MALFORMED,
    "invalid": Reason.REQUEST_INVALID,
    "too_large": Reason.REQUEST_TOO_LARGE,
    "request_timeout": Reason.REQUEST_SLOW,
    "unsupported_media_type": Reason.MEDIA_TYPE,
    "unsupported_encoding": Reason.MEDIA_TYPE,
    "method_not_allowed": Reason.METHOD,
    "unauthenticated": Reason.SENDER_UNKNOWN,
    "token_missing": Reason.SENDER_UNKNOWN,
    "token_unknown": Reason.SENDER_UNKNOWN,
    "token_expired": Reason.SENDER_UNKNOWN,
    "token_revoked": Reason.SENDER_UNKNOWN,
    "forbidden": Reason.SENDER_FORBIDDEN,
    "https_required": Reason.SENDER_FORBIDDEN,
    "rate_limited": Reason.SENDER_LIMITED,
    "not_found": Reason.SOURCE_UNKNOWN,
    "source_unknown": Reason.SOURCE_UNKNOWN,
    "source_off": Reason.SOURCE_OFF,
    "bad_signature": Reason.BAD_SIGNATURE,
    "unavailable": Reason.STORE_AWAY,
}
# By the `rule` that a refused element breaks.
REASON_OF_RULE: Final[Mapping[str, Reason]] = {
    "required": Reason.FIELD_MISSING,
    "type": Reason.FIELD_WRONG,
    "choice": Reason.FIELD_WRONG,
    "format": Reason.FIELD_WRONG,
    "characters": Reason.FIELD_WRONG,
    "nul": Reason.FIELD_WRONG,
    "encoding": Reason.FIELD_WRONG,
    "json": Reason.FIELD_WRONG,
    "number": Reason.FIELD_WRONG,
    "depth": Reason.FIELD_WRONG,
    "host": Reason.FIELD_WRONG,
    "invalid": Reason.FIELD_WRONG,
    "max_length": Reason.FIELD_TOO_LONG,
    "length": Reason.REQUEST_INVALID,
    "max_items": Reason.REQUEST_INVALID,
    "too_old": Reason.EVENT_TOO_OLD,
}
# Reason of `duplicates` in a response.
REPEATED: Final = Reason.EVENT_REPEATED


def reasons_of(code: str, faults: Iterable[Mapping[str, Any]]) -> list[Reason]:
    """Return why a request, or a part of it, was refused: each reason once, that of the whole first."""
    found = [REASON_OF_CODE.get(code, Reason.REQUEST_INVALID)]
    found += [REASON_OF_RULE.get(str(one.get("rule")), Reason.FIELD_WRONG) for one in faults]
    return list(dict.fromkeys(found))
