"""`login`, `logout`, `whoami`, `config`, `api`, `status`, `version`, `sync`."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from typing import Annotated, Any, Final

import typer
from typer._completion_shared import get_completion_script

from tocsin.cli import frame, last_seen, offline
from tocsin.client import Client
from tocsin.problems import BadUsageError, RefusedError, TocsinError, UnreachableError
from tocsin.settings import (
    Settings,
    config_file,
    forget_token,
    load_settings,
    read_config,
    store_token,
    write_profile,
)
from tocsin.version import VERSION

DEFAULT_SCOPES: Final = ("incidents:read", "incidents:write", "events:write")
SHELLS: Final = ("bash", "zsh", "fish", "powershell")
KEYS: Final = ("url", "token", "workspace", "format")
config = typer.Typer(help="The configuration file.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(config, name="config")
    app.command("login")(login)
    app.command("logout")(logout)
    app.command("whoami")(whoami)
    app.command("api")(api)
    app.command("status")(status)
    app.command("sync")(offline.sync)
    app.command("version")(version)
    app.command("completion")(completion)


def login(
    token: Annotated[str, typer.Option(help="A token instead of the browser; - reads stdin.")] = "",
    scope: Annotated[list[str] | None, typer.Option(help="Repeatable.")] = None,
) -> None:
    """Sign in: by a code that is approved in the browser, or with a token."""
    settings = load_settings(frame.STATE.given)
    text = sys.stdin.readline().strip() if token.strip("-") == "" and token else token
    text = text or _by_code(settings, scope or list(DEFAULT_SCOPES))
    with Client(settings=Settings(url=settings.url, token=text, workspace=settings.workspace)) as client:
        me = client.get("/me")
    place = store_token(settings.profile, settings.url, text)
    frame.say(f"Signed in to {me['workspace']['name']} as {me['label']}. The token is in {place}")


def _by_code(settings: Settings, scopes: list[str]) -> str:
    with Client(settings=Settings(url=settings.url)) as anonymous:
        started = anonymous.post("/device/start", {"host": platform.node()[:100], "scopes": scopes})
        frame.say(f"Open {started['verification_url']} and enter the code {started['user_code']}")
        ends = time.monotonic() + started["expires_in"]
        while time.monotonic() < ends:
            time.sleep(started["interval"])
            try:
                response = anonymous.post("/device/token", {"device_code": started["device_code"]})
            except RefusedError as error:
                raise TocsinError(f"Not signed in: {error}") from error
            if response.get("token"):
                return str(response["token"])
    raise TocsinError("Not signed in: the code was not approved in time. Try: tocsin login")


def logout() -> None:
    """Forget the token of this profile, and revoke it where it is a personal one."""
    settings = load_settings(frame.STATE.given)
    if settings.token:
        try:
            frame.client().request("DELETE", "/me/token")
            frame.say("The token was revoked.")
        except (RefusedError, UnreachableError) as error:
            frame.say(f"The token was forgotten here, not revoked: {error}")
    forget_token(settings.profile)


def whoami() -> None:
    """Your identity on the server, and your permissions."""
    me = frame.client().get("/me")
    frame.put_object({**me, "workspace": me["workspace"]["slug"]}, id_field="label")


def api(
    method: Annotated[str, typer.Argument(help="GET, POST, PATCH, PUT or DELETE.")],
    path: Annotated[str, typer.Argument(help="Below /api/v1, such as /incidents.")],
    body: Annotated[str, typer.Option("--body", help="JSON; - reads stdin.")] = "",
) -> None:
    """Call the API directly."""
    if method.upper() not in {"GET", "POST", "PATCH", "PUT", "DELETE"}:
        raise BadUsageError(f"{method} is not a method. Known: GET, POST, PATCH, PUT, DELETE.")
    text = sys.stdin.read() if body == "-" else body
    try:
        sent = json.loads(text) if text else None
    except ValueError as error:
        raise BadUsageError(f"--body is not JSON: {error}") from error
    response = frame.client().request(method.upper(), "/" + path.lstrip("/"), body=sent)
    if isinstance(response, str):
        sys.stdout.write(response)
    elif response is not None:
        frame.put_json(response)


def status(
    away: Annotated[
        bool, typer.Option("--offline", help="Who is on call and open checklists, as last seen.")
    ] = False,
) -> None:
    """Whether the server can be reached, and what is spooled."""
    if away:
        _show_last_seen(last_seen.recall())
        return
    settings = load_settings(frame.STATE.given)
    if waiting := offline.waiting_since():
        frame.say(f"{waiting}. Try: tocsin sync")
    began = time.monotonic()
    try:
        me = frame.client().get("/me")
    except UnreachableError:
        if last_seen.last_seen_file().exists():
            frame.say("Who is on call, and open checklists, as last seen: tocsin status --offline")
        raise
    milliseconds = (time.monotonic() - began) * 1000
    found = {"url": settings.url, "workspace": me["workspace"]["slug"], "as": me["label"]}
    frame.put_object({**found, "milliseconds": round(milliseconds)}, id_field="url")
    last_seen.remember(frame.client(), settings.url)


def _show_last_seen(stored: dict[str, Any]) -> None:
    if frame.output_format() == "json":
        frame.put_json(stored)
        return
    for line in last_seen.lines(stored):
        frame.put(frame.safe(line))


def version() -> None:
    """The version of this program."""
    frame.put(f"tocsin {VERSION}")


def completion(shell: Annotated[str, typer.Argument(help="bash, zsh, fish or powershell.")]) -> None:
    """What makes a shell complete commands and incidents.

    For bash: tocsin completion bash > ~/.local/share/bash-completion/completions/tocsin
    """
    if shell not in SHELLS:
        raise BadUsageError(f"{shell} is not known. Known: {', '.join(SHELLS)}.")
    script = get_completion_script(prog_name="tocsin", complete_var="_TOCSIN_COMPLETE", shell=shell)
    frame.put(script)


@config.command("get")
def config_get(key: str) -> None:
    """Print an effective value."""
    found: Any = getattr(load_settings(frame.STATE.given), _known(key))
    frame.put(f"{found[:13]}…" if key == "token" and found else str(found))


@config.command("set")
def config_set(key: str, value: str) -> None:
    """Change a value of the profile."""
    profile = frame.STATE.given.get("profile") or os.environ.get("TOCSIN_PROFILE") or "default"
    read_config()
    frame.say(f"Written to {write_profile(profile, {_known(key): value})}")


@config.command("path")
def config_path() -> None:
    """Where the configuration file is."""
    frame.put(str(config_file()))


def _known(key: str) -> str:
    if key not in KEYS:
        raise BadUsageError(f"{key} is not a setting. Known: {', '.join(KEYS)}.")
    return key
