"""Every address: each app's urls, the API and its documentation, the admin."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from accounts.views.signing import sign_in
from config import admin_pages
from config.api import api
from config.openapi import docs_page
from config.web import find, style
from core import health, metrics, offline

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.our_fault"

urlpatterns = [
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("metrics", metrics.metrics),
    path("sign-in", sign_in, name="account_login"),  # the name allauth looks for
    path("offline", offline.page, name="offline"),
    path("offline-worker.js", offline.worker, name="offline_worker"),
    path("find", find, name="find"),
    path("setup", admin_pages.setup, name="setup"),
    path("setup/dismiss", admin_pages.dismiss, name="dismiss_setup"),
    path("settings/system", admin_pages.system, name="system"),
    path("settings/deployment", admin_pages.deployment, name="deployment"),
    path("", include("accounts.urls")),
    path("", include("postmortems.urls")),
    path("", include("incidents.urls")),
    path("", include("detection.urls")),
    path("", include("detection.webhooks.urls")),
    path("api/v1/", api.urls),
    path("docs", partial(docs_page, api=api), name="docs"),
    path("admin/", admin.site.urls),
]
if not settings.IS_PRODUCTION:
    urlpatterns.append(path("style", style, name="style"))
