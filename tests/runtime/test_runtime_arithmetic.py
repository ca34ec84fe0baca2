"""Arithmetic is total: no exceptions, nothing complex, Python's results where it has one."""

import math
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cbdsl.runtime import divide, float32, modulo, power, settable, share
from cbdsl.runtime.arithmetic import NotSettable

# What a rule can compute with: metrics, and counts that stay below 2**200.
FLOATS = st.floats() | st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, math.inf, -math.inf])
NUMBERS = FLOATS | st.integers(-(2**200), 2**200) | st.integers(-5, 5)


def same(a: float, b: float) -> bool:
    """Equal as bits are: nan is nan, and the zeros differ."""
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b and math.copysign(1, a) == math.copysign(1, b)


# ---------------------------------------------------------------- divide, modulo


@given(NUMBERS, NUMBERS)
def test_divide_is_pythons_where_python_divides(x, y):
    result = divide(x, y)
    assert type(result) is float
    if y != 0:
        assert same(result, x / y)


@given(FLOATS, FLOATS)
def test_divide_is_ieee_754(x, y):
    with np.errstate(all="ignore"):
        assert same(divide(x, y), float(np.float64(x) / np.float64(y)))


def test_divide_by_zero():
    assert divide(1, 0) == math.inf
    assert divide(-1, 0) == -math.inf
    assert divide(1, -0.0) == -math.inf
    assert math.isnan(divide(0, 0))
    assert math.isnan(divide(math.nan, 0))


@given(NUMBERS, NUMBERS)
def test_modulo_is_pythons_where_python_has_one(x, y):
    result = modulo(x, y)
    assert isinstance(result, int | float)
    if y == 0:
        assert math.isnan(result)
    else:
        assert same(result, x % y)


def test_modulo_has_the_sign_of_the_divisor():
    assert modulo(-7, 3) == 2
    assert modulo(7, -3) == -2
    assert modulo(-0.5, 2.0) == 1.5


# ---------------------------------------------------------------- power


@given(NUMBERS, NUMBERS)
@example(-8, 1 / 3)
@example(-2.0, 1e300)
@example(10, 400)
@example(-10, 401)
@example(0, -1)
@example(-0.0, -3)
@example(-0.0, -2)
@example(-0.0, -0.5)
@example(math.nan, 0)
@example(1, math.nan)
def test_power_is_a_float_and_pythons_where_python_has_one(x, y):
    result = power(x, y)
    assert type(result) is float
    try:
        expected = float(x) ** float(y)
    except ArithmeticError:
        with np.errstate(all="ignore"):
            expected = float(np.power(np.float64(x), np.float64(y)))
        assert not math.isfinite(expected)
    if isinstance(expected, complex):
        expected = math.nan
    assert same(result, expected)


def test_power_without_a_real_result():
    assert math.isnan(power(-8, 1 / 3))
    assert power(-8, 3) == -512
    assert power(0, -1) == math.inf
    assert power(-0.0, -3) == -math.inf
    assert power(-10, 401) == -math.inf
    assert power(-10, 400) == math.inf


def test_power_does_not_grow_a_huge_whole_number():
    assert power(10, 10**6) == math.inf


# ---------------------------------------------------------------- float32


@given(NUMBERS)
@example(3.4028235e38)
@example(3.4028235677973366e38)  # Half a unit above the largest: the first that is infinite.
@example(1e-45)
@example(2**200)
def test_float32_agrees_with_numpy(x):
    with np.errstate(all="ignore"):
        expected = float(np.float32(x))
    result = float32(x)
    assert type(result) is float
    assert same(result, expected)
    assert same(float32(result), result)


def test_float32_is_what_keras_reports():
    assert float32(0.9) == 0.8999999761581421
    assert float32(0.1) != 0.1
    assert float32(0.75) == 0.75


# ---------------------------------------------------------------- share


@given(st.integers(0, 1000), st.integers(1, 100_000))
def test_share_is_exact_to_a_tenth_of_a_percent(tenths, whole):
    assert share(tenths / 1000, whole) == Fraction(tenths * whole, 1000)


def test_share_where_floats_are_not_exact():
    assert 0.29 * 100 != 29
    assert share(0.29, 100) == 29
    assert share(0.3, 10) == 3
    assert share(0.57, 100) == 57
    assert 2 < share(0.25, 10) < 3
    assert share(1, 7) == 7
    assert share(0, 7) == 0


# ---------------------------------------------------------------- settable


@given(st.none() | NUMBERS, st.floats(0, 1e30, allow_nan=False))
def test_settable_is_a_rate_that_keras_takes(new, old):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        rate = settable(new, old)
    assert type(rate) is float  # Keras's scheduler refuses whole numbers.
    assert rate >= 0
    assert math.isfinite(float32(rate))
    if said:
        assert rate == old
        assert new is None or not math.isfinite(float32(new))
    else:
        assert rate == float(max(new, 0))


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (None, "missing"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (1e39, "1e+39"),  # Infinite as the 32-bit number that a rate is.
    ],
)
def test_settable_says_what_is_no_rate(new, said):
    with pytest.warns(NotSettable, match=rf"stays 0\.01: .* set it to {said}".replace("+", r"\+")):
        assert settable(new, 0.01) == 0.01
