"""Format the style sheets, or with --check name those that are not formatted.

python -m scripts.format_css [--check]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import cssbeautifier

ROOT = Path(__file__).resolve().parent.parent


def formatted(text: str) -> str:
    """The same rules, one declaration a line."""
    options = cssbeautifier.default_options()
    options.indent_size = 2
    options.newline_between_rules = False
    options.space_around_combinator = True
    options.end_with_newline = True
    return str(cssbeautifier.beautify(text, options))


def main() -> None:
    """Format all tracked style sheets. Exits with 1 if --check finds one that would change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    checks = parser.parse_args().check
    listed = subprocess.check_output(["git", "ls-files", "*.css"], cwd=ROOT, text=True)
    changed = [path for path in map(ROOT.joinpath, listed.split()) if _changes(path)]
    for path in changed:
        print(f"{'would format' if checks else 'formatted'} {path.relative_to(ROOT)}")
        if not checks:
            path.write_text(formatted(path.read_text()))
    sys.exit(1 if checks and changed else 0)


def _changes(path: Path) -> bool:
    text = path.read_text()
    return formatted(text) != text


if __name__ == "__main__":
    main()
