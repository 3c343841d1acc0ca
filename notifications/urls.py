"""The addresses of the pages of notifications."""

from __future__ import annotations

from django.urls import path

from notifications.escalation import views as escalation

app_name = "notifications"
urlpatterns = [
    path("settings/escalation", escalation.policies, name="policies"),
    path("settings/escalation/new", escalation.new_policy, name="new_policy"),
    path("settings/escalation/defaults", escalation.install, name="install_policies"),
    path("settings/escalation/<int:pk>", escalation.policy, name="policy"),
    path("settings/escalation/<int:pk>/delete", escalation.delete, name="delete_policy"),
]
