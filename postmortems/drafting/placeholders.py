"""The placeholders of templates: each inserts a fact, a table or a list. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from postmortems.drafting import tables
from postmortems.drafting.facts import Facts

MARK: Final = re.compile(r"\{\{\s*([a-z_]+)(\?)?\s*\}\}")
# Filled in when the document is read or exported, never stored.
LIVE: Final = frozenset({"approvals", "document_version", "last_updated", "generated_at"})


@dataclass(frozen=True)
class Placeholder:
    """A placeholder; `origin` is where its value comes from, as a path below the incident."""

    name: str
    words: str
    read: Callable[[Facts], str]
    origin: str = ""


def _field(name: str) -> Callable[[Facts], str]:
    return lambda facts: str(getattr(facts, name))


_FIELDS: Final = (
    ("incident_id", "Reference of the incident", "incident"),
    ("title", "Title of the incident", "incident"),
    ("date", "Date of detection", "incident"),
    ("severity", "Severity, and the highest so far", "incident"),
    ("incident_type", "Type", "incident"),
    ("summary", "Summary in two or three sentences", "incident"),
    ("description", "Description of the incident", "incident"),
    ("course", "Changes of status and stage", "timeline"),
    ("duration", "From detection to resolution", "incident"),
    ("mttd", "Time to detect", "incident"),
    ("mttr", "Time to resolve", "incident"),
    ("mtta", "Time to acknowledge", "incident"),
    ("time_to_mitigate", "Time to mitigate", "incident"),
    ("mttd_short", "Time to detect, short", "incident"),
    ("mttr_short", "Time to resolve, short", "incident"),
    ("mttd_seconds", "Time to detect in seconds", "incident"),
    ("mttr_seconds", "Time to resolve in seconds", "incident"),
    ("components", "Affected components", "components"),
    ("users_impacted", "Number of people affected", "evidence"),
    ("impact", "Impact of the incident", "incident"),
    ("root_cause", "Root cause", "five_whys"),
    ("why", "Root cause, evidence and recent changes", "five_whys"),
    ("event_count", "Events counted", "events"),
    ("peak_error_rate", "Peak error rate per minute", "evidence"),
    ("cpu_usage", "CPU usage before and after", "evidence"),
    ("memory_usage", "Memory usage before and after", "evidence"),
    ("disk_usage", "Disk usage before and after", "evidence"),
    ("response_time", "Response time before and after", "evidence"),
    ("document_version", "Revision of the document", ""),
    ("last_updated", "Date of the last change", ""),
    ("generated_at", "Time of the export", ""),
)
_BUILT: Final[tuple[tuple[str, str, str, Callable[[Facts], str]], ...]] = (
    ("timeline", "Key moments with their impact", "timeline", tables.timeline_by_impact),
    (
        "timeline_by_source", "Key moments and first events with their source", "timeline",
        tables.timeline_by_source,
    ),
    ("event_timeline", "All timeline entries and the first events", "timeline", tables.event_timeline),
    ("immediate_actions", "Actions with time and result", "timeline", tables.immediate_actions),
    ("actions_taken", "Actions, numbered", "timeline", tables.actions_taken),
    ("resolution_table", "Actions with owner and result", "timeline", tables.resolution_table),
    ("remediation_table", "Remediation runs", "timeline", tables.remediation_table),
    ("five_whys", "Five whys", "five_whys", tables.five_whys),
    ("preventive_items", "Action items that prevent or mitigate", "items", tables.items_table),
    ("detection_items", "Action items: detect", "items", lambda f: tables.items_of(f, "detect")),
    ("response_items", "Action items: respond", "items", lambda f: tables.items_of(f, "respond")),
    ("documentation_items", "Action items: document", "items", lambda f: tables.items_of(f, "document")),
    ("contributing_factors", "Contributing factors", "five_whys", lambda f: tables.numbered(f.factors)),
    (
        "verification", "Evidence of recovery", "timeline",
        lambda f: tables.checklist((one, True) for one in f.verification),
    ),
    ("attachments", "Images and bundles", "items", lambda f: tables.bullets(f.attachments)),
    ("related", "Related incidents", "related", lambda f: tables.bullets(f.related)),
    ("lessons", "Lessons", "lessons", lambda f: tables.numbered(f.lessons)),
    ("communication_log", "Updates and notifications", "timeline", tables.communication_log),
    ("follow_ups", "All action items", "items", tables.follow_ups),
    ("approvals", "Approvals", "", tables.approvals),
)  # fmt: skip
PLACEHOLDERS: Final = {
    one.name: one
    for one in (
        *(Placeholder(name, words, _field(name), origin) for name, words, origin in _FIELDS),
        *(Placeholder(name, words, read, origin) for name, words, origin, read in _BUILT),
    )
}
# Origin -> label and address of its link.
ORIGINS: Final = {
    "incident": ("Incident", "/incidents/{ref}"),
    "timeline": ("Timeline", "/incidents/{ref}?kind=all"),
    "components": ("Affected components", "/incidents/{ref}"),
    "events": ("Events", "/incidents/{ref}"),
    "evidence": ("Evidence from events", "/incidents/{ref}"),
    "five_whys": ("Five whys", "/postmortems/{ref}/five-whys"),
    "items": ("Action items", "/action-items?incident={ref}"),
    "related": ("Related incidents", "/incidents/{ref}"),
    "lessons": ("Lessons", "/lessons?incident={ref}"),
}


def names_in(text: str) -> list[str]:
    """The placeholders in a text, in order, deduplicated."""
    return list(dict.fromkeys(match[1] for match in MARK.finditer(text)))


def unknown_in(text: str) -> list[str]:
    """Unknown placeholders in a text."""
    return [name for name in names_in(text) if name not in PLACEHOLDERS]


def is_live(starter: str) -> bool:
    """Whether a section is rendered on each read, such as the table of approvals."""
    return bool(set(names_in(starter)) & LIVE)


def fill(text: str, facts: Facts) -> str:
    """The text with every placeholder replaced; unknown facts are empty."""
    return MARK.sub(lambda match: _value(match, facts), text)


def draft_text(starter: str, facts: Facts) -> str:
    """The draft of a section; "" if a required fact is unknown.

    `{{ name? }}` is optional: a line with nothing else is omitted if it is unknown.
    """
    if any(not match[2] and not _value(match, facts) for match in MARK.finditer(starter)):
        return ""
    lines = starter.split("\n")
    filled = [(line, fill(line, facts)) for line in lines]
    lines = [text for line, text in filled if text.strip() or not MARK.search(line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _value(match: re.Match[str], facts: Facts) -> str:
    known = PLACEHOLDERS.get(match[1])
    return known.read(facts) if known else match[0]
