"""Addresses of the diagnostic collector."""

from __future__ import annotations

from django.urls import path

from bundles.collector import views as collector_views

app_name = "bundles"
urlpatterns = [
    path("collector", collector_views.page, name="collector"),
    path("collector/collector.pyz", collector_views.download, name="collector_file"),
    path("collector/collector.pyz.sha256", collector_views.checksum, name="collector_checksum"),
]
