"""Validates names of workspaces, tokens and people. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts.models import ApiToken, Role, Scope, User
from core.errors import Conflict, FieldFault, Invalid

_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?", re.ASCII)
_USERNAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,118}[a-z0-9])?", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def invalid(field: str, rule: str, message: str) -> Invalid:
    """Return the error of one field."""
    return Invalid(f"{field} {message}. Nothing was changed.", faults=[FieldFault(field, rule, message)])


def clean_name(text: str, *, field: str = "name", most: int = 120) -> str:
    """Return one line of 1 to `most` characters, stripped. Raises Invalid."""
    if _CONTROL.search(text):
        raise invalid(field, "characters", "must be one line without control characters")
    if not 1 <= len(text.strip()) <= most:
        raise invalid(field, "length", f"must have 1 to {most} characters")
    return text.strip()


def clean_slug(text: str) -> str:
    """Return a slug: lower-case letters, digits and inner hyphens, at most 60. Raises Invalid."""
    if not _SLUG.fullmatch(text):
        raise invalid("slug", "slug", "must be 1 to 60 lower-case letters, digits or inner hyphens")
    return text


def clean_username(text: str) -> str:
    """Return a handle such as `john.doe`, at most 120 characters, in lower case. Raises Invalid."""
    if not _USERNAME.fullmatch(text.strip().lower()):
        raise invalid("username", "username", "must be letters, digits and inner . _ or -")
    return text.strip().lower()


def clean_email(text: str, *, field: str = "email") -> str:
    """Return an email address in lower case. Raises Invalid."""
    try:
        validate_email(text.strip())
    except ValidationError as error:
        raise invalid(field, "email", "must be an email address") from error
    return clean_name(text, field=field, most=254).lower()


def clean_role(text: str) -> Role:
    """Return a role by name. Raises Invalid."""
    if text not in Role.values:
        raise invalid("role", "choice", f"must be one of {', '.join(Role.values)}")
    return Role(text)


def clean_scopes(scopes: Iterable[str]) -> list[str]:
    """Return at least one known scope, each once, in their usual order. Raises Invalid."""
    given = set(scopes)
    if not given or not given <= set(Scope.values):
        raise invalid("scopes", "choice", f"must be one or more of {', '.join(Scope.values)}")
    return [scope for scope in Scope.values if scope in given]


def clean_theme(text: str) -> str:
    """Return a theme by name. Raises Invalid."""
    if text not in User.Theme.values:
        raise invalid("theme", "choice", f"must be one of {', '.join(User.Theme.values)}")
    return text


def clean_time_zone(text: str) -> str:
    """Return a time zone by its IANA name. Raises Invalid."""
    if text not in available_timezones():
        raise invalid("time_zone", "time_zone", "must be an IANA name such as Europe/Berlin")
    return text


def refuse_personal(token: ApiToken) -> None:
    """Raise Conflict for rotating a personal token."""
    if token.user_id is not None:
        raise Conflict(
            f"{token.name} is a personal token, which cannot be rotated. "
            "Its person runs `tocsin login` again. Nothing was changed."
        )
