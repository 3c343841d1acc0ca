"""Each fact that an approval binds: changed after the request, the approval is worth nothing."""

from __future__ import annotations

import pytest

from remediation.runs.digest import BOUND, differences, run_digest

FACTS = {
    "workspace_id": 1, "incident_number": 2, "action": "scale_up", "action_version": "a" * 64,
    "executor": "command", "arguments": {"replicas": 3}, "target": "checkout", "target_tier": 3,
    "risk": "medium", "rollback": "", "timeout_s": 60, "preview": "/bin/true", "is_drill": False, "policy": 1,
}  # fmt: skip
OTHERS = {
    "workspace_id": 9, "incident_number": 9, "action": "clear_cache", "action_version": "b" * 64,
    "executor": "webhook", "arguments": {"replicas": 4}, "target": "billing", "target_tier": 1, "risk": "low",
    "rollback": "clear_cache", "timeout_s": 61, "preview": "/bin/false", "is_drill": True, "policy": 2,
}  # fmt: skip


@pytest.mark.parametrize("name", BOUND)
def test_each_bound_fact_changes_the_digest_and_is_named(name):
    changed = FACTS | {name: OTHERS[name]}
    assert run_digest(changed) != run_digest(FACTS)
    assert differences(FACTS, changed) == {name: [FACTS[name], OTHERS[name]]}


def test_at_least_twelve_facts_are_bound_and_none_may_be_missing():
    assert len(BOUND) >= 12
    for name in BOUND:
        with pytest.raises(KeyError):
            run_digest({key: value for key, value in FACTS.items() if key != name})
