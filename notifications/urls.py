"""URLs of channels, routes, escalation, deliveries and contact methods."""

from __future__ import annotations

from django.urls import path

from notifications.channels import views as channels
from notifications.contacts import views as contacts
from notifications.deliveries import views as deliveries
from notifications.escalation import escalate_views
from notifications.escalation import views as escalation
from notifications.explain import views as explain
from notifications.routes import views as routes
from notifications.silences import views as silences

app_name = "notifications"
urlpatterns = [
    path("incidents/<str:reference>/escalate", escalate_views.escalate, name="escalate"),
    path("explain", explain.simulation, name="explain"),
    path("explain/people/<str:username>", explain.person, name="explain_person"),
    path("incidents/<str:reference>/explain", explain.incident, name="explain_incident"),
    path("on-call/reachability", escalation.reachability, name="reachability"),
    path("settings/escalation", escalation.policies, name="policies"),
    path("settings/escalation/new", escalation.new_policy, name="new_policy"),
    path("settings/escalation/defaults", escalation.install, name="install_policies"),
    path("settings/escalation/<int:pk>", escalation.policy, name="policy"),
    path("settings/escalation/<int:pk>/delete", escalation.delete, name="delete_policy"),
    path("settings/channels", channels.channels, name="channels"),
    path("settings/channels/new/<slug:kind>", channels.add, name="channel_new"),
    path("settings/channels/<int:channel_id>", channels.edit, name="channel"),
    path("settings/channels/<int:channel_id>/test", channels.test, name="channel_test"),
    path("settings/channels/<int:channel_id>/delete", channels.delete, name="channel_delete"),
    path("settings/routes", routes.routes, name="routes"),
    path("settings/routes/customize", routes.customize, name="routes_customize"),
    path("settings/routes/new", routes.edit, name="route_new"),
    path("settings/routes/<int:route_id>", routes.edit, name="route"),
    path("settings/routes/<int:route_id>/delete", routes.delete, name="route_delete"),
    path("settings/silences", silences.silences, name="silences"),
    path("settings/silences/new", silences.new_silence, name="silence_new"),
    path("settings/silences/<int:silence_id>", silences.silence, name="silence"),
    path("settings/silences/<int:silence_id>/end", silences.end, name="silence_end"),
    path("settings/maintenance", silences.windows, name="windows"),
    path("settings/maintenance/new", silences.window, name="window_new"),
    path("settings/maintenance/<int:window_id>", silences.window, name="window"),
    path("settings/maintenance/<int:window_id>/delete", silences.delete, name="window_delete"),
    path("settings/deliveries", deliveries.deliveries, name="deliveries"),
    path("settings/deliveries/<int:delivery_id>", deliveries.delivery, name="delivery"),
    path("settings/deliveries/<int:delivery_id>/resend", deliveries.resend, name="delivery_resend"),
    path("settings/contacts", contacts.contacts, name="contacts"),
    path("settings/contacts/quiet", contacts.quiet, name="contacts_quiet"),
    path("settings/contacts/<int:method_id>/<slug:verb>", contacts.act, name="contact_act"),
]  # fmt: skip
