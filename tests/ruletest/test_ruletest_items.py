"""Values of a series, and what the lines of a test give."""

from __future__ import annotations

import math
import time

import pytest
from rule_tests import program

from cbdsl.ruletest.given import RATE, given_by
from cbdsl.source import Span
from cbdsl.syntax.nodes import Item

INF = math.inf


def values(text: str) -> list[float | None]:
    return list(Item(text, span=Span(0, 0)).values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.5", [0.5]),
        ("-0.5", [-0.5]),
        ("+3", [3.0]),
        (".5", [0.5]),
        ("5.", [5.0]),
        ("90%", [0.9]),
        ("1e-3", [0.001]),
        ("1E2x1", [100.0, 100.0]),
        ("_", [None]),
        ("_x3", [None, None, None]),
        ("_x0", []),
        ("inf", [INF]),
        ("-infx2", [-INF, -INF, -INF]),
        ("0.5x0", [0.5]),
        ("0.5x3", [0.5, 0.5, 0.5, 0.5]),
        # Computed without rounding: 0.7 + 2 * 0.05 is 0.7999… in floats.
        ("0.7+0.05x5", [0.7, 0.75, 0.8, 0.85, 0.9, 0.95]),
        ("1-0.1x3", [1.0, 0.9, 0.8, 0.7]),
        ("5%+1%x3", [0.05, 0.06, 0.07, 0.08]),
        ("1e-3+1e-3x2", [0.001, 0.002, 0.003]),
        ("1e400", [INF]),
        ("-1e400", [-INF]),
        ("1e-400", [0.0]),
        ("1e00000000000000000002", [100.0]),
    ],
)
def test_values(text: str, expected: list[float | None]) -> None:
    assert values(text) == expected
    assert Item(text, span=Span(0, 0)).count == len(expected)


def test_nan() -> None:
    assert [math.isnan(value or 0) for value in values("nanx2")] == [True] * 3


@pytest.mark.parametrize("text", ["1e999999999", "1e-999999999", "1" * 6000, "0." + "1" * 6000])
def test_no_number_is_too_much(text: str) -> None:
    begun = time.perf_counter()
    (value,) = values(text)
    assert value is not None
    assert time.perf_counter() - begun < 1


def test_no_count_is_too_much() -> None:
    assert Item("1x" + "9" * 5000, span=Span(0, 0)).count > 10**9


def given(*lines: str) -> object:
    rules = "param target = 0.9\nvariable weight\non epoch_end if loss > target stop\n"
    rules += "on interrupt stop\n"
    below = "".join(f"    {line}\n" for line in (*lines, "expect stop"))
    (found,) = program(f'{rules}test "it":\n{below}').tests
    return given_by(found, ["weight"])


def test_what_is_given() -> None:
    found = given(
        "set target = 50%",
        "given lr: 1%",
        "given optimizer.momentum: 0.9",
        "given weight: 2",
        "given loss: 0.5x2 _",
        "given batch loss: 1 2",
        "given batch `odd one`: 3x3",
        "given epoch takes 1 hour 30 minutes",
        "given interrupt at epoch 2 batch 3",
    )
    assert vars(found) == {
        "params": {"target": 0.5},
        "series": {"loss": [0.5, 0.5, 0.5, None]},
        "batch_series": {"loss": [1.0, 2.0], "odd one": [3.0] * 4},
        "epochs": 4,
        "batches": 4,
        "rate": 0.01,
        "held": {"optimizer.momentum": 0.9, "weight": 2.0},
        "epoch_seconds": 5400.0,
        "interrupt": (2, 3),
    }


def test_sizes_go_before_series() -> None:
    found = vars(given("given loss: 1 2 3", "given epochs: 2", "given batches: 7"))
    assert (found["epochs"], found["batches"], found["rate"]) == (2, 7, RATE)


def test_a_test_is_long_enough_for_its_interrupt() -> None:
    found = given(
        "given loss: 1 2 3", "given batch loss: 1 2", "given interrupt at epoch 5 batch 4"
    )
    assert (found.epochs, found.batches, found.interrupt) == (5, 4, (5, 4))
    found = given("given loss: 1 2 3", "given batch loss: 1 2", "given interrupt at epoch 2")
    assert (found.epochs, found.batches, found.interrupt) == (3, 2, (2, None))


def test_there_is_one_epoch_at_least() -> None:
    found = vars(given("given batch loss: 1 2 3"))
    assert (found["epochs"], found["batches"]) == (1, 3)
