"""What senders add to alerts they told before: notes, and other severities."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.actor import Actor
from detection.models import Source, SourceAlert
from detection.webhooks.memory import home_of
from detection.webhooks.reading import Remark
from detection.webhooks.wording import bounded_key
from incidents.services.alerts import tell_of_alert
from incidents.services.responding import change_severity
from incidents.vocabulary import Basis


def add_remarks(actor: Actor, *, source: Source, remarks: Sequence[Remark]) -> list[str]:
    """Write remarks into the timelines of the alerts' incidents; returns the keys that nothing is known of.

    A severity is set unless a person set one. Must run in the caller's transaction.
    """
    unheard = []
    for remark in remarks:
        row = (
            SourceAlert.objects.of(source.workspace_id)
            .filter(source=source, key=bounded_key(remark.key))
            .select_related("incident__merged_into")
            .first()
        )
        home = home_of(row.incident) if row else None
        if home is None:
            unheard.append(remark.key)
            continue
        if remark.message:
            tell_of_alert(actor, incident_id=home.pk, message=f"{source.name}: {remark.message}")
        if remark.severity and home.is_unresolved and home.severity_basis < Basis.PERSON:
            change_severity(actor, incident_id=home.pk, severity=remark.severity)
    return unheard
