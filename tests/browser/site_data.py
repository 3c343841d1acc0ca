"""Data of the browser tests: a workspace, its rules, its people. A program, run on the site's database."""

from __future__ import annotations

import os

import django

PASSWORD = "ring-the-bell-at-noon"
PEOPLE = (
    ("dana.ruiz", "Dana Ruiz", "admin"),
    ("theo.lind", "Theo Lind", "responder"),
    ("vera.moss", "Vera Moss", "viewer"),
    ("rory.keys", "Rory Keys", "admin"),
    # Each for one test alone: it changes how the account signs in, and tests run in any order.
    ("pia.nord", "Pia Nord", "responder"),
    ("noor.vale", "Noor Vale", "responder"),
    ("mona.reed", "Mona Reed", "manager"),
)
# The admin of a workspace of her own, which requires a second factor of every member.
ALONE = ("ada.holt", "Ada Holt", "admin")
STAFF = "rory.keys"


def build() -> None:
    """Make the workspaces once."""
    from accounts.actor import system_actor
    from accounts.models import Membership, User
    from config.installation.setup import create_workspace
    from notifications.channels.services import create_channel
    from notifications.routes.services import customize_routes
    from status.pages.services.components import add_component
    from status.pages.services.pages import put_page
    from tests.browser.bundles import add_bundles

    workspace = create_workspace(slug="acme", name="Acme Payments")
    admin = system_actor(workspace.pk)
    create_channel(admin, kind="log", name="Log")
    customize_routes(admin)
    put_page(admin, values={"slug": "acme", "title": "Acme Payments"})
    add_component(admin, values={"name": "Card payments", "group": "Payments"})
    quay = create_workspace(slug="quay", name="Quay Freight")
    members = [(workspace.pk, *person) for person in PEOPLE] + [(quay.pk, *ALONE)]
    for workspace_id, username, name, role in members:
        runs_it = username == STAFF
        user = User.objects.create_user(
            username, f"{username}@example.test", PASSWORD,
            display_name=name, is_staff=runs_it, is_superuser=runs_it,
        )  # fmt: skip
        Membership.objects.create(workspace_id=workspace_id, user=user, role=role)
    if os.environ.get("S3_ACCESS_KEY"):
        add_bundles(admin)


if __name__ == "__main__":
    django.setup()
    build()
