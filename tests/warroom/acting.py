"""Clicks and forms in Slack, as Slack sends them."""

from __future__ import annotations


def click(connected, action_id: str, value: str, *, user: str = "", **more):
    """A click on a button of a message, and everything it causes. Returns the direct response."""
    actions = [{"type": "button", "action_id": action_id, "block_id": "b", "value": value}]
    signed = connected.fake.interaction("block_actions", user or connected.rita, actions=actions, **more)
    reply = connected.send("interactions", signed)
    connected.settle(later=60)
    return reply


def submit(connected, view: dict, **values):
    """A submitted form, and everything it causes. Returns the direct response."""
    shaped = {field: {field: value} for field, value in values.items()}
    sent = {**view, "state": {"values": shaped}}
    signed = connected.fake.interaction("view_submission", connected.rita, view=sent)
    reply = connected.send("interactions", signed)
    connected.settle(later=60)
    return reply


def text(value: str) -> dict:
    """What was typed into a field."""
    return {"type": "plain_text_input", "value": value}
