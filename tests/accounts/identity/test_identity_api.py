"""The API of identity providers, and of whether one is required."""

from __future__ import annotations

import pytest

from accounts.models import AuditEntry, IdentityProvider, Scope, User
from accounts.tokens.services import issue_token
from core.secrets.encryption import decrypt
from tests.api.client import ApiClient

pytestmark = pytest.mark.django_db
SECRET = "s3cret-of-the-client"
GIVEN = {
    "name": "Keycloak", "server_url": "https://login.example.test/realms/ops/", "client_id": "tocsin",
    "client_secret": SECRET, "allowed_domains": ["Example.com"], "group_roles": {"sre-leads": "manager"},
}  # fmt: skip


@pytest.fixture
def api(admin) -> ApiClient:
    return ApiClient(issue_token(admin, name="Settings", scopes=[Scope.ADMIN]).text)


def test_provider_is_added_changed_and_removed_without_showing_its_secret(api, admin):
    made = api.post("/identity-providers", GIVEN)
    assert made.status_code == 201, made.content
    shown = made.json()
    assert shown["callback_url"].endswith("/callback")
    assert (shown["allowed_domains"], shown["default_role"]) == (["example.com"], "viewer")
    assert shown["enabled"] is True
    address = f"/identity-providers/{shown['id']}"
    changed = api.patch(address, {"default_role": "", "allowed_domains": []}).json()
    assert (changed["default_role"], changed["allowed_domains"]) == ("", [])
    assert changed["group_roles"] == {"sre-leads": "manager"}
    assert decrypt(IdentityProvider.across_workspaces.get().sealed_secret) == SECRET
    assert api.patch(address, {"client_secret": "another"}).status_code == 200
    assert decrypt(IdentityProvider.across_workspaces.get().sealed_secret) == "another"
    everything = b"".join(api.get(one).content for one in (address, "/identity-providers"))
    assert SECRET.encode() not in everything + made.content
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404
    entries = AuditEntry.objects.of(admin.workspace_id).filter(action__startswith="identity.")
    actions = sorted(entries.values_list("action", flat=True))
    assert actions == ["identity.add", "identity.change", "identity.change", "identity.remove"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"server_url": "ftp://x"}, "server_url"), ({"allowed_domains": ["no domain"]}, "allowed_domains"),
        ({"group_roles": {"a": "king"}}, "role"), ({"client_secret": " "}, "client_secret"),
        ({"name": ""}, "name"), ({"colour": "red"}, "colour"),
    ],
    ids=["server_url", "allowed_domains", "group_roles", "client_secret", "name", "unknown"],
)  # fmt: skip
def test_wrong_value_is_named_and_nothing_is_stored(api, change, field):
    refused = api.post("/identity-providers", GIVEN | change)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    assert not IdentityProvider.across_workspaces.exists()


def test_provider_is_required_of_all_but_one_admin(api, admin):
    person = User.objects.get(pk=admin.user_id)
    person.set_password("a long enough passphrase")
    person.save()
    requirement = {"identity_required": True, "break_glass": person.username}
    assert api.put("/identity-requirement", requirement).status_code == 409
    made = api.post("/identity-providers", GIVEN).json()
    assert api.put("/identity-requirement", requirement).json() == requirement
    assert api.get("/identity-requirement").json() == requirement
    for refused in (
        api.delete(f"/identity-providers/{made['id']}"),
        api.patch(f"/identity-providers/{made['id']}", {"enabled": False}),
    ):
        assert refused.status_code == 409
    unknown = {"identity_required": True, "break_glass": "no.one"}
    assert api.put("/identity-requirement", unknown).json()["errors"][0]["field"] == "break_glass"
    ended = api.put("/identity-requirement", {"identity_required": False}).json()
    assert ended == {"identity_required": False, "break_glass": None}
