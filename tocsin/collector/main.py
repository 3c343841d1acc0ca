"""The single file `collector.pyz`: create, upload, list, verify, with the standard library only."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from tocsin.collector import commands
from tocsin.collector.context import DEFAULT_TIMEOUT_S, MAX_LOGS_BYTES, Options
from tocsin.collector.probes.system import host_name
from tocsin.collector.reading import BundleError, find_bundle, verify
from tocsin.collector.upload import UploadError, is_readable_by_others
from tocsin.version import VERSION

INSECURE = "allow an address without TLS that is not on this host"


def main(arguments: Any = None) -> int:
    """Run one command; return the exit code."""
    given = _parser().parse_args(arguments)
    try:
        return int(given.run(given))
    except commands.CollectorError as error:
        return _failed(error, error.code)
    except UploadError as error:
        return _failed(error, 3 if error.is_unreachable else 1)
    except BundleError as error:
        return _failed(error, 1)
    except KeyboardInterrupt:
        return 130


def options_of(given: Any) -> Options:
    """Return the options of `create`."""
    return Options(
        summary=given.summary, since_s=seconds(given.since), logs=tuple(given.logs or ()),
        timeout_s=given.timeout, max_bytes=given.max_size * 1_000_000, only=tuple(given.only or ()),
        skip=tuple(given.skip or ()), incident=given.incident, hide_host=given.hide_host,
        dangerous=given.dangerous_mode,
    )  # fmt: skip


def seconds(text: str) -> float:
    """Parse a duration: 24h -> 86400. Raises CollectorError."""
    unit = {"m": 60, "h": 3_600, "d": 86_400}.get(text[-1:], 0)
    if not unit or not text[:-1].isdigit():
        raise commands.CollectorError(f"{text!r} is no time span. Examples: 30m, 24h, 7d.", 2)
    return float(int(text[:-1]) * unit)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="collector.pyz", description="Diagnostic bundles without secrets.")
    parser.add_argument("--version", action="version", version=f"collector {VERSION}")
    verbs = parser.add_subparsers(required=True, metavar="create|upload|list|verify")
    create = verbs.add_parser("create", help="collect a bundle and upload it")
    create.add_argument("--summary", required=True)
    create.add_argument("--no-upload", action="store_true")
    create.add_argument("--incident", default="", help="attach to this incident")
    create.add_argument("--since", default="24h")
    create.add_argument("--logs", action="append", help="pattern of log files; repeatable")
    create.add_argument("--config", default="")
    create.add_argument("--max-size", type=int, default=MAX_LOGS_BYTES // 1_000_000, help="MB of logs")
    create.add_argument("--timeout", type=float, default=DEFAULT_TIMEOUT_S)
    create.add_argument("--only", action="append", help="this probe only; repeatable")
    create.add_argument("--skip", action="append", help="not this probe; repeatable")
    create.add_argument("--output", default="", help="folder")
    create.add_argument("--hide-host", action="store_true")
    create.add_argument("--dangerous-mode", action="store_true", help="without redaction; requires consent")
    create.add_argument("--consent-file", default="")
    create.add_argument("--insecure-http", action="store_true", help=INSECURE)
    create.set_defaults(run=_create)
    upload = verbs.add_parser("upload", help="upload a bundle")
    upload.add_argument("bundle", help="path, name or id")
    upload.add_argument("--incident", default="")
    upload.add_argument("--insecure-http", action="store_true", help=INSECURE)
    upload.set_defaults(run=_upload)
    verbs.add_parser("list", help="bundles of this host").set_defaults(run=_list)
    check = verbs.add_parser("verify", help="whether a bundle is as it was written")
    check.add_argument("bundle")
    check.set_defaults(run=_verify)
    return parser


def _create(given: Any) -> int:
    folder = given.output or commands.bundles_folder()
    consent = None
    if given.dangerous_mode:
        consent = commands.consent_of(host_name(hidden=False), input, given.consent_file)
    made = commands.create(options_of(given), commands.load_config(given.config), folder, _say, consent)
    if given.no_upload:
        print(made.path)
        return 0
    _say("")
    print(_send(made.path, given))
    return 0


def _upload(given: Any) -> int:
    print(_send(find_bundle(given.bundle, commands.bundles_folder()), given))
    return 0


def _send(path: str, given: Any) -> str:
    url, token = os.environ.get("TOCSIN_URL", ""), os.environ.get("TOCSIN_TOKEN", "")
    if not url:
        raise commands.CollectorError(f"TOCSIN_URL is not set. The bundle is stored at: {path}", 2)
    if is_readable_by_others(url) and not given.insecure_http:
        raise commands.CollectorError(
            f"{url} is not encrypted, and would show the token and the bundle to others. Use https, or "
            f"--insecure-http. The bundle is stored at: {path}", 2
        )  # fmt: skip
    return str(commands.send(path, url, token, _say, given.incident).get("incident") or "")


def _list(_given: Any) -> int:
    print("Incidents:")
    for line in commands.local_lines(commands.bundles_folder()):
        print(line)
    return 0


def _verify(given: Any) -> int:
    manifest = verify(find_bundle(given.bundle, commands.bundles_folder()))
    print(
        f"Whole: {manifest['totals']['entries']} entries, "
        f"{sum(manifest['totals']['redactions'].values())} redactions"
    )
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _failed(error: Exception, code: int) -> int:
    _say(f"collector: {error}")
    return code


def run(arguments: Sequence[str]) -> int:
    """`main` for callers with arguments."""
    return main(list(arguments))
