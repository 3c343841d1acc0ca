"""Alert states by the words senders use. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

IGNORED: Final = "ignored"
STATES: Final = ("firing", "resolved", "acknowledged", IGNORED)
NONE: Final[Mapping[str, str]] = MappingProxyType({})
_TABLE: Final = {
    "firing": "firing fire fired alert alerting alarm triggered trigger re-triggered active open opened "
    "problem down offline critical warning warn error failed failure failing unhealthy unresolved no_data "
    "nodata created bad true activated activate in_alarm alarming unreachable crashed started "
    "reopened reopen escalated fatal emergency disaster",
    "resolved": "resolved resolve ok okay up online recovered recovery recover closed close clear cleared "
    "normal inactive healthy success succeeded fixed good passing false deactivated deactivate ended end "
    "finished cancelled canceled expired restored completed",
    "acknowledged": "acknowledged acknowledge acknowledgement acknowledgment acknowledging acked ack",
    IGNORED: "ignored pending maintenance test paused insufficient_data flappingstart flappingstop "
    "flappingend flappingdisabled downtimestart downtimeend downtimeremoved downtimecancelled",
}
STATE_WORDS: Final[Mapping[str, str]] = {
    word: state for state, words in _TABLE.items() for word in words.split()
}


def plain(word: str) -> str:
    """Normalize a word: trimmed, lower case, blanks as _."""
    return word.strip().casefold().replace(" ", "_")


def state_of(word: str, own: Mapping[str, str] = NONE) -> str:
    """Return one of STATES: by the sender's own table first, then by the common words; "" when unknown."""
    return own.get(plain(word), "") or STATE_WORDS.get(plain(word), "")
