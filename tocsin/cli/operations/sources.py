"""Commands about webhook sources, quarantined bodies and uploaded bundles."""

from __future__ import annotations

from typing import Final

from tocsin.cli.operation import FILE, Operation, argument, flag, query
from tocsin.cli.words import ago

GROUPS: Final = {
    "quarantine": "Webhook bodies that were not understood.",
    "heartbeats": "Monitors of jobs that report regularly.",
}
SOURCE: Final = (
    flag("enabled", "", "switch"), flag("opens_incidents", "", "switch"), flag("default_severity"),
    flag("reopen_minutes", "", "number"), FILE,
)  # fmt: skip
OPERATIONS: Final = (
    Operation(
        "heartbeats list", "GET", "/heartbeats", "List heartbeats.",
        columns={"ID": "id", "Name": "name", "Status": "status", "Last beat": "last_beat_at"},
        empty="No heartbeats.",
    ),
    Operation("heartbeats show", "GET", "/heartbeats/{heartbeat}", "Show a heartbeat."),
    Operation(
        "heartbeats create", "POST", "/heartbeats", "Create a heartbeat.",
        (
            flag("name", required=True), flag("period_s", "Seconds between beats.", "number", required=True),
            flag("grace_s", "Seconds a beat may be late.", "number"), flag("component"), flag("severity"),
        ),
        done="Heartbeat {id} created: call {address}",
    ),
    Operation(
        "heartbeats update", "PATCH", "/heartbeats/{heartbeat}", "Change a heartbeat; its address stays.",
        (
            flag("name"), flag("period_s", "", "number"), flag("grace_s", "", "number"), flag("component"),
            flag("severity"),
        ),
        done="Heartbeat {id} updated",
    ),
    Operation(
        "heartbeats pause", "POST", "/heartbeats/{heartbeat}/pause", "Pause a heartbeat.",
        done="Heartbeat {id} paused",
    ),
    Operation(
        "heartbeats resume", "POST", "/heartbeats/{heartbeat}/resume", "Resume a heartbeat.",
        done="Heartbeat {id} resumed",
    ),
    Operation(
        "heartbeats delete", "DELETE", "/heartbeats/{heartbeat}", "Delete a heartbeat.",
        done="Heartbeat {heartbeat} deleted",
    ),
    Operation("sources show", "GET", "/sources/{source}", "Show a source."),
    Operation(
        "sources create", "POST", "/sources", "Create a source; --file holds its mapping.",
        (flag("kind", "alertmanager, grafana …", required=True), flag("name", required=True), *SOURCE),
        done="Source {id} created",
    ),
    Operation(
        "sources update", "PATCH", "/sources/{source}", "Change a source.",
        (flag("name"), *SOURCE, flag("version", "Refuse if it was changed since.", "number")),
        done="Source {source} updated",
    ),
    Operation(
        "sources delete", "DELETE", "/sources/{source}", "Delete a source.", done="Source {source} deleted",
    ),
    Operation(
        "sources new-key", "POST", "/sources/{source}/keys",
        "Make a new key; the former one works for a while.",
    ),
    Operation(
        "sources add-secret", "POST", "/sources/{source}/secrets",
        "Ask for signed requests; the secret comes from stdin with -.",
        (argument("text", "- reads stdin."),), done="Source {source} requires signatures",
    ),
    Operation(
        "sources end-secret", "DELETE", "/sources/{source}/secrets/{secret}", "End a signing secret.",
        done="Secret {secret} of source {source} ended",
    ),
    Operation(
        "sources test", "POST", "/sources/{source}/test", "Test a body; nothing is saved, no one notified.",
        (flag("body", "The body; without it, a sample."),),
    ),
    Operation(
        "quarantine list", "GET", "/quarantine", "List quarantined bodies, newest first.",
        (query("source", "Id of the source."),),
        {"ID": "id", "Source": "source", "Received": lambda row: ago(row["received_at"]), "Error": "error"},
        is_paged=True, empty="Nothing is in quarantine.",
    ),
    Operation("quarantine show", "GET", "/quarantine/{body}", "Show a body, without its secrets."),
    Operation(
        "quarantine replay", "POST", "/quarantine/{body}/replay", "Read it again.",
    ),
    Operation("quarantine discard", "DELETE", "/quarantine/{body}", "Discard it.", done="{body} discarded"),
    Operation(
        "bundle details", "GET", "/bundles/{bundle}", "A bundle on the server: health, facts, entries, hits.",
    ),
    Operation(
        "bundle lines", "GET", "/bundles/{bundle}/lines", "Lines of a file of a bundle on the server.",
        (
            query("path", "Such as logs/app.log."), query("start", "First line.", "number"),
            query("search", "Words, case-insensitive."), query("level", "ERROR, WARN …"),
        ),
        {"Line": "number", "Text": "text"}, id_field="number", rows="lines", empty="No such lines.",
    ),
    Operation(
        "bundle attach", "POST", "/bundles/{bundle}/attach", "Attach it to another incident.",
        (argument("incident"),), done="Attached to {incident}",
    ),
    Operation(
        "bundle release", "POST", "/bundles/{bundle}/release", "Release it from quarantine.",
        (flag("reason", required=True),), done="Bundle {bundle}: {status}",
    ),
    Operation(
        "bundle delete", "DELETE", "/bundles/{bundle}", "Delete it on the server.",
        done="Bundle {bundle} deleted",
    ),
)  # fmt: skip
