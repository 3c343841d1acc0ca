"""Signing in and out, one's own account, and the settings of the workspace."""

from __future__ import annotations

from django.urls import path

from accounts.oncall.views import feed as calendar_feed
from accounts.oncall.views import pages as oncall_pages
from accounts.oncall.views import schedules as oncall_schedules
from accounts.views import audit, invitations, members, profile, signing, tokens, workspace

app_name = "accounts"
urlpatterns = [
    path("sign-in", signing.sign_in, name="sign_in"),
    path("sign-in/once/<str:secret>", signing.sign_in_once, name="sign_in_once"),
    path("sign-in/invitation/<str:secret>", invitations.accept, name="accept_invitation"),
    path("sign-out", signing.sign_out, name="sign_out"),
    path("account/password", signing.password, name="password"),
    path("account/confirm", signing.confirm_it_is_you, name="confirm"),
    path("account/workspace/<slug:slug>", signing.work_in, name="work_in"),
    path("settings", profile.settings_home, name="settings"),
    path("settings/profile", profile.profile, name="profile"),
    path("settings/profile/sessions/end", profile.end_others, name="end_sessions"),
    path("settings/profile/sessions/<slug:public_id>/end", profile.end_one, name="end_session"),
    path("settings/workspace", workspace.workspace, name="workspace"),
    path("settings/members", members.members, name="members"),
    path("settings/members/new", members.invite, name="invite"),
    path("settings/invitations/<int:invitation_id>/<slug:verb>", invitations.change, name="invitation"),
    path("settings/members/<str:username>/<slug:verb>", members.change, name="member"),
    path("settings/tokens", tokens.tokens, name="tokens"),
    path("settings/tokens/new", tokens.issue, name="issue_token"),
    path("settings/tokens/<str:token_id>/rotate", tokens.rotate, name="rotate_token"),
    path("settings/tokens/<str:token_id>/revoke", tokens.revoke, name="revoke_token"),
    path("settings/audit", audit.audit, name="audit"),
    path("on-call", oncall_pages.on_call, name="on_call"),
    path("calendar/<str:secret>.ics", calendar_feed.feed, name="calendar_feed"),
    path("settings/calendars", oncall_pages.feeds, name="calendars"),
    path("settings/calendars/<int:pk>/revoke", oncall_pages.revoke, name="revoke_calendar"),
    path("settings/on-call", oncall_schedules.schedule_list, name="on_call_settings"),
    path("settings/on-call/<int:pk>", oncall_schedules.schedule, name="schedule"),
    path("settings/on-call/<int:pk>/<slug:verb>", oncall_schedules.act, name="act_on_schedule"),
    path("settings/audit.csv", audit.audit_csv, name="audit_csv"),
]
