"""Finds people mentioned in a text as `@user.name`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from django.db.models import Q
from django.db.models.functions import Lower

from accounts.models import Membership, Role
from incidents.models import Incident
from incidents.privacy.selectors import people_who_see

MAX_MENTIONS: Final = 20  # per text
_NAME: Final = re.compile(r"(?<![\w@/.])@([A-Za-z0-9](?:[A-Za-z0-9._-]{0,118}[A-Za-z0-9])?)")
_CODE: Final = re.compile(r"^ {0,3}(```|~~~).*?(?:^ {0,3}\1|\Z)|`[^`\n]*`", re.M | re.S)


def names_in(text: str) -> set[str]:
    """Names after an `@`, in lower case, except in code. Pure."""
    return {match[1].lower() for match in _NAME.finditer(_CODE.sub(" ", text))}


def mentioned(incident: Incident, text: str, before: str = "") -> tuple[int, ...]:
    """Ids of active members mentioned in `text` but not in `before`, who may see the incident."""
    names = sorted(names_in(text) - names_in(before))[:MAX_MENTIONS]
    if not names:
        return ()
    rows = Membership.objects.of(incident.workspace_id).filter(user__is_active=True)
    found = rows.annotate(name=Lower("user__username")).filter(name__in=names)
    return who_may_see(incident, found.values_list("user_id", flat=True))


def who_may_see(incident: Incident, user_ids: Iterable[int]) -> tuple[int, ...]:
    """Those of these users who are active members and may see the incident."""
    rows = Membership.objects.of(incident.workspace_id).filter(user_id__in=user_ids, user__is_active=True)
    if incident.is_private:
        invited = people_who_see(incident.workspace_id, incident.pk).values("pk")
        rows = rows.filter(Q(role=Role.ADMIN) | Q(user__in=invited))
    return tuple(rows.order_by("user_id").values_list("user_id", flat=True))
