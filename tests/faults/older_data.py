"""The data of an older version: made and read over the API, which both versions have, and compared."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any, Final

import requests

from tests.faults.burst import Burst
from tests.faults.running import Running

TOKEN: Final = re.compile(r"API token:\s+(\S+)")
ONCE: Final = re.compile(r"Sign in once:\s+\S*?(/sign-in/once/\S+)")
FORM_TOKEN: Final = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
LINK: Final = re.compile(r'(?:href|hx-get)="(/[^"#]*)')
MAX_PAGES: Final = 300
PASSWORD: Final = "a long pass phrase of 21 signs"
KINDS: Final = ("alertmanager", "grafana", "pagerduty", "datadog", "generic", "opsgenie", "sentry", "github")
OF_AN_INCIDENT: Final = ("", "/timeline", "/related", "/components", "/roles", "/events")
OF_THE_WORKSPACE: Final = ("sources", "quarantine", "changes", "members")
# Documents that grow with what happens meanwhile, and text that a new version may change.
MAY_DIFFER: Final = {"health", "standing", "open_incidents", "last_seen_at", "last_used_at"}


@dataclass(frozen=True)
class Known:
    """How to call it, a signed-in session, and the incidents that were there."""

    token: str
    session: requests.Session
    incidents: tuple[str, ...]


def fill(tocsin: Running) -> Known:
    """The demo, people, sources of every kind, a rule, and incidents in every state."""
    found = TOKEN.search(tocsin.log())
    assert found, tocsin.log()
    token = found[1]
    command, made = [sys.executable, "manage.py", "seed_demo"], tocsin.environment | {"TOCSIN_ENV": "local"}
    subprocess.run(command, cwd=tocsin.root, env=made, check=True, capture_output=True)
    for name, role in (("dana", "responder"), ("max", "manager"), ("vera", "viewer")):
        _call(tocsin, token, "POST", "members", username=name, email=f"{name}@example.org", role=role)
    for name, above in (("store-db", []), ("store-api", ["store-db"])):
        _call(tocsin, token, "POST", "components", name=name, depends_on=above)
    for kind in KINDS:
        source = _call(tocsin, token, "POST", "sources", kind=kind, name=f"From {kind}")
        _call(tocsin, token, "POST", f"sources/{source['id']}/keys")
    _call(tocsin, token, "POST", "changes", summary="Deploy 42", component="store-api", version="42")
    _call(tocsin, token, "POST", "rules/disk_space_low/disable")
    Burst(services=10, each=40, batch=40).send(tocsin)
    for number, severity in enumerate(("sev1", "sev2", "sev3", "sev4")):
        _incident(tocsin, token, number, severity)
    listed = _call(tocsin, token, "GET", "incidents?limit=100")
    return Known(token, _signed_in(tocsin), tuple(one["reference"] for one in listed))


def _incident(tocsin: Running, token: str, number: int, severity: str) -> None:
    """One in the state of its number: acknowledged, investigating, resolved, closed."""
    made = _call(
        tocsin,
        token,
        "POST",
        "incidents",
        title=f"Case {number}",
        severity=severity,
        components=["store-api"],
    )
    at = f"incidents/{made['reference']}"
    _call(tocsin, token, "POST", f"{at}/notes", message="A note <script>alert(1)</script> 日本語")
    if number == 0:
        _call(tocsin, token, "POST", f"{at}/acknowledge")
        _call(tocsin, token, "POST", f"{at}/assign", assignee="dana")
        _call(tocsin, token, "POST", f"{at}/updates", message="We are working on it.")
    elif number == 1:
        _call(tocsin, token, "PATCH", f"{at}/status", status="investigating")
    else:
        _call(tocsin, token, "POST", f"{at}/resolve", message="Rolled back")
    if number == 3:
        _call(tocsin, token, "POST", f"{at}/close")


def _call(tocsin: Running, token: str, method: str, path: str, **body: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    sent = None if method == "GET" else body
    reply = requests.request(method, f"{tocsin.url}/api/v1/{path}", json=sent, headers=headers, timeout=60)
    assert reply.ok, f"{method} {path}: {reply.status_code} {reply.text}"
    return reply.json()


def _signed_in(tocsin: Running) -> requests.Session:
    """The first person's session, by the link of the first start."""
    found, session = ONCE.search(tocsin.log()), requests.Session()
    assert found, tocsin.log()
    address = tocsin.url + found[1]
    form = FORM_TOKEN.search(session.get(address, timeout=60).text)
    assert form, "the link shows no form"
    sent = {"csrfmiddlewaretoken": form[1]}
    assert session.post(address, data=sent, headers={"Referer": address}, timeout=60).ok
    return session


def what_is_known(tocsin: Running, known: Known) -> dict[str, Any]:
    """Every document of the API about what was there."""
    paths = [f"incidents/{one}{part}" for one in known.incidents for part in OF_AN_INCIDENT]
    return {path: _call(tocsin, known.token, "GET", path) for path in (*paths, *OF_THE_WORKSPACE)}


def missing(before: Any, after: Any, at: str = "") -> Iterator[str]:
    """Each value that was there and is not, or is another."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in before.keys() - MAY_DIFFER:
            yield from missing(before[name], after.get(name), f"{at}.{name}")
    elif isinstance(before, list) and isinstance(after, list):
        there = {_key(one, place): one for place, one in enumerate(after)}
        for place, one in enumerate(before):
            yield from missing(one, there.get(_key(one, place)), f"{at}[{place}]")
    elif before != after:
        yield f"{at}: {before!r} became {after!r}"


def _key(one: Any, place: int) -> Any:
    return one.get("id", place) if isinstance(one, dict) else place


def pages_that_fail(tocsin: Running, known: Known) -> tuple[int, list[str]]:
    """Open every kind of page in the session of before. Returns how many were opened, and which failed."""
    todo, seen, wrong = deque(["/", f"/incidents/{known.incidents[0]}", "/admin/"]), dict[str, int](), []
    while todo and len(seen) < MAX_PAGES:
        path = todo.popleft()
        kind = re.sub(r"\d+", "N", path.partition("?")[0])
        if kind in seen or "live" in kind or kind.startswith(("/static", "/sign-out")):
            continue
        reply = known.session.get(tocsin.url + path, timeout=60)
        seen[kind] = reply.status_code
        if not reply.ok or reply.url.startswith(f"{tocsin.url}/sign-in"):
            wrong.append(f"{path}: {reply.status_code} {reply.url}")
        todo += [unescape(link) for link in LINK.findall(reply.text)]
    return len(seen), wrong
