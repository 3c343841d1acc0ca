"""The first start, and every later one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.models import ApiToken, Membership, User, Workspace
from accounts.tokens.authentication import authenticate
from config.installation.setup import create_workspace, ensure_first_workspace
from config.runtime.prepare import first_steps
from core.errors import Problem
from detection.models import DetectionRule
from incidents.models import SlaPolicy

pytestmark = pytest.mark.django_db


def test_new_workspace_is_complete():
    workspace = create_workspace(slug="acme", name="Acme")
    assert SlaPolicy.objects.of(workspace.pk).count() == 4
    assert DetectionRule.objects.of(workspace.pk).filter(is_builtin=True).count() == 8


def test_first_start_gives_a_workspace_a_link_and_a_token(client):
    first = ensure_first_workspace()
    assert first.workspace_slug == "default"
    assert authenticate({"authorization": f"Bearer {first.token}"}, "203.0.113.9").scopes >= {"admin"}
    assert client.post(first.sign_in_url_path)["Location"] == "/account/password"
    admin = User.objects.get()
    assert not admin.has_usable_password()
    assert admin.memberships.get().role == "admin"


def test_later_starts_give_no_token_but_a_fresh_link(client):
    first, second = ensure_first_workspace(), ensure_first_workspace()
    assert second.token is None
    assert second.sign_in_url_path not in {None, first.sign_in_url_path}
    assert client.post(first.sign_in_url_path).status_code == 410
    assert (Workspace.objects.count(), User.objects.count()) == (1, 1)


def test_start_killed_before_it_printed_the_token_is_followed_by_another_token():
    first = ensure_first_workspace().token
    second, third = (ensure_first_workspace(is_token_shown=False).token for _ in range(2))
    assert len({None, first, second, third}) == 4
    for replaced in (first, second):
        with pytest.raises(Problem):
            authenticate({"authorization": f"Bearer {replaced}"}, "203.0.113.9")
    assert authenticate({"authorization": f"Bearer {third}"}, "203.0.113.9").scopes >= {"admin"}
    assert ensure_first_workspace().token is None


def test_a_second_host_does_not_replace_the_token_of_the_first(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "one"
    settings.DATA_DIR.mkdir()
    first = first_steps().token
    settings.DATA_DIR = tmp_path / "other"
    settings.DATA_DIR.mkdir()
    assert first_steps().token is None
    settings.DATA_DIR = tmp_path / "one"
    assert first_steps().token not in {None, first}, "the host that never showed it makes another"


@pytest.mark.parametrize(
    "change",
    [
        lambda now: {"last_used_at": now},
        lambda now: {"created_at": now - timedelta(days=2)},
        lambda now: {"name": "Own"},
    ],
    ids=["used", "old", "of a person"],
)
def test_token_that_may_be_in_use_is_not_replaced(change):
    ensure_first_workspace()
    ApiToken.across_workspaces.update(**change(timezone.now()))
    assert ensure_first_workspace(is_token_shown=False).token is None
    assert ApiToken.across_workspaces.get().revoked_at is None


def test_links_are_given_until_an_admin_has_a_password(client):
    client.post(ensure_first_workspace().sign_in_url_path)
    assert ensure_first_workspace().sign_in_url_path is not None
    admin = User.objects.get()
    admin.set_password("ring-the-bell-at-noon")
    admin.save()
    assert ensure_first_workspace().sign_in_url_path is None


def test_start_does_not_reactivate_a_deactivated_first_admin():
    ensure_first_workspace()
    User.objects.update(is_active=False)
    assert ensure_first_workspace().sign_in_url_path is None
    assert not User.objects.get().is_active


@pytest.mark.django_db(transaction=True)
def test_two_starts_at_once_make_one_of_each():
    def start(_):
        try:
            return ensure_first_workspace()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(start, range(2)))
    assert len([r for r in results if r.token]) == 1
    [workspace] = Workspace.objects.all()
    assert Membership.objects.of(workspace.pk).count() == ApiToken.objects.of(workspace.pk).count() == 1


def test_operator_prints_a_link_for_a_user_with_a_lost_password(client, make_user):
    make_user("dana", password="ring-the-bell-at-noon")
    printed = StringIO()
    call_command("sign_in_link", "dana", stdout=printed)
    path = urlsplit(printed.getvalue().strip()).path
    assert client.post(path)["Location"] == "/account/password"
    assert client.post(path).status_code == 410


@pytest.mark.parametrize(("name", "words"), [("nobody", "No user nobody"), ("gone", "is deactivated")])
def test_unknown_or_deactivated_user_gets_no_link(make_user, name, words):
    make_user("gone", is_active=False)
    with pytest.raises(CommandError, match=words):
        call_command("sign_in_link", name)
