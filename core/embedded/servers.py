"""Embedded servers and the location of their files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from core.embedded import process
from core.embedded.postgres import Postgres
from core.embedded.process import StartError
from core.embedded.s3 import S3
from core.embedded.valkey import Valkey

KINDS = ("postgres", "valkey", "s3")
Server = Postgres | Valkey | S3


@dataclass(frozen=True)
class Home:
    """Folders of the embedded servers: `folder` for data, `programs` for copies their account can read."""

    folder: Path
    programs: Path


def home_of(data_dir: Path) -> Home:
    """Return a folder in `data_dir`, or, as root, another one if other accounts may not enter it.

    Raises StartError when neither can be written.
    """
    account = process.server_account()
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        data_dir.chmod(0o711)
        if process.can_reach(data_dir, account):
            return Home(data_dir, data_dir / "programs")
        elsewhere = _elsewhere(data_dir)
        elsewhere.mkdir(parents=True, exist_ok=True, mode=0o711)
    except OSError as error:
        raise StartError(
            f"{error.filename} cannot be written ({error.strerror}); set TOCSIN_DATA_DIR"
        ) from error
    return Home(elsewhere, elsewhere / "programs")


def _elsewhere(data_dir: Path) -> Path:
    mark = hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:10]
    return Path("/var/lib/tocsin") / f"{data_dir.resolve().parent.name}-{mark}"


def server(kind: str, home: Home) -> Server:
    """Return the server of that kind (one of `KINDS`) whose files are under `home`."""
    folder, account = home.folder / kind, process.server_account()
    if kind == "postgres":
        return Postgres(folder, account, fallback=home.programs)
    if kind == "valkey":
        return Valkey(folder, account, fallback=home.programs)
    return S3(folder, account, fallback=home.programs)
