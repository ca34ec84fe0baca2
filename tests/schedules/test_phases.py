"""Phases and timelines at the places that their formulas name, and what they say cannot be."""

from __future__ import annotations

import math
import sys
import time
import tracemalloc

import pytest

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
from cbdsl.runtime.spans import REST, Span, Unit
from cbdsl.runtime.timeline import Timeline

Phases = list[Phase | Repeat]


def epochs(n: float) -> Span:
    return Span(n, "epoch")


def batches(n: float) -> Span:
    return Span(n, "batch")


def share(n: float) -> Span:
    return Span(n, "share")


def values(phases: Phases, count: int, start: float = 1.0, planned: int | None = 10) -> list[float]:
    timeline = Timeline(phases, start, planned)
    return [timeline.value(done) for done in range(count)]


# ---------------------------------------------------------------- one phase


def test_a_phase_is_read_at_its_starts_and_ends_with_the_next() -> None:
    assert values([Linear(0.0, 4.0, epochs(4))], 7) == [0, 1, 2, 3, 4, 4, 4]


HALF = {
    "linear": (Linear(4.0, 1.0, epochs(2)), 2.5),
    "cosine": (Cosine(4.0, 1.0, epochs(2)), 2.5),
    "exponential": (Exponential(4.0, 1.0, epochs(2)), 2.0),
    "exponential below zero": (Exponential(-4.0, -1.0, epochs(2)), -2.0),
    "sqrt": (Sqrt(4.0, 1.0, epochs(2)), 4 - 3 * math.sqrt(0.5)),
    "polynomial": (Polynomial(2.0, 4.0, 1.0, epochs(2)), 1 + 3 * 0.25),
}


@pytest.mark.parametrize(("phase", "half"), HALF.values(), ids=HALF)
def test_what_goes_from_a_value_to_another(phase: Phase, half: float) -> None:
    side = math.copysign(1, half)
    assert values([phase], 4) == pytest.approx([side * 4, half, side, side], rel=1e-15)


def test_a_quarter_of_a_cosine() -> None:
    assert values([Cosine(2.0, 0.0, epochs(4))], 2)[1] == 1 + math.cos(math.pi / 4)


def test_without_from_a_phase_begins_where_the_last_one_ended() -> None:
    phases: Phases = [Linear(None, 3.0, epochs(2)), Linear(None, 0.0, epochs(3))]
    assert values(phases, 6) == [1, 2, 3, 2, 1, 0]


def test_hold() -> None:
    assert values([Hold(None, epochs(2)), Hold(5.0, epochs(1)), Hold(None, REST)], 5) == [
        1, 1, 5, 5, 5,
    ]  # fmt: skip


def test_steps_end_one_step_lower() -> None:
    steps = values([Step(0.5, epochs(2), epochs(6))], 9)
    assert steps == [1, 1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125, 0.125]


def test_a_step_that_its_phase_cuts_short() -> None:
    assert values([Step(0.5, epochs(2), epochs(3))], 5) == [1, 1, 0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    ("law", "expected"),
    [
        ("exponential", [1, 0.5, 0.25, 0.25]),
        ("inverse", [1, 1 / 1.5, 0.5, 0.5]),
        ("inverse_sqrt", [1, 1 / math.sqrt(1.5), 1 / math.sqrt(2), 1 / math.sqrt(2)]),
    ],
)
def test_decays_count_in_their_per(law: str, expected: list[float]) -> None:
    phase = Decay(law, 0.5, epochs(2), epochs(4))  # type: ignore[arg-type]
    assert values([phase], 8)[::2] == pytest.approx(expected, rel=1e-15)


def test_a_cycle_goes_up_and_down_and_holds_where_it_stops() -> None:
    assert values([Cycle(0.0, 2.0, epochs(4), epochs(7))], 10) == [0, 1, 2, 1, 0, 1, 2, 1, 1, 1]


# ---------------------------------------------------------------- spans


def test_shares_are_exact_parts_of_the_planned_epochs() -> None:
    phases: Phases = [Hold(0.0, share(0.3)), Hold(1.0, share(0.4)), Hold(2.0, REST)]
    assert values(phases, 10) == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2]
    assert Timeline(phases, 1.0, 100).begins == [0, 30, 70]
    assert all(type(begin) is int for begin in Timeline(phases, 1.0, 10).begins)


def test_a_share_may_end_within_an_epoch() -> None:
    # 25% of 10 epochs: 2.5 of them, so the second phase is first read when 0.5 of it is done.
    assert values([Hold(0.0, share(0.25)), Linear(0.0, 7.5, REST)], 5) == [0, 0, 0, 0.5, 1.5]


def test_by_batch_all_spans_are_batches() -> None:
    phases: Phases = [
        Linear(0.0, 5.0, batches(5)),
        Hold(None, epochs(2)),
        Hold(7.0, share(0.3)),
        Linear(8.0, 0.0, REST),
    ]
    assert Timeline(phases, 1.0, 10, 20, "batch").begins == [0, 5, 45, 105]
    assert Timeline(phases, 1.0, 10, 20, "batch").length == 200


def test_by_epoch_batches_are_parts_of_one() -> None:
    timeline = Timeline([Linear(0.0, 1.0, batches(30)), Hold(2.0, batches(10))], 1.0, None, 20)
    assert [timeline.value(done) for done in range(3)] == [0, 20 / 30, 2]


def test_what_needs_no_plan_asks_for_none() -> None:
    timeline = Timeline([Linear(None, 0.0, batches(4)), Step(0.5, batches(1), batches(1))], 1.0,
                        None, None, "batch")  # fmt: skip
    assert [timeline.value(done) for done in range(4)] == [1, 0.75, 0.5, 0.25]


# ---------------------------------------------------------------- repeat


def test_repeat_begins_each_pass_where_the_first_began() -> None:
    phases: Phases = [Linear(None, 0.0, epochs(2)), Repeat(times=1), Hold(None, REST)]
    assert values(phases, 6) == [1, 0.5, 1, 0.5, 0, 0]


def test_repeat_to_the_end() -> None:
    assert values([Linear(3.0, 0.0, epochs(3)), Repeat()], 9) == [3, 2, 1] * 3


def test_repeat_of_the_last_phases_leaves_the_others_alone() -> None:
    phases: Phases = [Hold(9.0, epochs(2)), Linear(2.0, 0.0, epochs(2)), Hold(5.0, epochs(1))]
    assert values([*phases, Repeat(2)], 9) == [9, 9, 2, 1, 5, 2, 1, 5, 2]


def test_scaling_is_of_the_height_above_the_end() -> None:
    phases: Phases = [Linear(9.0, 1.0, epochs(2)), Repeat(scaling=0.5)]
    assert values(phases, 7) == [9, 5, 5, 3, 3, 2, 2]


def test_stretching_makes_each_pass_longer() -> None:
    phases: Phases = [Linear(4.0, 0.0, epochs(1)), Repeat(times=2, stretching=2.0)]
    assert values(phases, 9) == [4, 4, 2, 4, 3, 2, 1, 0, 0]


def test_passes_that_shrink_come_to_a_limit() -> None:
    timeline = Timeline([Linear(4.0, 1.0, epochs(4)), Repeat(stretching=0.5)], 1.0)
    assert timeline.length == 8
    # Passes of 4, 2, 1, ½ …
    assert [timeline.value(done) for done in range(10)] == [4, 3.25, 2.5, 1.75, 4, 2.5, 4, 4, 1, 1]


def test_a_repeat_with_what_it_repeats_is_one_entry() -> None:
    inner: Phases = [Linear(2.0, 0.0, epochs(2)), Repeat(last=1, times=1)]
    nested: Phases = [*inner, Hold(7.0, epochs(1)), Repeat(last=2, times=1)]
    assert values(nested, 12) == [2, 1, 2, 1, 7, 2, 1, 2, 1, 7, 7, 7]
    assert values([Hold(7.0, epochs(1)), *inner, Repeat(last=1, times=1)], 10) == [
        7, 2, 1, 2, 1, 2, 1, 2, 1, 0,
    ]  # fmt: skip


def test_repeat_zero_times_changes_nothing() -> None:
    assert values([Linear(2.0, 0.0, epochs(2)), Repeat(times=0)], 4) == [2, 1, 0, 0]


def test_what_stands_below_a_repeat_begins_at_its_end() -> None:
    phases: Phases = [Linear(9.0, 1.0, epochs(1)), Repeat(1, 2, 0.5), Linear(None, 0.0, epochs(2))]
    assert values(phases, 6) == [9, 5, 3, 1, 0.5, 0]


def test_growing_beyond_a_float_is_infinite_and_no_error() -> None:
    timeline = Timeline([Linear(2.0, 1.0, epochs(1)), Repeat(scaling=1e10)], 1.0)
    assert timeline.value(1000) == math.inf
    level = Timeline([Hold(2.0, epochs(1)), Repeat(scaling=1e10)], 1.0)
    assert level.value(1000) == 2


@pytest.mark.parametrize("stretching", [2.0, 3.0, 10.0])
def test_whole_stretching_finds_every_pass_of_any_training(stretching: float) -> None:
    timeline = Timeline([Linear(4.0, 1.0, epochs(7)), Repeat(stretching=stretching)], 1.0)
    begin, length = 0, 7
    while begin < 2**62:
        assert timeline.value(begin) == 4
        assert timeline.value(begin + length - 1) < 4 - 3 * (length - 1) / length + 1e-9
        begin, length = begin + length, length * int(stretching)


@pytest.mark.parametrize("stretching", [1.1, 1.5, 0.9, 0.99])
def test_stretching_by_a_decimal_is_exact(stretching: float) -> None:
    # Passes of 1000, 1100, 1210, 1331 …: each begins at a whole epoch.
    timeline = Timeline([Linear(4.0, 1.0, epochs(10**6)), Repeat(stretching=stretching)], 1.0)
    hundredths = round(stretching * 100)
    begin = 0
    for k in range(3):
        assert timeline.value(begin) == 4
        begin += 10**6 * hundredths**k // 100**k
    assert timeline.value(begin) == 4
    assert timeline.value(begin - 1) < 1.001


# ---------------------------------------------------------------- cost


def test_a_value_costs_the_same_anywhere() -> None:
    phases: Phases = [Linear(0.0, 1.0, epochs(5)), Cosine(None, 0.1, epochs(5))]
    for stretching in (1.0, 2.0, 1.1, 1.0001, 0.9999999):
        timeline = Timeline([*phases, Repeat(None, None, 0.9, stretching)], 1.0)
        tracemalloc.start()
        begun = time.process_time()
        for i in range(2000):
            timeline.value(10**6 + i)
            timeline.value(10**15 + i)
        took = time.process_time() - begun
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert took < 2  # Some 20 ms without tracemalloc and without others on the machine.
        assert peak < 100_000


# ---------------------------------------------------------------- what cannot be

KNOWN = (10, 20)
ERRORS: dict[str, tuple[Phases, tuple[int | None, int | None], str]] = {
    "batches not known": (
        [Hold(None, epochs(1)), Cosine(None, 0.0, batches(500))],
        (10, None),
        "phase 2 of the schedule, `cosine`, asks for 500 batches, and Keras does not know how many "
        "batches an epoch has",
    ),
    "share of no plan": (
        [Linear(None, 0.0, share(0.3))],
        (None, 20),
        "phase 1 of the schedule, `linear`, asks for 30%, and how many epochs are planned is not "
        "known",
    ),
    "rest of no plan": (
        [Sqrt(None, 0.0, REST)],
        (None, 20),
        "phase 1 of the schedule, `sqrt`, asks for the rest, and how many epochs are planned is "
        "not known",
    ),
    "below the rest": (
        [Hold(None, REST), Hold(None, epochs(1))],
        KNOWN,
        "phase 2 of the schedule, `hold`, is never reached: the one above goes on to the end",
    ),
    "below an endless repeat": (
        [Hold(None, epochs(1)), Repeat(), Repeat()],
        KNOWN,
        "phase 3 of the schedule, `repeat`, is never reached: the one above goes on to the end",
    ),
    "below a repeat longer than any number": (
        [Hold(None, epochs(1)), Repeat(1, 5000, 1.0, 2.0), Repeat()],
        KNOWN,
        "phase 3 of the schedule, `repeat`, is never reached: the one above goes on to the end",
    ),
    "no span": (
        [Hold(None, epochs(0))],
        KNOWN,
        "phase 1 of the schedule, `hold`, asks for 0 epochs, and a span is above zero and has an "
        "end",
    ),
    "negative step": (
        [Step(0.5, epochs(-1), epochs(5))],
        KNOWN,
        "phase 1 of the schedule, `step`, asks for -1 epochs, and a span is above zero and has an "
        "end",
    ),
    "endless span": (
        [Hold(None, batches(math.inf))],
        KNOWN,
        "phase 1 of the schedule, `hold`, asks for inf batches, and a span is above zero and has "
        "an end",
    ),
    "not a number": (
        [Linear(0.0, math.nan, epochs(5))],
        KNOWN,
        "phase 1 of the schedule, `linear`, has nan for its end, which is no finite number",
    ),
    "infinite scaling": (
        [Hold(None, epochs(1)), Repeat(scaling=math.inf)],
        KNOWN,
        "phase 2 of the schedule, `repeat`, has inf for its scaling, which is no finite number",
    ),
    "exponential to zero": (
        [Exponential(0.1, 0.0, epochs(5))],
        KNOWN,
        "phase 1 of the schedule, `exponential`, goes from 0.1 to 0, and needs both above 0 or "
        "both below",
    ),
    "exponential from a warm-up's zero": (
        [Hold(0.0, epochs(1)), Exponential(None, 0.1, epochs(5))],
        KNOWN,
        "phase 2 of the schedule, `exponential`, goes from 0 to 0.1, and needs both above 0 or "
        "both below",
    ),
    "exponential through zero": (
        [Exponential(-0.1, 0.1, epochs(5))],
        KNOWN,
        "phase 1 of the schedule, `exponential`, goes from -0.1 to 0.1, and needs both above 0 or "
        "both below",
    ),
    "polynomial of no power": (
        [Polynomial(0.0, None, 0.1, epochs(5))],
        KNOWN,
        "phase 1 of the schedule, `polynomial`, has the power 0, which is not above 0",
    ),
    "steps out of all bounds": (
        [Step(10.0, epochs(1), epochs(1000))],
        KNOWN,
        "phase 1 of the schedule, `step`, ends at inf, which is no finite number",
    ),
    "decay by nothing": (
        [Decay("exponential", 0.0, epochs(1), REST)],
        KNOWN,
        "phase 1 of the schedule, `decay`, decays exponentially by 0, which is not above 0",
    ),
    "decay over a pole": (
        [Decay("inverse", -0.1, epochs(1), REST)],
        KNOWN,
        "phase 1 of the schedule, `decay`, decays by -0.1 for so long that it divides by zero",
    ),
    "repeat of nothing": (
        [Repeat()],
        KNOWN,
        "phase 1 of the schedule, `repeat`, has nothing above it to repeat",
    ),
    "repeat of too many": (
        [Hold(None, epochs(1)), Hold(None, epochs(1)), Repeat(last=3)],
        KNOWN,
        "phase 3 of the schedule, `repeat`, repeats the last 3, and above it there are 2",
    ),
    "repeat of none": (
        [Hold(None, epochs(1)), Repeat(last=0)],
        KNOWN,
        "phase 2 of the schedule, `repeat`, repeats the last 0, and above it there is 1",
    ),
    "less than no times": (
        [Hold(None, epochs(1)), Repeat(times=-1)],
        KNOWN,
        "phase 2 of the schedule, `repeat`, repeats -1 times, which is below 0",
    ),
    "stretching by nothing": (
        [Hold(None, epochs(1)), Repeat(stretching=0.0)],
        KNOWN,
        "phase 2 of the schedule, `repeat`, stretches by 0, which is not above 0",
    ),
}


@pytest.mark.parametrize("by", ["epoch", "batch"])
@pytest.mark.parametrize(("phases", "known", "sentence"), ERRORS.values(), ids=ERRORS)
def test_what_cannot_be_is_said(
    phases: Phases, known: tuple[int | None, int | None], sentence: str, by: Unit
) -> None:
    if "Keras does not know" in sentence and by == "batch":
        return  # By batch it is the epochs that need them.
    with pytest.raises(ValueError, match=r"^phase") as raised:
        Timeline(phases, 1.0, *known, by)
    assert str(raised.value) == sentence


def test_by_batch_epochs_need_the_batches_of_one() -> None:
    for span in (epochs(5), share(0.5), REST):
        with pytest.raises(ValueError, match=f"asks for {span}, and Keras does not know how many"):
            Timeline([Hold(None, span)], 1.0, 10, None, "batch")


def test_a_start_that_is_no_number_matters_where_it_is_used() -> None:
    with pytest.raises(ValueError, match="`linear`, begins at nan, which is no finite number"):
        Timeline([Linear(None, 1.0, epochs(1))], math.nan)
    assert Timeline([Linear(2.0, 1.0, epochs(1))], math.nan).value(0) == 2


def test_a_schedule_has_phases() -> None:
    with pytest.raises(ValueError, match="a schedule has at least one phase"):
        Timeline([], 1.0)


def test_the_largest_values_stay_numbers() -> None:
    large, tiny = sys.float_info.max, 5e-324
    for phase in (Exponential(tiny, large, epochs(7)), Exponential(large, tiny, epochs(7))):
        assert all(math.isfinite(v) and v > 0 for v in values([phase], 9))


@pytest.mark.parametrize("planned", [10, 8, 1])
def test_a_training_too_short_for_the_rest_is_one_without_it(planned: int) -> None:
    above = [Linear(0.0, 1.0, epochs(10))]
    cut = Timeline([*above, Cosine(None, 0.5, REST)], 1.0, planned, 20)
    assert [cut.value(e) for e in range(planned)] == [e / 10 for e in range(planned)]
    assert cut.end == 1.0
