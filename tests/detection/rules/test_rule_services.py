"""Services of rules: create, change, delete; permissions, audit, refusals."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.actor import Actor
from accounts.models import AuditEntry
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.models import OutboxEvent
from detection.models import DetectionRule
from detection.rules.builtin_rules import builtin_rules
from detection.rules.services import rules as services
from detection.rules.services.rules import (
    create_rule,
    delete_rule,
    disable_rule,
    enable_rule,
    install_builtin_rules,
    update_rule,
)
from detection.selectors import rule_for, rule_json, rules_of
from tests.detection.rules.test_rule_parsing import GOOD

pytestmark = pytest.mark.django_db


def audit(actor: Actor) -> list[tuple[str, dict[str, Any]]]:
    return list(AuditEntry.objects.of(actor.workspace_id).order_by("id").values_list("action", "changes"))


def published_count(actor: Actor) -> int:
    return OutboxEvent.objects.filter(topic="rules.changed").count()


def version_of_rules() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select version from detection_ruleset")
        return int(cursor.fetchone()[0])


def test_new_rule_has_defaults_one_audit_row_and_one_event(admin: Actor) -> None:
    before = version_of_rules()
    rule = create_rule(admin, fields=GOOD | {"level": "error"})
    shown = rule_json(rule)
    assert {name: shown[name] for name in GOOD} == GOOD
    assert (shown["minimum_level"], shown["enabled"], shown["dry_run"], shown["version"]) == (
        "error", True, False, 1
    )  # fmt: skip
    assert ([action for action, _ in audit(admin)], published_count(admin)) == (["rule.create"], 1)
    assert version_of_rules() == before + 1


def test_taken_rule_id_is_a_conflict_in_its_workspace_only(admin: Actor, make_actor, other_workspace) -> None:
    create_rule(admin, fields=GOOD)
    with pytest.raises(Conflict) as refused:
        create_rule(admin, fields=GOOD)
    assert refused.value.extra["errors"][0]["field"] == "rule_id"
    create_rule(make_actor("admin", inside=other_workspace), fields=GOOD)
    assert rules_of(admin).count() == 1


def test_workspace_has_no_more_rules_than_the_limit(admin: Actor, monkeypatch) -> None:
    monkeypatch.setattr(services, "MAX_RULES", 1)
    create_rule(admin, fields=GOOD)
    with pytest.raises(Invalid):
        create_rule(admin, fields=GOOD | {"rule_id": "another"})


def test_change_records_before_and_after_and_increments_the_version(admin: Actor) -> None:
    create_rule(admin, fields=GOOD)
    DetectionRule.objects.of(admin.workspace_id).update(last_swept_at="2026-01-01T00:00:00Z")
    before = version_of_rules()
    rule = update_rule(admin, rule_id="my-rule", fields={"threshold": 3, "name": "Mine"}, version=1)
    assert (rule.error_threshold, rule.version, rule.last_swept_at) == (3, 2, None)
    assert audit(admin)[-1] == ("rule.update", {"error_threshold": [5, 3]})
    assert (published_count(admin), version_of_rules()) == (2, before + 1)


def test_change_to_the_same_changes_nothing(admin: Actor) -> None:
    create_rule(admin, fields=GOOD)
    before = version_of_rules()
    assert update_rule(admin, rule_id="my-rule", fields=GOOD).version == 1
    assert (len(audit(admin)), published_count(admin), version_of_rules()) == (1, 1, before)


def test_stale_version_is_a_conflict_that_shows_the_current_rule(admin: Actor) -> None:
    create_rule(admin, fields=GOOD)
    update_rule(admin, rule_id="my-rule", fields={"threshold": 3})
    with pytest.raises(Conflict) as refused:
        update_rule(admin, rule_id="my-rule", fields={"threshold": 4}, version=1)
    assert refused.value.extra["current"]["error_threshold"] == 3
    assert rule_for(admin, "my-rule").error_threshold == 3


def test_rule_id_cannot_be_changed(admin: Actor) -> None:
    create_rule(admin, fields=GOOD)
    with pytest.raises(Invalid) as refused:
        update_rule(admin, rule_id="my-rule", fields={"id": "other"})
    assert [(fault.field, fault.rule) for fault in refused.value.faults] == [("rule_id", "read_only")]


def test_rule_is_switched_off_and_on(admin: Actor) -> None:
    create_rule(admin, fields=GOOD)
    assert disable_rule(admin, rule_id="my-rule").enabled is False
    assert enable_rule(admin, rule_id="my-rule").enabled is True
    assert [changes for _, changes in audit(admin)][1:] == [
        {"enabled": [True, False]}, {"enabled": [False, True]}
    ]  # fmt: skip


def test_custom_rule_is_deleted_and_a_builtin_one_is_not(admin: Actor) -> None:
    install_builtin_rules(admin)
    create_rule(admin, fields=GOOD)
    delete_rule(admin, rule_id="my-rule")
    with pytest.raises(Conflict):
        delete_rule(admin, rule_id="error_burst")
    assert rules_of(admin).count() == len(builtin_rules()) == 8
    assert audit(admin)[-1][0] == "rule.delete"


def test_reinstalling_preserves_edited_rules(admin: Actor) -> None:
    assert len(install_builtin_rules(admin)) == 8
    update_rule(admin, rule_id="service_down", fields={"threshold": 77})
    assert install_builtin_rules(admin) == []
    assert rule_for(admin, "service_down").error_threshold == 77


CHANGES = {
    "create": lambda actor: create_rule(actor, fields=GOOD | {"rule_id": "mine"}),
    "update": lambda actor: update_rule(actor, rule_id="my-rule", fields={"threshold": 1}),
    "enable": lambda actor: enable_rule(actor, rule_id="my-rule"),
    "disable": lambda actor: disable_rule(actor, rule_id="my-rule"),
    "delete": lambda actor: delete_rule(actor, rule_id="my-rule"),
    "install": install_builtin_rules,
}


@pytest.mark.parametrize("role", ["viewer", "responder", "manager"])
@pytest.mark.parametrize("change", CHANGES)
def test_only_admins_change_rules(admin: Actor, make_actor, role: str, change: str) -> None:
    create_rule(admin, fields=GOOD)
    with pytest.raises(Forbidden):
        CHANGES[change](make_actor(role))
    assert rule_json(rules_of(admin).get())["version"] == 1


@pytest.mark.parametrize("change", ["update", "enable", "disable", "delete"])
def test_another_workspaces_rule_is_not_there(admin: Actor, make_actor, other_workspace, change: str) -> None:
    create_rule(admin, fields=GOOD)
    with pytest.raises(NotFound):
        CHANGES[change](make_actor("admin", inside=other_workspace))
    assert rules_of(admin).get().version == 1
