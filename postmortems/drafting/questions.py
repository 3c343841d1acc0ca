"""Questions of a draft, for what only people know. Pure."""

from __future__ import annotations

from postmortems.drafting.facts import Facts


def question_for(key: str, question: str, facts: Facts) -> str:
    """The question of a section, extended by what the figures suggest."""
    hints = {
        "went_well": facts.acknowledge_question if facts.acknowledge_question.endswith("work?") else "",
        "could_improve": _late(facts),
        "five_whys": f"Why did “{facts.title}” happen?" if facts.title else "",
    }
    return " ".join(filter(None, (hints.get(key, ""), question)))


def _late(facts: Facts) -> str:
    slow = facts.late_question
    if not slow and not facts.acknowledge_question.endswith("work?"):
        slow = facts.acknowledge_question
    return " ".join(filter(None, (slow, facts.updates_question)))
