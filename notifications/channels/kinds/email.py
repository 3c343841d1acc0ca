"""Sends mail through the SMTP server of the settings: text and HTML, threaded by incident."""

from __future__ import annotations

import smtplib
from collections.abc import Mapping
from email.utils import parseaddr
from typing import Final
from urllib.parse import urlsplit

import css_inline
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.validators import validate_email
from django.template.loader import render_to_string

from core.queue.retry import PassingError, PermanentError
from notifications.channels.kind import ChannelField, ChannelKind, Sent, Target, channel_kind
from notifications.deliveries.message import Message

MAX_RECIPIENTS: Final = 50
SMTP_S: Final = 15
_CSS: Final = """
body { margin: 0; padding: 24px; background: #f5f5f4; font-family: system-ui, sans-serif; color: #1c1917 }
.card { max-width: 560px; margin: 0 auto; padding: 24px; background: #fff; border-radius: 8px }
h1 { font-size: 18px; line-height: 1.4 }
p { font-size: 15px; line-height: 1.5 }
"""
_INLINER: Final = css_inline.CSSInliner(extra_css=_CSS, load_remote_stylesheets=False)


@channel_kind
class EmailChannel(ChannelKind):
    """Mail to a list of addresses."""

    name = "email"
    title = "Email"
    icon = "mail"
    fields = (ChannelField("to", "Recipients", "Addresses, separated by commas; each gets its own message."),)
    deduplicates = True  # by Message-ID, which stays the same

    def check(self, config: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, str]:
        """Valid addresses, 1 to 50."""
        addresses = self.recipients(config)
        if not 1 <= len(addresses) <= MAX_RECIPIENTS:
            return {"to": f"must name 1 to {MAX_RECIPIENTS} addresses"}
        for address in addresses:
            try:
                validate_email(address)
            except ValidationError:
                return {"to": f"{address[:80]} is not an email address"}
        return {}

    def recipients(self, config: Mapping[str, str]) -> list[str]:
        """Each address once."""
        return list(dict.fromkeys(a.strip() for a in config.get("to", "").split(",") if a.strip()))

    def send(self, target: Target, message: Message) -> Sent:
        """Send one mail. Raises PassingError, PermanentError."""
        mail = build(message, target.recipient)
        send_mail(mail)
        return Sent(str(mail.extra_headers["Message-ID"]), 250)


def send_mail(mail: EmailMultiAlternatives) -> None:
    """Send a mail to its one recipient. Raises PassingError, PermanentError."""
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise _failure(max(codes, default=550), f"{mail.to[0]} was refused: {codes}") from error
    except smtplib.SMTPResponseException as error:
        raise _failure(error.smtp_code, f"the mail server returned {error.smtp_code}") from error
    except (smtplib.SMTPException, OSError) as error:
        raise PassingError(f"the mail server cannot be reached: {error}") from error


def inlined(html: str) -> str:
    """HTML with the mail styles inlined."""
    return _INLINER.inline(html)


def _failure(code: int, text: str) -> Exception:
    return PermanentError(text) if code >= 500 else PassingError(text)


def message_id(name: str) -> str:
    """Deterministic Message-ID for a name."""
    host = urlsplit(settings.BASE_URL).hostname or "tocsin"
    return f"<{name}@{host}>"


def build(message: Message, recipient: str) -> EmailMultiAlternatives:
    """Text and HTML mail; mails about one incident form a thread. Raises PermanentError."""
    if not settings.MAIL_FROM:
        raise PermanentError("no mail server is configured: set SMTP_URL and MAIL_FROM")
    headers = {"Message-ID": message_id(f"d-{message.public_id}"), "Auto-Submitted": "auto-generated"}
    if message.reference:
        thread = message_id(f"incident-{message.workspace_id}-{message.reference.lower()}")
        headers |= {"In-Reply-To": thread, "References": thread}
    context = {"message": message}
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body=render_to_string("notifications/mail.txt", context),
        from_email=settings.MAIL_FROM,
        to=[recipient],
        headers=headers,
        connection=get_connection(timeout=SMTP_S),
    )
    html = render_to_string("notifications/mail.html", context)
    mail.attach_alternative(inlined(html), "text/html")
    return mail


def sender_address() -> str:
    """The sender address, or "" without a mail server."""
    return parseaddr(settings.MAIL_FROM)[1]
