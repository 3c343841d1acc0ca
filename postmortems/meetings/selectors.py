"""Reads attendees of meetings."""

from __future__ import annotations

from django.db.models import Q

from accounts.models import Membership, User
from incidents.models import RoleAssignment
from postmortems.documents.models import Postmortem
from postmortems.notices.mentions import who_may_see


def attendees(postmortem: Postmortem) -> list[User]:
    """The owner and everyone who holds or held a role on the incident, if active with a verified address."""
    roles = RoleAssignment.objects.of(postmortem.workspace_id).filter(incident_id=postmortem.incident_id)
    ids = {postmortem.owner_id, *roles.values_list("user_id", flat=True)} - {None}
    seen = who_may_see(postmortem.incident, ids)
    members = Membership.objects.of(postmortem.workspace_id).filter(user_id__in=seen)
    with_mail = ~Q(email="") & Q(is_active=True, address_proven_at__isnull=False)
    people = User.objects.filter(with_mail, pk__in=members.values("user_id"))
    return list(people.order_by("pk"))
