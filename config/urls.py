"""Root URL configuration."""

from __future__ import annotations

from functools import partial

from allauth.account.views import reauthenticate
from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from accounts.identity import views as identity
from accounts.sign_in.views import sign_in, sign_out
from config.api import api
from config.installation import views as installation_views
from config.installation import workspaces
from config.openapi.document import docs_page
from config.pages.views import find, style
from core.health import checks as health_checks
from core.health import metrics
from core.ui import offline

handler400 = "config.pages.errors.bad_request"
handler403 = "config.pages.errors.forbidden"
handler404 = "config.pages.errors.not_found"
handler500 = "config.pages.errors.our_fault"

urlpatterns = [
    path("livez", health_checks.livez),
    path("readyz", health_checks.readyz),
    path("metrics", metrics.metrics),
    path("sign-in", sign_in, name="account_login"),  # the name allauth looks for
    path("sign-out", sign_out, name="account_logout"),
    path("account/reauthenticate", reauthenticate, name="account_reauthenticate"),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("account/identity/<slug:provider_id>", identity.begin, name="openid_connect_login"),
    path("account/identity/<slug:provider_id>/callback", identity.finish, name="openid_connect_callback"),
    path("offline", offline.page, name="offline"),
    path("offline-worker.js", offline.worker, name="offline_worker"),
    path("find", find, name="find"),
    path("setup", installation_views.setup, name="setup"),
    path("setup/dismiss", installation_views.dismiss, name="dismiss_setup"),
    path("settings/system", installation_views.system, name="system"),
    path("settings/deployment", installation_views.deployment, name="deployment"),
    path("account/workspaces", workspaces.workspaces, name="workspaces"),
    path("", include("accounts.urls")),
    path("", include("warroom.urls")),
    path("", include("status.urls")),
    # Upper apps first: they add pages below an incident, whose own URLs end with a catch-all segment.
    path("", include("postmortems.urls")),
    path("", include("detection.urls")),
    path("", include("bundles.urls")),
    path("", include("detection.webhooks.urls")),
    path("", include("notifications.urls")),
    path("", include("remediation.urls")),
    path("", include("incidents.urls")),
    path("api/v1/", api.urls),
    path("docs", partial(docs_page, api=api), name="docs"),
    path("admin/", admin.site.urls),
]
if not settings.IS_PRODUCTION:
    urlpatterns.append(path("style", style, name="style"))
