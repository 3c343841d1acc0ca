"""Signing in and out, and one's own account."""

from __future__ import annotations

from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("sign-in", views.sign_in, name="sign_in"),
    path("sign-in/once/<str:secret>", views.sign_in_once, name="sign_in_once"),
    path("sign-out", views.sign_out, name="sign_out"),
    path("account/password", views.password, name="password"),
    path("account/workspace/<slug:slug>", views.work_in, name="work_in"),
]
