"""Geometry and labels of charts."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.templatetags.charts import bars, heat_map, spark, spark_line, stacked_bars
from core.ui import charts
from core.ui.charts import Chart, Series

MONDAY = date(2026, 3, 2)
VALUES = st.lists(st.floats(min_value=-1e18, max_value=1e18) | st.just(float("nan")), min_size=0, max_size=40)


def chart(*rows, unit="incidents"):
    series = tuple(Series(f"row {n}", tuple(values), "good") for n, values in enumerate(rows))
    return Chart("Opened", tuple(f"{n}:00" for n in range(len(rows[0]) if rows else 0)), series, unit)


@pytest.mark.parametrize(
    ("values", "top"),
    [
        ([], 1), ([0], 1), ([1], 1), ([2], 2), ([3], 5), ([5], 5), ([6], 10), ([10], 10), ([11], 20),
        ([99], 100), ([101], 200), ([1_000_000], 1_000_000), ([1_000_001], 2_000_000), ([0.2], 1),
    ],
)  # fmt: skip
def test_axis_ends_at_a_round_number_above_every_value(values, top):
    assert charts.top_of(values) == top


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"), (7, "7"), (2.34, "2.3"), (9_999, "9,999"), (12_345, "12.3k"), (10_000, "10k"),
        (1_500_000, "1.5M"), (4e9, "4G"), (3e12, "3T"), (2e15, "2P"),
    ],
)  # fmt: skip
def test_huge_numbers_are_abbreviated(value, words):
    assert charts.short(value) == words


def test_bars_are_side_by_side_on_the_baseline():
    drawn = charts.bars(chart([5, 0, 10], [10, 5, 0]))
    assert [(b.series, b.place) for b in drawn] == [(0, 0), (0, 2), (1, 0), (1, 1)]
    assert {b.y + b.height for b in drawn} == {100}
    assert [b.height for b in drawn] == [50, 100, 100, 50]
    first, following = drawn[0], drawn[2]
    assert first.x + first.width == pytest.approx(following.x)


def test_stacked_bars_begin_where_the_one_below_ends():
    lower, upper = charts.stacked(chart([4], [6]))
    assert (lower.y, lower.height, upper.y, upper.height) == (60, 40, 0, 60)


def test_single_value_is_drawn_as_one_bar():
    [bar] = charts.bars(chart([3]))
    assert bar.width < 10


def test_one_among_ten_thousand_can_still_be_seen():
    assert min(b.height for b in charts.bars(chart([1, 10_000]))) == charts.MIN_SEEN


def test_many_small_series_made_visible_stay_in_the_box():
    drawn = charts.stacked(chart(*[[1]] * 5, [99_995]))
    assert sum(b.height for b in drawn) <= 100.001
    assert min(b.y for b in drawn) >= 0


def _rows(length):
    return st.lists(st.lists(st.floats(), min_size=length, max_size=length), max_size=4)


@given(st.integers(0, 12).flatmap(_rows))
def test_mark_stays_inside_the_box(rows):
    given_chart = chart(*rows) if rows else Chart("x", (), ())
    for drawn in (charts.bars(given_chart), charts.stacked(given_chart)):
        for b in drawn:
            assert b.x >= 0
            assert b.y >= 0
            assert b.x + b.width <= 100.001
            assert b.y + b.height <= 100.001


@given(VALUES)
def test_spark_line_spans_its_box(values):
    points = charts.spark(values)
    assert len(points) == (2 if len(values) == 1 else len(values))
    assert all(0 <= x <= 100.001 and 0 <= y <= 100 for x, y in points)
    if points:
        assert points[0][0] == 0
        assert points[-1][0] == pytest.approx(100)


def test_invalid_count_is_drawn_as_nothing():
    assert Series("odd", (-3, float("nan"), float("-inf"), 2)).values == (0, 0, 0, 2)


def test_series_must_have_a_value_for_every_label():
    with pytest.raises(ValueError, match="row has 1 values for 2 labels"):
        Chart("x", ("a", "b"), (Series("row", (1,)),))


def test_days_are_in_columns_of_weeks():
    cells = charts.heat([(MONDAY + timedelta(days=n - 2), n) for n in range(12)])
    assert [(c.column, c.row) for c in cells[:4]] == [(0, 5), (0, 6), (1, 0), (1, 1)]
    assert cells[-1].column == 2


@pytest.mark.parametrize(
    ("counts", "levels"), [([0, 1, 2], [0, 1, 2]), ([0, 1, 400], [0, 1, 4]), ([3, 4], [3, 4]), ([-1], [0])]
)
def test_heat_map_day_is_darker_with_more_incidents(counts, levels):
    days = [(MONDAY + timedelta(days=n), count) for n, count in enumerate(counts)]
    assert [c.level for c in charts.heat(days)] == levels


def test_empty_chart_is_a_sentence_and_no_drawing():
    for empty in (chart([0, 0]), chart([]), Chart("Opened", (), (), "incidents")):
        for tag in (bars, stacked_bars):
            assert "No incidents in this time." in tag(empty)
            assert "<rect" not in tag(empty)
    assert "<polyline" not in spark_line(chart([]))
    assert "<rect" not in heat_map("Days", [])


@pytest.mark.parametrize("tag", [bars, stacked_bars, spark])
def test_chart_has_a_name_a_description_and_its_numbers_in_a_table(tag):
    made = tag(chart([1, 2, 3], [0, 1_234_567, 0]))
    key = re.search(r'aria-labelledby="(chart-\w+)-title', made)[1]
    assert f'<title id="{key}-title">Opened</title>' in made
    assert f'<desc id="{key}-desc">In all: row 0 6, row 1 1.2M. Most at 1:00: 1.2M.</desc>' in made
    assert 'role="img"' in made
    assert "<details" in made
    assert '<th scope="row">1:00</th><td class="end num">2</td><td class="end num">1,234,567</td>' in made


def test_every_day_of_a_heat_map_is_shown_on_hover_and_in_the_table():
    made = heat_map("Incidents a day", [(MONDAY, 2), (MONDAY + timedelta(days=1), 120)])
    assert "<title>Mon 02 Mar 2026: 2 incidents</title>" in made
    assert ">99+</text>" in made
    assert '<th scope="row">Tue 03 Mar 2026</th><td class="end num">120</td>' in made


def test_names_of_people_and_machines_cannot_break_out_of_a_chart():
    made = bars(Chart("<script>", ("<b>",), (Series('"><i>', (1,)),)))
    assert not re.search(r"<(script|b|i)>", made)


def test_no_chart_needs_what_the_csp_forbids():
    for made in (bars(chart([1])), spark(chart([1])), heat_map("Days", [(MONDAY, 1)])):
        assert " style=" not in made
        assert " on" not in re.sub(r">[^<]*<", "><", made)


def test_a_thousand_points_are_drawn_without_a_tooltip_each():
    made = bars(chart(range(1, 1001)))
    assert made.count("<rect") == 1000
    assert made.count("<title") == 1
    assert made.count("<tr>") == 1001
