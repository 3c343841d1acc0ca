"""Menu entries of the postmortem pages."""

from __future__ import annotations

from accounts.audit.selectors import hide_audit_of
from accounts.permissions import Capability
from core.ui.navigation import NAVIGATION, SETTINGS, NavItem
from incidents.privacy.selectors import hidden_from
from postmortems.models import ActionItem, FiveWhys, Lesson, Postmortem

NAVIGATION.add("postmortems", NavItem("Postmortems", "file-text", "/postmortems", order=40, keys="g p"))
NAVIGATION.add("action items", NavItem("Action items", "list-todo", "/action-items", order=42))
NAVIGATION.add("lessons", NavItem("Lessons", "lightbulb", "/lessons", order=44))
SETTINGS.add(
    "postmortem templates",
    NavItem(
        "Postmortem templates",
        "file-text",
        "/settings/postmortems",
        order=55,
        group="Workspace",
        capability=Capability.TEMPLATES_WRITE,
    ),
)
SETTINGS.add(
    "trackers",
    NavItem(
        "Trackers",
        "link",
        "/settings/trackers",
        order=56,
        group="Workspace",
        capability=Capability.SETTINGS_WRITE,
    ),
)


def _hide(model: type[Postmortem | ActionItem | Lesson | FiveWhys]) -> None:
    hide_audit_of(
        model._meta.model_name or "",
        lambda actor: model.objects.of(actor.workspace_id).filter(incident__in=hidden_from(actor)),
    )


for _model in (Postmortem, ActionItem, Lesson, FiveWhys):
    _hide(_model)
