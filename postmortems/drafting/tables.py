"""Renders facts as Markdown tables and lists. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from postmortems.drafting.facts import Facts, ItemRow

MAX_CELL = 300


def cell(text: str) -> str:
    """A table cell: a single line, pipes escaped, cut at 300 characters."""
    line = " ".join(text.split())
    line = line if len(line) <= MAX_CELL else line[: MAX_CELL - 1].rstrip() + "…"
    return line.replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, or "" without rows."""
    lines = [f"| {' | '.join(cell(one) for one in row)} |" for row in rows]
    rule = "|".join("-" * (len(name) + 2) for name in head)
    return "\n".join([f"| {' | '.join(head)} |", f"|{rule}|", *lines]) if lines else ""


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
    return table(("Time (UTC)", "Event", "Impact"), [(row.time, row.event, row.impact) for row in rows])


def timeline_by_source(facts: Facts) -> str:
    """Key moments with their source."""
    rows = facts.key_moments or facts.timeline
    return table(("Time", "Event", "Source"), [(row.time, row.event, row.source) for row in rows])


def event_timeline(facts: Facts) -> str:
    """All timeline entries."""
    lines = [f"**{row.time}** {row.event}" if row.time else row.event for row in facts.timeline]
    more = [f"{facts.timeline_more} more entries: see the JSON export."] if facts.timeline_more else []
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
