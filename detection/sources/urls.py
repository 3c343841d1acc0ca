"""URLs of the source and quarantine pages."""

from __future__ import annotations

from django.urls import path

from detection.quarantine import views as quarantine_views
from detection.sources.views import mapping, sources

urlpatterns = [
    path("sources", sources.index, name="sources"),
    path("sources/new", sources.new, name="new_source"),
    path("sources/<int:source_id>", sources.detail, name="source"),
    path("sources/<int:source_id>/edit", sources.edit, name="edit_source"),
    path("sources/<int:source_id>/mapping", mapping.mapping, name="mapping"),
    path("sources/<int:source_id>/test", sources.test, name="test_source"),
    path("sources/<int:source_id>/keys", sources.add_key, name="add_key"),
    path("sources/<int:source_id>/secrets", sources.add_secret, name="add_secret"),
    path("sources/<int:source_id>/secrets/<int:secret_id>/revoke", sources.revoke, name="revoke_secret"),
    path("sources/<int:source_id>/delete", sources.delete, name="delete_source"),
    path("quarantine", quarantine_views.index, name="quarantine"),
    path("quarantine/<int:quarantine_id>", quarantine_views.detail, name="quarantined"),
    path("quarantine/<int:quarantine_id>/replay", quarantine_views.replay, name="replay"),
    path("quarantine/<int:quarantine_id>/discard", quarantine_views.discard, name="discard"),
]
