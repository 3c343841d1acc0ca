"""Puts texts given for a new postmortem into its sections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from accounts.actor import Actor
from postmortems.documents.models import Postmortem
from postmortems.documents.selectors import sections_of
from postmortems.documents.services import save_section
from postmortems.drafting.tables import table
from postmortems.learning.services import add_root_causes

# Request field -> section keys; the first one in the template is filled.
SECTIONS: Final[Mapping[str, Sequence[str]]] = {
    "summary": ("executive_summary", "summary"),
    "what_happened": ("what_happened", "summary"),
    "why_it_happened": ("why_it_happened", "root_cause"),
    "what_went_well": ("went_well",),
    "what_went_poorly": ("could_improve",),
    "where_we_got_lucky": ("got_lucky",),
    "impact": ("business_impact", "users_impacted"),
    "timeline": ("timeline",),
}


def fill_sections(
    actor: Actor,
    postmortem: Postmortem,
    texts: Mapping[str, str],
    *,
    timeline: Sequence[tuple[str, str]] = (),
    root_causes: Sequence[str] = (),
) -> list[str]:
    """Save the given texts. Returns the names of those without a section in the template.

    Raises the same as `save_section`.
    """
    wanted = {name: text for name, text in texts.items() if text}
    if timeline:
        wanted["timeline"] = table(
            ("Time (UTC)", "Event", "Impact"), [(at, event, "") for at, event in timeline]
        )
    if root_causes:
        add_root_causes(actor, postmortem.incident.number, root_causes)
    known = {section.key: section for section in sections_of(postmortem)}
    left_out = []
    for name, text in wanted.items():
        section = next((known[key] for key in SECTIONS[name] if key in known), None)
        if section is None:
            left_out.append(name)
            continue
        save_section(actor, postmortem.incident.number, section.key, base_version=section.version, text=text)
    return left_out
