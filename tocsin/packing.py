"""Builds the single file of the collector: sorted names, fixed times, patterns for older Pythons."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Final

from tocsin.redaction.shapes import CERTAIN, SHAPES
from tocsin.redaction.spelling import module_of

ROOT: Final = Path(__file__).resolve().parent
LEFT_OUT: Final = frozenset({
    "redaction/spelling.py", "redaction/issuers.py", "redaction/named.py", "redaction/commands.py",
    "redaction/addresses.py", "redaction/values.py", "redaction/formats.py",
})  # fmt: skip
START: Final = """import sys
if sys.version_info < (3, 9):
    sys.stderr.write("collector needs Python 3.9 or newer. Without it:\\n"
        "  journalctl -n 5000 > journal.txt\\n  systemctl --failed > units.txt\\n  df -h > disks.txt\\n")
    sys.exit(2)
from tocsin.collector.main import main
sys.exit(main())
"""


def build_collector(output: Path) -> str:
    """Write the file; return its SHA-256."""
    data = collector_bytes()
    output.write_bytes(data)
    output.chmod(0o755)
    return hashlib.sha256(data).hexdigest()


def collector_bytes() -> bytes:
    """Return the file as bytes: reproducible for the same sources."""
    buffer = io.BytesIO()
    buffer.write(b"#!/usr/bin/env python3\n")
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, text in sorted(_sources().items()):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o100644 << 16
            archive.writestr(info, text)
    return buffer.getvalue()


def _sources() -> dict[str, str]:
    found = {"__main__.py": START, "tocsin/__init__.py": ""}
    for folder in ("redaction", "collector"):
        for path in (ROOT / folder).rglob("*.py"):
            name = path.relative_to(ROOT).as_posix()
            if name not in LEFT_OUT:
                found[f"tocsin/{name}"] = path.read_text(encoding="utf-8")
    found["tocsin/version.py"] = (ROOT / "version.py").read_text(encoding="utf-8")
    found["tocsin/redaction/shapes.py"] = module_of(SHAPES, CERTAIN)
    return found
