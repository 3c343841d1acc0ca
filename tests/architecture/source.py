"""Where the product's own source is, read once for all architecture tests."""

from __future__ import annotations

import ast
import functools
import subprocess
from collections.abc import Iterator
from pathlib import Path

from config.apps_list import APPS

ROOT = Path(__file__).resolve().parents[2]


@functools.cache
def tracked() -> tuple[Path, ...]:
    """Every file git tracks or would track, as paths relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return tuple(Path(line) for line in listed.stdout.splitlines() if (ROOT / line).is_file())


def product() -> Iterator[Path]:
    """The product's Python files, migrations left out."""
    for path in tracked():
        if path.suffix == ".py" and path.parts[0] in APPS and "migrations" not in path.parts:
            yield path


@functools.cache
def tree(path: Path) -> ast.Module:
    """The parsed source of one file."""
    return ast.parse((ROOT / path).read_text(), str(path))


@functools.cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Everything in the parsed source of one file."""
    return tuple(ast.walk(tree(path)))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method in a file, nested ones too."""
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from the signature to the last statement."""
    return (node.end_lineno or node.lineno) - node.lineno + 1
