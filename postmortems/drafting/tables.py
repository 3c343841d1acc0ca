"""Renders facts as Markdown tables and lists. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from postmortems.drafting.facts import Facts, ItemRow

MAX_CELL: Final = 300
_RULE: Final = re.compile(r"\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?")
_BETWEEN: Final = re.compile(r"(?<!\\)\|")


def cell(text: str, max_chars: int = MAX_CELL) -> str:
    """A table cell: a single line, pipes escaped, cut at 300 characters."""
    line = " ".join(text.split())
    line = line if len(line) <= max_chars else line[: max_chars - 1].rstrip() + "…"
    return line.replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[str]], max_chars: int = MAX_CELL) -> str:
    """A Markdown table, or "" without rows."""
    lines = [f"| {' | '.join(cell(one, max_chars) for one in row)} |" for row in rows]
    rule = "|".join("-" * (len(name) + 2) for name in head)
    return "\n".join([f"| {' | '.join(head)} |", f"|{rule}|", *lines]) if lines else ""


def table_rows(text: str) -> list[list[str]]:
    """The rows of the Markdown tables in a text, without their headings."""
    found: list[list[str]] = []
    is_inside = False
    for line in (one.strip() for one in text.split("\n")):
        if "|" in line and _RULE.fullmatch(line):
            is_inside = True
        elif is_inside and "|" in line:
            found.append(_cells(line))
        else:
            is_inside = False
    return found


def _cells(line: str) -> list[str]:
    inner = line.removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return [one.strip().replace("\\|", "|") for one in _BETWEEN.split(inner)]


def numbered(lines: Iterable[str], mark: str = "") -> str:
    """`1. …`, `2. …`; each text is prefixed with `mark`."""
    return "\n".join(f"{n}. {mark}{line}" for n, line in enumerate(lines, 1))


def checklist(lines: Iterable[tuple[str, bool]]) -> str:
    """`- [ ] …`, or `- [x] …` for done items."""
    return "\n".join(f"- [{'x' if is_done else ' '}] {line}" for line, is_done in lines)


def bullets(lines: Iterable[str]) -> str:
    """`- …`."""
    return "\n".join(f"- {line}" for line in lines)


def timeline_by_impact(facts: Facts) -> str:
    """Key moments with their impact."""
    rows = facts.key_moments or facts.timeline
    made = table(("Time (UTC)", "Event", "Impact"), [(row.time, row.event, row.impact) for row in rows])
    return _with_more(made, facts.key_moments_more)


def timeline_by_source(facts: Facts) -> str:
    """Key moments and first events with their source."""
    rows = facts.sourced_moments or facts.key_moments or facts.timeline
    made = table(("Time", "Event", "Source"), [(row.time, row.event, row.source) for row in rows])
    return _with_more(made, facts.key_moments_more)


def _with_more(made: str, more: int) -> str:
    return f"{made}\n\n{more} more: see the timeline of the incident." if made and more else made


def event_timeline(facts: Facts) -> str:
    """All timeline entries, and the first events."""
    rows = facts.event_timeline or facts.timeline
    lines = [f"**{row.time}** {row.event}" if row.time else row.event for row in rows]
    left_out = f"{facts.timeline_more} entries in between are left out: see the JSON export."
    more = [left_out] if facts.timeline_more else []
    return "\n".join([*(f"- {line}" for line in lines), *more])


def immediate_actions(facts: Facts) -> str:
    """`1. Action - time - result`."""
    return numbered(" - ".join(filter(None, (a.action, a.time, a.result))) for a in facts.actions)


def actions_taken(facts: Facts) -> str:
    """`1. Action`."""
    return numbered(action.action for action in facts.actions)


def resolution_table(facts: Facts) -> str:
    """Time, action, owner, result."""
    rows = [(a.time, a.action, a.owner, a.result) for a in facts.resolution or facts.actions]
    return table(("Time", "Action", "Owner", "Result"), rows)


def remediation_table(facts: Facts) -> str:
    """Action, status, result."""
    rows = [(a.action, a.status, a.result) for a in facts.remediation]
    return table(("Action", "Status", "Result"), rows) or "No remediation action was run."


def five_whys(facts: Facts) -> str:
    """Five whys, numbered at each level; branches are indented."""
    lines, counts = [], {0: 0}
    for why in facts.whys:
        counts = {depth: n for depth, n in counts.items() if depth <= why.branch}
        counts[why.branch] = counts.get(why.branch, 0) + 1
        indent = "   " * why.branch
        lines += [f"{indent}{counts[why.branch]}. **{why.question}**"]
        lines += [f"{indent}   - {why.answer}"] if why.answer else []
    return "\n".join(lines)


def items_table(facts: Facts) -> str:
    """Action items that prevent or mitigate."""
    wanted = _items(facts, "prevent", "mitigate")
    rows = [(_named(one), one.owner, one.priority, one.due, one.status) for one in wanted]
    return table(("Item", "Owner", "Priority", "Due Date", "Status"), rows)


def items_of(facts: Facts, *kinds: str) -> str:
    """Action items of the given kinds as a checklist."""
    return checklist((_named(one), one.is_done) for one in _items(facts, *kinds))


def follow_ups(facts: Facts) -> str:
    """All action items as a numbered checklist."""
    lines = [f"[{'x' if one.is_done else ' '}] {_named(one)}" for one in facts.items]
    return numbered(lines)


def communication_log(facts: Facts) -> str:
    """Notifications and their recipients."""
    rows = [(m.time, m.channel, m.message, m.recipients) for m in facts.messages]
    return table(("Time", "Channel", "Message", "Recipients"), rows) or "Nothing was sent."


def approvals(facts: Facts) -> str:
    """Approval table."""
    rows = [(s.role, s.name, s.signature, s.date) for s in facts.signatures]
    return table(("Role", "Name", "Signature", "Date"), rows)


def _items(facts: Facts, *kinds: str) -> list[ItemRow]:
    return [one for one in facts.items if one.kind in kinds]


def _named(item: ItemRow) -> str:
    return f"{item.reference} {item.title}".strip()
