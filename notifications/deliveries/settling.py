"""Settles and holds claimed deliveries with a reason, and records the decision in the same transaction."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from core.queue import items
from core.reasons import Reason
from notifications.deliveries.explaining import record_settled
from notifications.deliveries.models import Delivery


def settle_with_reason(
    delivery: Delivery, outcome: Delivery.Outcome, code: Reason, text: str, **fields: Any
) -> bool:
    """Settle it. Returns False if another worker holds it."""
    with transaction.atomic():
        is_ours = items.settle(delivery, outcome=outcome, reason_code=code, reason=text, **fields)
        if is_ours:
            record_settled(delivery, outcome, code, text)
    return is_ours


def hold_with_reason(delivery: Delivery, seconds: float, code: Reason, text: str) -> None:
    """Hold it for some seconds, without counting an attempt."""
    outcome = Delivery.Outcome.HELD
    with transaction.atomic():
        items.hand_back([delivery], delay_s=seconds, outcome=outcome, reason_code=code, reason=text)
        record_settled(delivery, outcome, code, text)
