"""URLs of the diagnostic collector and of bundles."""

from __future__ import annotations

from django.urls import path

from bundles.collector import views as collector_views
from bundles.records import views

app_name = "bundles"
urlpatterns = [
    path("collector", collector_views.page, name="collector"),
    path("collector/collector.pyz", collector_views.download, name="collector_file"),
    path("collector/collector.pyz.sha256", collector_views.checksum, name="collector_checksum"),
    path("bundles", views.index, name="list"),
    path("bundles/<str:bundle_id>", views.detail, name="detail"),
    path("bundles/<str:bundle_id>/log", views.log, name="log"),
    path("bundles/<str:bundle_id>/download", views.download, name="download"),
    path("bundles/<str:bundle_id>/<slug:verb>", views.act, name="act"),
]
