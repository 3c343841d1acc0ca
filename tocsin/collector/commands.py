"""Shared by the command line and the single file: create, upload, list."""

from __future__ import annotations

import getpass
import os
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from tocsin.collector.bundle import FinishedBundle, Maker, Say, finders_of, readable_size
from tocsin.collector.context import Options
from tocsin.collector.probes import health, logs, network, own, processes, services, system
from tocsin.collector.reading import local_bundles, remember_upload
from tocsin.collector.toml_config import ConfigError, read_toml
from tocsin.collector.upload import upload
from tocsin.redaction.own_rules import RuleError

LOADED = (system, processes, network, services, health, logs)  # importing a probe registers it


class CollectorError(Exception):
    """A refusal, with the exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def bundles_folder() -> str:
    """Return the default folder of bundles, unless --output is given."""
    base = os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
    return os.path.join(base, "tocsin", "incidents")


def load_config(path: str = "") -> Mapping[str, Any]:
    """Return the collector's configuration; an empty one if there is none.

    The rules of `redaction.toml` always apply: they only add to what is redacted.
    """
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    folder = os.path.join(base, "tocsin")
    config = _read(path or os.path.join(folder, "collector.toml"), must=bool(path))
    more = _read(os.path.join(folder, "redaction.toml"), must=False)
    given = config.get("redaction", {})
    lists = {name: [*_listed(given, name), *_listed(more, name)] for name in ("rules", "secret_files")}
    return {**config, "redaction": lists}


def _read(path: str, *, must: bool) -> Any:
    try:
        with open(path, encoding="utf-8") as file:
            return read_toml(file.read())
    except FileNotFoundError as error:
        if must:
            raise CollectorError(f"{path} does not exist.", 2) from error
        return {}
    except (ConfigError, OSError, UnicodeDecodeError) as error:
        raise CollectorError(f"{path} cannot be read: {error}", 2) from error


def _listed(given: Any, name: str) -> Any:
    found = given.get(name, []) if isinstance(given, Mapping) else []
    return found if isinstance(found, list) else []


def finders(config: Mapping[str, Any]) -> Any:
    """Return the rules and known values of a configuration. Raises CollectorError for invalid ones."""
    try:
        return finders_of(config)
    except RuleError as error:
        words = f"A redaction rule of the configuration cannot be used: {error}. Nothing was collected."
        raise CollectorError(words, 2) from error


def create(
    options: Options, config: Mapping[str, Any], folder: str, say: Say, consent: Any = None
) -> FinishedBundle:
    """Create a bundle and print progress. One Ctrl-C ends the collecting, a second one the program."""
    maker = Maker(options, config, say, consent, own.own_probes(own.folder()), finders(config))
    say("Creating incident bundle...")
    restore = _on_interrupt(lambda: setattr(maker, "is_interrupted", True))
    try:
        made = maker.make(folder)
    except OSError as error:
        raise CollectorError(f"The bundle could not be written to {folder}: {error.strerror}.") from error
    finally:
        restore()
    say("")
    say(f"Incident bundle created: {os.path.basename(made.path)}")
    say(f"Size: {readable_size(made.size)}")
    for probe in made.manifest["probes"]:
        if not probe["ok"] and probe["reason"] != "left out on request":
            say(f"Incomplete: {probe['name']} {probe['reason']}")
    return made


def send(path: str, url: str, token: str, say: Say, incident: str = "") -> Any:
    """Upload a bundle and print progress."""
    say("Uploading to Tocsin...")
    response = upload(path, url, token, incident=incident)
    remember_upload(path, response)
    say("  Upload complete")
    say(f"  Incident ID: {response.get('incident') or 'none'}")
    return response


def consent_of(host: str, ask: Callable[[str], str], file: str = "") -> Any:
    """Require typed consent for a bundle that is not redacted. Raises CollectorError without it."""
    sentence = f"I consent to collect unredacted data from {host}"
    if file:
        try:
            with open(file, encoding="utf-8") as given:
                typed = given.read().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise CollectorError(f"The consent in {file} cannot be read: {error}", 2) from error
    elif sys.stdin.isatty():
        typed = ask(f"Secrets will be in this bundle. Type: {sentence}\n> ").strip()
    else:
        raise CollectorError("--dangerous-mode needs a terminal, or --consent-file.", 2)
    if typed != sentence:
        raise CollectorError("The consent was not given as requested. Nothing was collected.")
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"by": getpass.getuser(), "host": host, "sentence": typed, "at": now, "rules_off": "all"}


def local_lines(folder: str) -> list[str]:
    """Return the lines of `incident list` for bundles of this host."""
    return [
        f"  {found.label}  {meta['created_at'][:10]}  {meta['summary']}"
        for found in local_bundles(folder)
        for meta in [found.metadata]
    ]


def _on_interrupt(act: Callable[[], None]) -> Callable[[], None]:
    def handle(_number: int, _frame: Any) -> None:
        act()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    try:
        before = signal.signal(signal.SIGINT, handle)
    except ValueError:  # not in the main thread
        return lambda: None

    def restore() -> None:
        signal.signal(signal.SIGINT, before)

    return restore
