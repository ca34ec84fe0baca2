"""Each series against a direct reading of the language on all entries so far."""

import json
import math
import sys
import tracemalloc
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cbdsl.runtime.series import Change, Count, Ema, PerBatch, SinceBest
from cbdsl.runtime.sums import Mean, Slope, Std, Zscore, _root
from cbdsl.runtime.windows import Best, Highest, Lowest, Median, Prev, Quantile

LARGEST, TINIEST = sys.float_info.max, 5e-324
# What a careless sum loses, drowns in or overflows with, and few enough values for ties.
ODD = [None, None, math.nan, math.inf, -math.inf, 0.0, -0.0]
NASTY = [1e16, -1e16, 1e308, -1e308, LARGEST, -LARGEST, TINIEST, -TINIEST, 2.0**-1022]
SMALL = [i / 4 for i in range(-4, 9)]
VALUES = st.sampled_from(ODD + NASTY + SMALL) | st.floats() | st.sampled_from(NASTY + SMALL)
EVENTS = st.lists(VALUES, min_size=8, max_size=25)
BEGUN = st.lists(VALUES, max_size=12)


def same(a, b):
    if a is None or b is None:
        return a is b
    return a == b or (math.isnan(a) and math.isnan(b))


# ---------------------------------------------------------------- the language, read directly


def entries(events):
    return [x for x in events if x is not None]


def nearest(exact):
    """The float nearest to a fraction."""
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


DIGITS = Context(prec=800, Emax=MAX_EMAX, Emin=MIN_EMIN)


def root(exact):
    """The float nearest to the root of a fraction."""
    ratio = DIGITS.divide(Decimal(exact.numerator), Decimal(exact.denominator))
    return float(DIGITS.sqrt(ratio))


def moments(window):
    """The mean and the variance, as fractions."""
    mean = sum(map(Fraction, window)) / len(window)
    return mean, sum((Fraction(x) - mean) ** 2 for x in window) / len(window)


def prev(events, n):
    before = entries(events[:-1])
    return before[-n] if len(before) >= n else None


def change(events):
    then = prev(events, 1)
    return None if then is None or events[-1] is None else events[-1] - then


def best(events, better, n=None):
    last = entries(events)[-(n or 0) :]
    if n and len(last) < n:
        return None
    numbers = [x for x in last if not math.isnan(x)]
    if not numbers:
        return math.nan if n else None
    return min(numbers) if better == "lower" else max(numbers)


def since_best(events, better):
    first = best(events, better)
    return None if first is None else len(entries(events)) - 1 - entries(events).index(first)


def ema(events, a):
    finite = [x for x in entries(events) if math.isfinite(x)]
    averages = list(accumulate(finite, lambda y, x: a * x + (1 - a) * y))
    return averages[-1] if averages else None


def windowed(function):
    def answer(events, *arguments):
        *others, n = arguments
        window = entries(events)[-n:]
        return function(window, *others) if len(window) == n else None

    return answer


@windowed
def mean(window):
    if not all(map(math.isfinite, window)):
        return sum(x for x in window if not math.isfinite(x))
    return nearest(moments(window)[0])


@windowed
def std(window):
    return root(moments(window)[1]) if all(map(math.isfinite, window)) else math.nan


@windowed
def slope(window):
    if not all(map(math.isfinite, window)):
        return math.nan
    middle, average = moments(range(len(window)))[0], moments(window)[0]
    rise = sum((x - middle) * (Fraction(y) - average) for x, y in enumerate(window))
    return nearest(rise / sum((x - middle) ** 2 for x in range(len(window))))


def zscore(events, n):
    *before, newest = entries(events)[-n - 1 :] or [0]
    if len(before) < n:
        return None
    if math.isnan(newest) or not all(map(math.isfinite, before)):
        return math.nan
    average, variance = moments(before)
    if math.isinf(newest):
        return newest
    above = Fraction(newest) - average
    if not above:
        return 0 if variance else math.nan
    size = root(above * above / variance) if variance else math.inf
    return size if above > 0 else -size


@windowed
def quantile(window, q):
    if any(map(math.isnan, window)):
        return math.nan
    h = (len(window) - 1) * q
    i, v = math.floor(h), sorted(window)
    if h == i or v[i] == v[i + 1]:
        return v[i]
    return v[i] + (v[i + 1] - v[i]) * (h - i)


def median(events, n):
    return quantile(events, 0.5, n)


N, TWO = st.integers(1, 5), st.integers(2, 5)
BETTER = st.sampled_from(["lower", "higher"])
SHARES = st.sampled_from([0, 0.1, 0.25, 0.5, 0.9, 1])
WEIGHTS = st.sampled_from([0.1, 0.5, 1, 2**-60])
SERIES = {
    Prev: (prev, st.tuples(N)),
    Change: (change, st.tuples()),
    Best: (best, st.tuples(BETTER) | st.tuples(BETTER, N)),
    SinceBest: (since_best, st.tuples(BETTER)),
    Ema: (ema, st.tuples(WEIGHTS)),
    Mean: (mean, st.tuples(N)),
    Std: (std, st.tuples(N)),
    Slope: (slope, st.tuples(TWO)),
    Zscore: (zscore, st.tuples(TWO)),
    Median: (median, st.tuples(N)),
    Quantile: (quantile, st.tuples(SHARES, N)),
}
each = pytest.mark.parametrize("series", SERIES, ids=lambda series: series.__name__)


@each
@given(data=st.data(), events=EVENTS)
@settings(max_examples=80)
def test_series(series, data, events):
    expected, arguments = SERIES[series]
    drawn = data.draw(arguments)
    memory = series(*drawn)
    assert memory.value is None
    for now, x in enumerate(events, start=1):
        answer = memory.feed(x)
        assert same(answer, expected(events[:now], *drawn))
        assert same(memory.value, answer)


@each
@given(data=st.data(), before=BEGUN, after=EVENTS, other=EVENTS)
@settings(max_examples=40)
def test_series_go_on_where_they_were(series, data, before, after, other):
    drawn = data.draw(SERIES[series][1])
    one, fresh, used = series(*drawn), series(*drawn), series(*drawn)
    for x in before:
        one.feed(x)
    for x in other:
        used.feed(x)
    text = json.dumps(one.state())
    for memory in (fresh, used):
        memory.take_up(json.loads(text))
        assert json.dumps(memory.state()) == text
        assert same(memory.value, one.value)
        # Also what it makes of the state, such as its sums. By text: nan is nan, and zeros differ.
        assert repr(vars(memory)) == repr(vars(one))
    for x in after:
        # By text once more.
        assert repr(one.feed(x)) == repr(fresh.feed(x)) == repr(used.feed(x))


@each
@given(data=st.data(), before=EVENTS, after=EVENTS)
@settings(max_examples=20)
def test_states_share_nothing(series, data, before, after):
    drawn = data.draw(SERIES[series][1])
    one, two = series(*drawn), series(*drawn)
    for x in before:
        one.feed(x)
    state = one.state()
    text = json.dumps(state)
    two.take_up(state)
    for x in after:
        one.feed(x)
        two.feed(x)
    assert json.dumps(state) == text


# ---------------------------------------------------------------- in numbers


def answers(memory, values):
    return [memory.feed(x) for x in values]


def test_before_this_event():
    assert answers(Prev(), [1, 2, None, None, 3]) == [None, 1, 2, 2, 2]
    assert answers(Prev(2), [1, 2, None, 3, 4]) == [None, None, 1, 1, 2]
    assert answers(Change(), [1, 3, None, 2]) == [None, 2, None, -1]


def test_since_the_rule_began():
    assert answers(Lowest(), [None, 2, 3, math.nan, 1, None]) == [None, 2, 2, 2, 1, 1]
    assert answers(Highest(), [math.nan, 2, 3, 1]) == [None, 2, 3, 3]
    assert answers(SinceBest("lower"), [math.nan, 2, 2, None, math.nan, 1]) == [
        None,
        0,
        1,
        1,
        2,
        0,
    ]
    assert answers(Ema(0.5), [math.nan, 4, 2, math.inf, None, 1]) == [None, 4, 3, 3, 3, 2]
    assert answers(Count(), [False, True, True, False]) == [0, 1, 2, 2]


def test_windows():
    assert answers(Lowest(2), [1, 2, None, 3, math.nan, 0]) == [None, 1, 1, 2, 3, 0]
    assert answers(Highest(2), [1, 2, 1, 0]) == [None, 2, 2, 1]
    assert answers(Median(3), [5, 1, 2, 9]) == [None, None, 2, 2]
    assert answers(Median(4), [4, 1, 2, 3]) == [None, None, None, 2.5]
    assert answers(Quantile(0.75, 3), [1, 2, 3]) == [None, None, 2.5]
    assert answers(Quantile(1, 3), [1, 3, math.inf]) == [None, None, math.inf]
    assert answers(Median(2), [math.inf, math.inf, -math.inf])[1] == math.inf
    assert str(answers(Median(1), [0.0, -0.0, 0.0])) == "[0.0, -0.0, 0.0]"
    assert str(answers(Lowest(2), [-0.0, 0.0, 0.0])) == "[None, -0.0, 0.0]"


def test_sums():
    assert answers(Mean(2), [1, 2, None, 5]) == [None, 1.5, 1.5, 3.5]
    assert answers(Std(2), [1, 3, 9]) == [None, 1, 3]
    assert answers(Slope(3), [1, 3, 5, 1]) == [None, None, 2, -1]
    assert answers(Zscore(2), [1, 3, 5, 4]) == [None, None, 3, 0]
    assert answers(Zscore(2), [1, 1, 2, 0])[2:] == [math.inf, -3]
    assert math.isnan(answers(Zscore(2), [1, 1, 1])[-1])


def test_sums_lose_nothing():
    assert answers(Mean(3), [1e16, 1, 1, 1])[2:] == [3333333333333334.0, 1]
    assert answers(Std(2), [1e16, 1, 3])[-1] == 1
    assert answers(Slope(2), [1e16, 1, 3])[-1] == 2
    assert answers(Mean(3), [LARGEST] * 3)[-1] == LARGEST
    assert answers(Std(2), [LARGEST, -LARGEST])[-1] == LARGEST
    assert answers(Slope(2), [LARGEST, -LARGEST])[-1] == -math.inf
    assert answers(Std(2), [0, 4 * TINIEST])[-1] == 2 * TINIEST
    # The standard deviation is below the smallest float, and the ratio is what it is.
    assert answers(Zscore(4), [0, 0, 0, TINIEST, TINIEST])[-1] == math.sqrt(3)


@given(st.integers(0, 2**60), st.integers(-1, 1), st.integers(-2300, 2300))
@example(2**54 + 2, 1, 0)  # Above and below the middle of two floats by next to nothing.
@example(2**54 + 2, -1, 0)
@example(2**54 + 2, 0, 0)
@example(5, 0, -1076)
@example(2**53 - 1, 0, 971)
@example(2**54 - 1, 0, 970)
def test_roots_are_rounded_once(whole, more, scale):
    p, q = max((whole * whole << 200) + more, 0), 1 << 200
    if scale > 0:
        p <<= 2 * scale
    else:
        q <<= -2 * scale
    assert _root(p, q) == root(Fraction(p, q))


def test_what_is_not_finite_leaves_again():
    wild = [1, math.nan, math.inf, -math.inf, 1, 3]
    assert str(answers(Mean(2), wild)) == "[None, nan, nan, nan, -inf, 2.0]"
    assert str(answers(Std(2), wild)) == "[None, nan, nan, nan, nan, 1.0]"
    assert str(answers(Slope(2), wild)) == "[None, nan, nan, nan, nan, 2.0]"
    assert str(answers(Median(2), wild)) == "[None, nan, nan, nan, nan, 2.0]"
    assert str(answers(Lowest(2), [math.nan] * 3)) == "[None, nan, nan]"


@given(st.lists(st.booleans()), st.lists(st.booleans()))
def test_count(before, after):
    one, two = Count(), Count()
    assert answers(one, before) == [before[: i + 1].count(True) for i in range(len(before))]
    two.take_up(json.loads(json.dumps(one.state())))
    assert answers(one, after) == answers(two, after)
    assert one.value == (before + after).count(True)


# ---------------------------------------------------------------- means since the epoch began


@given(size=st.integers(1, 9), execution=st.integers(1, 4), known=st.booleans(), data=st.data())
def test_per_batch(size, execution, known, data):
    memory = PerBatch()
    for _ in range(3):
        losses = data.draw(st.lists(st.integers(0, 9), min_size=size, max_size=size))
        missing = data.draw(st.sets(st.integers(1, size)))
        before, known_before = 0, True
        # As Keras tells of them with `steps_per_execution`.
        for now in [*range(execution, size, execution), size]:
            mean = None if now in missing else sum(losses[:now]) / now
            answer = memory.feed(mean, now, now - before, size if known else None)
            if now in missing or (known and now == size) or not (known_before or before == 0):
                assert answer is None
            else:
                assert answer == pytest.approx(sum(losses[before:now]) / (now - before), abs=1e-9)
            assert memory.value == answer
            before, known_before = now, now not in missing
            taken = PerBatch()
            taken.take_up(json.loads(json.dumps(memory.state())))
            assert vars(taken) == vars(memory)
            memory = taken


def test_per_batch_in_numbers():
    memory = PerBatch()
    assert memory.value is None
    assert memory.feed(2.0, 0, 1, 4) is None  # Before the first batch: known from the epoch before.
    assert memory.feed(2.0, 1, 1, 4) == 2
    assert memory.feed(3.0, 2, 1, 4) == 4
    assert memory.feed(None, 3, 1, 4) is None
    assert memory.feed(3.0, 4, 1, 4) is None
    assert memory.feed(1.5, 5, 5, None) == 1.5  # Nothing is left of the epoch before.
    assert math.isnan(memory.feed(math.nan, 6, 1, None))


def test_per_batch_begins_in_the_middle_of_an_epoch():
    memory = PerBatch()
    assert memory.feed(3.0, 5, 1, 9) is None
    assert memory.feed(3.5, 6, 1, 9) == 6


# ---------------------------------------------------------------- bounds


@pytest.mark.parametrize(
    ("series", "arguments"),
    [
        *((series, (0,)) for series in (Prev, Lowest, Highest, Mean, Std, Median)),
        (Slope, (1,)),
        (Zscore, (1,)),
        *((Quantile, arguments) for arguments in [(0.5, 0), (-0.1, 3), (1.1, 3), (math.nan, 3)]),
        *((Ema, (a,)) for a in (0, -1, 1.1, math.nan)),
    ],
)
def test_what_means_nothing_is_refused(series, arguments):
    with pytest.raises(ValueError, match=r"not|needed"):
        series(*arguments)


def size(memory):
    return sum(map(sys.getsizeof, vars(memory).values()))


@each
def test_memory_does_not_grow(series):
    drawn = {Best: ("higher", 9), SinceBest: ("lower",), Ema: (0.1,), Change: ()}
    memory = series(*drawn.get(series, (0.9, 9) if series is Quantile else (9,)))
    values = [(-1) ** i * 1.1 ** (i % 4001 - 2000) for i in range(9000)]
    for x in values[:4500]:
        memory.feed(x)
    tracemalloc.start()
    for x in values[4500:]:
        memory.feed(x)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 5_000
    assert size(memory) < 5_000
    assert len(json.dumps(memory.state())) < 500


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("series", [Mean, Std, Slope])
def test_ten_million_steps_do_not_drift(series):
    memory, n = series(50), 50
    pattern = [(-1) ** i * 1.01 ** (i % 20_011 - 10_000) + i % 7 for i in range(100_003)]
    sizes, fed = [], 0
    while fed < 10_000_000:
        for x in pattern:
            memory.feed(x)
        fed += len(pattern)
        sizes.append(size(memory))
    assert max(sizes) < 4_000
    window = [1e16, *(1 + i / 3 for i in range(n))]
    for x in window:
        memory.feed(x)
    assert memory.value == SERIES[series][0](window, n)
    # The sums, too, are those of the window alone.
    fresh = series(n)
    fresh.take_up(memory.state())
    assert repr(vars(fresh)) == repr(vars(memory))
