"""Child process: reads a document as JSON from stdin and writes a PDF to stdout. No project imports."""

from __future__ import annotations

import json
import re
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

import typst

MAX_CPU_S = 20
MAX_MEMORY_BYTES = 2 * 1024**3  # address space, mostly unused
MAX_ATTEMPTS = 12
LAYOUT = Path(__file__).with_name("layout.typ")
UNSHOWN = re.compile(r'the text `?["“](.+?)["”]`? could not be displayed')
FIRST_FAR_LETTER = 0x2E80  # East Asian scripts and emoji: if one is missing, the fonts lack the others too
MAX_NAMED = 20


def main() -> None:
    """Compile as PDF/UA; characters without a font are listed on the first page and marked in the text."""
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    data = json.loads(sys.stdin.buffer.read())
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "layout.typ").write_bytes(LAYOUT.read_bytes())
        sys.stdout.buffer.write(_compiled(Path(folder), data))


def _compiled(folder: Path, data: dict[str, Any]) -> bytes:
    """Compile as accessible PDF, retrying without missing characters; as plain PDF as a last resort."""
    missing: list[str] = []
    for _ in range(MAX_ATTEMPTS):
        try:
            return _compile(folder, data, missing, is_accessible=True)
        except typst.TypstError as error:
            found = UNSHOWN.search(str(error))
            if not found:
                break
            missing += [letter for letter in _alike(found[1], data) if letter not in missing]
    return _compile(folder, data, missing, is_accessible=False)


def _alike(letters: str, data: dict[str, Any]) -> list[str]:
    """Missing characters to drop; with a far one, all far ones of the document: one attempt per script."""
    if all(ord(letter) < FIRST_FAR_LETTER for letter in letters):
        return list(letters)
    far = {letter for letter in json.dumps(data, ensure_ascii=False) if ord(letter) >= FIRST_FAR_LETTER}
    return sorted(far | set(letters))


def _compile(folder: Path, data: dict[str, Any], missing: list[str], *, is_accessible: bool) -> bytes:
    text = json.dumps(data, ensure_ascii=False)
    for letter in missing:
        text = text.replace(letter, "?")
    named = [f"U+{ord(letter):04X}" for letter in missing[:MAX_NAMED]]
    more = [f"{len(missing) - MAX_NAMED} more"] if len(missing) > MAX_NAMED else []
    body = {**json.loads(text), "missing": named + more}
    (folder / "data.json").write_text(json.dumps(body, ensure_ascii=False))
    layout = str(folder / "layout.typ")
    made = typst.compile(layout, root=str(folder), pdf_standards="ua-1" if is_accessible else None)
    return made if isinstance(made, bytes) else b""


if __name__ == "__main__":
    main()
