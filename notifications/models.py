"""Every model of the app, gathered where Django looks for them."""

from __future__ import annotations

from notifications.escalation.models import Escalation as Escalation
from notifications.escalation.models import EscalationPolicy as EscalationPolicy
from notifications.escalation.models import EscalationStep as EscalationStep
