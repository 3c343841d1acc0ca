"""URLs of remediation."""

from __future__ import annotations

from django.urls import path

from remediation.catalogue import views as catalogue_views
from remediation.recovery import views as recovery_views
from remediation.runs import mitigating
from remediation.runs import views as run_views

app_name = "remediation"
urlpatterns = [
    path("remediation", run_views.runs, name="runs"),
    path("remediation/policy", recovery_views.policy, name="policy"),
    path("remediation/new", mitigating.mitigate, name="mitigate"),
    path("remediation/many", mitigating.mitigate_many, name="mitigate_many"),
    path("remediation/runs/<int:pk>", run_views.run_page, name="run"),
    path("remediation/runs/<int:pk>/<slug:verb>", run_views.act, name="act"),
    path("remediation/actions", catalogue_views.actions, name="actions"),
    path("remediation/actions/<slug:slug>", catalogue_views.edit, name="action"),
    path("remediation/actions/<slug:slug>/<slug:verb>", catalogue_views.switch, name="switch"),
]
