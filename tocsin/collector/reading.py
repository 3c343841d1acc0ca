"""Reads bundles on this host: verifies, lists, shows."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from typing import Any, NamedTuple

from tocsin.collector.bundle import FIRST, LAST, chain_of

MAX_JSON_BYTES = 5_000_000


class BundleError(Exception):
    """A file that is not a complete bundle."""


class Local(NamedTuple):
    """A bundle on this host. `incident` is the one it was uploaded to, if known."""

    path: str
    metadata: Any
    incident: str
    is_uploaded: bool

    @property
    def label(self) -> str:
        """Return what lists show instead of an incident."""
        return self.incident or ("(no incident)" if self.is_uploaded else "(not uploaded)")


def document(archive: zipfile.ZipFile, name: str) -> Any:
    """Return a JSON document of a bundle."""
    info = archive.getinfo(name)
    if info.file_size > MAX_JSON_BYTES:
        raise BundleError(f"{name} is larger than {MAX_JSON_BYTES} bytes")
    return json.loads(archive.read(info))


def verify(path: str) -> Any:
    """Return the manifest of a bundle after verifying every entry. Raises BundleError."""
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = document(archive, LAST)
            entries = manifest["entries"]
            names = [name for name in archive.namelist() if name != LAST]
            if names != [entry["path"] for entry in entries]:
                raise BundleError("its entries are not those of its manifest")
            if manifest["chain"] != chain_of(entries):
                raise BundleError("its manifest was changed")
            for entry in entries:
                _check(archive, entry)
    except FileNotFoundError as error:
        raise BundleError("there is no such file") from error
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, OSError) as error:
        raise BundleError(f"it is not a whole bundle: {error}") from error
    return manifest


def _check(archive: zipfile.ZipFile, entry: Any) -> None:
    digest, size = hashlib.sha256(), 0
    with archive.open(entry["path"]) as file:
        for data in iter(lambda: file.read(1 << 20), b""):
            digest.update(data)
            size += len(data)
    if (size, digest.hexdigest()) != (entry["size"], entry["sha256"]):
        raise BundleError(f"{entry['path']} was changed")


def metadata_of(path: str) -> Any:
    """Return metadata.json of a bundle. Raises BundleError."""
    try:
        with zipfile.ZipFile(path) as archive:
            return document(archive, FIRST)
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, OSError) as error:
        raise BundleError(f"{path} is not a bundle: {error}") from error


def local_bundles(folder: str) -> list[Local]:
    """Return the bundles of a folder, newest first; other files are ignored."""
    found = []
    try:
        names = sorted(os.listdir(folder), reverse=True)
    except OSError:
        return []
    for name in names:
        if name.endswith(".zip"):
            path = os.path.join(folder, name)
            try:
                known = os.path.exists(f"{path}.uploaded")
                found.append(Local(path, metadata_of(path), incident_of(path), known))
            except BundleError:
                continue
    return found


def incident_of(path: str) -> str:
    """Return the incident that a bundle was uploaded to, or ""."""
    try:
        with open(f"{path}.uploaded", encoding="utf-8") as file:
            return str(json.load(file).get("incident", ""))
    except (OSError, ValueError):
        return ""


def remember_upload(path: str, result: Any) -> None:
    """Store the result of an upload beside the bundle, unless the disk is full or read-only."""
    try:
        with open(f"{path}.uploaded", "w", encoding="utf-8") as file:
            json.dump({"incident": result.get("incident") or "", "url": result.get("url", "")}, file)
    except OSError:
        pass


def find_bundle(given: str, folder: str) -> str:
    """Return the path of a bundle by path, name, or id prefix. Raises BundleError."""
    for path in (given, os.path.join(folder, given), os.path.join(folder, f"{given}.zip")):
        if os.path.isfile(path):
            return path
    matches = [
        found.path
        for found in local_bundles(folder)
        if len(given) >= 6 and str(found.metadata.get("bundle_id", "")).startswith(given)
    ]
    if len(matches) != 1:
        raise BundleError(f"{given} is neither a file nor a bundle in {folder}")
    return matches[0]
