"""The differences from Keras that are meant: what Keras does, and what a rule does."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parity_drive import Logs, Optimizer, Seen, Value, compiled, drive
from parity_histories import DELTAS, FIRST_IS_NAN, MISSING, TIE, difference, histories

nan = math.nan


def logs(*values: Value) -> list[Logs]:
    return [{"val_loss": value} for value in values]


def both(callback: Any, rule: str, ends: Sequence[Logs], **arguments: Any) -> tuple[Seen, Seen]:
    """What Keras's callback does, and what the rule does."""
    return (
        drive([callback], ends, **arguments),
        drive(compiled(rule)(), ends, **arguments),
    )


# ---------------------------------------------------------------- for these, histories are left out


def test_a_first_value_that_is_nan() -> None:
    values = (nan, 0.9, 0.8, 0.7, 0.6)
    assert difference(values, "lower") == FIRST_IS_NAN
    # Keras takes it for the best: nothing is better than nan.
    one, other = both(
        keras.callbacks.EarlyStopping("val_loss", patience=2),
        "on epoch_end if val_loss stalls for 2 epochs stop",
        logs(*values),
    )
    assert (one.stopped, other.stopped) == ((3, 0), None)
    one, other = both(
        keras.callbacks.ReduceLROnPlateau("val_loss", patience=2),
        "on epoch_end if val_loss stalls for 2 epochs by 1e-4 lr *= 0.1",
        logs(*values),
    )
    assert (one.reduced, other.reduced) == ([3, 5], [])
    one, other = both(
        keras.callbacks.ModelCheckpoint("best.keras", save_best_only=True),
        'on epoch_end if val_loss improves save "best.keras"',
        logs(*values),
    )
    assert (one.saved_in, other.saved_in) == ([1], [2, 3, 4, 5])


def test_nothing_but_nan_stalls() -> None:
    # Keras's first epoch counts as an improvement, a rule's does not.
    one, other = both(
        keras.callbacks.EarlyStopping("val_loss", patience=3),
        "on epoch_end if val_loss stalls for 3 epochs stop",
        logs(*[nan] * 6),
    )
    assert (one.stopped, other.stopped) == ((4, 0), (3, 0))


@pytest.mark.filterwarnings("ignore:Early stopping", "ignore:Learning rate", "ignore:Can save")
def test_values_that_are_missing() -> None:
    values = (0.5, None, None, 0.6, 0.6)
    assert difference(values, "lower") == MISSING
    assert difference(values, "lower", counts_values=True) is None
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=2)
    one, other = both(stopping, "on epoch_end if val_loss stalls for 2 epochs stop", logs(*values))
    assert (one.stopped, other.stopped) == ((5, 0), (4, 0))
    one, other = both(stopping, "on epoch_end if val_loss stalls for 2 values stop", logs(*values))
    assert one == other
    one, other = both(
        keras.callbacks.ReduceLROnPlateau("val_loss", patience=2, min_delta=0),
        "on epoch_end if val_loss stalls for 2 epochs lr *= 0.1",
        logs(*values),
    )
    assert (one.reduced, other.reduced) == ([5], [4])
    one, other = both(
        keras.callbacks.ModelCheckpoint("best.keras", save_best_only=True),
        'on epoch_end if val_loss improves save "best.keras"',
        logs(*values),
    )
    assert (one.saved_in, other.saved_in) == ([1, 2, 3], [1])


def test_a_path_that_asks_for_what_is_missing() -> None:
    path = "{epoch}-{val_loss:.2f}.keras"
    with pytest.raises(KeyError, match="Failed to format this callback filepath"):
        drive([keras.callbacks.ModelCheckpoint(path)], logs(None))
    seen = drive(compiled(f'on epoch_end save "{path}"')(), logs(None, 0.5))
    assert [name for *_, name in seen.saved] == ["1-missing.keras", "2-0.50.keras"]


def test_a_tie_at_min_delta() -> None:
    values = tuple(float(np.float32(value)) for value in (0.6, 0.5, 0.5))
    assert difference(values, "lower", 0.1) == TIE
    # 0.6 and 0.5 in 32 bits are a little more than 0.1 apart. Keras adds 0.1 to 0.5, and in 32
    # bits that is 0.6 again.
    assert values[0] - values[1] > 0.1
    assert np.float32(values[1] + 0.1) == np.float32(values[0])
    one, other = both(
        keras.callbacks.EarlyStopping("val_loss", patience=1, min_delta=0.1),
        "on epoch_end if val_loss stalls for 1 epoch by 0.1 stop",
        logs(*values),
    )
    assert (one.stopped, other.stopped) == ((2, 0), (3, 0))


def test_a_tie_in_exact_numbers_is_one_for_both() -> None:
    assert difference((1.0, 0.875, 0.75), "lower", 0.125) is None
    one, other = both(
        keras.callbacks.EarlyStopping("val_loss", patience=1, min_delta=0.125),
        "on epoch_end if val_loss stalls for 1 epoch by 0.125 stop",
        logs(1.0, 0.875, 0.75),
    )
    assert one.stopped == other.stopped == (2, 0)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(histories(), st.sampled_from(("lower", "higher")), st.sampled_from(DELTAS))
def test_nothing_else_is_left_out(history: list[Value], better: str, delta: float) -> None:
    values = [value for value in history if value is not None]
    why = difference(history, better, delta)
    if why == MISSING:
        assert None in history
    elif why == FIRST_IS_NAN:
        assert math.isnan(values[0])
    elif why == TIE:
        # Two values lie apart by `min_delta`, as nearly as 32 bits tell.
        finite = [value for value in values if math.isfinite(value)]
        assert delta > 0
        assert any(
            abs(abs(one - other) - delta) <= np.spacing(np.float32(max(abs(one), abs(other))))
            for one in finite
            for other in finite
        )


# ---------------------------------------------------------------- others


def test_checkpoints_of_a_second_training() -> None:
    callback = keras.callbacks.ModelCheckpoint("best.keras", save_best_only=True)
    rule = compiled('on epoch_end if val_loss improves save "best.keras"')()
    for saved in ([1, 2], []):
        assert drive([callback], logs(0.5, 0.4)).saved_in == saved
        assert drive(rule, logs(0.5, 0.4)).saved_in == [1, 2]


def test_a_rate_that_is_below_min_lr_from_the_start() -> None:
    callback = keras.callbacks.ReduceLROnPlateau("val_loss", patience=1, min_lr=0.002)
    ends = logs(0.5, 0.5, 0.5)
    one, other = both(
        callback,
        "limit lr from 0.002 to 1\non epoch_end if val_loss stalls for 1 epoch by 1e-4 lr *= 0.1",
        ends,
        rate=0.001,
    )
    assert one.rates[-1] == float(np.float32(0.001))
    assert other.rates[-1] == float(np.float32(0.002))
    exactly = (
        "on epoch_end if val_loss stalls for 1 epoch by 1e-4 and lr > 0.002 "
        "then lr = max(lr * 0.1, 0.002)"
    )
    for rate in (0.001, 0.01, 0.1):
        one, other = both(callback, exactly, ends, rate=rate)
        assert one == other


def test_several_steps_in_one_execution() -> None:
    # Keras tells of batches 3, 6 and 8 (of which it says 9): it counts from the last file on.
    one, other = both(
        keras.callbacks.ModelCheckpoint("{batch}.keras", save_freq=4),
        'every 4 batches save "{batch}.keras"',
        logs(*[0.5] * 2),
        batches=[[{}] * 8] * 2,
        stride=3,
    )
    assert [at[:2] for at in one.saved] == [(1, 6), (2, 3), (2, 8)]
    assert [at[:2] for at in other.saved] == [(1, 6), (1, 8), (2, 6), (2, 8)]


def test_batches_of_a_training_that_begins_with_another_epoch() -> None:
    one, other = both(
        keras.callbacks.ModelCheckpoint("{batch}.keras", save_freq=4),
        'every 4 batches save "{batch}.keras"',
        logs(0.5, 0.5),
        batches=[[{}] * 5] * 2,
        first=3,
    )
    assert [at[:2] for at in one.saved] == [(4, 4), (5, 3)]
    # 15 batches are done when it begins: these are the 16th, the 20th and the 24th.
    assert [at[:2] for at in other.saved] == [(4, 1), (4, 5), (5, 4)]


@pytest.mark.filterwarnings("ignore:the learning rate stays")
@pytest.mark.parametrize(
    ("schedule", "rule", "in_keras", "by_rule"),
    [
        (lambda epoch, lr: lr - 0.0625, "every epoch lr -= 0.0625", -0.03125, 0.0),
        (lambda epoch, lr: lr * math.inf, "every epoch lr = lr / 0", math.inf, 0.09375),
    ],
)
def test_rates_that_are_none(
    schedule: Callable[[int, float], float], rule: str, in_keras: float, by_rule: float
) -> None:
    callback = keras.callbacks.LearningRateScheduler(schedule)
    one, other = both(callback, rule, logs(0.5, 0.5), rate=0.09375)
    assert (one.rates[-1], other.rates[-1]) == (in_keras, by_rule)


def test_numbers_in_names() -> None:
    one, other = both(
        keras.callbacks.ModelCheckpoint("{val_loss}.keras"),
        'on epoch_end save "{val_loss}.keras"',
        logs(0.9),
    )
    assert one.saved == [(1, 0, "0.8999999761581421.keras")]
    assert other.saved == [(1, 0, "0.9.keras")]


# ---------------------------------------------------------------- the stand-in for the model


def test_the_rate_of_the_stand_in_is_as_in_keras() -> None:
    ours, theirs = Optimizer(0.1), keras.optimizers.SGD(0.1)
    for optimizer in (ours, theirs):
        callback = keras.callbacks.LearningRateScheduler(lambda epoch, lr: lr * 0.7)
        callback.set_model(type("Model", (), {"optimizer": optimizer}))
        for epoch in range(50):
            callback.on_epoch_begin(epoch)
    assert float(ours.learning_rate) == float(theirs.learning_rate) != 0.1 * 0.7**50
