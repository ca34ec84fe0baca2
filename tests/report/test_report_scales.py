"""Axes, lines and marks of charts, and numbers as text."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cbdsl.report import words
from cbdsl.report.frame import Frame, Turn, labels, marks
from cbdsl.report.lines import not_finite, pieces
from cbdsl.report.scales import epoch_ticks, scale
from cbdsl.report.tables import aligned

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def shown(*values: float, **options: bool) -> list[str]:
    return [text for _, text in scale(values, **options).ticks]


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ((0.75, 0.13), ["0.2", "0.4", "0.6"]),
        ((0.001, 0.00095), ["0.00096", "0.00098", "0.00100"]),
        ((5.0, 5.0), ["4.6", "4.8", "5.0", "5.2", "5.4"]),
        ((0.0, 0.0), ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5"]),
        ((-3.0, 4.0), ["−2", "0", "2", "4"]),
        ((0.0, 1e6), ["0", "200,000", "400,000", "600,000", "800,000", "1,000,000"]),
    ],
)
def test_round_numbers_on_an_axis(values: tuple[float, ...], ticks: list[str]) -> None:
    assert shown(*values) == ticks


def test_shares_are_in_percent() -> None:
    assert shown(0.8, 0.99, share=True) == ["80%", "85%", "90%", "95%", "100%"]
    assert shown(0.991, 0.9925, share=True)[0] == "99.10%"
    assert scale([0.5, 0.99], share=True).high <= 1.0


def test_what_is_far_apart_gets_a_logarithmic_axis() -> None:
    assert scale([40, 0.3]).log
    assert shown(40, 0.3) == ["0.3", "1", "3", "10", "30"]
    assert not scale([40, 10]).log
    assert not scale([40, 0]).log
    assert scale([0.1, 0.01], log=True).log
    assert not scale([0.1, 0.09], log=True).log


@given(st.lists(FINITE, min_size=1), st.sampled_from([None, True, False]))
@example([231012970008318.0, 1.0000000000000655e308], None)
@example([2e-308, 1.7e308], True)
def test_every_value_is_on_its_axis(values: list[float], log: bool | None) -> None:
    axis = scale(values, log=log)
    assert all(-1e-9 <= axis.place(value) <= 1 + 1e-9 for value in values)
    assert all(-1e-6 <= axis.place(value) <= 1 + 1e-6 for value, _ in axis.ticks)
    assert len(axis.ticks) <= 12
    assert axis.place(axis.low) == pytest.approx(0)
    assert axis.place(axis.high) == pytest.approx(1)


@pytest.mark.parametrize(
    ("first", "last", "ticks"),
    [
        (1, 1, [1]),
        (1, 7, [1, 2, 3, 4, 5, 6, 7]),
        (1, 20, [1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20]),
        (1, 47, [1, 5, 10, 15, 20, 25, 30, 35, 40, 45]),
        (13, 40, [13, 20, 25, 30, 35, 40]),
        (1, 1000, [1, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]),
    ],
)
def test_epochs_on_an_axis(first: int, last: int, ticks: list[int]) -> None:
    assert epoch_ticks(first, last) == ticks


@given(st.integers(1, 10**9), st.integers(0, 10**9))
def test_epochs_on_any_axis(first: int, more: int) -> None:
    ticks = epoch_ticks(first, first + more)
    assert ticks == sorted(set(ticks))
    assert ticks[0] == first
    assert len(ticks) <= 12
    assert ticks[-1] <= first + more


def test_lines_have_gaps_where_values_are_not_finite() -> None:
    values = [1.0, 2.0, math.nan, 3.0, None, 4.0, math.inf]
    assert pieces(range(1, 8), values) == [[(1, 1.0), (2, 2.0)], [(4, 3.0), (6, 4.0)]]
    assert not_finite(range(1, 8), values) == {"nan": [3], "inf": [7]}


@given(st.lists(FINITE, min_size=1, max_size=30), st.integers(500, 3000))
def test_a_long_line_keeps_its_extremes(given: list[float], count: int) -> None:
    values = (given * count)[:count]
    (line,) = pieces(range(1, len(values) + 1), values)
    assert len(line) <= 420
    assert line == sorted(set(line))
    assert (line[0], line[-1]) == ((1, values[0]), (len(values), values[-1]))
    drawn = [value for _, value in line]
    assert (min(drawn), max(drawn)) == (min(values), max(values))


def test_many_gaps_do_not_make_many_points() -> None:
    values = [1.0, math.nan] * 5000
    assert len(pieces(range(10_000), values)) <= 400


def test_marks_of_few_epochs_stand_alone() -> None:
    found = marks(Frame(1, 7), [(2, "a", 1), (2, "b", 3), (3, "a", 1), (0, "a", 1)])
    assert [(mark.first, mark.last, dict(mark.fired)) for mark in found] == [
        (0, 0, {"a": 1}),
        (2, 2, {"a": 1, "b": 3}),
        (3, 3, {"a": 1}),
    ]


def test_marks_of_many_epochs_are_joined() -> None:
    found = marks(Frame(1, 1000), [(n, "a", 2) for n in range(100, 200)] + [(500, "a", 1)])
    assert [(mark.first, mark.last) for mark in found] == [(100, 199), (500, 500)]
    assert found[0].fired == Counter(a=200)


def test_labels_that_would_overlap_are_left_out_and_rare_ones_stay() -> None:
    frame = Frame(1, 100)
    turns = [Turn(n, ("often",)) for n in range(10, 100, 4)] + [Turn(51, ("resumed",))]
    named = labels(frame, turns)
    assert named[0][1] == "resumed"
    assert 3 <= len(named) <= 8
    assert labels(frame, [Turn(100, ("stop",))])[0][2] == "end"
    assert labels(frame, [Turn(1, ("begin",))])[0][2] == "start"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.95421, "0.9542"),
        (0.00005, "5e-05"),
        (12500.0, "12,500"),
        (-3.14159, "−3.142"),
        (math.nan, "nan"),
        (-math.inf, "−inf"),
        (None, "missing"),
        (123456.7, "123,457"),
        (1.5e300, "1.5e+300"),
        (10**400, words.cut(f"{10**400:,}", 40)),
    ],
)
def test_numbers(value: float | None, text: str) -> None:
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("accuracy", True),
        ("val_top_k_categorical_accuracy", True),
        ("precision_1", True),
        ("loss", False),
        ("auc", False),
        ("accuracy_percent", False),
    ],
)
def test_metrics_in_percent(name: str, share: bool) -> None:
    assert words.is_share(name, [0.1, 0.9, math.nan]) is share
    assert not words.is_share(name, [0.1, 90.0])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0.0 s"), (59.97, "1 min 00 s"), (3599.9, "1 h 00 min"), (90061, "25 h 01 min"),
     (math.nan, ""), (None, ""), (-1, "")],
)  # fmt: skip
def test_durations(seconds: float | None, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("verb", "detail", "text"),
    [
        ("lr", 0.00099, ("lr = 0.00099", "")),
        ("lr", None, ("lr", "")),
        ("set", ["count", True], ("count = true", "")),
        ("optimizer", ["weight_decay", 0.1], ("optimizer.weight_decay = 0.1", "")),
        ("record", ["gap", None], ("record gap = missing", "")),
        ("wait", [3, "epochs"], ("wait 3 epochs", "")),
        ("restore", "val_loss", ("restore best of val_loss", "")),
        ("roll back", "last good", ("roll back", "last good")),
        ("stop", "enough", ("stop", "enough")),
        ("stop", None, ("stop", "")),
        ("new", {"a": [1, 2.5]}, ("new", "a 1, 2.5")),
    ],
)
def test_actions(verb: str, detail: object, text: tuple[str, str]) -> None:
    assert words.action(verb, detail) == text


def test_columns_are_aligned() -> None:
    assert aligned([0.75, 0.1, math.nan, None]) == ["0.7500", "0.1000", "nan", "–"]
    assert aligned([1e-5, 2e-6]) == ["1.000e-05", "2.000e-06"]
    assert aligned([0.001, 0.00099]) == ["0.001000", "0.000990"]
    assert aligned([1.0, 2.0]) == ["1", "2"]
    assert aligned([-1234.5, 10.25]) == ["−1,234.50", "10.25"]
