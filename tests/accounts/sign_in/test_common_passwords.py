"""Common passwords, including words of this installation, are refused."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Membership
from accounts.sign_in.common_passwords import CommonPasswordWords
from tests.architecture.source import ROOT

GUESSED = ["tocsin2026", "T0csin-2026!", "IncidentAdmin1", "On-Call-Pager", "responder99", "welcome.tocsin"]
SOUND = [
    "correct horse battery", "tocsin hides my parrot", "incident-free since lunch", "x" * 8,
    "日本語のとても長い合言葉 tocsin",
]  # fmt: skip


@pytest.mark.parametrize("password", GUESSED)
def test_little_more_than_a_listed_word_is_refused(password):
    with pytest.raises(ValidationError):
        CommonPasswordWords().validate(password)


@pytest.mark.parametrize("password", SOUND)
def test_listed_word_within_a_long_password_is_accepted(password):
    assert CommonPasswordWords().validate(password) is None


@pytest.mark.django_db
def test_ones_own_workspace_and_the_host_are_listed_too(make_user, workspace, settings):
    settings.BASE_URL = "https://pagerduties.example.org"
    dana = make_user("dana")
    assert CommonPasswordWords().validate("AcmeAcme1!", dana) is None
    Membership.objects.create(workspace_id=workspace.pk, user=dana, role="viewer")
    for guessed in ("AcmeAcme1!", "pagerduties"):
        with pytest.raises(ValidationError):
            CommonPasswordWords().validate(guessed, dana)


@pytest.mark.django_db
def test_password_page_requires_it(client, make_user):
    client.force_login(make_user("fresh"))
    response = client.post("/account/password", {"password": "Tocsin-2026!"})
    assert response.status_code == 422
    assert response.context["form"].errors["password"]


def test_list_is_documented_word_for_word():
    from accounts.sign_in.common_passwords import WORDS

    assert ", ".join(f"`{word}`" for word in WORDS) in " ".join(
        (ROOT / "docs/reference/security.md").read_text().split()
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    "typed",
    ["  spaces around it  ", "Zwölf Boxkämpfer jagen", "ab CD ef GH " * 7, "日本語のとても長い合言葉"],
)
def test_password_is_taken_as_it_was_typed(client, make_user, typed):
    user = make_user("fresh")
    client.force_login(user)
    assert client.post("/account/password", {"password": typed}).status_code == 302
    client.logout()
    for near in (typed.strip(), typed.upper(), typed[:64]):
        response = client.post("/sign-in", {"login": "fresh", "password": near})
        assert (response.status_code == 302) is (near == typed)
        if near == typed:
            client.logout()
    assert client.post("/sign-in", {"login": "fresh", "password": typed}).status_code == 302
