"""Addresses that are not ours to choose: those of the services whose senders may be pointed here."""

from __future__ import annotations

from django.urls import path

from detection.webhooks import views

urlpatterns = [
    path("v2/enqueue", views.enqueue),
    path("v2/change/enqueue", views.enqueue_change),
    path("v2/alerts", views.create_alert),
    path("v2/alerts/<path:identifier>/<slug:action>", views.act_on_alert),
]
