"""Small pieces: budgets for functions, files and templates."""

from __future__ import annotations

import statistics

from tests.architecture.source import ROOT, functions, length, product, tracked


def _lines(path):
    return (ROOT / path).read_text().count("\n")


def test_no_function_is_longer_than_fifty_lines():
    long = [f"{p}:{f.lineno} {f.name} {length(f)}" for p in product() for f in functions(p) if length(f) > 50]
    assert long == []


def test_the_median_function_is_at_most_eight_lines_and_the_95th_percentile_at_most_thirty():
    sizes = sorted(length(f) for p in product() for f in functions(p))
    assert statistics.median(sizes) <= 8
    assert sizes[int(len(sizes) * 0.95)] <= 30


def test_no_file_is_longer_than_four_hundred_lines_and_95_percent_stay_below_250():
    sizes = sorted(_lines(p) for p in product())
    assert sizes[-1] <= 400
    assert sizes[int(len(sizes) * 0.95)] <= 250


def test_no_template_is_longer_than_eighty_lines():
    templates = [p for p in tracked() if p.parts[0] == "templates" and p.suffix == ".html"]
    assert [f"{p} {_lines(p)}" for p in templates if _lines(p) > 80] == []


def test_tasks_are_adapters_of_at_most_ten_lines():
    tasks = [p for p in product() if p.name == "tasks.py"]
    assert [f"{p} {f.name} {length(f)}" for p in tasks for f in functions(p) if length(f) > 10] == []
