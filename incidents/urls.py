"""URLs of the incident pages and panels."""

from __future__ import annotations

from django.urls import path

from core.ui.panels import panel_view
from incidents.analytics import views as analytics_views
from incidents.archive import views as archive_views
from incidents.attachments import views as attachment_views
from incidents.bulk import views as bulk_views
from incidents.components import views as component_views
from incidents.drills import views as drill_views
from incidents.export import views as export_views
from incidents.lifecycle.views import actions, declaring, incident_detail
from incidents.listing import views as listing_views
from incidents.sla import report_views
from incidents.sla import views as sla_views
from incidents.stages import views as stage_views
from incidents.timeline import update_views
from incidents.timeline import views as timeline_views

app_name = "incidents"
urlpatterns = [
    path("", listing_views.active, name="active"),
    path("incidents", listing_views.everything, name="list"),
    path("incidents/declare", declaring.declare, name="declare"),
    path("incidents/similar", declaring.similar, name="similar"),
    path("incidents/export", export_views.export_many, name="export"),
    path("incidents/bulk", bulk_views.act, name="bulk"),
    path("incidents/bulk/<int:pk>", bulk_views.result, name="bulk_result"),
    path("incidents/bulk/<int:pk>/undo", bulk_views.undo, name="bulk_undo"),
    path("incidents/<str:reference>", incident_detail.detail, name="detail"),
    path("incidents/<str:reference>/attachments", attachment_views.upload, name="attach"),
    path("attachments/<int:pk>", attachment_views.show, name="attachment"),
    path("attachments/<int:pk>/remove", attachment_views.remove, name="attachment_remove"),
    path("incidents/<str:reference>/archive/restore", archive_views.restore, name="archive_restore"),
    path("incidents/<str:reference>/export", export_views.export_incident, name="export_one"),
    path("incidents/<str:reference>/entries/<int:entry_id>", timeline_views.entry_history, name="entry"),
    path("incidents/<str:reference>/activity", incident_detail.incident_activity, name="incident-activity"),
    path("incidents/<str:reference>/peek", incident_detail.peek, name="peek"),
    path("incidents/<str:reference>/<slug:name>", actions.act, name="act"),
    path("drills", drill_views.drills, name="drills"),
    path("drills/<int:drill_id>", drill_views.drill_page, name="drill"),
    path("drills/<int:drill_id>/<slug:verb>", drill_views.act, name="drill_act"),
    path("reports/sla", report_views.report, name="sla_report"),
    path("reports/sla.csv", report_views.report_csv, name="sla_report_csv"),
    path("analytics", analytics_views.analytics, name="analytics"),
    path("analytics/incidents", analytics_views.analytics_incidents, name="analytics_incidents"),
    path("analytics.csv", analytics_views.analytics_csv, name="analytics_csv"),
    path("settings/stages", stage_views.stage_templates, name="stage_templates"),
    path("settings/update-templates", update_views.update_templates, name="update_templates"),
    path("settings/sla", sla_views.policies, name="sla"),
    path("activity", incident_detail.activity, name="activity"),
    path("components", component_views.catalogue, name="components"),
    path("components/new", component_views.add, name="component_new"),
    path("components/<int:pk>", component_views.show, name="component"),
    path("components/<int:pk>/edit", component_views.edit, name="component_edit"),
    path("components/<int:pk>/archive", component_views.archive_component, name="component_archive"),
    path("components/<path:name>", component_views.by_name, name="component_by_name"),
    path("panels/<str:name>", panel_view, name="panel"),
]
