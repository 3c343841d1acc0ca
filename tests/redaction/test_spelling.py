"""The spelling for Python 3.9 finds what the newer one finds."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.programs import python
from tests.runtime.redaction import first_hard, first_harmless, first_plain, second, third
from tests.runtime.redaction.shapes import lines
from tocsin.redaction import spelling
from tocsin.redaction.engine import findings
from tocsin.redaction.shapes import CERTAIN, SHAPES

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import json, sys
sys.path.insert(0, sys.argv[1])
from tocsin.redaction.engine import findings
print(json.dumps([list(findings(text)) for text in json.load(sys.stdin)]))
"""


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("older")
    shutil.copytree(ROOT / "tocsin" / "redaction", folder / "tocsin" / "redaction")
    (folder / "tocsin" / "__init__.py").touch()
    source = spelling.module_of(SHAPES, CERTAIN)
    assert "(?>" not in source
    (folder / "tocsin" / "redaction" / "shapes.py").write_text(source)
    return folder


@pytest.mark.parametrize("name", ["python3.11", "python3.9", "pypy3"])
def test_both_spellings_find_the_same(older: Path, name: str) -> None:
    program = python(name)
    if program is None:
        pytest.skip(f"{name} is not installed")
    kinds = [first_plain.PLAIN, first_hard.HARD, first_harmless.HARMLESS, second.HARD, third.HARD]
    texts = [line.text for seed, kind in enumerate(kinds) for line in lines(kind, 400, seed)]
    ran = subprocess.run(
        [program, "-I", "-S", "-c", PROGRAM, str(older)], input=json.dumps(texts), capture_output=True,
        text=True, check=True, timeout=120,
    )  # fmt: skip
    expected = [[list(match) for match in findings(text)] for text in texts]
    assert json.loads(ran.stdout) == expected
    assert sum(map(len, expected)) > 1_000


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a++b", "(?:(?=(?P<_a1>a+))(?P=_a1))b"),
        ("(?>ab|c)d", "(?:(?=(?P<_a1>ab|c))(?P=_a1))d"),
        ("[+]+x{2,3}+", "[+]+(?:(?=(?P<_a1>x{2,3}))(?P=_a1))"),
        (r"\+++", r"(?:(?=(?P<_a1>\++))(?P=_a1))"),
        ("(?P<q>')(?(q)a|b)(?P=q)", "(?P<q>')(?(q)a|b)(?P=q)"),
    ],
)
def test_possessive_and_atomic_become_a_reference(pattern: str, expected: str) -> None:
    assert spelling.older(pattern) == expected
