"""Spool of requests that could not be sent: signed files in order, each sent once."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tocsin.problems import TocsinError
from tocsin.settings import config_folder, data_folder, write_private

MAX_WAITING: Final = 1_000
_LOCAL: Final = re.compile(r"\blocal-\d{1,8}\b")


class NotSendableError(TocsinError):
    """A spooled request that was changed, or that needs another one to be sent first. It is kept."""


def unsent_in(text: str) -> str:
    """Return the first local-1 in a resolved path or reference, or ""."""
    found = _LOCAL.search(text)
    return found.group() if found else ""


@dataclass(frozen=True)
class Waiting:
    """One spooled request. `seq` numbers it: local-1, local-2 …"""

    op: str
    path: str
    body: dict[str, Any]
    request_key: str
    made_at: str
    user: str
    seq: int
    prev_hmac: str
    hmac: str = ""

    @property
    def name(self) -> str:
        return f"local-{self.seq}"


class Spool:
    """The folder of spooled requests. The signature of each file covers the one before it."""

    def __init__(self, folder: Path | None = None, key_file: Path | None = None) -> None:
        self.folder = folder or data_folder() / "spool"
        self._key_file = key_file or config_folder() / "spool.key"

    def add(self, op: str, path: str, body: dict[str, Any], *, user: str = "", key: str = "") -> Waiting:
        """Write a request to the spool, on disk when this returns."""
        with self._alone():
            waiting = self.files()
            if len(waiting) >= MAX_WAITING:
                raise TocsinError(
                    f"{len(waiting)} requests wait already. Nothing was stored. Try: tocsin sync"
                )
            state = self._state()
            seq = int(state.get("seq", 0)) + 1
            made = Waiting(
                op, path, body, key or str(uuid.uuid4()), datetime.now(UTC).isoformat(), user, seq,
                str(state.get("last_hmac", "")),
            )  # fmt: skip
            signed = Waiting(**{**asdict(made), "hmac": self._signature(made)})
            write_private(self.folder / f"{seq:08d}.json", json.dumps(asdict(signed), indent=2))
            self._store({**state, "seq": seq, "last_hmac": signed.hmac})
        return signed

    def files(self) -> list[Path]:
        """Return the spooled files, oldest first."""
        return sorted(self.folder.glob("[0-9]*.json"))

    def read(self, path: Path) -> Waiting:
        """Return one spooled request. Raises NotSendableError if the file was changed."""
        try:
            waiting = Waiting(**json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError, OSError) as error:
            raise NotSendableError(f"{path} cannot be read and was left as it is: {error}") from error
        if not hmac.compare_digest(waiting.hmac, self._signature(waiting)):
            raise NotSendableError(
                f"{path} was changed after it was written. It was not sent, and is left as it is."
            )
        return waiting

    def sent(self, path: Path, waiting: Waiting, reference: str) -> None:
        """Record the result of a request, and remove its file."""
        with self._alone():  # `add` writes the same state
            state = self._state()
            known = {**state.get("references", {}), **({waiting.name: reference} if reference else {})}
            self._store({**state, "references": dict(list(known.items())[-200:])})
            path.unlink(missing_ok=True)

    def resolved(self, text: str) -> str:
        """Return a path or reference with INC-42 in place of each local-1 that was sent."""
        known = self._state().get("references", {})
        return _LOCAL.sub(lambda found: str(known.get(found.group(), found.group())), text)

    @contextmanager
    def syncing(self) -> Iterator[None]:
        """Lock the spool, so that only one process sends at a time."""
        with self._alone("sync.lock"):
            yield

    @contextmanager
    def _alone(self, name: str = "spool.lock") -> Iterator[None]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / name).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _state(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.folder / "state").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found

    def _store(self, state: dict[str, Any]) -> None:
        write_private(self.folder / "state", json.dumps(state))

    def _signature(self, waiting: Waiting) -> str:
        fields = {name: value for name, value in asdict(waiting).items() if name != "hmac"}
        return hmac.new(self._key(), json.dumps(fields, sort_keys=True).encode(), hashlib.sha256).hexdigest()

    def _key(self) -> bytes:
        try:
            return bytes.fromhex(self._key_file.read_text(encoding="ascii").strip())
        except FileNotFoundError:
            write_private(self._key_file, secrets.token_hex(32))
            return bytes.fromhex(self._key_file.read_text(encoding="ascii").strip())


def user_name() -> str:
    """Return who runs this program on this host."""
    return f"{os.environ.get('USER') or os.environ.get('USERNAME') or 'unknown'}@{os.uname().nodename}"
