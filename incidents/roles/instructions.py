"""What each response role is there for, as a newcomer reads it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from incidents.vocabulary import ResponseRole

INSTRUCTIONS: Final[Mapping[ResponseRole, tuple[str, ...]]] = {
    ResponseRole.COMMANDER: (
        "Decide what is done next and who does it; leave the fixing to others.",
        "Keep severity, status and stage true, and fill the other roles.",
        "Write decisions in the timeline, with their reason.",
        "Hand the role off before you leave.",
    ),
    ResponseRole.TECH_LEAD: (
        "Find the cause and stop the damage: first what limits the impact, then what repairs it.",
        "Say what you are about to change before you change it.",
        "Write findings, attempts and results in the timeline.",
        "Tell the commander when you need more people.",
    ),
    ResponseRole.COMMS_LEAD: (
        "Send stakeholder updates before their clock ends, also when there is nothing new.",
        "Say what is affected, what people can do meanwhile, and when the next update comes.",
        "Agree public texts with the commander.",
        "Keep questions from outside away from those who repair.",
    ),
}
