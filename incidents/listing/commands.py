"""Commands with arguments for the palette: `sev1 INC-39`, `@maya lead INC-39`. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.errors import Invalid, NotFound
from incidents.reference import parse_reference
from incidents.vocabulary import ResponseRole, Severity

MAX_WORDS: Final = 8
# Word -> (action in the URL of an incident, its label in the palette).
VERBS: Final = {
    "ack": ("acknowledge", "Acknowledge"), "acknowledge": ("acknowledge", "Acknowledge"),
    "resolve": ("resolve", "Resolve"), "fixed": ("resolve", "Resolve"),
    "close": ("close", "Close"), "reopen": ("reopen", "Reopen"),
    "assign": ("assign", "Assign"), "status": ("status", "Change the status of"),
    "severity": ("severity", "Change the severity of"), "edit": ("edit", "Edit"),
    "peek": ("peek", "Peek at"), "export": ("export?format=markdown", "Export"),
}  # fmt: skip
ROLES: Final = {
    "commander": ResponseRole.COMMANDER, "ic": ResponseRole.COMMANDER,
    "lead": ResponseRole.TECH_LEAD, "tech": ResponseRole.TECH_LEAD, "tech_lead": ResponseRole.TECH_LEAD,
    "comms": ResponseRole.COMMS_LEAD, "comms_lead": ResponseRole.COMMS_LEAD,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Command:
    """A command about one incident; fields that were not typed are empty."""

    number: int
    verb: str = ""
    severity: str = ""
    person: str = ""
    role: str = ""


def parse_command(text: str) -> Command | None:
    """Parse a command, in any order of its words; None if a word is unknown."""
    found: dict[str, str] = {}
    number = 0
    for word in text.casefold().split()[:MAX_WORDS]:
        if word in VERBS:
            found["verb"] = word
        elif word in Severity.values:
            found["severity"] = word
        elif word.startswith("@") and len(word) > 1:
            found["person"] = word[1:]
        elif word in ROLES:
            found["role"] = word
        elif (named := _number(word)) and not number:
            number = named
        else:
            return None
    return Command(number, **found) if number and found else None


def _number(word: str) -> int:
    try:
        return parse_reference(word)
    except (Invalid, NotFound):
        return 0
