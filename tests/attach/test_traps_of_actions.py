"""What Keras ignores or undoes in a `fit`, shown by what happens to weights, rates and logs.

These are the traps about actions of the list that was measured on Keras 3.15: 1, 2, 3, 5, 9, 10,
12, 16, 21 and 24. Settings and layers one by one are in test_keras_model.py.
"""

from __future__ import annotations

import copy
import csv
import math
from pathlib import Path
from typing import Any

import attach_fits as fits
import keras
import numpy as np
import pytest

import cbdsl
from cbdsl.attach import Refused, Rules

SIZE = fits.BATCHES


def fit(
    rules: str,
    model: Any = None,
    *,
    first: tuple[Any, ...] = (),
    last: tuple[Any, ...] = (),
    strict: bool = True,
    allow: tuple[str, ...] = (),
    run_dir: Path | str = ".",
    **arguments: Any,
) -> Rules:
    """The host after a fit under `rules`."""
    callbacks = cbdsl.callbacks(rules, strict=strict, allow=allow, run_dir=run_dir)
    fits.fit([*first, *callbacks, *last], model, **arguments)
    host = callbacks[-1]
    assert isinstance(host, Rules)
    return host


def network(optimizer: Any, *, frozen: bool = False) -> Any:
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(3, "tanh", name="low", trainable=not frozen),
            keras.layers.Dense(1, "sigmoid", name="high"),
        ]
    )
    model.compile(optimizer, "binary_crossentropy")
    return model


class Weights(keras.callbacks.Callback):  # type: ignore[misc]
    """The weights of a layer at the end of every epoch."""

    def __init__(self, layer: str) -> None:
        super().__init__()
        self.layer = layer
        self.ends: list[np.ndarray] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.ends.append(self.model.get_layer(self.layer).get_weights()[0])


# ------------------------------------------------------------------- 1: an error that is hidden


def test_a_type_error_in_a_schedule_is_the_one_that_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keras calls a schedule again with one argument, and then complains of that."""
    callbacks = cbdsl.callbacks("smaller: every epoch lr *= 0.5", strict=False)
    host = callbacks[-1]
    assert isinstance(host, Rules)

    def broken(epoch: int, lr: float) -> float:
        raise TypeError("this is what went wrong")

    monkeypatch.setattr(host.members.schedules[0], "function", broken)
    watch = fits.Watch()
    fits.fit([*callbacks, watch], epochs=3)
    assert "this is what went wrong" in capsys.readouterr().err
    assert watch.rates == [fits.RATE] * 3


def test_a_whole_number_is_a_rate() -> None:
    """Keras refuses what a schedule returns if it is an int."""
    watch = fits.Watch()
    fit("at epoch 2 lr = 1\n", last=(watch,), epochs=3)
    assert watch.rates == [0.5, 1, 1]


# -------------------------------------------------------------- 2, 3: what is written into a step


def test_weight_decay_changes_weights_as_soon_as_it_is_set() -> None:
    def trained(rules: str) -> list[np.ndarray]:
        weights = Weights("high")
        model = network(keras.optimizers.SGD(0.1, weight_decay=0.0))
        fit(rules, model, last=(weights,), epochs=3)
        return weights.ends

    alone = trained('on train_end print ""')
    decayed = trained("at epoch 3 optimizer.weight_decay = 0.5")
    assert np.array_equal(alone[1], decayed[1])
    assert np.abs(decayed[2]).max() < 0.8 * np.abs(alone[2]).max()


def test_a_layer_frozen_at_compile_is_trained_once_it_is_unfrozen() -> None:
    low = Weights("low")
    fit('at epoch 3 unfreeze "low"', network("adam", frozen=True), last=(low,), epochs=4)
    assert np.array_equal(low.ends[0], low.ends[1])
    assert not np.array_equal(low.ends[1], low.ends[2])
    assert not np.array_equal(low.ends[2], low.ends[3])


# ----------------------------------------------------------------- 5: a stop within an epoch


def test_a_stop_within_an_epoch_still_validates_and_ends_the_epoch() -> None:
    host = fit(
        "enough: at batch 3 stop\n"
        'tested: on test_end print "{loss}"\n'
        'ended: on epoch_end print "{val_loss}"\n'
        'at_last: on train_end print "{epoch}"\n',
        epochs=4,
    )
    assert host.trained == 1
    assert [f.rule for f in host.record.firings] == ["enough", "tested", "ended", "at_last"]


def test_a_failure_within_an_epoch_is_raised_when_all_else_is_done() -> None:
    watch, rules = (
        fits.Watch(),
        'bad: at batch 3 fail "enough"\nat_last: on train_end print "over"\n',
    )
    callbacks = cbdsl.callbacks(rules)
    with pytest.raises(cbdsl.TrainingFailed, match="bad: enough"):
        fits.fit([*callbacks, watch], epochs=4)
    assert [f.rule for f in callbacks[-1].record.firings] == ["bad", "at_last"]
    assert len(watch.ends) == 1


def test_a_failure_at_the_very_end_counts_too(tmp_path: Path) -> None:
    rules = 'on train_end fail "bad"\non train_end save "end.weights.h5"\n'
    with pytest.raises(cbdsl.TrainingFailed, match="bad"):
        fit(rules, epochs=1, run_dir=tmp_path)
    assert (tmp_path / "end.weights.h5").exists()
    made: dict[str, Any] = {}
    exec(cbdsl.compile(rules).python, made)
    with pytest.raises(cbdsl.TrainingFailed, match="bad"):
        fits.fit(made["callbacks"](run_dir=tmp_path / "compiled"), epochs=1)
    assert (tmp_path / "compiled" / "end.weights.h5").exists()


def test_what_is_set_at_the_very_end_is_a_number() -> None:
    model = network(keras.optimizers.Adam(0.01))
    fit("on train_end optimizer.beta_1 = 0.8", model, epochs=1)
    assert model.optimizer.beta_1 == pytest.approx(0.8)
    assert type(model.optimizer.beta_1) is float


def test_variables_of_the_caller_are_not_rolled_back() -> None:
    model = network(keras.optimizers.SGD(0.1))
    model.w = keras.Variable(1.0, trainable=False)
    host = fit(
        "variable w\nset_it: at batch 3 w = 0.25\n"
        'again: at batch 5 roll back to last good\nsay: on epoch_end print "{w}"',
        model,
        epochs=1,
    )
    (line,) = [a.detail for f in host.record.firings for a in f.actions if a.verb == "print"]
    assert line == "0.25"


def test_variables_stay_with_a_copy_of_the_callbacks() -> None:
    weight = keras.Variable(1.0, trainable=False)
    callbacks = cbdsl.callbacks("variable w\non epoch_end w += 1", params={"w": weight})
    fits.fit(copy.deepcopy(callbacks), epochs=2)
    assert float(weight) == 3.0


def test_variables_of_whole_numbers_are_refused() -> None:
    whole = keras.Variable(3, dtype="int32", trainable=False)
    callbacks = cbdsl.callbacks("variable w\non epoch_end w += 1", params={"w": whole})
    with pytest.raises(Refused, match="int32"):
        fits.fit(callbacks, epochs=1)


# -------------------------------------------------------- 9, 16: rates that cannot be set


@pytest.mark.parametrize("rule", ["on epoch_end lr *= 0.5", "every epoch lr *= 0.5"])
def test_several_rates_are_refused_before_training(rule: str) -> None:
    optimizer = keras.optimizers.MultiOptimizer(
        keras.optimizers.OptimizerMap(
            keras.optimizers.SGD(0.1), {"low/.*": keras.optimizers.SGD(0.2)}
        )
    )
    watch = fits.Watch()
    with pytest.raises(Refused, match="MultiOptimizer"):
        fit(rule, network(optimizer), last=(watch,), strict=False)
    assert watch.batches == 0


def test_a_block_beside_a_schedule_of_keras_is_refused_before_training() -> None:
    rate = keras.optimizers.schedules.CosineDecay(0.1, 100)
    watch = fits.Watch()
    with pytest.raises(Refused, match=r"<rules>:1: .*CosineDecay"):
        fit(
            "schedule lr:\n    hold for the rest",
            network(keras.optimizers.SGD(rate)),
            last=(watch,),
            strict=False,
        )
    assert watch.batches == 0


# ------------------------------------------------------------------------ 10: cuts that last


def test_a_cut_lasts_beside_a_schedule() -> None:
    watch = fits.Watch()
    fit(
        "schedule lr:\n    hold at 0.4 for the rest\ncut: at epoch 3 lr *= 0.5\n",
        last=(watch,),
        epochs=5,
    )
    assert watch.rates == pytest.approx([0.4, 0.4, 0.2, 0.2, 0.2])
    assert watch.ends == watch.rates


# ------------------------------------------------------- 12: what disturbs the epoch's means


def test_what_a_function_evaluates_does_not_disturb_the_means(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "looking.py").write_text(
        "seen = []\n"
        "def look(model, epoch, logs):\n"
        "    import attach_fits\n"
        "    seen.append(model.evaluate(attach_fits.VALIDATION, verbose=0, return_dict=True))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def losses(rules: str, **more: Any) -> list[float]:
        history = keras.callbacks.History()
        fit(rules, last=(history,), epochs=2, **more)
        return [float(loss) for loss in history.history["loss"]]

    plain = losses('at batch 4 print ""')
    assert losses("at batch 4 call looking.look", allow=("call",)) == plain
    import looking  # type: ignore[import-not-found]

    assert len(looking.seen) == 1


def test_saves_and_snapshots_do_not_either(tmp_path: Path) -> None:
    def losses(rules: str) -> list[float]:
        history = keras.callbacks.History()
        fit(rules, last=(history,), epochs=2, run_dir=tmp_path)
        return [float(loss) for loss in history.history["loss"]]

    plain = losses('at batch 4 print ""')
    assert losses('at batch 4 save "x.keras", snapshot\nat batch 5 save "y.weights.h5"') == plain


# ---------------------------------------------------------------- 21: what a fit leaves behind


def test_the_next_training_has_all_its_epochs_and_begins_afresh() -> None:
    callbacks = cbdsl.callbacks(
        "schedule lr:\n    linear from 0.1 to 0.3 over 2 epochs\n"
        "cut: on epoch_end then once lr *= 0.5\n".replace("then once", "once"),
        strict=True,
    )
    model = fits.fresh()
    for _ in range(2):
        watch = fits.Watch()
        fits.fit([*callbacks, watch], model, epochs=3)
        assert watch.rates == pytest.approx([0.1, 0.1, 0.15])
        assert callbacks[-1].trained == 3


# -------------------------------------------------------------- 24: columns that are fixed


def test_what_is_recorded_later_has_its_column_from_the_first_epoch_on(tmp_path: Path) -> None:
    table = tmp_path / "log.csv"
    fit(
        "at batch 20 record late = loss\non epoch_end record gap = val_loss - loss\n",
        last=(keras.callbacks.CSVLogger(table),),
        epochs=4,
    )
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert [math.isnan(float(row["late"])) for row in rows] == [True, True, False, True]
    assert all(
        float(row["gap"]) == pytest.approx(float(row["val_loss"]) - float(row["loss"]), abs=1e-6)
        for row in rows
    )


def test_a_new_trace_is_made_only_where_something_changed() -> None:
    model = network(keras.optimizers.SGD(0.1, momentum=0.5))
    traces: list[Any] = []
    original = model.make_train_function

    def counted(force: bool = False) -> Any:
        traces.append(force)
        return original(force=force)

    model.make_train_function = counted
    fit("schedule optimizer.momentum:\n    hold at 0.9 for the rest\n", model, epochs=5)
    assert sum(traces) <= 2
