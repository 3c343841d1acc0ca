"""`--approved-by` requests the approval of the named person; only that person's own token approves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tocsin.conftest import RunTocsin

if TYPE_CHECKING:
    from accounts.models import Workspace


@pytest.fixture
def wanted(home: Workspace) -> list[str]:
    """The words of a request that names john.doe, who is a manager here."""
    from accounts.actor import system_actor
    from accounts.models import Membership
    from incidents.correlation.services.opening import declare_incident

    Membership.objects.of(home.pk).filter(user__username="john.doe").update(role="manager")
    made = declare_incident(system_actor(home.pk), title="Errors", incident_type="error_burst")
    options = ["--action", "rollback_deployment", "--approved-by", "john.doe", "--no-wait"]
    return ["incidents", "mitigate", made.reference, *options]


def token_of(home: Workspace, username: str) -> str:
    """A token of a person, who is made a manager where they are not there yet."""
    from accounts.actor import system_actor
    from accounts.models import ApiToken, Membership, Scope, User
    from accounts.tokens.services import issue_token

    user, is_new = User.objects.get_or_create(username=username, defaults={"email": f"{username}@x.test"})
    if is_new:
        Membership.objects.create(workspace_id=home.pk, user=user, role="manager")
    scopes = [scope.value for scope in Scope]
    issued = issue_token(system_actor(home.pk), name=username, scopes=scopes)
    ApiToken.objects.of(home.pk).filter(pk=issued.row.pk).update(user=user)
    return issued.text


@pytest.mark.parametrize("who", ["", "mary.major", "john.doe"], ids=["a machine", "another", "oneself"])
def test_only_the_named_person_approves(
    run_tocsin: RunTocsin,
    server: str,
    home: Workspace,
    wanted: list[str],
    who: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from remediation.runs.models import RemediationRun, RunApproval

    if who:
        monkeypatch.setenv("TOCSIN_TOKEN", token_of(home, who))
    ran = run_tocsin(*wanted)
    run = RemediationRun.objects.of(home.pk).select_related("requested_approver").get()
    approvers = RunApproval.objects.of(home.pk).values_list("approver__username", flat=True)
    assert run.requested_approver.username == "john.doe"
    if who == "john.doe":
        assert (ran.code, run.state, list(approvers)) == (0, "approved", ["john.doe"])
    else:
        assert (ran.code, run.state, list(approvers)) == (1, "awaiting_approval", [])
        assert "waiting for john.doe" in ran.err
