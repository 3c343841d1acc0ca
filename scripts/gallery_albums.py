"""Screenshots to take, and who sees them.

Every page of the URL conf with text that breaks layouts, and empty; lists with more than a page; the admin;
the sign-in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psycopg
from playwright.sync_api import Page

from scripts.gallery_full import FULL, HUB

if TYPE_CHECKING:  # needs settings, which need servers
    from tests.browser.site import Site

HOSTILE: Final = "INC-7"
STORY: Final = "INC-2"
# Pages of many similar lines, of which only the first screen is taken -> elements added by scripts.
TALL: Final = {"docs": ".opblock"}
# Besides the pages in the URL conf: filters, text that breaks layouts, errors.
MORE: Final = {
    "list-filtered": "/incidents?severity=critical,high&status=active&sort=severity",
    "list-not-understood": "/incidents?severity=purple&status=active&cursor=nonsense",
    "incident-alerted": "/incidents/INC-8",
    "incident-detected": "/incidents/INC-9",
    "incident-hostile": f"/incidents/{HOSTILE}",
    "resolve-hostile": f"/incidents/{HOSTILE}/resolve",
    "nothing-matches": "/?view=all&severity=sev4&component=nothing",
    "list-hostile": "/incidents?search=payments",
    "found": "/find?q=pay",
    "found-nothing": "/find?q=nothing-like-it",
    "not-there": "/nowhere",
}
# Elements to open on a page: where, and what to click; taken as one screen, except for those in LONG.
LONG: Final = {"step-log"}
OPENED: Final = {
    "declare-dialog": ("/", "a[href='/incidents/declare']"),
    "severity-menu": (f"/incidents/{STORY}", ".summary-chip"),
    "row-menu": ("/incidents", ".row-menu summary"),
    "export-menu": ("/incidents", "[data-export] summary"),
    "picked": ("/incidents", "[data-pick-all] input"),
    "title-in-place": (f"/incidents/{HOSTILE}", ".title-edit summary"),
    "account-menu": ("/", ".account summary"),
    "palette": ("/", "[data-palette-open]"),
    "step-log": ("/sources/1/test", "form[hx-target='#log'] button"),
}
# Lists. {…} is filled from the database by FOUND; the next page is taken too if there is one.
LISTS: Final = (
    "/", "/?view=mine", "/incidents", "/incidents/declare", "/incidents/{story}",
    "/incidents/{story}/activity", "/incidents/bulk/{bulk}", "/activity", "/components", "/components/{hub}",
    "/find?q=checkout", "/rules", "/rules/{rule}", "/sources", "/sources/{source}", "/quarantine",
    "/settings/members", "/settings/tokens", "/settings/audit", "/settings/system",
)  # fmt: skip
FOUND: Final = {
    "story": "select 'INC-' || i.number from incidents_incident i join incidents_timelineentry t"
    " on t.incident_id = i.id where i.workspace_id = %s group by i.id order by count(*) desc limit 1",
    "bulk": "select max(id) from incidents_bulkaction where workspace_id = %s and kind = 'resolve'",
    "hub": f"select id from incidents_component where workspace_id = %s and name = '{HUB}'",
    "rule": "select rule_id from detection_detectionrule where workspace_id = %s order by id desc limit 1",
    "source": "select max(id) from detection_source where workspace_id = %s",
}


@dataclass(frozen=True)
class Shot:
    """One picture: URL, what to click, whether the full page or one screen, what to wait for."""

    name: str
    path: str
    click: str = ""
    is_whole: bool = True
    awaits: str = "body"


@dataclass(frozen=True)
class Album:
    """Pictures of one person's view; signed out if `who` is empty."""

    who: str
    shots: tuple[Shot, ...]


def albums(site: Site, pages: dict[str, list[str]]) -> Iterator[Album]:
    """Return all albums. pages: person -> paths of the URL conf that return a page to them."""
    yield Album("", (Shot("sign-in", "/sign-in"), Shot("sign-in-once", "/sign-in/once/nobody-has-this")))
    hostile, opened = [shot("", path) for path in pages["dana.ruiz"]], OPENED.items()
    yield Album("dana.ruiz", (
        *hostile, *(Shot(name, path) for name, path in MORE.items()),
        *(Shot(name, path, click, is_whole=name in LONG) for name, (path, click) in opened),
    ))  # fmt: skip
    yield Album("quinn.empty", tuple(shot("empty-", path) for path in pages["quinn.empty"]))
    known = _found(site)
    yield Album(FULL, (
        *(shot("full-", path.format(**known), path) for path in LISTS),
        Shot("full-picked", "/incidents", "[data-pick-all] input", is_whole=False),
    ))  # fmt: skip
    yield Album("rory.keys", tuple(shot("", path) for path in pages["rory.keys"]))


def following(page: Page, shot: Shot) -> Shot | None:
    """Return the next page of a full list, if there is one."""
    link = page.locator("a[rel=next]:visible")
    if not shot.name.startswith("full-") or shot.click or not link.count():
        return None
    return Shot(f"{shot.name}-next", link.first.evaluate("(it) => it.href"))


def shot(before: str, path: str, called: str = "") -> Shot:
    """Return the shot of a page, named after its URL or as `called`."""
    words = (called or path).lower().translate(str.maketrans("/?=&", "----", "{}"))
    name = words.strip("-") or "home"
    return Shot(before + name, path, is_whole=name not in TALL, awaits=TALL.get(name, "body"))


def _found(site: Site) -> dict[str, object]:
    with psycopg.connect(site.environment["DATABASE_URL"]) as connection:
        workspace = _one(connection, "select workspace_id from accounts_membership m join accounts_user u"
                         " on u.id = m.user_id where u.username = %s", FULL)  # fmt: skip
        return {name: _one(connection, query, workspace) for name, query in FOUND.items()}


def _one(connection: psycopg.Connection, query: str, value: object) -> object:
    row = connection.execute(query.encode(), [value]).fetchone()
    assert row, query
    return row[0]
