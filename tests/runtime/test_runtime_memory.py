"""`improves` and `stalls` against a direct reading of the language on plain lists."""

import json
import math
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from cbdsl.runtime import Improves, Stalls

# Few different values, so that ties and improvements by little are common.
VALUES = st.sampled_from([None, math.nan, math.inf, -math.inf, *(i / 4 for i in range(-4, 9))])
SERIES = st.lists(VALUES | st.floats(width=32), max_size=30)
BETTER = st.sampled_from(["lower", "higher"])
BY = st.sampled_from([0.0, 0.25, 0.5, 1.0])


def improvements(series, better, by):
    """The indices at which X is better, by more than D, than at its last improvement."""
    found = []
    for index, value in enumerate(series):
        if value is None or math.isnan(value):
            continue
        if not found:
            found.append(index)  # "The first value that is not nan counts."
            continue
        last = series[found[-1]]
        gain = last - value if better == "lower" else value - last
        if gain > by:
            found.append(index)
    return found


@given(SERIES, BETTER, BY)
def test_improves(series, better, by):
    expected = improvements(series, better, by)
    memory = Improves(better)
    for index, value in enumerate(series):
        memory.feed(value, by)
        assert memory.holds() == (index in expected)
        # On a missing value it is unknown: neither true nor false.
        assert memory.fails() == (index not in expected and value is not None)


def test_improves_in_words():
    def answers(series, better, **by):
        memory, held = Improves(better), []
        for value in series:
            memory.feed(value, **by)
            held.append(memory.holds())
        return held

    assert answers([3, 2, 2, 1], "lower") == [True, True, False, True]
    assert answers([3, 2, 4, 3.5], "higher") == [True, False, True, False]
    assert answers([math.nan, math.nan, 1], "lower") == [False, False, True]
    # More than D, and against the last improvement: a slow descent adds up.
    assert answers([1, 0.5, 0.25, 0], "lower", by=0.5) == [True, False, True, False]
    assert answers([1, 0.75, 0.5, 0.25], "lower", by=0.5) == [True, False, False, True]


def test_a_missing_difference_is_unknown():
    memory = Improves("lower")
    memory.feed(1.0)
    memory.feed(0.0, None)
    assert not memory.holds()
    assert not memory.fails()
    memory.feed(0.5)
    assert memory.holds()  # The event before left no entry.


def stalled(series, better, by, span, first):
    """When `stalls for span` holds, with the clock starting again whenever it does."""
    improved = improvements(series, better, by)
    firings = []
    for index, value in enumerate(series):
        now = first + index
        starts = [first - 1, *(first + i for i in improved if i <= index), *firings]
        if value is not None and now - max(starts) >= span:
            firings.append(now)
    return firings


@given(SERIES, BETTER, BY, st.integers(1, 6), st.integers(1, 5))
def test_stalls(series, better, by, span, first):
    expected = stalled(series, better, by, span, first)
    memory = Stalls(better)
    for now, value in enumerate(series, start=first):
        memory.observe(now, value, by)
        assert memory.holds_for(span) == (now in expected)
        assert memory.fails_for(span) == (now not in expected and value is not None)
        if memory.holds_for(span):
            memory.restart()


def test_stalls_in_words():
    def fires(series, span):
        memory, at = Stalls("lower"), []
        for epoch, value in enumerate(series, start=1):
            memory.observe(epoch, value)
            if memory.holds_for(span):
                memory.restart()
                at.append(epoch)
        return at

    assert fires([3, 2, 2, 2, 2, 2, 2], 2) == [4, 6]
    assert fires([3, 2, 2, 1, 1, 1], 3) == []
    # Epochs of the run count, also those without a value, but it is asked when there is one.
    assert fires([3, None, None, 3, None, 2], 3) == [4]
    # Nan is a value and no improvement; the clock begins with the first epoch.
    assert fires([math.nan] * 3, 3) == [3]


def test_nothing_observed_is_unknown():
    memory = Stalls("lower")
    assert not memory.holds_for(1)
    assert not memory.fails_for(1)
    memory.restart()
    assert memory.since is None


@given(SERIES, SERIES, BETTER, BY, st.integers(1, 4))
def test_memory_is_plain_data_and_goes_on_where_it_was(before, after, better, by, span):
    one, two = Stalls(better), Stalls(better)
    for now, value in enumerate(before, start=1):
        one.observe(now, value, by)
        if one.holds_for(span):
            one.restart()
    two.take_up(json.loads(json.dumps(one.state())))
    for now, value in enumerate(after, start=len(before) + 1):
        one.observe(now, value, by)
        two.observe(now, value, by)
        assert one.holds_for(span) == two.holds_for(span)
        assert one.holds() == two.holds()
    assert repr(one.state()) == repr(two.state())  # By text: nan is nan.


def test_any_kind_of_number_is_kept_as_a_plain_one():
    memory = Improves("lower")
    memory.feed(Fraction(1, 2))  # As NumPy's numbers, which other callbacks put into the logs.
    assert json.dumps(memory.state()) == '{"best": 0.5, "improved": true}'


def test_state_is_a_copy():
    memory = Improves("lower")
    memory.feed(1.0)
    state = memory.state()
    memory.feed(0.5)
    assert state["best"] == 1.0
