"""The whys as a tree: order, depth, root causes. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from postmortems.drafting.facts import WhyRow
from postmortems.learning.models import FactorNode


@dataclass(frozen=True)
class WhyStep:
    """A why in the tree: `depth` is the number of whys above it, `branch` the number of forks above it."""

    node: FactorNode
    depth: int
    branch: int
    is_last: bool


def why_steps(nodes: Sequence[FactorNode]) -> list[WhyStep]:
    """All whys, depth first."""
    below: dict[int | None, list[FactorNode]] = defaultdict(list)
    for node in sorted(nodes, key=lambda one: (one.position, one.pk)):
        if node.kind == FactorNode.Kind.WHY:
            below[node.parent_id].append(node)
    return list(_walk(below, None, 0, 0))


def _walk(
    below: dict[int | None, list[FactorNode]], parent: int | None, depth: int, branch: int
) -> Iterator[WhyStep]:
    for n, node in enumerate(below.get(parent, ())):
        forked = branch + (1 if n else 0)
        yield WhyStep(node, depth, forked, not below.get(node.pk))
        yield from _walk(below, node.pk, depth + 1, forked)


def depth_of(nodes: Sequence[FactorNode], node_id: int | None) -> int:
    """Depth of a node, including itself."""
    parents = {node.pk: node.parent_id for node in nodes}
    depth = 0
    while node_id is not None and depth <= len(parents):
        node_id, depth = parents.get(node_id), depth + 1
    return depth


def root_causes(nodes: Sequence[FactorNode]) -> list[str]:
    """Root causes, in the order of the chain."""
    return [step.node.answer or step.node.question for step in why_steps(nodes) if step.node.is_root_cause]


def contributing(nodes: Sequence[FactorNode]) -> list[str]:
    """Contributing factors, in order."""
    wanted = [node for node in nodes if node.kind == FactorNode.Kind.CONTRIBUTING_FACTOR]
    return [node.answer or node.question for node in sorted(wanted, key=lambda one: (one.position, one.pk))]


def why_rows(nodes: Sequence[FactorNode]) -> list[WhyRow]:
    """Rows for the document."""
    return [
        WhyRow(step.node.question, " ".join(step.node.answer.split()), step.branch)
        for step in why_steps(nodes)
    ]
