"""Actions are versions of their content; a version is never edited."""

from __future__ import annotations

import pytest
from django.db import connection

from accounts.models import AuditEntry
from core.errors import Invalid
from remediation.catalogue.models import RemediationAction
from remediation.catalogue.services import change_action, enable_action, ensure_catalogue
from remediation.catalogue.stored import opened
from remediation.recovery.services.policies import policy_of

pytestmark = pytest.mark.django_db


def test_version_follows_the_content(admin):
    ensure_catalogue(admin.workspace_id)
    rows = RemediationAction.objects.of(admin.workspace_id).filter(slug="scale_up")
    first = rows.get()
    assert change_action(admin, "scale_up", fields={"timeout_s": first.timeout_s}).pk == first.pk
    second = change_action(admin, "scale_up", fields={"timeout_s": 61})
    assert (len(second.version), second.version == first.version) == (64, False)
    assert change_action(admin, "scale_up", fields={"timeout_s": first.timeout_s}).pk == first.pk
    assert list(rows.filter(is_current=True).values_list("version", flat=True)) == [first.version]
    assert rows.count() == 2


def test_edited_action_is_as_enabled_as_before(admin):
    first = enable_action(admin, "scale_up", is_enabled=False)
    assert not change_action(admin, "scale_up", fields={"timeout_s": 61}).is_enabled
    enable_action(admin, "scale_up", is_enabled=True)
    back = change_action(admin, "scale_up", fields={"timeout_s": first.timeout_s})
    assert (back.pk, back.is_enabled) == (first.pk, True)
    assert RemediationAction.objects.of(admin.workspace_id).get(slug="scale_up", is_current=True).is_enabled


def test_replaced_secret_never_comes_back(admin):
    def change(secret="", **fields):
        return change_action(admin, "scale_up", fields=fields, secrets={"token": secret} if secret else None)

    first = change("old", executor="webhook", config={"url": "https://x.example/a"})
    for secret in ("new", "newer"):
        rotated = change(secret)
        assert change().pk == rotated.pk
        edited = change(timeout_s=61)
        assert opened(edited.secrets) == {"token": secret}
        assert change(timeout_s=first.timeout_s).pk == rotated.pk
        assert change(timeout_s=61).pk == edited.pk
        assert opened(change("new", timeout_s=first.timeout_s).secrets) == {"token": "new"}
    rows = RemediationAction.objects.of(admin.workspace_id).filter(slug="scale_up")
    assert opened(rows.get(is_current=True).secrets) == {"token": "new"}


def test_each_change_of_an_action_is_audited(admin):
    first = change_action(admin, "scale_up", fields={"timeout_s": 61})
    change_action(admin, "scale_up", fields={"timeout_s": 62})
    back = change_action(admin, "scale_up", fields={"timeout_s": 61})
    change_action(admin, "scale_up", fields={"timeout_s": 61})
    written = AuditEntry.objects.of(admin.workspace_id).filter(action="remediation.action_change")
    assert (back.pk, written.count()) == (first.pk, 3)


def test_equal_content_has_an_equal_version_in_every_workspace(admin, other_workspace):
    for workspace_id in (admin.workspace_id, other_workspace.pk):
        ensure_catalogue(workspace_id)
    with connection.cursor() as cursor:
        cursor.execute("select count(*), count(distinct version) from remediation_remediationaction")
        assert cursor.fetchone() == (16, 8)


def test_policy_of_a_new_workspace_starts_everywhere_and_resolves_minor_incidents(workspace):
    policy = policy_of(workspace.pk)
    assert policy.auto_start == ["sev1", "sev2", "sev3", "sev4"]
    assert policy.auto_resolve == ["sev3", "sev4"]


@pytest.mark.parametrize(
    "url",
    ["https://user:pass@checkout.example/up", "https://checkout.example/{run}", "ftp://checkout.example"],
)
def test_address_of_a_health_check_holds_no_password_and_no_unknown_place(admin, url):
    ensure_catalogue(admin.workspace_id)
    with pytest.raises(Invalid) as refused:
        change_action(admin, "scale_up", fields={"health_url": url})
    assert [fault.field for fault in refused.value.faults] == ["health_url"]
    assert change_action(admin, "scale_up", fields={"health_url": "https://checkout.example/{component}"})
