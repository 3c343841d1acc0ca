"""`tocsin bundle` and `tocsin incident`: diagnostic bundles of this host and of the server."""

from __future__ import annotations

import os
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tocsin.cli import frame
from tocsin.collector import commands
from tocsin.collector.context import DEFAULT_TIMEOUT_S, MAX_LOGS_BYTES, Options
from tocsin.collector.main import seconds
from tocsin.collector.probes.system import host_name
from tocsin.collector.reading import BundleError, find_bundle, local_bundles, metadata_of, verify
from tocsin.collector.upload import UploadError
from tocsin.problems import RefusedError, TocsinError, UnreachableError
from tocsin.redaction.engine import findings, merged
from tocsin.redaction.shape import rule_name
from tocsin.settings import load_settings
from tocsin.spool import Spool, unsent_in, user_name

bundle = typer.Typer(help="Diagnostic bundles.", no_args_is_help=True)
incident = typer.Typer(help="Diagnostic bundles, by their older name.", no_args_is_help=True)
rules = typer.Typer(help="Redaction rules.", no_args_is_help=True)
Words = Annotated[list[str] | None, typer.Option()]
UNUSUAL: Final = frozenset({"quarantined", "rejected", "expired"})


def register(app: typer.Typer) -> None:
    """Add the groups: `incident create|upload|list` are aliases of `bundle create|upload|list`."""
    for group in (bundle, incident):
        group.command("create")(create)
        group.command("upload")(upload)
        group.command("list")(list_bundles)
    bundle.command("show")(show)
    bundle.command("verify")(verify_bundle)
    bundle.command("prune")(prune)
    bundle.add_typer(rules, name="rules")
    app.add_typer(bundle, name="bundle")
    app.add_typer(incident, name="incident")


def create(
    summary: Annotated[str, typer.Option(help="What is wrong.")],
    no_upload: Annotated[bool, typer.Option("--no-upload", help="Keep it on this host.")] = False,
    incident: Annotated[str, typer.Option(help="Attach it to this incident.")] = "",
    since: Annotated[str, typer.Option(help="How far back logs go: 30m, 24h, 7d.")] = "24h",
    logs: Annotated[list[str] | None, typer.Option(help="Pattern of log files; repeatable.")] = None,
    config: Annotated[str, typer.Option(help="Configuration file.")] = "",
    max_size: Annotated[int, typer.Option(min=1, max=200, help="MB of logs.")] = MAX_LOGS_BYTES // 1_000_000,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds for all probes.")] = DEFAULT_TIMEOUT_S,
    only: Annotated[list[str] | None, typer.Option(help="This probe only; repeatable.")] = None,
    skip: Annotated[list[str] | None, typer.Option(help="Not this probe; repeatable.")] = None,
    output: Annotated[str, typer.Option(help="Folder.")] = "",
    preview: Annotated[bool, typer.Option("--preview", help="Show the manifest before it is sent.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask after --preview.")] = False,
    hide_host: Annotated[bool, typer.Option("--hide-host", help="A hash instead of the host name.")] = False,
    dangerous_mode: Annotated[bool, typer.Option("--dangerous-mode", help="Without redaction.")] = False,
    consent_file: Annotated[str, typer.Option(help="The typed consent, off a terminal.")] = "",
) -> None:
    """Collect a bundle of this host, without secrets, and upload it."""
    options = Options(
        summary=summary, since_s=_seconds(since), logs=tuple(logs or ()), timeout_s=timeout,
        max_bytes=max_size * 1_000_000, only=tuple(only or ()), skip=tuple(skip or ()), incident=incident,
        hide_host=hide_host, dangerous=dangerous_mode,
    )  # fmt: skip
    try:
        consent = None
        if dangerous_mode:
            consent = commands.consent_of(host_name(hidden=False), input, consent_file)
        folder = output or commands.bundles_folder()
        made = commands.create(options, commands.load_config(config), folder, frame.say, consent)
    except commands.CollectorError as error:
        raise _problem(error) from error
    if preview:
        frame.put_json(made.manifest)
    if no_upload or (preview and not yes and not typer.confirm("Upload it?", err=True)):
        _put(made.path, {"path": made.path, "bundle_id": made.metadata["bundle_id"], "size": made.size})
        return
    frame.say("")
    _send(made.path, incident)


def upload(
    bundle: Annotated[str, typer.Argument(help="Path, name, or id.")],
    incident: Annotated[str, typer.Option(help="Attach it to this incident.")] = "",
) -> None:
    """Upload a bundle; one that is there already is not doubled."""
    _send(_found(bundle), incident)


def _send(path: str, incident: str) -> None:
    settings = load_settings(frame.STATE.given)
    incident = Spool().resolved(incident)
    if needed := unsent_in(incident):
        _spool(path, incident)
        raise UnreachableError(f"Not uploaded: {needed} was not sent yet. The bundle is stored at: {path}")
    try:
        response = commands.send(path, settings.url, settings.token, frame.say, incident)
    except UploadError as error:
        if not error.is_unreachable:
            raise TocsinError(f"Not uploaded: {error}. The bundle is stored at: {path}") from error
        _spool(path, incident)
        raise UnreachableError(f"Not uploaded: {error}. The bundle is stored at: {path}") from error
    except BundleError as error:
        raise TocsinError(str(error)) from error
    _put(str(response.get("incident") or ""), response)


def _spool(path: str, incident: str) -> None:
    body = {"file": os.path.abspath(path), "incident": incident}
    waiting = Spool().add("bundle upload", "", body, user=user_name())
    frame.say(f"Spooled as {waiting.name}. It will be sent by: tocsin sync")


def _put(text: str, value: dict[str, Any]) -> None:
    if frame.is_quiet() or frame.output_format() == "table":
        frame.put(text)
    else:
        frame.put_object(value)


def list_bundles(
    local: Annotated[bool, typer.Option("--local", help="Only those of this host.")] = False,
    server: Annotated[bool, typer.Option("--server", help="Only those of the server.")] = False,
    limit: Annotated[int, typer.Option(min=1)] = 50,
) -> None:
    """List bundles of the server and of this host, newest first."""
    rows = [] if local else list(_on_server(limit, must=server))
    known = {row["bundle_id"] for row in rows}
    rows += [] if server else [row for row in _on_this_host() if row["bundle_id"] not in known]
    rows.sort(key=lambda row: str(row["created_at"]), reverse=True)
    if frame.is_quiet() or frame.output_format() != "table":
        named = [{**row, "name": row["incident"] or row["bundle_id"]} for row in rows[:limit]]
        frame.put_list(named if frame.is_quiet() else rows[:limit], {}, id_field="name")
        return
    frame.put("Incidents:")
    for row in rows[:limit]:
        state = f"  ({row['status']})" if row["status"] in UNUSUAL else ""
        frame.put(frame.safe(f"  {_label(row)}  {str(row['created_at'])[:10]}  {row['summary']}{state}"))


def _label(row: dict[str, Any]) -> str:
    """Return its incident; a bundle on the server is never shown as not uploaded."""
    return str(row["incident"] or ("(not uploaded)" if row["status"] == "local" else "(no incident)"))


def _on_server(limit: int, *, must: bool) -> Iterator[dict[str, Any]]:
    try:
        for found in frame.client().pages("/bundles", limit=limit):
            yield {
                "incident": found["incident"] or "", "created_at": found["made_at"],
                "summary": found["summary"],
                "bundle_id": found["id"], "status": found["status"], "path": "",
            }  # fmt: skip
    except (RefusedError, UnreachableError) as error:
        if must:
            raise
        frame.say(f"tocsin: Bundles of the server are not shown: {error}")


def _on_this_host() -> Iterator[dict[str, Any]]:
    for found in local_bundles(commands.bundles_folder()):
        yield {
            "incident": found.incident, "created_at": found.metadata["created_at"],
            "summary": found.metadata["summary"], "bundle_id": found.metadata.get("bundle_id", ""),
            "status": "uploaded" if found.is_uploaded else "local", "path": found.path,
        }  # fmt: skip


def show(
    bundle: Annotated[str, typer.Argument(help="Path, name, or id.")],
    file: Annotated[str, typer.Option(help="Print this entry.")] = "",
) -> None:
    """Show what is in a bundle."""
    path = _found(bundle)
    if file:
        try:
            with zipfile.ZipFile(path) as archive, archive.open(file) as entry:
                for line in entry:
                    frame.put(frame.safe(line.decode("utf-8", "replace").rstrip("\n")))
        except (KeyError, zipfile.BadZipFile) as error:
            raise TocsinError(f"{file} is not in {path}.") from error
        return
    manifest = _verified(path)
    columns: frame.Columns = {
        "Entry": "path", "Size": "size", "State": "state", "Lines": "lines",
        "Redactions": lambda row: sum(row["redactions"].values()), "Reason": "reason",
    }  # fmt: skip
    frame.put_list(manifest["entries"], columns, id_field="path", title=str(metadata_of(path)["summary"]))


def verify_bundle(bundle: Annotated[str, typer.Argument(help="Path, name, or id.")]) -> None:
    """Whether a bundle is as it was written."""
    totals = _verified(_found(bundle))["totals"]
    frame.put(f"Whole: {totals['entries']} entries, {sum(totals['redactions'].values())} redactions")


def prune(older: Annotated[str, typer.Option(help="30d, 12h …")] = "30d") -> None:
    """Delete bundles of this host that are older and were uploaded."""
    before = time.time() - _seconds(older)
    for found in local_bundles(commands.bundles_folder()):
        path = Path(found.path)
        if found.is_uploaded and path.stat().st_mtime < before:
            path.unlink()
            path.with_name(f"{path.name}.uploaded").unlink(missing_ok=True)
            frame.put(f"{path.name} deleted")


@rules.command("test")
def try_rules(file: Path, config: Annotated[str, typer.Option(help="Configuration file.")] = "") -> None:
    """Show what would be redacted of a file: line, rule, never the secret."""
    try:
        own = commands.finders(commands.load_config(config))
    except commands.CollectorError as error:
        raise _problem(error) from error
    for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        for match in merged(one for find in (findings, *own) for one in find(line)):
            frame.put(
                f"{file}:{number}:{match.start + 1}: {rule_name(match.rule)}, "
                f"{match.end - match.start} letters"
            )


def _found(given: str) -> str:
    try:
        return find_bundle(given, commands.bundles_folder())
    except BundleError as error:
        raise TocsinError(f"{error}.") from error


def _verified(path: str) -> Any:
    try:
        return verify(path)
    except BundleError as error:
        raise TocsinError(f"{path}: {error}.") from error


def _seconds(text: str) -> float:
    try:
        return seconds(text)
    except commands.CollectorError as error:
        raise _problem(error) from error


def _problem(error: commands.CollectorError) -> TocsinError:
    problem = TocsinError(str(error))
    problem.exit_code = error.code
    return problem
