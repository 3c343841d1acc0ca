"""Duties of each response role, for new holders. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from incidents.vocabulary import ResponseRole

INSTRUCTIONS: Final[Mapping[ResponseRole, tuple[str, ...]]] = {
    ResponseRole.COMMANDER: (
        "Decide what is done next and who does it; leave the fixing to others.",
        "Keep severity, status and stage up to date, and fill the other roles.",
        "Write decisions in the timeline, with their reason.",
        "Hand the role off before you leave.",
    ),
    ResponseRole.TECH_LEAD: (
        "Find the cause and stop the damage: first limit the impact, then repair.",
        "Announce what you are about to change before you change it.",
        "Write findings, attempts and results in the timeline.",
        "Tell the commander when you need more people.",
    ),
    ResponseRole.COMMS_LEAD: (
        "Send stakeholder updates before they are due, also when there is nothing new.",
        "State what is affected, any workaround, and when the next update follows.",
        "Agree public texts with the commander.",
        "Shield responders from outside questions.",
    ),
}
