"""`tocsin incidents watch` and `dashboard`."""

from __future__ import annotations

import http.server
import json
import re
import sys
import time
from collections.abc import Iterator
from typing import Annotated, Any, Final

import typer

from tocsin.cli import frame
from tocsin.cli.commands.incidents_read import COLUMNS
from tocsin.cli.completing import incident_ids
from tocsin.cli.tables import boxed
from tocsin.cli.words import listed, with_words
from tocsin.client import path_of
from tocsin.problems import RefusedError, UnreachableError

MAX_SHOWN: Final = 50
MIN_PAUSE_S: Final = 1.0
MAX_PAUSE_S: Final = 30.0
POLL_EVERY_S: Final = 10.0
_NOT_DIGITS: Final = re.compile(r"\D")


def register(app: typer.Typer) -> None:
    """Add the commands to `tocsin incidents`."""
    app.command("watch")(watch)
    app.command("dashboard")(dashboard)


def watch(
    reference: Annotated[
        str,
        typer.Argument(help="One incident; without it, the active ones.", autocompletion=incident_ids),
    ] = "",
    severity: Annotated[list[str] | None, typer.Option()] = None,
    once: Annotated[bool, typer.Option("--once", hidden=True)] = False,
) -> None:
    """Show active incidents as they change, until Ctrl-C."""
    shown: dict[str, Any] = {}
    seen_at: float | None = None
    for note in _changes(reference, once=once):
        try:
            found = _fetch(reference, listed(severity or []))
        except UnreachableError as error:
            if seen_at is None:
                raise
            frame.say(f"tocsin: {error} Shown as of {time.monotonic() - seen_at:.0f} s ago.")
            continue
        seen_at = time.monotonic()
        shown = _show(found, shown, note)


def _changes(reference: str, *, once: bool) -> Iterator[str]:
    """Yield whenever something may have changed; reconnects automatically."""
    topics = f"incident:{_NOT_DIGITS.sub('', reference).lstrip('0')}" if reference else "incidents"
    yield "live"
    pause = MIN_PAUSE_S
    while not once:
        began = time.monotonic()
        try:
            for line in frame.client().stream_lines("/live", params={"topics": topics}):
                if line.startswith("event: signal"):
                    pause = MIN_PAUSE_S
                    yield "live"
        except UnreachableError as error:
            frame.say(f"tocsin: {error} Trying again in {pause:.0f} s.")
        except RefusedError as error:
            if error.status not in {404, 405, 406}:
                raise
            time.sleep(POLL_EVERY_S)
            yield "polling"
            continue
        if time.monotonic() - began < pause:
            time.sleep(pause)
            pause = min(MAX_PAUSE_S, pause * 2)
        yield "live"


def _fetch(reference: str, severities: list[str]) -> list[dict[str, Any]]:
    if reference:
        return [with_words(frame.client().get(path_of("incidents", reference)))]
    conditions = {"status": "active", "severity": ",".join(severities)}
    found = frame.client().pages("/incidents", limit=MAX_SHOWN, **conditions)
    return [with_words(incident) for incident in found]


def _show(incidents: list[dict[str, Any]], before: dict[str, Any], note: str) -> dict[str, Any]:
    now = {i["incident_id"]: i["version"] for i in incidents}
    if sys.stdout.isatty() and frame.output_format() == "table":
        cells = [[frame.cell(i, column) for column in COLUMNS.values()] for i in incidents]
        frame.put(
            "\x1b[H\x1b[2J"
            + boxed(list(COLUMNS), cells, most=frame.terminal_columns())
            + f"\n{note} · Ctrl-C ends"
        )
        return now
    for incident in incidents:
        if before.get(incident["incident_id"]) != incident["version"]:
            _line(incident)
    for gone in before.keys() - now.keys():
        if frame.output_format() != "json":
            frame.put(f"{gone}  no longer active")
    return now


def _line(incident: dict[str, Any]) -> None:
    if frame.output_format() == "json":
        frame.put(json.dumps(incident))
    elif frame.is_quiet():
        frame.put(incident["incident_id"])
    else:
        frame.put("  ".join(frame.cell(incident, column) for column in COLUMNS.values()))


def dashboard(
    port: Annotated[int, typer.Option(help="Serve redirects on this port of 127.0.0.1.")] = 0,
    open_: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """The address of the incident list; with --port, 127.0.0.1:PORT leads there until Ctrl-C."""
    home = frame.client().settings.url
    if not port:
        frame.put(f"{home}/incidents")
        if open_:
            typer.launch(f"{home}/incidents")
        return
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), _redirecting(home))
    except OSError as error:
        raise UnreachableError(f"Port {port} cannot be used: {error.strerror}.") from error
    frame.say(f"http://127.0.0.1:{port}/ leads to {home}/incidents. Ctrl-C ends.")
    if open_:
        typer.launch(f"http://127.0.0.1:{port}/")
    with server:
        server.serve_forever()


def _redirecting(home: str) -> type[http.server.BaseHTTPRequestHandler]:
    class Redirect(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path if self.path.partition("?")[0] != "/" else "/incidents" + self.path[1:]
            self.send_response(302)
            self.send_header("Location", home + "/" + path.lstrip("/"))
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Suppress the access log: URLs may contain searches."""

    return Redirect
