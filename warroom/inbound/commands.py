"""Parses the `/incident` command. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from warroom.slack.text import unescaped

READS: Final = ("help", "list", "show", "timeline", "oncall")
MODALS: Final = ("declare", "update", "resolve", "role")
WRITES: Final = (
    "declare", "ack", "assign", "role", "severity", "status", "stage", "update", "note", "resolve", "reopen",
    "close", "postmortem",
)  # fmt: skip
# Without arguments they only read; with arguments they are queued.
RUN_COMMANDS: Final = ("actions", "approve")
ALIASES: Final = {"": "help", "acknowledge": "ack", "new": "declare", "sev": "severity", "open": "list"}
HELP: Final = """*/incident* in the room of an incident means that incident; elsewhere name it: INC-42.
If you are a member of several workspaces, name one first: `in:acme list`.
• `list`: active incidents   • `show [INC-42]`: one incident   • `timeline [INC-42]`: its newest entries
• `declare [sev2] [title]`: a new incident; without a title, a form
• `ack [INC-42]`   • `assign [INC-42] @person`   • `role [INC-42] tech_lead @person`
• `severity [INC-42] sev1`   • `status [INC-42] monitoring [text]`   • `stage [INC-42] containment [text]`
• `update [INC-42] [text]`: for stakeholders   • `note [INC-42] text`: for responders
• `resolve [INC-42] [text]`   • `reopen [INC-42]`   • `close [INC-42]`   • `oncall`: who is on call
• `actions [INC-42] [action]`: available actions, or the dry run of one
• `approve [INC-42] [code]`: runs that await approval
• `postmortem [INC-42]`: its postmortem, drafted if there is none"""
_REFERENCE: Final = re.compile(r"(?:inc-?|#)[0-9]{1,10}|[0-9]{1,10}", re.ASCII | re.IGNORECASE)
_WORKSPACE: Final = re.compile(r"in:([a-z0-9-]{1,63})(?:\s+|$)", re.ASCII | re.IGNORECASE)
_MENTION: Final = re.compile(r"<@([UW][A-Z0-9]{2,31})(?:\|[^>]*)?>")


@dataclass(frozen=True, slots=True)
class Command:
    """A parsed command: verb, incident if named, and the remaining text as sent by Slack, with mentions."""

    verb: str
    reference: str
    text: str

    @property
    def is_known(self) -> bool:
        """Whether there is such a verb."""
        return self.verb in READS or self.verb in WRITES or self.verb in RUN_COMMANDS


def workspace_in(text: str) -> str:
    """The workspace named at the start of a command as `in:acme`, or ""."""
    found = _WORKSPACE.match(text.strip())
    return found[1].lower() if found else ""


def parse_command(text: str) -> Command:
    """`ack INC-42 on it` -> ack, INC-42, "on it". A leading workspace is skipped."""
    verb, _, rest = _WORKSPACE.sub("", text.strip(), count=1).strip()[:4000].partition(" ")
    word, _, after = rest.strip().partition(" ")
    known = ALIASES.get(verb.lower(), verb.lower())
    if known != "declare" and _REFERENCE.fullmatch(word):
        return Command(known, word, after.strip())
    return Command(known, "", rest.strip())


def mention_in(text: str) -> str:
    """The Slack id of the first person mentioned, or ""."""
    found = _MENTION.search(text)
    return found[1] if found else ""


def mentions_in(text: str) -> set[str]:
    """The Slack ids of everyone mentioned."""
    return set(_MENTION.findall(text))


def with_names(text: str, names: dict[str, str]) -> str:
    """The text with mentions replaced by names, unescaped."""
    return unescaped(_MENTION.sub(lambda found: f"@{names.get(found[1], found[1])}", text))


def first_word(text: str) -> tuple[str, str]:
    """The first word, and the rest."""
    word, _, rest = text.partition(" ")
    return word, rest.strip()
