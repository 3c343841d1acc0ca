"""The chain of causes as a tree: order, depth, root causes. Pure over nodes already read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from postmortems.drafting.facts import WhyRow
from postmortems.learning.models import FactorNode


@dataclass(frozen=True)
class Rung:
    """A why in its place: `depth` counts whys above it, `branch` how often the chain forked above it."""

    node: FactorNode
    depth: int
    branch: int
    is_last: bool


def rungs(nodes: Sequence[FactorNode]) -> list[Rung]:
    """Every why, each followed by the whys its answer raised."""
    below: dict[int | None, list[FactorNode]] = defaultdict(list)
    for node in sorted(nodes, key=lambda one: (one.position, one.pk)):
        if node.kind == FactorNode.Kind.WHY:
            below[node.parent_id].append(node)
    return list(_walk(below, None, 0, 0))


def _walk(
    below: dict[int | None, list[FactorNode]], parent: int | None, depth: int, branch: int
) -> Iterator[Rung]:
    for n, node in enumerate(below.get(parent, ())):
        forked = branch + (1 if n else 0)
        yield Rung(node, depth, forked, not below.get(node.pk))
        yield from _walk(below, node.pk, depth + 1, forked)


def depth_of(nodes: Sequence[FactorNode], node_id: int | None) -> int:
    """How many whys stand above a node, itself included."""
    parents = {node.pk: node.parent_id for node in nodes}
    depth = 0
    while node_id is not None and depth <= len(parents):
        node_id, depth = parents.get(node_id), depth + 1
    return depth


def root_causes(nodes: Sequence[FactorNode]) -> list[str]:
    """What was marked as a root cause, in the order of the chain."""
    return [rung.node.answer or rung.node.question for rung in rungs(nodes) if rung.node.is_root_cause]


def contributing(nodes: Sequence[FactorNode]) -> list[str]:
    """Contributing factors, in order."""
    wanted = [node for node in nodes if node.kind == FactorNode.Kind.CONTRIBUTING_FACTOR]
    return [node.answer or node.question for node in sorted(wanted, key=lambda one: (one.position, one.pk))]


def why_rows(nodes: Sequence[FactorNode]) -> list[WhyRow]:
    """The chain as the document shows it."""
    return [
        WhyRow(rung.node.question, " ".join(rung.node.answer.split()), rung.branch) for rung in rungs(nodes)
    ]
