"""Size limits of functions, files, templates and folders."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.architecture.source import ROOT, functions, length, product, tracked

MAX_TEMPLATE_BYTES = 4_096
MAX_COLUMNS = 120
MAX_FLAT_MODULES = 12
MAX_TEMPLATES_OF_A_FOLDER = 20
MAX_MODULES_OF_A_TEST_FOLDER = 20


def _lines(path):
    return (ROOT / path).read_text().count("\n")


def test_no_function_is_longer_than_fifty_lines():
    long = [f"{p}:{f.lineno} {f.name} {length(f)}" for p in product() for f in functions(p) if length(f) > 50]
    assert long == []


def test_median_function_is_at_most_eight_lines_and_the_95th_percentile_at_most_thirty():
    sizes = sorted(length(f) for p in product() for f in functions(p))
    assert statistics.median(sizes) <= 8
    assert sizes[int(len(sizes) * 0.95)] <= 30


def test_no_file_is_longer_than_four_hundred_lines_and_95_percent_stay_below_250():
    sizes = sorted(_lines(p) for p in product())
    assert sizes[-1] <= 400
    assert sizes[int(len(sizes) * 0.95)] <= 250


def test_no_app_has_more_than_twelve_modules_outside_its_packages():
    flat = Counter(p.parts[0] for p in product() if len(p.parts) == 2 and p.name != "__init__.py")
    assert {app: count for app, count in flat.items() if count > MAX_FLAT_MODULES} == {}


def test_no_folder_has_more_than_twenty_templates():
    folders = Counter(p.parent for p in tracked() if p.parts[0] == "templates")
    assert {str(p): count for p, count in folders.items() if count > MAX_TEMPLATES_OF_A_FOLDER} == {}


def test_no_folder_of_tests_has_more_than_twenty_modules():
    tests = [p for p in tracked() if p.parts[0] == "tests" and p.suffix == ".py"]
    folders = Counter(p.parent for p in tests if p.name != "__init__.py")
    assert {str(p): count for p, count in folders.items() if count > MAX_MODULES_OF_A_TEST_FOLDER} == {}


def test_no_template_is_larger_than_four_kilobytes():
    sizes = [(p, (ROOT / p).stat().st_size) for p in tracked() if p.parts[0] == "templates"]
    assert [f"{p} {size}" for p, size in sizes if size > MAX_TEMPLATE_BYTES] == []


def test_no_line_of_a_template_or_style_sheet_is_longer_than_120_columns():
    shown = [p for p in tracked() if p.parts[0] == "templates" or p.suffix == ".css"]
    long = [
        f"{p}:{number} {len(line)}"
        for p in shown
        for number, line in enumerate((ROOT / p).read_text().splitlines(), 1)
        if len(line) > MAX_COLUMNS
    ]
    assert long == []


def test_templates_are_formatted():
    program = Path(sys.executable).with_name("djangofmt")
    done = subprocess.run(
        [program, "--check", "templates"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_tasks_are_adapters_of_at_most_ten_lines():
    tasks = [p for p in product() if p.name == "tasks.py"]
    assert [f"{p} {f.name} {length(f)}" for p in tasks for f in functions(p) if length(f) > 10] == []
