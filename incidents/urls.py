"""The addresses of the incident pages and of the panels on them."""

from __future__ import annotations

from django.urls import path

from core.panels import panel_view
from incidents.views import actions, bulk, declaring, exporting, listing, pages, policies

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
    path("incidents/<str:reference>/activity", pages.activity, name="activity"),
    path("incidents/<str:reference>/<slug:name>", actions.act, name="act"),
    path("settings/sla", policies.policies, name="sla"),
    path("panels/<str:name>", panel_view, name="panel"),
]
