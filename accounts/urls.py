"""URLs of sign-in, account and workspace settings."""

from __future__ import annotations

from django.urls import path

from accounts.audit import views as audit_views
from accounts.identity import views as identity_views
from accounts.oncall.views import feed as calendar_feed
from accounts.oncall.views import pages as oncall_pages
from accounts.oncall.views import schedules as oncall_schedules
from accounts.people.views import invitations, members, profile
from accounts.sign_in import views as sign_in_views
from accounts.tokens import device_views
from accounts.tokens import views as token_views
from accounts.workspaces import views as workspace_views

app_name = "accounts"
urlpatterns = [
    path("sign-in", sign_in_views.sign_in, name="sign_in"),
    path("sign-in/once/<str:secret>", sign_in_views.sign_in_once, name="sign_in_once"),
    path("sign-in/invitation/<str:secret>", invitations.accept, name="accept_invitation"),
    path("sign-out", sign_in_views.sign_out, name="sign_out"),
    path("account/password", sign_in_views.password, name="password"),
    path("account/confirm", sign_in_views.confirm_it_is_you, name="confirm"),
    path("account/workspace/<slug:slug>", sign_in_views.work_in, name="work_in"),
    path("settings", profile.settings_home, name="settings"),
    path("settings/profile", profile.profile, name="profile"),
    path("settings/profile/sessions/end", profile.end_others, name="end_sessions"),
    path("settings/profile/sessions/<slug:public_id>/end", profile.end_one, name="end_session"),
    path("settings/workspace", workspace_views.workspace, name="workspace"),
    path("settings/sign-in", identity_views.sign_in_settings, name="sign_in_settings"),
    path("settings/sign-in/new", identity_views.add, name="add_identity_provider"),
    path("settings/sign-in/required", identity_views.save_requirement, name="require_identity_provider"),
    path("settings/sign-in/<int:pk>", identity_views.change, name="identity_provider"),
    path("settings/sign-in/<int:pk>/remove", identity_views.remove, name="remove_identity_provider"),
    path("settings/members", members.members, name="members"),
    path("settings/members/new", members.invite, name="invite"),
    path("settings/members/roles", members.save_roles, name="member_roles"),
    path("settings/invitations/<int:invitation_id>/<slug:verb>", invitations.change, name="invitation"),
    path("settings/members/<str:username>/<slug:verb>", members.change, name="member"),
    path("device", device_views.device, name="device"),
    path("settings/tokens", token_views.tokens, name="tokens"),
    path("settings/tokens/new", token_views.issue, name="issue_token"),
    path("settings/tokens/<str:token_id>/rotate", token_views.rotate, name="rotate_token"),
    path("settings/tokens/<str:token_id>/revoke", token_views.revoke, name="revoke_token"),
    path("settings/audit", audit_views.audit, name="audit"),
    path("on-call", oncall_pages.on_call, name="on_call"),
    path("calendar/<str:secret>.ics", calendar_feed.feed, name="calendar_feed"),
    path("settings/calendars", oncall_pages.feeds, name="calendars"),
    path("settings/calendars/<int:pk>/revoke", oncall_pages.revoke, name="revoke_calendar"),
    path("settings/on-call", oncall_schedules.schedule_list, name="on_call_settings"),
    path("settings/on-call/<int:pk>", oncall_schedules.schedule, name="schedule"),
    path("settings/on-call/<int:pk>/<slug:verb>", oncall_schedules.act, name="act_on_schedule"),
    path("settings/audit.csv", audit_views.audit_csv, name="audit_csv"),
]
