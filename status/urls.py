"""URLs of status pages: settings, publishing, and the public pages."""

from __future__ import annotations

from django.urls import path

from status.pages import views as pages
from status.publishing import views as publishing
from status.publishing import window_views as windows
from status.snapshots import views as public
from status.subscriptions import views as subscriptions

app_name = "status"
urlpatterns = [
    path("settings/status-page", pages.page, name="settings"),
    path("settings/status-page/delete", pages.delete, name="delete"),
    path("settings/status-page/components/new", pages.add, name="add_component"),
    path("settings/status-page/components/<slug:component_id>", pages.component, name="component"),
    path("settings/status-page/components/<slug:component_id>/remove", pages.remove, name="remove_component"),
    path("settings/status-page/maintenance/new", publishing.schedule, name="schedule"),
    path("settings/status-page/maintenance/<slug:maintenance_id>/cancel", publishing.cancel, name="cancel"),
    path("settings/status-page/windows/<int:window_id>", windows.window, name="window"),
    path("settings/status-page/windows/<int:window_id>/hide", windows.hide, name="hide_window"),
    path(
        "settings/status-page/subscribers/<uuid:subscriber_id>/remove", pages.unsubscribe, name="unsubscribe"
    ),
    path("incidents/<str:reference>/status-page", publishing.publish, name="publish"),
    path("incidents/<str:reference>/status-page/withdraw", publishing.withdraw, name="withdraw"),
    path("incidents/<str:reference>/status-page/update", publishing.update, name="update"),
    path("incidents/<str:reference>/status-page/allow/<int:entry_id>", publishing.allow, name="allow"),
    path("status/<slug:slug>/subscribe", subscriptions.subscribe_page, name="subscribe"),
    path("status/<slug:slug>/confirm/<str:token>", subscriptions.confirm_page, name="confirm"),
    path("status/<slug:slug>/unsubscribe/<str:token>", subscriptions.unsubscribe_page, name="leave"),
    path("status/<slug:slug>", public.page, name="public"),
    path("status/<slug:slug>/<path:form>", public.page, name="public_form"),
]
