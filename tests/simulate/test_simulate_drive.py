"""Rules over numbers: what they see, and what is recorded."""

import math
import os
import subprocess
import sys

import pytest

from cbdsl.runtime import float32
from cbdsl.simulate import keras
from cbdsl.simulate.standin import Model


def details(done, rule=None):
    """What the actions were given, in their order."""
    firings = [f for f in done.record.firings if rule in (None, f.rule)]
    return [action.detail for firing in firings for action in firing.actions]


SAYS = 'on epoch_end print "{epoch}: {loss} {val_loss}"'


def test_a_value_an_epoch(simulated):
    done = simulated(SAYS, {"loss": [1, 0.5, 0.25], "val_loss": [None, 2.0]})
    assert details(done) == ["1: 1 missing", "2: 0.5 2", "3: 0.25 missing"]
    assert done.epochs == 3
    assert done.rates == [float32(0.001)] * 3


def test_values_are_rounded_to_those_of_keras(simulated):
    done = simulated('on epoch_end if accuracy >= 90% print "{accuracy}"', {"accuracy": [0.9]})
    (firing,) = done.record.firings
    assert firing.values == {"accuracy": float32(0.9)}
    assert details(done) == ["0.9"]
    # Beyond the 32-bit numbers lies infinity.
    done = simulated(SAYS, {"loss": [1e39, math.nan, -math.inf]})
    assert details(done) == ["1: inf missing", "2: nan missing", "3: -inf missing"]


def test_planned_epochs(simulated):
    rules = 'on epoch_end print "{epoch} of {epochs}: {loss}"\nhalf: at 50% print "half"'
    assert details(simulated(rules, {"loss": [1, 2]}, epochs=3)) == [
        "1 of 3: 1",
        "2 of 3: 2",
        "half",
        "3 of 3: missing",
    ]
    assert details(simulated(rules, {"loss": [1, 2, 3]}, epochs=1)) == ["1 of 1: 1", "half"]
    done = simulated('on train_begin print "{epochs}"\non train_end print "end"', {}, epochs=0)
    assert details(done) == ["0", "end"]
    assert (done.epochs, done.rates) == (0, [])


def test_batches_are_those_of_the_series_or_as_many_as_said(simulated):
    rules = 'on batch_end print "{epoch} {batch} {step} {loss} {batches} {steps}"'
    batch_series = {"loss": [3.0, None]}
    done = simulated(rules, {"loss": [1, 1]}, batch_series=batch_series)
    assert details(done) == ["1 1 1 3 2 4", "1 2 2 missing 2 4", "2 1 3 3 2 4", "2 2 4 missing 2 4"]
    done = simulated(rules, {"loss": [1]}, batches=3)
    assert [text.split()[2:4] for text in details(done)] == [[str(i), "missing"] for i in (1, 2, 3)]
    # Without batches Keras would not know how many there are.
    says = 'on epoch_end print "{batches} {steps} {step}"'
    assert details(simulated(says, {"loss": [1]})) == ["missing missing 0"]


def test_the_rate_each_epoch_is_trained_with(simulated):
    done = simulated(
        "every epoch after 1 lr *= 0.5\n"
        "late: on epoch_begin after 2 lr += 1\n"
        "batch: on batch_end if epoch == 1 then once lr = 8\n".replace("batch:", "rise:"),
        {"loss": [1, 1, 1]},
        batches=2,
        lr=0.3,
    )
    assert done.rates == [float32(0.3), 4.0, 3.0]
    assert [f.rule for f in done.record.firings] == ["rise", "rules.cbr:1", "rules.cbr:1", "late"]


def test_a_stop_ends_the_run_where_keras_would(simulated):
    rules = 'on epoch_end if loss < 0.5 stop\nlast_: on train_end print "{loss} after {epoch}"'
    done = simulated(rules, {"loss": [1, 0.4, 0.3]})
    assert (done.epochs, done.record.stopped.epoch) == (2, 2)
    assert details(done, "last_") == ["0.4 after 2"]


def test_a_stop_in_a_batch_leaves_the_rest_of_the_epoch(simulated):
    rules = (
        "at batch 4 stop\n"
        'b: on batch_end print "batch {step}"\n'
        'v: on test_end print "validated {loss}"\n'
        'e: on epoch_end print "epoch {epoch}"'
    )
    done = simulated(rules, {"loss": [1, 2, 3], "val_loss": [4, 5, 6]}, batches=3)
    assert details(done)[-4:] == [None, "batch 4", "validated 5", "epoch 2"]
    assert done.epochs == 2


def test_the_scheduler_puts_the_rate_into_the_logs(simulated):
    says = 'on epoch_end print "{learning_rate} {logs}"'
    assert details(simulated(says, {"loss": [1]})) == ["missing loss 1"]
    done = simulated(f"every epoch lr = 0.25\n{says}", {"loss": [1]})
    assert details(done)[-1] == "0.25 loss 1, learning_rate 0.25"


def test_nothing_is_printed_or_saved(simulated, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    rules = 'on epoch_end print "p", warn "w", save "a.keras", save "../out.keras"'
    rules += "\nevery epoch lr = 1 / (epoch - 1)\non epoch_end lr = loss / 0"
    done = simulated(rules.replace(', save "../out.keras"', ""), {"loss": [1.0]})
    assert details(done)[1:4] == ["p", "w", "a.keras"]
    out = capfd.readouterr()
    assert (out.out, out.err) == ("", "")
    assert os.listdir(tmp_path) == []
    errors = [a.error for f in done.record.firings for a in f.actions if a.verb == "lr"]
    assert errors == [
        "ValueError: the learning rate stays 0.001: a rule set it to inf",
        "ValueError: the learning rate would be inf",
    ]


def test_two_runs_are_the_same(simulated):
    rules = 'on epoch_end if loss improves print "{loss}"\nevery epoch if lr > 0 lr *= 0.5'
    series = {"loss": [1.0, 2.0, 0.5]}
    assert simulated(rules, series) == simulated(rules, series)


def test_the_stand_in_has_a_rate_of_32_bits():
    model = Model(0.1)
    assert model.optimizer.learning_rate == float32(0.1) != 0.1
    model.optimizer.learning_rate = 1e39
    assert model.optimizer.learning_rate == math.inf
    scheduler = keras.callbacks.LearningRateScheduler(len)
    assert scheduler.schedule is len


def test_keras_is_not_imported():
    code = """
import sys, cbdsl
from cbdsl.simulate import simulate
program = cbdsl.compile("on epoch_end if loss < 1 stop\\nevery epoch lr *= 0.5")
assert simulate(program.plan, program.module, {"loss": [2, 0.5, 0.4]}).epochs == 2
heavy = {"keras", "tensorflow", "numpy", "click"} & set(sys.modules)
raise SystemExit(", ".join(heavy) or 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("epochs", [1, 3])
def test_a_validation_is_one_batch_where_there_is_one(simulated, epochs):
    rules = "\n".join(
        f'{name}_: on {name} print "{name} {{epoch}} {{batch}} {{loss}}"'
        for name in ("test_begin", "test_batch_begin", "test_batch_end", "test_end")
    )
    done = simulated(rules, {"val_loss": [None, 2.0], "loss": [1.0, 1.0, 1.0]}, epochs=epochs)
    expected = [
        "test_begin 2 0 1",
        "test_batch_begin 2 1 1",
        "test_batch_end 2 1 2",
        "test_end 2 0 2",
    ]
    assert details(done) == (expected if epochs > 1 else [])
