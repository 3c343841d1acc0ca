"""The 60 s cache of tokens and rules: unchanged while no version changed, dropped at once after a change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.tokens.authentication import Grant
from detection.evaluation.matching import Ruleset
from detection.ingest import cache as ingest_cache
from detection.ingest.cache import IngestCache

GRANT = Grant(1, 1, "sender", frozenset({"events:write"}), None, None, datetime.now(UTC))


class Versions:
    """Replaces the one query: the versions now, and how often they were read."""

    def __init__(self) -> None:
        self.now = (1, 1)
        self.lookups = 0

    async def __call__(self, _: Any) -> list[tuple[Any, ...]]:
        self.lookups += 1
        return [self.now]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock; `clock[0] += 1` is a second later."""
    at = [1000.0]
    monkeypatch.setattr(ingest_cache.time, "monotonic", lambda: at[0])
    return at


async def filled(versions: Versions) -> IngestCache:
    fresh = IngestCache(versions)
    await fresh.look()
    fresh.grants["digest"] = GRANT
    fresh.rulesets[1] = Ruleset([])
    return fresh


async def test_versions_are_read_at_most_ten_times_a_second(clock: list[float]) -> None:
    versions = Versions()
    fresh = await filled(versions)
    for _ in range(100):
        clock[0] += 0.01
        await fresh.look()
    assert 9 <= versions.lookups <= 11


async def test_unchanged_entries_stay_cached(clock: list[float]) -> None:
    fresh = await filled(Versions())
    clock[0] += 1
    await fresh.look()
    assert (set(fresh.grants), set(fresh.rulesets)) == ({"digest"}, {1})


async def test_changed_token_drops_the_tokens_and_not_the_rules(clock: list[float]) -> None:
    versions = Versions()
    fresh = await filled(versions)
    versions.now = (1, 2)
    clock[0] += 0.11
    await fresh.look()
    assert (set(fresh.grants), set(fresh.rulesets)) == (set(), {1})


async def test_changed_rule_drops_the_rules_and_not_the_tokens(clock: list[float]) -> None:
    versions = Versions()
    fresh = await filled(versions)
    versions.now = (2, 1)
    clock[0] += 0.11
    await fresh.look()
    assert (set(fresh.grants), set(fresh.rulesets)) == ({"digest"}, set())


async def test_token_is_looked_up_again_after_a_minute(clock: list[float]) -> None:
    fresh = await filled(Versions())
    clock[0] += 59
    await fresh.look()
    assert set(fresh.grants) == {"digest"}
    clock[0] += 2
    await fresh.look()
    assert not fresh.grants


async def test_cache_of_tokens_is_bounded(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest_cache, "MAX_TOKENS", 3)
    fresh = await filled(Versions())
    fresh.grants.update({str(n): GRANT for n in range(5)})
    clock[0] += 0.2
    await fresh.look()
    assert not fresh.grants
