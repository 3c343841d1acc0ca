"""Admin site that uses Tocsin's sign-in, limits and audit trail."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.admin.apps import SimpleAdminConfig
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from core.discovery import discover
from core.errors import Forbidden
from core.ui.htmx import SeeOther


class TocsinAdmin(AdminSite):
    """Admin site that redirects signing in and passwords to Tocsin's pages, which are limited and audited."""

    site_header = "Tocsin admin"
    site_title = "Tocsin admin"
    index_title = "All tables"

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Redirect anonymous users to the sign-in; users who are not staff get an explanation."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise Forbidden("These pages are for administrators of this server.")
        back = request.GET.get("next", "/admin/")
        is_ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure())
        where = back if is_ours else "/admin/"
        if self.has_permission(request):
            return SeeOther(where)
        return SeeOther(f"{settings.LOGIN_URL}?{urlencode({'next': where})}")

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Redirect to the password page of the user's account."""
        return SeeOther("/account/password")


class TocsinAdminConfig(SimpleAdminConfig):
    """Django's admin app with our site; finds `admin` modules in packages below an app as well."""

    default_site = "core.admin.site.TocsinAdmin"

    def ready(self) -> None:
        super().ready()
        discover("admin")
