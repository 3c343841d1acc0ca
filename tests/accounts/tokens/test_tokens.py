"""Tokens: created, found, refused, and dropped by every cache when they change."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.actor import Actor, system_actor
from accounts.models import ApiToken, AuditEntry, Membership, User
from accounts.tokens.api_authentication import _limit
from accounts.tokens.authentication import (
    TokenExpired,
    TokenRevoked,
    TokenUnknown,
    authenticate,
    find_token,
    token_epoch,
)
from accounts.tokens.credentials import credential, digest, has_token_shape, mint
from accounts.tokens.services import issue_token, revoke_token, rotate_token, touch_token
from core.errors import Conflict, Forbidden, Invalid, NotFound

NOW = timezone.now


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


def test_no_two_minted_tokens_are_alike():
    assert len({mint().text for _ in range(100)}) == 100


def test_minted_token_has_the_shape_it_is_recognised_by():
    minted = mint()
    assert has_token_shape(minted.text)
    assert minted.text.startswith(f"tcs_{minted.prefix}_")
    assert minted.digest == digest(minted.text)


@pytest.mark.parametrize(
    "text", ["", "tcs_", "tcs_abcdefgh_short", "tcs_ABCDEFGH_" + "a" * 40, "x" * 10_000, "tcs_\n"]
)
def test_other_texts_do_not_have_that_shape(text):
    assert not has_token_shape(text)


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({}, None),
        ({"authorization": "Bearer abc"}, "abc"),
        ({"authorization": "bearer  abc "}, "abc"),
        ({"x-api-key": "abc"}, "abc"),
        ({"authorization": "Basic eDp5"}, ""),
        ({"authorization": "abc"}, ""),
        ({"authorization": "  "}, None),
    ],
)
def test_credential_is_read_from_either_header(headers, found):
    assert credential(headers) == found


def test_text_of_a_token_is_stored_nowhere(workspace, admin):
    issued = issue_token(admin, name="CI", scopes=["events:write"])
    secret = issued.text.rsplit("_", 1)[1]
    row = ApiToken.objects.of(workspace.pk).values().get()
    assert secret not in str(row)
    assert secret not in str(list(AuditEntry.objects.of(workspace.pk).values()))


def test_issuing_leaves_exactly_one_audit_row(workspace, admin):
    issue_token(admin, name="CI", scopes=["events:write"])
    entry = AuditEntry.objects.of(workspace.pk).get()
    assert (entry.action, entry.user_id) == ("token.issue", admin.user_id)


@pytest.mark.parametrize("role", ["viewer", "responder", "manager"])
def test_only_admins_issue_tokens(make_actor, role):
    with pytest.raises(Forbidden):
        issue_token(make_actor(role), name="CI", scopes=["events:write"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 121},
        {"name": "a\nb"},
        {"scopes": []},
        {"scopes": ["all"]},
        {"expires_at": NOW() - timedelta(seconds=1)},
        {"expires_at": NOW() + timedelta(days=36_600)},
        {"expires_at": datetime.fromisoformat("0001-01-01T00:00:00+14:00")},
        {"expires_at": datetime.fromisoformat("9999-12-31T23:59:59-14:00")},
        {"expires_at": NOW().replace(tzinfo=None) + timedelta(days=1)},
    ],
)
def test_wrong_field_of_a_new_token_is_named(admin, wrong):
    with pytest.raises(Invalid) as refusal:
        issue_token(admin, **({"name": "CI", "scopes": ["admin"]} | wrong))
    assert [fault.field for fault in refusal.value.faults] == list(wrong)


def test_token_brings_its_workspace_and_scopes(workspace, admin):
    issued = issue_token(admin, name="CI", scopes=["incidents:read", "events:write"])
    found = authenticate(bearer(issued.text), "203.0.113.9")
    assert (found.workspace_id, found.kind, found.label) == (workspace.pk, "token", "CI")
    assert found.scopes == {"incidents:read", "events:write"}


@pytest.mark.parametrize("text", ["", "nonsense", "tcs_aaaaaaaa_" + "a" * 40])
def test_unknown_token_is_refused_even_on_this_machine(db, settings, text):
    settings.TOCSIN_OPEN_LOOPBACK = True
    with pytest.raises(TokenUnknown):
        authenticate(bearer(text) if text else {"authorization": "Basic eDp5"}, "127.0.0.1")


def test_expired_token_is_refused_by_name(admin, time_machine):
    time_machine.move_to("2030-01-01T00:00:00Z", tick=False)
    issued = issue_token(admin, name="CI", scopes=["admin"], expires_at=NOW() + timedelta(hours=1))
    time_machine.shift(timedelta(hours=2))
    with pytest.raises(TokenExpired) as refusal:
        authenticate(bearer(issued.text), "203.0.113.9")
    assert refusal.value.headers["WWW-Authenticate"].startswith("Bearer")


def test_revoked_token_is_refused_by_name(admin):
    issued = issue_token(admin, name="CI", scopes=["admin"])
    revoke_token(admin, token_id=issued.row.pk)
    with pytest.raises(TokenRevoked):
        authenticate(bearer(issued.text), "203.0.113.9")


def test_token_cannot_be_revoked_twice(admin):
    issued = issue_token(admin, name="CI", scopes=["admin"])
    revoke_token(admin, token_id=issued.row.pk)
    with pytest.raises(Conflict):
        revoke_token(admin, token_id=issued.row.pk)


def test_rotation_replaces_the_secret_but_not_name_scopes_and_expiry(admin):
    expires = NOW() + timedelta(days=3)
    old = issue_token(admin, name="CI", scopes=["events:write"], expires_at=expires)
    new = rotate_token(admin, token_id=old.row.pk)
    assert (new.row.name, new.row.scopes, new.row.expires_at) == ("CI", ["events:write"], expires)
    with pytest.raises(TokenRevoked):
        authenticate(bearer(old.text), "203.0.113.9")
    assert authenticate(bearer(new.text), "203.0.113.9").token_id == new.row.pk


@pytest.mark.parametrize("verb", [revoke_token, rotate_token])
def test_another_workspaces_token_is_not_there(admin, other_workspace, verb):
    foreign = issue_token(system_actor(other_workspace.pk), name="Theirs", scopes=["admin"])
    with pytest.raises(NotFound):
        verb(admin, token_id=foreign.row.pk)
    assert find_token(digest(foreign.text)).revoked_at is None


def test_every_change_of_a_token_moves_the_epoch_and_its_use_does_not(workspace, admin):
    seen = [token_epoch()]
    issued = issue_token(admin, name="CI", scopes=["admin"])
    seen.append(token_epoch())
    touch_token(workspace.pk, issued.row.pk, now=NOW())
    assert token_epoch() == seen[-1]
    rotated = rotate_token(admin, token_id=issued.row.pk)
    seen.append(token_epoch())
    revoke_token(admin, token_id=rotated.row.pk)
    seen.append(token_epoch())
    ApiToken.objects.of(workspace.pk).delete()
    seen.append(token_epoch())
    assert seen == sorted(set(seen))


def test_change_of_who_is_an_active_member_moves_the_epoch(workspace, make_user):
    user, seen = make_user("ann"), [token_epoch()]
    for change in (
        lambda: Membership.objects.create(workspace_id=workspace.pk, user=user),
        lambda: User.objects.filter(pk=user.pk).update(is_active=False),
        lambda: Membership.objects.of(workspace.pk).update(role="viewer"),
        lambda: Membership.objects.of(workspace.pk).delete(),
    ):
        change()
        seen.append(token_epoch())
    assert seen == sorted(set(seen))
    User.objects.filter(pk=user.pk).update(display_name="Ann")
    assert token_epoch() == seen[-1]


def test_token_and_person_of_one_number_have_separate_limits(workspace):
    machine = Actor(workspace.pk, "token", "CI", token_id=7)
    person = Actor(workspace.pk, "user", "Ann", user_id=7)
    others_token = Actor(workspace.pk, "user", "Bob", user_id=8, token_id=9)
    bob = Actor(workspace.pk, "user", "Cleo", user_id=9)
    assert len({_limit(one).name for one in (machine, person, others_token, bob)}) == 4


def test_use_is_remembered_at_most_once_a_minute(workspace, admin, time_machine):
    text = issue_token(admin, name="CI", scopes=["admin"]).text

    def used_at():
        authenticate(bearer(text), "203.0.113.9")
        return ApiToken.objects.of(workspace.pk).get().last_used_at

    time_machine.move_to("2030-01-01T00:00:00Z", tick=False)
    first = used_at()
    time_machine.shift(timedelta(seconds=30))
    assert used_at() == first
    time_machine.shift(timedelta(seconds=31))
    assert used_at() - first == timedelta(seconds=61)
