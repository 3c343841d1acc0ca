"""The addresses of the incident pages and of the panels on them."""

from __future__ import annotations

from django.urls import path

from core.panels import panel_view
from incidents.views import (
    actions,
    bulk,
    components,
    declaring,
    exporting,
    listing,
    pages,
    policies,
)

app_name = "incidents"
urlpatterns = [
    path("", listing.active, name="active"),
    path("incidents", listing.everything, name="list"),
    path("incidents/declare", declaring.declare, name="declare"),
    path("incidents/similar", declaring.similar, name="similar"),
    path("incidents/export", exporting.export_many, name="export"),
    path("incidents/bulk", bulk.act, name="bulk"),
    path("incidents/bulk/<int:pk>", bulk.result, name="bulk_result"),
    path("incidents/bulk/<int:pk>/undo", bulk.undo, name="bulk_undo"),
    path("incidents/<str:reference>", pages.detail, name="detail"),
    path("incidents/<str:reference>/export", exporting.export_incident, name="export_one"),
    path("incidents/<str:reference>/activity", pages.incident_activity, name="incident-activity"),
    path("incidents/<str:reference>/<slug:name>", actions.act, name="act"),
    path("settings/sla", policies.policies, name="sla"),
    path("activity", pages.activity, name="activity"),
    path("components", components.catalogue, name="components"),
    path("components/new", components.add, name="component_new"),
    path("components/<int:pk>", components.show, name="component"),
    path("components/<int:pk>/edit", components.edit, name="component_edit"),
    path("components/<int:pk>/archive", components.put_away, name="component_archive"),
    path("components/<path:name>", components.by_name, name="component_by_name"),
    path("panels/<str:name>", panel_view, name="panel"),
]
