"""`manage.py sign_in_link NAME`: print a one-time sign-in link for a person.

It is for forgotten passwords: the old one becomes invalid and the link leads to setting a new one.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import User
from accounts.sign_in.services import forget_password


class Command(BaseCommand):
    help = "Print a sign-in link for a person; their password, second factors and sessions end now."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the name of the person."""
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        """Print the link. CommandError if there is no such person or they are deactivated."""
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"No user {username}.")
        if not user.is_active:
            raise CommandError(f"{username} is deactivated. Activate the person in the admin first.")
        self.stdout.write(f"{settings.BASE_URL}/sign-in/once/{forget_password(user, now=timezone.now())}")
