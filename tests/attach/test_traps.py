"""What Keras does in a `fit` that one would not think: the rules say what they mean nevertheless.

The numbers are those of the list of traps that was measured on Keras 3.15. Of the others, those
about batches are also in test_hooks.py, those about names in test_attach_expected.py.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attach_fits as fits
import keras
import numpy as np
import pytest
import tensorflow as tf

import cbdsl
from cbdsl.attach import Rules

SIZE = fits.BATCHES


def fit(
    rules: str,
    model: Any = None,
    *,
    first: tuple[Any, ...] = (),
    last: tuple[Any, ...] = (),
    **arguments: Any,
) -> Rules:
    """The host after a fit under `rules`."""
    callbacks = cbdsl.callbacks(rules, strict=True)
    fits.fit([*first, *callbacks, *last], model, **arguments)
    host = callbacks[-1]
    assert isinstance(host, Rules)
    return host


def said(host: Rules) -> dict[str, list[str]]:
    """What each rule printed."""
    lines: dict[str, list[str]] = {}
    for firing in host.record.firings:
        printed = [a.detail for a in firing.actions if a.verb == "print"]
        lines.setdefault(firing.rule, []).extend(printed)
    return lines


# ---------------------------------------------------------------- 4: means since the epoch began


class TrueLosses(keras.callbacks.Callback):  # type: ignore[misc]
    """The loss of each batch alone, computed before the step that is taken on it."""

    def __init__(self) -> None:
        super().__init__()
        self.batches = list(fits.DATA.as_numpy_iterator())
        self.losses: list[float] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.losses.append(self.loss_of(batch))

    def loss_of(self, batch: int) -> float:
        x, y = self.batches[batch]
        kernel, bias = self.model.get_weights()
        p = 1 / (1 + np.exp(-(x @ kernel + bias)[:, 0].astype("float64")))
        return float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))


def test_per_batch_is_the_loss_of_the_batch_alone() -> None:
    truth = TrueLosses()
    host = fit(
        'alone: on batch_end print "{per_batch(loss)}"\n'
        'mean_: on batch_end print "{loss}"\n'
        'high: on batch_end if per_batch(loss) > 0.7 print "{step}"\n',
        last=(truth,),
        epochs=2,
    )
    lines = said(host)
    assert len(truth.losses) == len(lines["alone"]) == 2 * SIZE
    for step, (text, true) in enumerate(zip(lines["alone"], truth.losses, strict=True), 1):
        if step % SIZE:
            assert float(text) == pytest.approx(true, abs=2e-6)
        else:
            # Keras does not say whether the last batch was smaller.
            assert text == "missing"
    known = [step for step in range(1, 2 * SIZE + 1) if step % SIZE]
    high = [step for step in known if truth.losses[step - 1] > 0.7]
    assert high
    assert lines["high"] == [str(step) for step in high]
    # What Keras reports is another number, but for the first of an epoch.
    means = [float(text) for text in lines["mean_"]]
    alike = [i for i, mean in enumerate(means) if mean == pytest.approx(truth.losses[i], abs=2e-6)]
    assert alike == [0, SIZE]


# ---------------------------------------------------------------- 7: several steps in one execution


def test_counts_of_batches_with_several_steps_in_one_execution() -> None:
    # 8 batches by threes: Keras tells of 3, 6 and 8, and of 11, 14 and 16.
    watch = fits.Watch()
    given = fits.Given({"loss": [0.9] * 2}, {"loss": [0.9] * (SIZE + 1)})
    host = fit(
        'threes: every 3 batches print "{step}"\n'
        'fours: every 4 batches print "{step}"\n'
        'fourth: at batch 4 print "{step} {batch}"\n'
        'tenth: at batch 10, 13 print "{step} {batch}"\n'
        'inside: every batch from 4 batches to 14 batches print "{step}"\n'
        'after_: on batch_end after 8 batches print "{step}"\n'
        'held: on batch_end if loss > 0.5 for 4 batches print "{step}"\n'
        'stalled: on batch_end if loss stalls for 4 batches print "{step}"\n'
        'waits: on batch_end print "{step}", wait 4 batches\n'
        "fifth: at batch 5 lr += 1\n",
        fits.fresh(steps_per_execution=3),
        first=(given,),
        last=(watch,),
        epochs=2,
    )
    assert said(host) == {
        "threes": ["3", "6", "11", "14", "16"],  # at or past 3, 6, 9, 12, 15
        "fours": ["6", "8", "14", "16"],  # at or past 4, 8, 12, 16
        "fourth": ["6 6"],
        "tenth": ["11 3", "14 6"],
        "inside": ["6", "8", "11", "14"],
        "after_": ["11", "14", "16"],
        "held": ["6", "11"],  # in 3 to 6, and anew from the event after it: in 8 to 11
        "stalled": ["8", "14"],  # five batches after the third, six after the eighth
        "waits": ["3", "8", "14"],  # 4 to 7 are passed over, then 9 to 12, then 15 on
        "fifth": [],
    }
    # A setting at the start of the first execution that begins at batch 5 or later.
    assert watch.ends == [fits.RATE + 1] * 2


def test_per_batch_with_several_steps_in_one_execution() -> None:
    class Truth(TrueLosses):
        """Takes the steps of an execution one by one, on a model of its own."""

        def on_train_begin(self, logs: Any = None) -> None:
            self.by_hand = [weight.astype("float64") for weight in self.model.get_weights()]

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            losses = [self.step_on(b) for b in range(batch, min(batch + 3, SIZE))]
            self.losses.append(sum(losses) / len(losses))

        def step_on(self, batch: int) -> float:
            x, y = self.batches[batch]
            kernel, bias = self.by_hand
            p = 1 / (1 + np.exp(-(x @ kernel + bias)[:, 0]))
            slope = (p - y) / len(y)
            self.by_hand = [
                kernel - fits.RATE * (x.T @ slope)[:, None],
                bias - fits.RATE * slope.sum(),
            ]
            return float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))

    truth = Truth()
    host = fit(
        'on batch_end print "{per_batch(loss)}"',
        fits.fresh(steps_per_execution=3),
        last=(truth,),
        epochs=2,
    )
    (lines,) = said(host).values()
    assert [lines[2], lines[5]] == ["missing"] * 2
    for index in (0, 1, 3, 4):
        assert float(lines[index]) == pytest.approx(truth.losses[index], abs=1e-5)


# ---------------------------------------------------------------- 13: patience counts values


@pytest.mark.filterwarnings("ignore:Early stopping conditioned on")
def test_patience_without_a_validation_in_each_epoch() -> None:
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=3)
    watch = fits.Watch()
    host = fit(
        'epochs_: on epoch_end if val_loss stalls for 3 epochs then once print "{epoch}"\n'
        'values_: on epoch_end if val_loss stalls for 3 values then once print "{epoch}"\n'
        'validated: on epoch_end if val_loss is not missing print "{epoch}"\n'
        'known: on epoch_end if best(val_loss) is not missing print "{epoch}"\n',
        fits.fresh(rate=0.0),  # It learns nothing: after the first no validation is better.
        first=(stopping,),
        last=(watch,),
        epochs=30,
        validation_freq=5,
    )
    assert len(watch.ends) == stopping.stopped_epoch + 1 == 20
    assert said(host) == {
        "epochs_": ["10"],
        "values_": ["20"],
        "validated": ["5", "10", "15", "20"],
        "known": [str(epoch) for epoch in range(5, 21)],
    }


# ---------------------------------------------------------------- 14: logs are shared


class Sees(keras.callbacks.Callback):  # type: ignore[misc]
    """The logs of each epoch's end, as they are where it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.logs: list[dict[str, float]] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.logs.append(dict(logs))


def test_a_derived_metric_is_seen_by_all_that_stands_after(tmp_path: Path) -> None:
    before, after = Sees(), Sees()
    logger = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    model = fits.fresh()
    host = fit(
        "metric gap = val_loss - loss\n"
        "metric double = 2 * gap\n"
        'on epoch_end print "{gap} {double}"\n',
        model,
        first=(before,),
        last=(after, logger),
        epochs=4,
        validation_freq=2,
    )
    assert not any("gap" in logs for logs in before.logs)
    # From the first epoch on, in which there is no validation: CSVLogger fixes its columns there.
    history = model.history.history
    gaps, doubles = history["gap"], history["double"]
    assert [math.isnan(gap) for gap in gaps] == [True, False, True, False]
    expected = [b - a for a, b in zip(history["loss"][1::2], history["val_loss"], strict=True)]
    assert gaps[1::2] == [float(np.float32(gap)) for gap in expected]
    assert doubles[1::2] == [2 * gap for gap in gaps[1::2]]
    assert repr([logs["gap"] for logs in after.logs]) == repr(gaps)
    with (tmp_path / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert repr([float(row["gap"]) for row in rows]) == repr(gaps)
    assert repr([float(row["double"]) for row in rows]) == repr(doubles)
    (lines,) = said(host).values()
    assert [line.split()[0] for line in lines[::2]] == ["nan", "nan"]
    assert [float(line.split()[0]) for line in lines[1::2]] == pytest.approx(gaps[1::2])


def test_the_rate_is_in_the_logs_where_something_writes_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    model, sees = fits.fresh(), Sees()
    host = fit(
        'every epoch after 1 lr *= 0.5\non epoch_end print "{learning_rate} {lr}"',
        model,
        last=(sees,),
        epochs=3,
    )
    rates = [fits.RATE, fits.RATE / 2, fits.RATE / 4]
    assert model.history.history["learning_rate"] == rates
    assert [logs["learning_rate"] for logs in sees.logs] == rates
    assert said(host)["<rules>:2"] == [f"{rate:g} {rate:g}" for rate in rates]
    # Nothing writes it here: `lr` is there all the same.
    capsys.readouterr()
    callbacks = cbdsl.callbacks('on epoch_end print "{learning_rate} {lr}"')
    fits.fit([*callbacks, sees], model := fits.fresh(), epochs=1)
    assert "learning_rate" not in model.history.history
    out = capsys.readouterr()
    assert out.out == "missing 0.5\n"
    assert "the metric `learning_rate` is missing" in out.err


# ---------------------------------------------------------------- 20: one batch that is nan


class PutBack(keras.callbacks.Callback):  # type: ignore[misc]
    """Puts the weights back that a step made nan, so that the batches after it are sound."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.weights = self.model.get_weights()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if any(np.isnan(weight).any() for weight in self.model.get_weights()):
            self.model.set_weights(self.weights)


def test_after_a_nan_batch_the_whole_epoch_reports_nan() -> None:
    x = np.concatenate([fits.X] * 3)
    x[2 * 4, 0] = np.nan  # in the third batch of the first epoch, and in no other
    data = tf.data.Dataset.from_tensor_slices((x, np.concatenate([fits.Y] * 3))).batch(4)
    host = fit(
        'first: on batch_end if loss is not finite then once print "{step}"\n'
        'each: on batch_end if loss is not finite print "{step}"\n'
        'alone: on batch_end if per_batch(loss) is nan print "{step}"\n'
        'compared: on batch_end if not loss < 100 print "{step}"\n'
        'held: on batch_end if loss is nan for 4 batches print "{step}"\n'
        'sound: on batch_end if loss is finite for 8 batches print "{step}"\n'
        'mean_: on batch_end if mean(loss, 3) is nan print "{step}"\n'
        'lowest_: on batch_end if lowest(loss) is nan print "{step}"\n'
        'ema_: on batch_end if ema(loss, 0.5) is not finite print "{step}"\n'
        'better: on epoch_end if loss improves print "{epoch}"\n'
        'bad: on epoch_end if loss is nan print "{epoch}"\n'
        'two: on epoch_end if mean(loss, 2) is finite print "{epoch}"\n',
        first=(PutBack(),),
        x=data,
        steps_per_epoch=SIZE,
        epochs=3,
    )
    nan_steps = [str(step) for step in range(3, 9)]
    assert said(host) == {
        "first": ["3"],
        "each": nan_steps,
        "alone": nan_steps[:-1],  # at the epoch's last batch it is missing
        "compared": nan_steps,
        "held": ["6"],  # true again in 7 and 8, but not for four
        "sound": ["16", "24"],
        "mean_": [*nan_steps, "9", "10"],
        "bad": ["1"],
        "better": ["2", "3"],
        "two": ["3"],
    }


# ---------------------------------------------------------------- 22: what is known at train begin

BEGINS = """\
begins: on train_begin print "{epochs} {batches} {steps} {epoch} {lr}"
nothing: on train_begin if loss is missing and val_loss is missing print "nothing"
compares: on train_begin if loss < 100 or not loss < 100 print "never"
"""


def test_at_train_begin_no_metric_is_known() -> None:
    callbacks = cbdsl.callbacks(BEGINS, strict=True)
    # Also in a second training, when all of them have been there.
    for _ in range(2):
        fits.fit(callbacks, epochs=2)
        assert said(callbacks[-1]) == {"begins": ["2 8 16 0 0.5"], "nothing": ["nothing"]}


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_at_train_begin_the_size_of_a_generator_is_not_known() -> None:
    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for start in range(0, len(fits.X), 4):
            yield fits.X[start : start + 4], fits.Y[start : start + 4]

    kinds = (tf.TensorSpec((4, 4)), tf.TensorSpec((4,)))
    data = tf.data.Dataset.from_generator(batches, output_signature=kinds)
    host = fit(
        f'{BEGINS}half: at 50% print "{{epoch}}"\n'
        'unknown: on epoch_end if steps > 0 or batches > 0 print "never"\n',
        x=data,
        epochs=2,
    )
    assert said(host) == {
        "begins": ["2 missing missing 0 0.5"],
        "nothing": ["nothing"],
        "half": ["1"],
    }


def test_a_name_that_never_comes_is_said_when_the_first_epoch_is_over(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Listens(keras.callbacks.Callback):  # type: ignore[misc]
        """What was said on stderr until each epoch's begin."""

        heard: list[str]

        def on_train_begin(self, logs: Any = None) -> None:
            self.heard = []

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.heard.append(capsys.readouterr().err)

    listens = Listens()
    callbacks = cbdsl.callbacks("on epoch_end if val_acuracy > 2 stop")
    fits.fit([*callbacks, listens], epochs=3)
    _, first, second = listens.heard
    assert second == capsys.readouterr().err == ""
    assert "the metric `val_acuracy` is missing" in first
    assert "did you mean `val_accuracy`" in first
