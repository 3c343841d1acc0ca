"""URLs of the rule, source and quarantine pages."""

from __future__ import annotations

from django.urls import path

from detection.explain import views as explain
from detection.heartbeats import views as heartbeats
from detection.rules.views import rule_test as rule_test_views
from detection.rules.views import rules
from detection.simulation import views as simulation
from detection.sources.urls import urlpatterns as source_patterns

app_name = "detection"
urlpatterns = [
    *source_patterns,
    path("heartbeats", heartbeats.heartbeats, name="heartbeats"),
    path("heartbeats/ping/<str:key>", heartbeats.ping, name="heartbeat_ping"),
    path("heartbeats/<int:heartbeat_id>", heartbeats.heartbeat, name="heartbeat"),
    path("heartbeats/<int:heartbeat_id>/<slug:verb>", heartbeats.act, name="act_on_heartbeat"),
    path("explain/events/<int:event_pk>", explain.event, name="explain_event"),
    path("simulate", simulation.simulate, name="simulate"),
    path("rules", rules.rules, name="rules"),
    path("rules/new", rules.new_rule, name="new_rule"),
    path("rules/check", rules.check_rule, name="check_rule"),
    path("rules/test", rule_test_views.try_rule, name="try_rule"),
    path("rules/<str:rule_id>", rules.edit_rule, name="rule"),
    path("rules/<str:rule_id>/<slug:verb>", rules.act_on_rule, name="act_on_rule"),
]
