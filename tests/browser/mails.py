"""The text of the newest mail planned for a subscriber of the status page, as a program on the site."""

from __future__ import annotations

import sys

import django


def newest(kind: str) -> str:
    """Made as the worker makes it; no mail server is set on the site, so none leaves."""
    from django.test.utils import override_settings

    from status.subscriptions.models import SubscriberMessage
    from status.subscriptions.sending import mail_of

    rows = SubscriberMessage.across_workspaces.filter(kind=kind).select_related("subscriber__page")
    with override_settings(MAIL_FROM="status@acme.test"):
        return str(mail_of(rows.latest("id")).body)


if __name__ == "__main__":
    django.setup()
    print(newest(sys.argv[1]))
