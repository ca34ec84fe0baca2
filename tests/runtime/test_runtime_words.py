"""Numbers and logs as words."""

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cbdsl.runtime import float32, listed, names, text, text32
from cbdsl.runtime.words import numbers

METRICS = st.floats(width=32)


def digits(number: str) -> int:
    """How many digits a number has that are no leading or trailing zeros."""
    if not math.isfinite(float(number)):
        return 0
    return len("".join(map(str, Decimal(number).normalize().as_tuple().digits)))


@given(METRICS)
def test_text32_names_the_number(x):
    back = float32(float(text32(x)))
    assert back == x or (math.isnan(back) and math.isnan(x))


@given(METRICS | st.floats(0, 1, width=32))
@example(float32(0.1))
@example(float32(1e16))
@example(16777216.0)
@example(float32(1e-45))
def test_text32_agrees_with_numpy(x):
    shortest = str(np.float32(x))
    # Below a power of two the numbers lie twice as close as above it. There the nearest of the
    # shortest ones may be another number, and one digit more is given.
    at_a_power_of_two = math.isfinite(x) and abs(math.frexp(x)[0]) == 0.5
    if at_a_power_of_two:
        assert digits(shortest) <= digits(text32(x)) <= digits(shortest) + 1
    elif math.isfinite(x):
        assert Decimal(text32(x)) == Decimal(shortest)
    else:
        assert text32(x) == shortest


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (float32(0.1), "0.1"),
        (float32(0.9), "0.9"),
        (float32(1 / 3), "0.33333334"),
        (0.1, "0.1"),  # No 32-bit number: shown as it is.
        (1e300, "1e+300"),
        (2.0, "2"),
        (float32(1e-5), "1e-05"),
        (16777216.0, "16777216"),
        (3, "3"),
        (-0.0, "0"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (None, "missing"),
    ],
)
def test_text32(value, shown):
    assert text32(value) == shown


@given(st.floats())
def test_text_round_trips(x):
    back = float(text(x))
    assert back == x or (math.isnan(back) and math.isnan(x))


@given(st.integers(-(10**15), 10**15))
def test_text_writes_whole_numbers_without_a_point(whole):
    assert text(float(whole)) == text(whole) == str(whole)


def test_text_with_a_format():
    assert text(0.91234, ".1%") == "91.2%"
    assert text(3, "03d") == "003"
    assert text(None, ".1%") == "missing"
    assert text(math.nan, ".2f") == "nan"


def test_logs_in_words():
    logs = {"accuracy": 0.912345, "loss": 1, "outputs": [1.0], "note": "x", "gone": None}
    assert names(logs) == "accuracy, loss"
    assert listed(logs) == "accuracy 0.9123, loss 1"
    assert names(None) == listed(None) == names({}) == ""


def test_the_numbers_of_other_callbacks_are_plain_data():
    logs = {
        "single": np.float32(0.5),
        "double": np.float64(0.25),
        "whole": np.int64(3),
        "array": np.array(1.0),
        "loss": 0.125,
    }
    assert numbers(logs) == {"single": 0.5, "double": 0.25, "whole": 3.0, "loss": 0.125}
    assert all(isinstance(value, int | float) for value in numbers(logs).values())
