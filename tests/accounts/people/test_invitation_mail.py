"""Invitations are mailed where a mail server is set, and the mailed link proves the address."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import InvitationMail, User
from accounts.people.services.invitations import accept_invitation, invite_member, withdraw_invitation
from accounts.queues import MAIL
from core.queue.runner import run_due
from tests.fakes.smtp import Mailbox, smtp_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def sends(settings):
    settings.MAIL_FROM = "tocsin@example.test"


def send_due() -> int:
    """A second from now, as the rows of this very transaction are not due before."""
    return run_due(MAIL, at=timezone.now() + timedelta(seconds=1))


def accept(secret: str) -> User:
    return accept_invitation(secret=secret, user=None, now=timezone.now()).user


def mailed_secret() -> str:
    [message] = mail.outbox
    found = re.search(r"/sign-in/invitation/(\S+)", message.body)
    assert found is not None
    return found[1]


def test_mailed_link_proves_the_address_and_the_shown_one_does_not(sends, admin):
    shown = invite_member(admin, email="one@example.test").secret
    assert send_due() == 1
    assert mail.outbox[0].to == ["one@example.test"]
    secret = mailed_secret()
    assert secret != shown
    assert accept(secret).address_proven_at is not None
    item = InvitationMail.across_workspaces.get()
    assert (item.state, item.sealed_secret) == ("done", "")
    assert accept(invite_member(admin, email="two@example.test").secret).address_proven_at is None


def test_without_a_mail_server_nothing_is_planned(settings, admin):
    settings.MAIL_FROM = ""
    invite_member(admin, email="one@example.test")
    assert not InvitationMail.across_workspaces.exists()


def test_invitation_that_ended_is_not_mailed(sends, admin):
    invited = invite_member(admin, email="one@example.test")
    withdraw_invitation(admin, invitation_id=invited.invitation.pk)
    send_due()
    assert mail.outbox == []
    assert InvitationMail.across_workspaces.get().state == "done"


def test_refused_address_ends_and_a_busy_server_is_tried_again(sends, admin, settings):
    box = Mailbox()
    with smtp_server(box) as port:
        settings.EMAIL_BACKEND = "core.mail.backend.TimedBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        replies = {"gone@example.test": "550 no such user", "busy@example.test": "451 try later"}
        box.reply = replies.get
        for address in (*replies, "fine@example.test"):
            invite_member(admin, email=address)
        send_due()
    found = dict(InvitationMail.across_workspaces.values_list("invitation__email", "state"))
    assert found == {
        "gone@example.test": "dead", "busy@example.test": "pending", "fine@example.test": "done",
    }  # fmt: skip
    assert [one["To"] for one in box.messages] == ["fine@example.test"]
