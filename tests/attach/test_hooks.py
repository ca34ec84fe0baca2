"""Every hook in a real `fit`, `evaluate` and `predict`: when rules act there, and what they see."""

import os

import attach_fits as fits
import keras
import numpy as np
import pytest
import tensorflow as tf

import cbdsl
from cbdsl.catalog.hooks import HOOKS
from cbdsl.runtime import text32

UNKNOWN_SIZE = "ignore:Your input ran out of data"  # Keras says so at the end of each epoch.


def fit(rules, model=None, *, strict=True, first=(), last=(), run_dir=".", **arguments):
    """The host after a fit under `rules`."""
    callbacks = cbdsl.callbacks(rules, strict=strict, run_dir=run_dir)
    fits.fit([*first, *callbacks, *last], model, **arguments)
    return callbacks[-1]


def details(host, verb="print"):
    """What the actions of a verb were given, in their order."""
    return [a.detail for f in host.record.firings for a in f.actions if a.verb == verb]


def epochs_of(host, rule):
    return [f.epoch for f in host.record.firings if f.rule == rule]


def small(batches=2):
    return fits.DATA.take(batches)


# ---------------------------------------------------------------- when, and the counters

EVERY_HOOK = "\n".join(f'on {name} print "{name} {{epoch}} {{batch}} {{step}}"' for name in HOOKS)


def test_every_hook_of_a_fit_with_its_counters():
    host = fit(EVERY_HOOK, x=small(2), validation_data=small(2), epochs=2)
    assert details(host) == [
        "train_begin 0 0 0",
        "epoch_begin 1 0 0",
        "batch_begin 1 1 1",
        "batch_end 1 1 1",
        "batch_begin 1 2 2",
        "batch_end 1 2 2",
        "test_begin 1 2 2",
        "test_batch_begin 1 1 2",
        "test_batch_end 1 1 2",
        "test_batch_begin 1 2 2",
        "test_batch_end 1 2 2",
        "test_end 1 2 2",
        "epoch_end 1 2 2",
        "epoch_begin 2 0 2",
        "batch_begin 2 1 3",
        "batch_end 2 1 3",
        "batch_begin 2 2 4",
        "batch_end 2 2 4",
        "test_begin 2 2 4",
        "test_batch_begin 2 1 4",
        "test_batch_end 2 1 4",
        "test_batch_begin 2 2 4",
        "test_batch_end 2 2 4",
        "test_end 2 2 4",
        "epoch_end 2 2 4",
        "train_end 2 2 4",
    ]


def test_hooks_of_evaluate_and_predict():
    callbacks = cbdsl.callbacks(EVERY_HOOK, strict=True)
    model, host = fits.fresh(), callbacks[-1]
    model.evaluate(small(1), callbacks=callbacks, verbose=0)
    model.predict(small(2), callbacks=callbacks, verbose=0)
    assert details(host) == [
        "test_begin 0 0 0",
        "test_batch_begin 0 1 0",
        "test_batch_end 0 1 0",
        "test_end 0 0 0",
        "predict_begin 0 0 0",
        "predict_batch_begin 0 1 0",
        "predict_batch_end 0 1 0",
        "predict_batch_begin 0 2 0",
        "predict_batch_end 0 2 0",
        "predict_end 0 0 0",
    ]


def test_the_metrics_that_each_hook_sees():
    names = [name for name in HOOKS if name != "train_begin"]
    rules = "\n".join(
        f'{name}_: on {name} print "{{loss}} {{{"accuracy" if "test" in name else "val_loss"}}}"'
        for name in names
    )
    callbacks = cbdsl.callbacks(rules)
    host = callbacks[-1]

    class Truth(keras.callbacks.Callback):
        """What Keras hands to the hooks."""

        def on_train_batch_end(self, batch, logs=None):
            truth.append(("batch_end", logs["loss"], None))

        def on_test_batch_end(self, batch, logs=None):
            truth.append(("test_batch_end", logs["loss"], logs["accuracy"]))

        def on_test_end(self, logs=None):
            truth.append(("test_end", logs["loss"], logs["accuracy"]))

        def on_epoch_end(self, epoch, logs=None):
            truth.append(("epoch_end", logs["loss"], logs["val_loss"]))

        def on_train_end(self, logs=None):
            truth.append(("train_end", logs["loss"], logs["val_loss"]))

    truth = []
    model = fits.fit([*callbacks, Truth()], x=small(2), epochs=2)
    history = model.history.history
    model.predict(small(1), callbacks=callbacks, verbose=0)

    said = {}
    for firing in host.record.firings:
        (done,) = firing.actions
        said.setdefault(firing.rule.removesuffix("_"), []).append(done.detail)

    def told(hook):
        return [f"{text32(a)} {text32(b)}" for name, a, b in truth if name == hook]

    ends = told("epoch_end")
    assert ends == [
        f"{text32(a)} {text32(b)}"
        for a, b in zip(history["loss"], history["val_loss"], strict=True)
    ]
    batches = told("batch_end")
    assert len(set(batches)) == 4
    assert said["batch_end"] == batches
    assert said["epoch_end"] == ends
    assert said["train_end"] == told("train_end") == ends[-1:]
    # In a validation its own metrics, without `val_`.
    assert said["test_end"] == told("test_end")
    assert said["test_batch_end"] == told("test_batch_end")
    # Where Keras hands out none, those last known: at first none at all.
    assert said["epoch_begin"] == ["missing missing", ends[0]]
    last_batch = [loss.split()[0] for loss in (batches[0], batches[1], batches[2], batches[3])]
    val = [end.split()[1] for end in ends]
    assert said["batch_begin"] == [
        "missing missing",
        f"{last_batch[0]} missing",
        ends[0],
        f"{last_batch[2]} {val[0]}",
    ]
    assert [text.split()[0] for text in said["test_begin"]] == [last_batch[1], last_batch[3]]
    assert said["test_batch_begin"] == said["test_begin"]
    for hook in ("predict_begin", "predict_batch_begin", "predict_batch_end", "predict_end"):
        assert said[hook] == [ends[-1]]


def test_the_values_that_are_always_there():
    host = fit(
        'a: on train_begin print "{epochs} {batches} {steps} {lr} {epoch}"\n'
        'b: at batch 11 print "{epoch} {epochs} {batch} {batches} {step} {steps}"',
        epochs=3,
        first=[fits.Given({}, {})],
    )
    assert details(host) == ["3 8 24 0.5 0", "2 3 3 8 11 24"]


# ---------------------------------------------------------------- the batch hooks


def test_batch_hooks_are_bound_only_where_a_rule_has_one():
    batch_hooks = [hook.method for hook in HOOKS.values() if hook.is_batch]

    def bound(rules):
        host = cbdsl.callbacks(rules)[-1]
        # Keras asks the attribute for this mark, and runs the list asynchronously (JAX, torch)
        # only if all have it.
        marked = {m for m in batch_hooks if not getattr(getattr(host, m), "_is_default", False)}
        assert marked == {m for m in batch_hooks if m in vars(host)}
        return marked

    assert bound("on epoch_end if loss < 1 stop\nevery 2 epochs lr *= 0.5") == set()
    assert bound("on batch_end if loss is nan stop") == {"on_train_batch_end"}
    assert bound("on test_batch_end if loss is nan stop") == {"on_test_batch_end"}
    assert bound("every 9 batches lr *= 0.5") == {"on_train_batch_begin", "on_train_batch_end"}
    # A count of batches is kept at their ends, whatever the rule's own hook.
    assert bound('on epoch_end print "{step}"') == {"on_train_batch_end"}


def test_keras_calls_a_bound_hook_once_a_batch():
    host = fit('every batch print "{step}"\non batch_end print "{batch}"', epochs=2)
    assert details(host) == [
        text for step in range(16) for text in (str(step + 1), str(step % 8 + 1))
    ]


# ---------------------------------------------------------------- counts where Keras is vague

COUNTED = """\
fours: every 4 batches print "{step} {batch}"
fifth: at batch 5, 12 print "{step} {batch}"
ends: on epoch_end print "{step} {batch} {batches} {steps}"
raise_it: every 4 batches lr += 1
"""


def test_several_steps_in_one_execution():
    # 8 batches by threes: Keras tells of the batches with the indices 2, 5 and 8 – the last of
    # which there is not.
    seen = []

    class Indices(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(batch)

    watch = fits.Watch()
    host = fit(COUNTED, fits.fresh(steps_per_execution=3), last=[Indices(), watch], epochs=2)
    assert seen == [2, 5, 8] * 2
    by_rule = {}
    for firing in host.record.firings:
        by_rule.setdefault(firing.rule, []).append(firing.actions[0].detail)
    # The batches end with steps 3, 6, 8 and 11, 14, 16: multiples of 4 are crossed at or past them.
    assert by_rule["fours"] == ["6 6", "8 8", "14 6", "16 8"]
    assert by_rule["fifth"] == ["6 6", "14 6"]
    assert by_rule["ends"] == ["8 8 8 16", "16 8 8 16"]
    # At the start of batches 5, 9 and 13, or of the first execution past them: 7, 9 and 15.
    assert watch.ends == [fits.RATE + 1, fits.RATE + 3]


def generated(batches=8):
    """The data as a generator, of which Keras does not know the size."""

    def batches_of():
        for start in range(0, 4 * batches, 4):
            yield fits.X[start : start + 4], fits.Y[start : start + 4]

    kinds = (tf.TensorSpec((4, 4)), tf.TensorSpec((4,)))
    return tf.data.Dataset.from_generator(batches_of, output_signature=kinds)


@pytest.mark.filterwarnings(UNKNOWN_SIZE)
def test_an_unknown_number_of_batches():
    watch = fits.Watch()
    host = fit(COUNTED, x=generated(), last=[watch], epochs=2)
    by_rule = {}
    for firing in host.record.firings:
        by_rule.setdefault(firing.rule, []).append(firing.actions[0].detail)
    assert by_rule["fours"] == ["4 4", "8 8", "12 4", "16 8"]
    assert by_rule["fifth"] == ["5 5", "12 4"]
    assert by_rule["ends"] == ["8 8 missing missing", "16 8 missing missing"]
    # At the start of batches 5, 9 and 13. Keras begins a ninth batch before it finds that there is
    # none: what acts there does not act again when the ninth really begins.
    assert len(by_rule["raise_it"]) == 4
    assert watch.rates == [fits.RATE, fits.RATE + 2]
    assert watch.ends == [fits.RATE + 2, fits.RATE + 4]


@pytest.mark.filterwarnings(UNKNOWN_SIZE)
def test_an_unknown_number_of_batches_and_several_steps_in_one_execution():
    # Nobody knows that the last execution was shorter: the count may run ahead, never behind.
    host = fit(COUNTED, fits.fresh(steps_per_execution=3), x=generated(), epochs=1)
    assert [d for d in details(host) if d.endswith("missing")] == ["9 9 missing missing"]


def test_a_number_of_batches_that_the_script_says():
    host = fit(COUNTED, x=generated().repeat(), steps_per_epoch=5, epochs=2)
    assert [d for d in details(host) if len(d.split()) == 4] == ["5 5 5 10", "10 5 5 10"]


# ---------------------------------------------------------------- order


def test_schedules_come_first_and_rules_act_in_the_order_of_the_file():
    host = fit(
        'one: on epoch_begin print "one {lr}"\n'
        "two: on epoch_begin lr *= 2\n"
        'three: on epoch_begin print "three {lr}"\n'
        "four: every epoch lr = 0.25\n"
        "five: every epoch after 1 lr *= 0.5\n"
        'six: on epoch_begin print "six {lr}"',
        epochs=2,
    )
    # In the text the schedules stand below the rules that already see their rate.
    assert details(host) == [
        "one 0.25",
        "three 0.5",
        "six 0.5",
        "one 0.125",
        "three 0.25",
        "six 0.25",
    ]
    assert [f.rule for f in host.record.firings if f.epoch == 2] == (
        "four five one two three six".split()
    )


def test_rules_of_one_event_see_what_those_above_did(tmp_path):
    host = fit(
        "half: on batch_end if batch == 2 then lr /= 2\n"
        'says: every 2 batches print "{lr}"\n'
        'stops: on epoch_end if accuracy >= 0 stop "first"\n'
        'still: on epoch_end print "still {epoch}"\n'
        'again: on epoch_end stop "second"\n',
        x=small(2),
        epochs=3,
    )
    assert details(host) == ["0.25", "still 1"]  # Those below a stop still act.
    assert host.record.stopped.rule == "stops"
    assert host.trained == 1


def test_other_callbacks_are_seen_by_their_place():
    class Adds(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["bleu"] = np.float32(0.1)

    rules = 'on epoch_end print "{bleu} {names_}"'
    assert details(fit(rules, first=[Adds()], strict=False)) == ["0.1 missing"]
    assert details(fit(rules, last=[Adds()], strict=False)) == ["missing missing"]


# ---------------------------------------------------------------- stop, begin, rate


def test_a_stop_in_a_batch_still_validates():
    watch, history = fits.Watch(), keras.callbacks.History()
    host = fit(
        'stops: on batch_end if step >= 11 then once stop "enough"\n'
        'validated: on test_end print "validated {epoch}"\n'
        'ended: on epoch_end if val_loss is finite print "ended {epoch}"\n'
        'closed: on train_end print "closed {epoch}"',
        last=[watch, history],
        epochs=5,
    )
    assert details(host) == ["validated 1", "ended 1", "validated 2", "ended 2", "closed 2"]
    assert watch.batches == 11
    assert len(history.history["val_loss"]) == 2
    assert epochs_of(host, "stops") == [2]
    assert host.trained == 2


@pytest.mark.parametrize("hook", ["train_begin", "epoch_begin", "batch_begin"])
def test_a_stop_at_a_begin_trains_one_more_batch(hook):
    watch = fits.Watch()
    host = fit(f"on {hook} stop", last=[watch], epochs=5)
    # Keras clears the flag before `train_begin`, and looks at it after a batch.
    assert watch.batches == 1
    assert host.trained == 1


def test_rules_at_a_begin_see_the_metrics_last_finished():
    series = {"loss": [1.0, 0.5, 0.25, 0.75], "val_loss": [None, 2.0, None, 3.0]}
    host = fit(
        'known: on epoch_begin print "{loss} {val_loss}"\n'
        'first: on epoch_begin if loss is missing print "first {epoch}"\n'
        'even: every 2 epochs if loss > 0.4 lr *= 0.5, print "even {loss} {val_loss}"\n'
        'third: at epoch 3 if loss < 1 lr = 0.125, print "third {loss}"',
        first=[fits.Given(series)],
        epochs=4,
        strict=False,
    )
    assert details(host) == [
        "missing missing",
        "first 1",
        "1 missing",
        "0.5 2",  # `on` hooks keep what an epoch without validation did not bring
        "even 0.5 2",
        "third 0.5",
        "0.25 2",
    ]


def test_a_setting_acts_at_the_start_and_the_rest_at_the_end():
    watch = fits.Watch()
    host = fit(
        'sets: at epoch 3 lr = 0.125\nprints: at epoch 3 print "{lr} in {epoch}"\n'
        "doubles: at batch 9, 11 lr *= 2\n",
        last=[watch],
        epochs=4,
    )
    assert watch.rates == [0.5, 0.5, 0.125, 0.125]
    assert watch.ends == [0.5, 2.0, 0.125, 0.125]
    assert epochs_of(host, "doubles") == [2, 2]
    assert details(host) == ["0.125 in 3"]


@pytest.mark.parametrize("rule", ["every epoch after 5 lr *= 0.5", "on epoch_end lr *= 0.5"])
def test_an_optimizer_with_a_schedule_of_its_own_is_refused_before_the_first_batch(rule):
    decay = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(decay), "mse")
    watch = fits.Watch()
    with pytest.raises(ValueError, match="ExponentialDecay"):
        fit(rule, model, last=[watch], strict=False)
    assert watch.batches == 0


def test_once_and_windows_in_a_fit():
    host = fit(
        'once_: on batch_end if batch > 2 then once print "once {step}"\n'
        'window: every batch from 7 batches to 10 batches print "{step}"\n'
        'late: on epoch_end after 2 print "late {epoch}"\n'
        'early: every epoch until 50% print "early {epoch}"\n'
        'second_: every 2 epochs from 2 to 5 print "every {epoch}"\n'
        'share: at 30%, 99% print "at {epoch}"',
        epochs=5,
    )
    assert details(host) == [
        "once 3",
        "7",
        "8",
        "early 1",
        "9",
        "10",
        "early 2",
        "every 2",
        "at 2",
        "late 3",
        "late 4",
        "every 4",
        "late 5",
        "at 5",
    ]


def test_every_fit_begins_afresh():
    callbacks = cbdsl.callbacks('at batch 3 print "{step}"\non epoch_end once print "once"')
    for _ in range(2):
        fits.fit(callbacks, epochs=2)
        assert details(callbacks[-1]) == ["3", "once"]


# ---------------------------------------------------------------- saving

SAVES = 'on epoch_end save "a.keras", save "deep/b.weights.h5", print "{epoch}"'


def test_saved_files_hold_what_was_trained(tmp_path):
    fit(SAVES, run_dir=tmp_path / "run", epochs=2)
    model = fits.fresh()
    weights = fits.fit([], epochs=2).get_weights()
    loaded = keras.saving.load_model(tmp_path / "run" / "a.keras")
    model.load_weights(tmp_path / "run" / "deep" / "b.weights.h5")
    for saved in (loaded.get_weights(), model.get_weights()):
        assert all(np.array_equal(*pair) for pair in zip(saved, weights, strict=True))
    assert os.listdir(tmp_path / "run" / "deep") == ["b.weights.h5"]


@pytest.mark.parametrize("breaks_in", ["save", "save_weights"])
def test_a_file_is_saved_whole_or_not_at_all(tmp_path, monkeypatch, breaks_in, capsys):
    model = fits.fresh()
    really = getattr(model, breaks_in)

    def breaks(path, *args, **named):
        really(path, *args, **named)
        with open(path, "r+b") as file:
            file.truncate(100)
        raise OSError("no space left on device")

    monkeypatch.setattr(model, breaks_in, breaks)
    broken, whole = ("a.keras", "deep/b.weights.h5")[:: 1 if breaks_in == "save" else -1]
    host = fit(SAVES, model, strict=False, run_dir=tmp_path, epochs=1)
    found = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert found == {whole}
    assert [a.error for a in host.record.firings[0].actions if a.detail == broken] == [
        "OSError: no space left on device"
    ]
    assert details(host) == ["1"]
    assert f"could not save '{broken}': no space left on device" in capsys.readouterr().err


def test_a_broken_save_leaves_the_file_of_the_epoch_before(tmp_path, monkeypatch):
    model = fits.fresh()
    really, calls = model.save, []

    def breaks_later(path, *args, **named):
        calls.append(path)
        if len(calls) == 2:
            path.write_bytes(b"half")
            raise KeyboardInterrupt  # As when the process is ended in the middle.
        really(path, *args, **named)

    monkeypatch.setattr(model, "save", breaks_later)
    with pytest.raises(KeyboardInterrupt):
        fit('on epoch_end save "a.keras"', model, run_dir=tmp_path, epochs=3)
    assert os.listdir(tmp_path) == ["a.keras"]
    assert len(keras.saving.load_model(tmp_path / "a.keras").get_weights()) == 2


def test_a_path_that_leads_out_is_not_written(tmp_path, capsys):
    run = tmp_path / "run"
    host = fit(
        'param name = "x"\non epoch_end save "{name}.keras"\n',
        strict=False,
        run_dir=run,
    )
    assert os.listdir(run) == ["x.keras"]
    rules = 'param name = "x"\non epoch_end save "{name}.keras"\n'
    for name in ("../out", "/tmp/out", "a/../../out"):
        with pytest.raises(cbdsl.CbrError, match="CBR308"):
            cbdsl.callbacks(rules, params={"name": name}, run_dir=run)
    # What the text does not tell shows as it is saved.
    (run / "link").symlink_to(tmp_path)
    callbacks = cbdsl.callbacks(rules, params={"name": "link/out"}, run_dir=run)
    fits.fit(callbacks)
    (firing,) = callbacks[-1].record.firings
    assert "leads out of the run directory" in firing.actions[0].error
    assert host.record.firings[0].actions[0].error is None
    assert os.listdir(tmp_path) == ["run"]
    assert sorted(os.listdir(run)) == ["link", "x.keras"]
    assert capsys.readouterr().err.count("could not save") == 1


# ---------------------------------------------------------------- the terminal


@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_lines_stand_alone_beside_the_progress_bar(capsys, verbose):
    fit('every 4 batches print "four {step}"\non epoch_end warn "ended"', verbose=verbose)
    out = capsys.readouterr()
    lines = [line.rstrip("\r") for line in out.out.replace("\r", "\n").split("\n")]
    assert [line for line in lines if "four" in line] == ["four 4", "four 8"]
    assert [line for line in out.err.split("\n") if line] == ["warning: ended"]
