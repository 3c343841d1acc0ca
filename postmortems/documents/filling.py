"""Puts texts given for a postmortem into its sections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from django.db import transaction

from accounts.actor import Actor
from core.errors import FieldFault, Invalid
from postmortems.documents.models import Postmortem, Section
from postmortems.documents.selectors import sections_of
from postmortems.documents.services import lock_postmortem, save_section
from postmortems.drafting.placeholders import is_live
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
    "impact": ("business_impact", "impact"),
    "timeline": ("timeline",),
}
MAX_MOMENT_CHARS: Final = 1000


def fill_sections(
    actor: Actor,
    postmortem: Postmortem,
    texts: Mapping[str, str],
    *,
    timeline: Sequence[tuple[str, str]] = (),
    root_causes: Sequence[str] = (),
) -> None:
    """Save the given texts; those that belong to one section are joined.

    Raises Invalid naming those without a section in the template, and as `save_section` does; then nothing
    is saved.
    """
    number = postmortem.incident.number
    wanted = {name: text for name, text in texts.items() if text}
    if timeline:
        rows = [(at, event, "") for at, event in timeline]
        wanted["timeline"] = table(("Time (UTC)", "Event", "Impact"), rows, MAX_MOMENT_CHARS)
    with transaction.atomic():
        locked = lock_postmortem(actor, number)
        _refuse_unplaced(locked, wanted)
        if root_causes:
            add_root_causes(actor, number, root_causes)
        known = _writable(locked)
        joined: dict[str, list[str]] = {}
        for name, text in wanted.items():
            joined.setdefault(_key_for(name, known), []).append(text)
        for key, parts in joined.items():
            text = "\n\n".join(parts)
            save_section(actor, number, key, base_version=known[key].version, text=text)


def _writable(postmortem: Postmortem) -> dict[str, Section]:
    found = sections_of(postmortem)
    return {one.key: one for one in found if one.has_text and not is_live(one.starter)}


def _key_for(name: str, known: Mapping[str, Section]) -> str:
    return next((key for key in SECTIONS[name] if key in known), "")


def _refuse_unplaced(postmortem: Postmortem, wanted: Mapping[str, str]) -> None:
    known = _writable(postmortem)
    unplaced = [name for name in wanted if not _key_for(name, known)]
    if not unplaced:
        return
    name = postmortem.template.name
    faults = [FieldFault(one, "no_section", f"has no section in the template {name}") for one in unplaced]
    raise Invalid(
        f"The template {name} has no section for {', '.join(unplaced)}. Nothing was saved. Leave them out "
        "or choose another template.",
        faults=faults,
    )
