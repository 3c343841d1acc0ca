"""Mails invitations if a mail server is configured; accepting the mailed link verifies the address."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import connection
from django.utils import timezone

from accounts.models import Invitation, InvitationMail
from accounts.queues import MAIL
from accounts.tokens.credentials import digest, mint_secret
from core.queue.items import settle
from core.queue.retry import PassingError, PermanentError
from core.queue.runner import nudge_queue
from core.secrets.encryption import decrypt, encrypt

SMTP_S: Final = 15
_TEXT: Final = """{inviter} invites you to {workspace} on Tocsin, where its incidents are handled.

Accept the invitation here; the link works once, within seven days:
{url}

If you expect no invitation, do nothing.
"""


def sends_mail() -> bool:
    """Return whether a mail server is configured."""
    return bool(settings.MAIL_FROM)


def plan_mail(invitation: Invitation) -> None:
    """Queue the mail of a new invitation, in its transaction; does nothing without a mail server."""
    if not sends_mail():
        return
    secret = mint_secret()
    InvitationMail.objects.create(
        workspace_id=invitation.workspace_id,
        invitation=invitation,
        digest=digest(secret),
        sealed_secret=encrypt(secret),
    )
    nudge_queue(MAIL)


def is_mailed_secret(invitation: Invitation, secret: str) -> bool:
    """Return whether the secret was mailed, and so is known only to the recipient."""
    mails = InvitationMail.objects.of(invitation.workspace_id).filter(invitation=invitation)
    return bool(mails.filter(digest=digest(secret)).exists())


def send_invitation_mail(mail: InvitationMail) -> None:
    """Send the mail unless the invitation ended. Raises PassingError, PermanentError, DecryptionError."""
    invitation = mail.invitation
    is_open = invitation.accepted_at is None and invitation.withdrawn_at is None
    if is_open and invitation.expires_at > timezone.now():
        message = _message(invitation, decrypt(mail.sealed_secret))
        if not connection.in_atomic_block:
            connection.close()  # not held while the mail server responds
        _send(message)
    settle(mail, sealed_secret="")


def _message(invitation: Invitation, secret: str) -> EmailMessage:
    inviter = invitation.invited_by.label if invitation.invited_by else "An admin"
    host = urlsplit(settings.BASE_URL).hostname or "tocsin"
    url = f"{settings.BASE_URL}/sign-in/invitation/{secret}"
    return EmailMessage(
        subject=" ".join(f"Invitation to {invitation.workspace.name} on Tocsin".split()),
        body=_TEXT.format(inviter=inviter, workspace=invitation.workspace.name, url=url),
        from_email=settings.MAIL_FROM,
        to=[invitation.email],
        headers={"Message-ID": f"<invitation-{invitation.pk}@{host}>", "Auto-Submitted": "auto-generated"},
        connection=get_connection(timeout=SMTP_S),
    )


def _send(message: EmailMessage) -> None:
    """Send a message. SMTP errors are OSErrors; those with a code of 500 and more are final."""
    try:
        message.send()
    except OSError as error:
        refused = [code for code, _ in getattr(error, "recipients", {}).values()]
        code = max(refused, default=getattr(error, "smtp_code", 0))
        text = f"the mail server refused or cannot be reached: {code or error}"
        raise (PermanentError if code >= 500 else PassingError)(text) from error
