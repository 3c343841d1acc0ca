"""Commands about the public status page."""

from __future__ import annotations

from typing import Final

from tocsin.cli.operation import Operation, argument, flag

GROUPS: Final = {
    "status-page": "The public status page.",
    "scheduled": "Maintenance that the status page announces.",
    "shown": "Components of the status page.",
    "windows": "Maintenance windows on the status page.",
    "subscribers": "Subscribers of the status page.",
}
COMPONENT: Final = (
    flag("description"), flag("group", "Heading on the page."),
    flag("component", "Name in the catalogue; not public."),
    flag("follows", "published, incidents or manual."), flag("manual_state", "State set manually."),
    flag("position", "", "number"),
)  # fmt: skip
OPERATIONS: Final = (
    Operation("status-page show", "GET", "/status-page", "Show the page's settings.", id_field="url"),
    Operation(
        "status-page save", "PUT", "/status-page", "Create or change the page.",
        (
            flag("title"), flag("slug", "The page is served at /status/<slug>."), flag("description"),
            flag("color", "Such as #3a50c8."), flag("time_zone", "Such as Europe/Berlin."),
            flag("access", "public or domains."), flag("domains", "Email domains of its readers.", "words"),
            flag("auto_publish", "never, sev1 or sev2."), flag("is_enabled", "", "switch", flag="--enabled"),
        ),
        id_field="url", done="Status page at {url}",
    ),
    Operation("status-page delete", "DELETE", "/status-page", "Delete the page.", done="Status page deleted"),
    Operation(
        "status-page warnings", "GET", "/status-page/warnings", "Where the page and the inside disagree.",
        columns={"Incident": "incident", "Kind": "kind", "Warning": "message"}, empty="No warnings.",
    ),
    Operation(
        "status-page shown list", "GET", "/status-page/components", "List components.",
        columns={
            "ID": "id", "Name": "name", "Group": "group", "Inside": "component", "Follows": "follows",
            "Manual": "manual_state",
        },
        empty="No components.",
    ),
    Operation(
        "status-page shown add", "POST", "/status-page/components", "Add a component.",
        (argument("name"), *COMPONENT), done="Component {id} added",
    ),
    Operation(
        "status-page shown update", "PATCH", "/status-page/components/{component}",
        "Change a component.", (flag("name"), *COMPONENT), done="Component {component} updated",
    ),
    Operation(
        "status-page shown state", "PUT", "/status-page/components/{component}/state",
        "Set its state manually; empty: it follows incidents.", (argument("state"),),
        done="Component {component} set",
    ),
    Operation(
        "status-page shown remove", "DELETE", "/status-page/components/{component}",
        "Take it off the page.", done="Component {component} removed",
    ),
    Operation(
        "status-page scheduled list", "GET", "/status-page/maintenance", "List maintenance.",
        columns={
            "ID": "id", "Title": "title", "From": "starts_at", "Until": "ends_at",
            "Cancelled": "cancelled_at",
        },
        empty="No maintenance.",
    ),
    Operation(
        "status-page scheduled schedule", "POST", "/status-page/maintenance", "Announce maintenance.",
        (
            argument("title"), flag("starts_at", "A time, or +1h.", "moment", flag="--from", required=True),
            flag("ends_at", "A time, or +3h.", "moment", flag="--until", required=True),
            flag("description"), flag("components", "Ids of components.", "words"),
            flag("confirmed", "Publish although it looks sensitive.", "switch"),
        ),
        done="Maintenance {id} announced",
    ),
    Operation(
        "status-page scheduled end", "DELETE", "/status-page/maintenance/{maintenance}",
        "End or cancel maintenance.", done="Maintenance {maintenance} ended",
    ),
    Operation(
        "status-page windows list", "GET", "/status-page/windows", "Maintenance windows, and how they show.",
        columns={"ID": "window_id", "Name": "name", "Next": "next_starts_at", "Shown as": "title"},
        empty="No maintenance windows.",
    ),
    Operation(
        "status-page windows show", "PUT", "/status-page/windows/{window}", "Show a window's occurrences.",
        (
            argument("title", "Public title."), flag("components", "Ids of components.", "words"),
            flag("confirmed", "Publish although it looks sensitive.", "switch"),
        ),
        id_field="window_id", done="{name} is shown as {title}",
    ),
    Operation(
        "status-page windows hide", "DELETE", "/status-page/windows/{window}", "Stop showing a window.",
        done="Window {window} is not shown",
    ),
    Operation(
        "status-page subscribers list", "GET", "/status-page/subscribers", "List subscribers.",
        columns={"ID": "id", "Kind": "kind", "Address": "address", "State": "state"},
        empty="No subscribers.",
    ),
    Operation(
        "status-page subscribers delete", "DELETE", "/status-page/subscribers/{subscriber}",
        "Delete a subscriber.", done="Subscriber {subscriber} deleted",
    ),
    Operation(
        "status-page published", "GET", "/incidents/{reference}/status-page", "What is published of it.",
    ),
    Operation(
        "status-page publish", "POST", "/incidents/{reference}/status-page", "Publish an incident.",
        (flag("title", "Public title."), flag("confirmed", "Publish although it looks sensitive.", "switch")),
        done="{reference} is on the status page: {url}",
    ),
    Operation(
        "status-page withdraw", "DELETE", "/incidents/{reference}/status-page", "Take it off the page.",
        done="{reference} removed from the status page",
    ),
    Operation(
        "status-page update", "POST", "/incidents/{reference}/status-page/updates", "Post a public update.",
        (argument("message"), flag("confirmed", "Publish although it looks sensitive.", "switch")),
        done="Update of {reference} posted",
    ),
    Operation(
        "status-page allow", "POST", "/incidents/{reference}/status-page/entries/{entry}",
        "Publish a held entry.", done="Entry {entry} published",
    ),
)  # fmt: skip
