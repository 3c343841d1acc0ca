"""The shipped templates, filled with the example values of their golden files, give those files."""

from __future__ import annotations

from pathlib import Path

import pytest

from postmortems.drafting.facts import (
    ActionTaken,
    Facts,
    ItemRow,
    MessageRow,
    SignatureRow,
    TimelineRow,
    WhyRow,
)
from postmortems.drafting.placeholders import PLACEHOLDERS, draft_text, fill, unknown_in
from postmortems.export.assembly import Part, assemble
from postmortems.template_library.shipped import SHIPPED

GOLDEN = Path(__file__).parent / "golden"
LIGHT = Facts(
    incident_id="inc_12345", description="[Incident description]", components="api, database, cache",
    event_count="23", duration="45 minutes", mttd_short="2m", mttr_short="45m", users_impacted="~1000",
    key_moments=(
        TimelineRow("10:25:00", "Connection pool exhausted", source="database"),
        TimelineRow("10:26:00", "API timeout", source="api_gateway"),
        TimelineRow("...", "...", source="..."),
    ),
    why="[Root cause analysis from correlator]",
    actions=tuple(
        ActionTaken("", text)
        for text in (
            "Scaled database connection pool (10 → 20)", "Restarted api gateway service",
            "Cleared application cache",
        )
    ),
    remediation=(
        ActionTaken("", "scale_up", status="Success", result="Resources increased"),
        ActionTaken("", "restart_service", status="Success", result="Service restarted"),
        ActionTaken("", "clear_cache", status="Success", result="Cache cleared"),
    ),
    items=tuple(
        ItemRow(title, "", "", "", "", "prevent")
        for title in (
            "Add connection pool monitoring", "Implement auto-scaling for database",
            "Update runbook with lessons learned", "Schedule review meeting",
        )
    ),
    mttd_seconds="120 seconds", mttr_seconds="2700 seconds (45 minutes)", peak_error_rate="45%",
    generated_at="2025-02-05T11:15:00Z",
)  # fmt: skip
_ITEM = ("[Owner]", "[High/Med/Low]", "[Date]", "[Status]")
FULL = Facts(
    incident_id="[INCIDENT_ID]", date="[DATE]", severity="[SEVERITY]", duration="[DURATION]", mttd="[MTTD]",
    mttr="[MTTR]", summary="[2-3 sentence summary of the incident and its impact]",
    components="[List affected systems]", users_impacted="[Number or estimate]",
    impact="[Revenue, SLA, customer satisfaction]",
    key_moments=(TimelineRow("[TIME]", "[Event]", "[Impact]"),) * 2,
    timeline=(),
    description="[Detailed description of what happened]", why="[Root cause explanation]",
    factors=("[Factor 1]", "[Factor 2]", "[Factor 3]"),
    whys=(
        WhyRow("Why did [X happen]?", "[Answer]"),
        *(WhyRow("Why did [that happen]?", "[Answer]"),) * 3,
        WhyRow("Why did [that happen]?", "[Root cause]"),
    ),
    actions=tuple(ActionTaken("[Time]", f"[Action {n}]", "[Owner]", "", "[Result]") for n in (1, 2, 3)),
    items=(
        *(ItemRow("[Action]", *_ITEM, "prevent"),) * 2,
        ItemRow("[Improvement 1]", *_ITEM, "detect"), ItemRow("[Improvement 2]", *_ITEM, "detect"),
        ItemRow("[Improvement 1]", *_ITEM, "respond"), ItemRow("[Improvement 2]", *_ITEM, "respond"),
        *(ItemRow("[Update needed]", *_ITEM, "document"),) * 2,
    ),
    event_count="[Number]", peak_error_rate="[Percentage]", cpu_usage="[Before/After]",
    memory_usage="[Before/After]", disk_usage="[Before/After]", response_time="[Before/After]",
    messages=(MessageRow("[TIME]", "[Channel]", "[Message]", "[Recipients]"),),
    related=("[Related incident 1]", "[Related incident 2]"),
    signatures=tuple(
        SignatureRow(role, "[Name]", "[Signature]", "[Date]")
        for role in ("Incident Commander", "Technical Lead", "Manager")
    ),
    document_version="[VERSION]", last_updated="[DATE]",
)  # fmt: skip
# What only people know.
ANSWERS = {
    "geographic_impact": "[If applicable]",
    "verification": "\n".join(f"- [ ] [Verification step {n}]" for n in (1, 2, 3)),
    "resolution_timeline": (
        "| Time | Action | Owner | Result |\n|------|--------|-------|--------|\n"
        "| [TIME] | [Action] | [Owner] | [Result] |"
    ),
    "went_well": "1. [Positive aspect 1]\n2. [Positive aspect 2]",
    "could_improve": "1. [Improvement area 1]\n2. [Improvement area 2]",
    "process_gaps": "1. [Gap 1]\n2. [Gap 2]",
    "data_loss": "[Yes/No + details]",
    "appendix_events": "[Detailed event timeline]",
    "appendix_logs": "[Relevant logs, metrics graphs, screenshots]",
}


@pytest.mark.parametrize(("slug", "facts"), [("full", FULL), ("light", LIGHT)])
def test_shipped_template_gives_its_golden_file(slug, facts):
    spec = next(one for one in SHIPPED if one.slug == slug)
    parts = [
        Part(one.style, one.title, one.has_text, ANSWERS.get(one.key) or draft_text(one.starter, facts))
        for one in spec.sections
    ]
    made = assemble(fill(spec.header, facts), parts, fill(spec.footer, facts), has_dividers=spec.has_dividers)
    assert made == (GOLDEN / f"{slug}.md").read_text()


def test_shipped_templates_use_known_placeholders_only():
    for spec in SHIPPED:
        texts = (spec.header, spec.footer, *(one.starter for one in spec.sections))
        assert [name for text in texts for name in unknown_in(text)] == []
        keys = [one.key for one in spec.sections]
        assert len(keys) == len(set(keys))


def test_section_with_an_unknown_fact_starts_empty():
    assert draft_text("{{ description }}\n\n{{ course? }}", Facts()) == ""
    assert draft_text("{{ description }}\n\n{{ course? }}", Facts(description="Slow")) == "Slow"


def test_every_placeholder_reads_a_fact():
    for one in PLACEHOLDERS.values():
        assert isinstance(one.read(FULL), str)
