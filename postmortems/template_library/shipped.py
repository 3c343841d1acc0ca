"""Shipped postmortem templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from postmortems.template_library.models import Audience, PostmortemTemplate, SectionStyle

CHAPTER, SUB, FIELD = SectionStyle.CHAPTER, SectionStyle.SUBSECTION, SectionStyle.FIELD


@dataclass(frozen=True)
class SectionSpec:
    """A section of a shipped template; without starter and question it is only a heading."""

    style: SectionStyle
    key: str
    title: str
    starter: str = ""
    question: str = ""
    is_required: bool = False
    is_public: bool = False

    @property
    def has_text(self) -> bool:
        """Whether it is more than a heading."""
        return bool(self.starter or self.question)

    @property
    def audience(self) -> Audience:
        """Audience of the section."""
        return Audience.ALL if self.is_public else Audience.INTERNAL


@dataclass(frozen=True)
class TemplateSpec:
    """A shipped template."""

    slug: str
    name: str
    kind: PostmortemTemplate.Kind
    header: str
    footer: str
    has_dividers: bool
    sections: tuple[SectionSpec, ...]
    is_default: bool = False


_FULL_HEADER: Final = """# Incident Post-Mortem: {{ incident_id }}

**Date**: {{ date }}
**Incident ID**: {{ incident_id }}
**Severity**: {{ severity }}
**Duration**: {{ duration }}
**MTTD**: {{ mttd }}
**MTTR**: {{ mttr }}"""
_FULL_FOOTER: Final = """**Document Version**: {{ document_version }}
**Last Updated**: {{ last_updated }}"""

_IMPACT: Final = (
    SectionSpec(
        CHAPTER, "executive_summary", "Executive Summary", "{{ summary }}",
        "What happened, to whom, for how long, and how did it end?", True, True,
    ),
    SectionSpec(CHAPTER, "impact_analysis", "Impact Analysis"),
    SectionSpec(SUB, "affected_systems", "Affected Systems"),
    SectionSpec(
        FIELD, "systems", "Systems", "{{ components }}", "Which systems were affected?", True, True
    ),
    SectionSpec(
        FIELD, "users_impacted", "Users Impacted", "{{ users_impacted }}",
        "How many people noticed, and how do you know?", True, True,
    ),
    SectionSpec(
        FIELD, "geographic_impact", "Geographic Impact", "",
        "Was it limited to regions or sites? Which?",
    ),
    SectionSpec(
        FIELD, "business_impact", "Business Impact", "{{ impact }}",
        "What did it cost: revenue, SLA credits, support cases, trust?", True,
    ),
    SectionSpec(SUB, "timeline", "Timeline", "{{ timeline }}", "What happened when?", True, True),
)  # fmt: skip
_CAUSE: Final = (
    SectionSpec(CHAPTER, "root_cause_analysis", "Root Cause Analysis"),
    SectionSpec(
        SUB, "what_happened", "What Happened", "{{ description }}\n\n{{ course? }}",
        "What happened, step by step?", True, True,
    ),
    SectionSpec(
        SUB, "why_it_happened", "Why It Happened", "{{ why }}",
        "Why did it happen? Which conditions had to meet?", True, True,
    ),
    SectionSpec(
        SUB, "contributing_factors", "Contributing Factors", "{{ contributing_factors }}",
        "What made it more likely, larger or longer, without being the cause?",
    ),
    SectionSpec(
        SUB, "five_whys", "5 Whys Analysis", "{{ five_whys }}", "Why did it happen? And why was that so?",
    ),
)  # fmt: skip
_RECOVERY: Final = (
    SectionSpec(CHAPTER, "resolution_and_recovery", "Resolution and Recovery"),
    SectionSpec(
        SUB, "immediate_actions", "Immediate Actions Taken", "{{ immediate_actions }}",
        "What was done, when, and what came of it?", True,
    ),
    SectionSpec(
        SUB, "resolution_timeline", "Timeline of Resolution", "{{ resolution_table }}",
        "Who did what, and with which result?",
    ),
    SectionSpec(
        SUB, "verification", "Verification Steps", "{{ verification }}", "How was the recovery verified?",
    ),
)  # fmt: skip
_LESSONS: Final = (
    SectionSpec(CHAPTER, "lessons_learned", "Lessons Learned"),
    SectionSpec(SUB, "went_well", "What Went Well", "", "What went well?", True),
    SectionSpec(SUB, "could_improve", "What Could Be Improved", "", "What slowed you down?", True),
    SectionSpec(SUB, "process_gaps", "Gaps in Process", "", "Which step had no owner or no description?"),
    SectionSpec(SUB, "got_lucky", "Where We Got Lucky", "", "What would have made it worse?"),
)
_ITEMS: Final = (
    SectionSpec(CHAPTER, "action_items", "Action Items"),
    SectionSpec(
        SUB, "preventive_measures", "Preventive Measures", "{{ preventive_items }}",
        "No action items yet. What would have stopped this?", True,
    ),
    SectionSpec(
        SUB, "detection_improvements", "Detection Improvements", "{{ detection_items }}",
        "What would have shown it earlier?",
    ),
    SectionSpec(
        SUB, "response_improvements", "Response Improvements", "{{ response_items }}",
        "What would have ended it sooner?",
    ),
    SectionSpec(
        SUB, "documentation_updates", "Documentation Updates", "{{ documentation_items }}",
        "Which page or runbook was missing or wrong?",
    ),
)  # fmt: skip
_METRICS: Final = (
    SectionSpec(CHAPTER, "metrics_and_data", "Metrics and Data"),
    SectionSpec(SUB, "incident_metrics", "Incident Metrics"),
    SectionSpec(FIELD, "detection_time", "Detection Time", "{{ mttd }}"),
    SectionSpec(FIELD, "resolution_time", "Resolution Time", "{{ mttr }}"),
    SectionSpec(FIELD, "total_events", "Total Events", "{{ event_count }}"),
    SectionSpec(FIELD, "peak_error_rate", "Peak Error Rate", "{{ peak_error_rate }}"),
    SectionSpec(FIELD, "data_loss", "Data Loss", "", "Was data lost? Which, and how much?", True),
    SectionSpec(SUB, "system_metrics", "System Metrics"),
    SectionSpec(FIELD, "cpu_usage", "CPU Usage", "{{ cpu_usage }}"),
    SectionSpec(FIELD, "memory_usage", "Memory Usage", "{{ memory_usage }}"),
    SectionSpec(FIELD, "disk_usage", "Disk Usage", "{{ disk_usage }}"),
    SectionSpec(FIELD, "response_time", "Response Time", "{{ response_time }}"),
)
_APPENDICES: Final = (
    SectionSpec(CHAPTER, "appendices", "Appendices"),
    SectionSpec(SUB, "appendix_events", "Appendix A: Event Timeline", "{{ event_timeline }}"),
    SectionSpec(
        SUB, "appendix_logs", "Appendix B: Logs and Screenshots", "{{ attachments }}",
        "Which logs, graphs or screenshots show it best?",
    ),
    SectionSpec(SUB, "appendix_messages", "Appendix C: Communication Log", "{{ communication_log }}"),
    SectionSpec(
        SUB, "appendix_related", "Appendix D: Related Incidents", "{{ related }}",
        "Which earlier incidents were like this one?",
    ),
)  # fmt: skip
_APPROVAL: Final = (SectionSpec(CHAPTER, "approval", "Approval", "{{ approvals }}"),)
_SECURITY: Final = (
    SectionSpec(CHAPTER, "security", "Security"),
    SectionSpec(SUB, "containment", "Containment", "", "What was isolated, revoked or shut, and when?", True),
    SectionSpec(SUB, "data_affected", "Data Affected", "", "Whose data, and how many records?", True),
    SectionSpec(SUB, "evidence_preserved", "Evidence Preserved", "", "What was secured, and where?", True),
    SectionSpec(
        SUB, "notification_duties", "Notification Duties", "",
        "Who must be notified, by which law or contract, until when?", True,
    ),
)  # fmt: skip
_LIGHT: Final = (
    SectionSpec(CHAPTER, "summary", "Summary", "{{ description }}", "What happened?", True, True),
    SectionSpec(CHAPTER, "impact", "Impact"),
    SectionSpec(
        FIELD, "components", "Affected Components", "{{ components }}", "Which were affected?", True, True
    ),
    SectionSpec(FIELD, "events", "Event Count", "{{ event_count }} events"),
    SectionSpec(
        FIELD, "duration", "Duration", "{{ duration }} (MTTD: {{ mttd_short }}, MTTR: {{ mttr_short }})"
    ),
    SectionSpec(
        FIELD, "users_impacted", "Users Impacted", "{{ users_impacted }}",
        "How many people noticed, and how do you know?", True, True,
    ),
    SectionSpec(
        CHAPTER, "timeline", "Timeline", "{{ timeline_by_source }}", "What happened when?", True, True
    ),
    SectionSpec(CHAPTER, "root_cause", "Root Cause", "{{ why }}", "Why did it happen?", True, True),
    SectionSpec(
        CHAPTER, "resolution", "Resolution", "Actions taken:\n{{ actions_taken }}",
        "What was done, and what ended it?", True, True,
    ),
    SectionSpec(CHAPTER, "remediation", "Remediation Actions", "{{ remediation_table }}"),
    SectionSpec(
        CHAPTER, "follow_ups", "Follow-Up Items", "{{ follow_ups }}",
        "No action items yet. What would have stopped this?",
    ),
    SectionSpec(CHAPTER, "metrics", "Metrics"),
    SectionSpec(FIELD, "mttd", "MTTD", "{{ mttd_seconds }}"),
    SectionSpec(FIELD, "mttr", "MTTR", "{{ mttr_seconds }}"),
    SectionSpec(FIELD, "total_events", "Total Events", "{{ event_count }}"),
    SectionSpec(FIELD, "peak_error_rate", "Peak Error Rate", "{{ peak_error_rate }}"),
    SectionSpec(CHAPTER, "generated_at", "Generated At", "{{ generated_at }}"),
)  # fmt: skip

_BODY: Final = (*_IMPACT, *_CAUSE, *_RECOVERY, *_LESSONS, *_ITEMS, *_METRICS, *_APPENDICES, *_APPROVAL)
_WITH_SECURITY: Final = (*_IMPACT, *_CAUSE, *_SECURITY, *_BODY[len(_IMPACT) + len(_CAUSE) :])
Kind = PostmortemTemplate.Kind
SHIPPED: Final = (
    TemplateSpec("full", "Full", Kind.FULL, _FULL_HEADER, _FULL_FOOTER, True, _BODY, True),
    TemplateSpec(
        "light", "Light", Kind.LIGHT, "# Incident Post-Mortem: {{ incident_id }}", "", False, _LIGHT
    ),
    TemplateSpec("security", "Security", Kind.SECURITY, _FULL_HEADER, _FULL_FOOTER, True, _WITH_SECURITY),
)
