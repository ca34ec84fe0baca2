"""What holds for any schedule: written out, at its joints, in its bounds, and far out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cbdsl.runtime.phases import (
    Cosine,
    Cycle,
    Decay,
    Exponential,
    Hold,
    Linear,
    Phase,
    Polynomial,
    Repeat,
    Sqrt,
    Step,
)
from cbdsl.runtime.spans import Span
from cbdsl.runtime.timeline import Timeline

Phases = list[Phase | Repeat]

LEVELS = st.floats(1e-6, 1e3) | st.sampled_from([0.1, 0.01, 1.0])
ANY_LEVELS = LEVELS | st.floats(-1e3, 1e3) | st.just(0.0)
WHOLE = st.integers(1, 9).map(lambda n: Span(n, "epoch"))
SPANS = WHOLE | st.integers(1, 60).map(lambda n: Span(n / 10, "epoch"))


def ramps(spans: st.SearchStrategy[Span], levels: st.SearchStrategy[float] = ANY_LEVELS) -> Any:
    """Phases from a value to another that a height can be scaled in."""
    begins = st.none() | levels
    return st.one_of(
        st.builds(Linear, begins, levels, spans),
        st.builds(Cosine, begins, levels, spans),
        st.builds(Sqrt, begins, levels, spans),
        st.builds(Polynomial, st.floats(0.1, 4), begins, levels, spans),
        st.builds(Hold, begins, spans),
        st.builds(Cycle, levels, levels, spans, spans),
    )


def phases(spans: st.SearchStrategy[Span]) -> Any:
    """Any phase, with values above 0."""
    return st.one_of(
        ramps(spans, LEVELS),
        st.builds(Exponential, st.none() | LEVELS, LEVELS, spans),
        st.builds(Step, st.floats(0.1, 1.5), spans, spans),
        st.builds(
            Decay,
            st.sampled_from(["exponential", "inverse", "inverse_sqrt"]),
            st.floats(0.01, 1.2),
            spans,
            spans,
        ),
    )


def near(x: float) -> Any:
    return pytest.approx(x, rel=1e-12, abs=1e-12)


def end(phase: Phase, begin: float) -> float:
    """The value at which a phase that begins at one ends."""
    return Timeline([phase], begin).end


# ---------------------------------------------------------------- joints and ends


@given(st.lists(phases(WHOLE), min_size=1, max_size=6), LEVELS)
def test_each_phase_begins_where_the_last_ended_or_at_its_own(
    block: list[Phase], start: float
) -> None:
    timeline, value = Timeline(block, start), start
    for begin, phase in zip(timeline.begins, block, strict=True):
        first = phase.first(value)
        assert timeline.value(begin) == near(first)
        value = end(phase, first)
    for beyond in (0, 1, 10**18):
        assert timeline.value(int(timeline.length) + beyond) == timeline.end == near(value)


@given(st.sampled_from([Linear, Cosine, Sqrt]), ANY_LEVELS, ANY_LEVELS, st.integers(100_000, 10**6))
def test_a_long_ramp_has_no_jump(
    shape: Callable[..., Phase], a: float, b: float, length: int
) -> None:
    timeline = Timeline([shape(a, b, Span(length, "epoch"))], 0.0)
    largest = abs(b - a) / math.sqrt(length) * 1.01 + 1e-9  # The first step of a root.
    for at in (0, 1, length // 2, length - 1, length):
        assert abs(timeline.value(at + 1) - timeline.value(at)) <= largest


@given(st.integers(1, 99), st.integers(1, 2000), st.sampled_from([None, 1, 7, 60, 469]))
def test_shares_end_exactly(percent: int, epochs: int, batches: int | None) -> None:
    """The first place at which the share is over, by counting whole numbers."""
    block: Phases = [Hold(0.0, Span(percent / 100, "share")), Hold(1.0, Span(1, "epoch"))]
    timeline = Timeline(block, 0.5, epochs, batches, "batch" if batches else "epoch")
    total = epochs * (batches or 1)
    over = -(-percent * total // 100)
    assert timeline.value(over - 1) == 0
    assert timeline.value(over) == 1


@given(st.lists(phases(SPANS), min_size=1, max_size=4), LEVELS, st.integers(1, 50))
def test_by_batch_is_by_epoch_where_epochs_begin(
    block: list[Phase], start: float, batches: int
) -> None:
    by_epoch = Timeline(block, start, None, batches)
    by_batch = Timeline(block, start, None, batches, "batch")
    for epoch in range(30):
        assert by_batch.value(epoch * batches) == near(by_epoch.value(epoch))


# ---------------------------------------------------------------- shapes


@given(ramps(SPANS, LEVELS), LEVELS)
def test_ramps_go_one_way_and_stay_between_their_ends(phase: Phase, start: float) -> None:
    assume(not isinstance(phase, Cycle))
    a = phase.first(start)
    b = end(phase, a)
    timeline = Timeline([phase], start)
    read = [timeline.value(at) for at in range(int(timeline.length) + 3)]
    slack = 1e-12 * (abs(a) + abs(b))
    assert all(min(a, b) - slack <= v <= max(a, b) + slack for v in read)
    side = math.copysign(1, b - a)
    assert all(side * (y - x) >= -slack for x, y in pairwise(read))


@given(LEVELS, LEVELS, SPANS)
def test_a_cycle_stays_between_its_ends_and_comes_again(a: float, b: float, every: Span) -> None:
    whole = round(10 * every.n)  # Epochs in which so many cycles are whole.
    timeline = Timeline([Cycle(a, b, every, Span(10 * whole, "epoch"))], 0.0)
    for at in range(min(30, 9 * whole)):
        assert min(a, b) * (1 - 1e-12) <= timeline.value(at) <= max(a, b) * (1 + 1e-12)
        assert timeline.value(at) == near(timeline.value(at + whole))


# ---------------------------------------------------------------- repeat, written out


def written_out(
    block: list[Phase], start: float, times: int, scaling: float, stretching: float
) -> list[Phase]:
    """The passes as phases, by the sentence of the language."""
    firsts = list(accumulate(block, lambda a, p: end(p, p.first(a)), initial=start))
    firsts = [phase.first(a) for phase, a in zip(block, firsts, strict=False)]
    last = end(block[-1], firsts[-1])
    passes: list[Phase] = []
    for k in range(times + 1):
        height, longer = scaling**k, Fraction(repr(stretching)) ** k

        def high(v: float, height: float = height) -> float:
            return v if height == 1 else last + (v - last) * height

        def long(span: Any, longer: Fraction = longer) -> Span:
            return Span(float(Fraction(repr(float(span.n))) * longer), "epoch")

        for a, phase in zip(firsts, block, strict=True):
            match phase:
                case Linear() | Cosine() | Sqrt() | Polynomial() | Exponential():
                    new: Any = replace(phase, start=high(a), end=high(phase.end))
                case Hold():
                    new = replace(phase, level=high(a))
                case Cycle():
                    every = long(phase.every)
                    new = replace(phase, low=high(a), high=high(phase.high), every=every)
                case Step():  # These go on from the phase before, in every pass.
                    new = replace(phase, every=long(phase.every))
                case Decay():
                    new = replace(phase, per=long(phase.per))
                case _:
                    raise AssertionError(phase)
            passes.append(replace(new, over=long(phase.over)))
    return passes


@given(
    st.lists(ramps(WHOLE), min_size=1, max_size=3),
    ANY_LEVELS,
    st.integers(0, 4),
    st.sampled_from([1.0, 0.5, 0.9, 1.5, 0.0, -1.0]),
    st.sampled_from([1.0, 2.0, 3.0, 0.5, 1.1, 1.5]),
)
def test_repeat_is_what_one_would_write_out(
    block: list[Phase], start: float, times: int, scaling: float, stretching: float
) -> None:
    again = Timeline([*block, Repeat(None, times, scaling, stretching)], start)
    out = Timeline(written_out(block, start, times, scaling, stretching), start)
    assert again.length == out.length
    for at in range(math.ceil(out.length) + 2):
        # Rounding of heights: what is 0 in one of them may be tiny in the other.
        assert again.value(at) == pytest.approx(out.value(at), rel=1e-9, abs=1e-9)


@given(
    st.lists(phases(WHOLE), max_size=3),
    LEVELS,
    st.integers(0, 4),
    st.sampled_from([2.0, 3.0, 0.5, 1.1, 1.5]),
)
def test_stretching_is_of_all_spans(
    block: list[Phase], start: float, times: int, stretching: float
) -> None:
    block = [Hold(start, Span(1, "epoch")), *block]
    again = Timeline([*block, Repeat(None, times, 1.0, stretching)], start)
    out = Timeline(written_out(block, start, times, 1.0, stretching), start)
    assert again.length == out.length
    for at in range(math.ceil(out.length) + 2):
        assert again.value(at) == near(out.value(at))


@given(st.lists(phases(WHOLE), min_size=1, max_size=4), LEVELS, st.integers(0, 10**15))
def test_endless_passes_are_all_the_first(block: list[Phase], start: float, k: int) -> None:
    once = Timeline(block, start)
    again = Timeline([*block, Repeat()], start)
    length = int(once.length)
    for at in range(length):
        assert again.value(k * length + at) == once.value(at)


@given(st.lists(phases(WHOLE), min_size=2, max_size=5), LEVELS, st.data())
def test_only_the_last_phases_are_repeated(
    block: list[Phase], start: float, data: st.DataObject
) -> None:
    last, times = data.draw(st.integers(1, len(block))), data.draw(st.integers(0, 3))
    once, again = Timeline(block, start), Timeline([*block, Repeat(last, times)], start)
    begin = once.begins[-last]
    length = once.length - begin
    for at in range(int(again.length)):
        same = at if at < begin else begin + (at - begin) % length
        assert again.value(at) == once.value(same)
    assert again.value(int(again.length)) == once.end


@given(
    st.lists(ramps(WHOLE), min_size=1, max_size=2),
    st.integers(0, 2),
    st.integers(0, 2),
    st.sampled_from([1.0, 0.5, 2.0]),
    st.sampled_from([1.0, 2.0, 1.5]),
)
def test_repeats_of_repeats(
    block: list[Phase], inner: int, outer: int, scaling: float, stretching: float
) -> None:
    """The outer one repeats what the inner one would write out."""
    nested: Phases = [*block, Repeat(None, inner, scaling, stretching), Repeat(1, outer, 0.5, 3.0)]
    flat: Phases = [*written_out(block, 1.0, inner, scaling, stretching)]
    flat += [Repeat(None, outer, 0.5, 3.0)]
    one, other = Timeline(nested, 1.0), Timeline(flat, 1.0)
    assert one.length == other.length
    for at in range(int(one.length) + 2):
        assert one.value(at) == pytest.approx(other.value(at), rel=1e-9, abs=1e-9)


# ---------------------------------------------------------------- far out


def exactly(length: int, stretching: Fraction, at: int) -> tuple[int, Fraction]:
    """The pass at a place and how much of it is done, pass by pass without rounding."""
    k, begin, size = 0, Fraction(0), Fraction(length)
    while begin + size <= at:
        k, begin, size = k + 1, begin + size, size * stretching
    return k, (at - begin) / size


@given(
    st.integers(1, 50),
    st.sampled_from([2.0, 1.5, 1.1, 1.01, 1.003, 0.99, 0.9, 0.5]),
    st.integers(0, 12_000),
)
def test_stretched_passes_are_found_wherever_they_are(
    length: int, stretching: float, at: int
) -> None:
    g = Fraction(repr(stretching))
    assume(g > 1 or at < length / (1 - g))
    k, done = exactly(length, g, at)
    assume(k < 900)  # As far as it is quick to say exactly.
    timeline = Timeline([Linear(0.0, 1.0, Span(length, "epoch")), Repeat(stretching=stretching)], 1)
    assert timeline.value(at) == pytest.approx(float(done), rel=1e-9, abs=1e-9)


@given(
    st.lists(phases(SPANS), min_size=1, max_size=3),
    st.none() | st.integers(0, 10**6),
    st.sampled_from([1.0, 0.9, 0.0]),
    st.floats(0.001, 1000),
    st.lists(st.integers(0, 10**18), max_size=5),
)
def test_values_are_finite_everywhere_and_the_same_in_any_order(
    block: list[Phase], times: int | None, scaling: float, stretching: float, places: list[int]
) -> None:
    timeline = Timeline([*block, Repeat(None, times, scaling, stretching)], 0.1)
    read = {at: timeline.value(at) for at in places}
    assert all(map(math.isfinite, read.values()))
    fresh = Timeline([*block, Repeat(None, times, scaling, stretching)], 0.1)
    assert all(fresh.value(at) == read[at] for at in sorted(places))


@given(st.sampled_from([0.5, 0.9, 0.99, 0.999999]), st.integers(1, 100))
def test_behind_the_limit_the_end_holds(stretching: float, length: int) -> None:
    block: Phases = [Linear(3.0, 1.0, Span(length, "epoch")), Repeat(stretching=stretching)]
    timeline = Timeline(block, 0.1)
    limit = length / (1 - Fraction(repr(stretching)))
    assert timeline.length == limit
    assert timeline.value(math.ceil(limit)) == 1
    assert 1 <= timeline.value(math.ceil(limit) - 1) <= 3
