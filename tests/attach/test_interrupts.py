"""Rules that answer a signal, in a fit of this process: when, in which order, and what then."""

import copy
import os
import pickle
import signal
import sys
import threading
import time
from types import SimpleNamespace

import attach_fits as fits
import keras
import pytest

import cbdsl
from cbdsl.attach.signals import Interrupts

SIGNALS = (signal.SIGINT, signal.SIGTERM)
TELL = 'told: on interrupt print "epoch {epoch}, batch {batch}, step {step}"'


class Sends(keras.callbacks.Callback):
    """Sends this process signals at a hook, as often as it is said, then never again."""

    def __init__(self, hook, *, epoch=0, at=0, signals=(signal.SIGINT,)):
        super().__init__()
        self.signals = list(signals)
        self.now = 0
        method = getattr(self, f"on_{hook}")

        def send(*args, **named):
            method(*args, **named)
            batch = args[0] if "batch" in hook else 0
            if (self.now, batch) == (epoch, at):
                while self.signals:
                    signal.raise_signal(self.signals.pop(0))

        setattr(self, f"on_{hook}", send)

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch


class Fails(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise RuntimeError("out of memory")


@pytest.fixture(autouse=True)
def before():
    """No test leaves a handler behind; what was there before, by signal."""
    found = {number: signal.getsignal(number) for number in SIGNALS}
    yield found
    left = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in found.items():
        signal.signal(number, handler)
    assert left == found


@pytest.fixture
def heard():
    """What a handler of the user's heard, one for both signals."""
    heard = []
    found = {n: signal.signal(n, lambda number, frame: heard.append(number)) for n in SIGNALS}
    yield heard
    for number, handler in found.items():
        signal.signal(number, handler)


def fit(rules, *callbacks, strict=True, run_dir=".", allow=(), first=(), **arguments):
    """The host after a fit under rules, beside callbacks that stand behind it or `first`."""
    ours = cbdsl.callbacks(rules, strict=strict, run_dir=run_dir, allow=allow)
    fits.fit([*first, *ours, *callbacks], **arguments)
    return ours[-1]


def details(host, rule=None):
    firings = [f for f in host.record.firings if rule in (None, f.rule)]
    return [a.detail for f in firings for a in f.actions if a.verb == "print"]


# ---------------------------------------------------------------- when it is answered


def test_at_the_end_of_the_batch_that_runs():
    sends = Sends("train_batch_begin", epoch=1, at=2)
    host = fit(TELL, sends, epochs=3)
    assert details(host) == ["epoch 2, batch 3, step 11"]
    (firing,) = host.record.firings
    assert (firing.epoch, firing.batch) == (2, 3)
    assert host.trained == 3
    assert not host.interrupted


def test_before_the_other_rules_of_the_event_and_in_the_order_of_the_file():
    rules = """
        usual: on batch_end if epoch == 1 and batch == 3 print "usual"
        one: on interrupt print "one"
        other: on interrupt print "other"
    """
    host = fit(rules, Sends("train_batch_begin", at=2), epochs=1)
    assert details(host) == ["one", "other", "usual"]


def test_it_sees_the_batch_that_has_ended_and_the_last_epoch():
    watched = fits.Given({"loss": [9.0]}, {"loss": [float(n) for n in range(8)]})
    host = fit(
        'on interrupt print "{loss}"', Sends("train_batch_begin", at=5), first=(watched,), epochs=1
    )
    assert details(host) == ["5"]


def test_within_a_validation():
    rules = """
        told: on interrupt print "interrupt"
        ended: on test_end print "validated"
    """
    host = fit(rules, Sends("test_batch_begin"), epochs=1)
    assert details(host) == ["interrupt", "validated"]


def test_at_the_end_of_an_epoch():
    rules = """
        told: on interrupt print "interrupt"
        ended: on epoch_end print "epoch {epoch}"
    """
    host = fit(rules, first=(Sends("epoch_end", epoch=1),), epochs=3)
    assert details(host) == ["epoch 1", "interrupt", "epoch 2", "epoch 3"]


def test_behind_the_last_epoch():
    """What no event follows is answered when training ends."""
    rules = """
        told: on interrupt print "interrupt"
        ended: on train_end print "over"
    """
    host = fit(rules, Sends("epoch_end"), epochs=1)
    assert details(host) == ["interrupt", "over"]


def test_once_a_batch_hook_comes_late_with_steps_per_execution():
    model = fits.fresh(steps_per_execution=3)
    host = fit(TELL, Sends("train_batch_begin", at=3), model=model, epochs=1)
    assert details(host) == ["epoch 1, batch 6, step 6"]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_stop_ends_the_training_in_order(number, tmp_path, before):
    rules = """
        leave: on interrupt save "last.weights.h5", stop "asked to"
        last_words: on train_end print "over"
    """
    sends = Sends("train_batch_begin", epoch=1, at=2, signals=[number])
    host = fit(rules, sends, run_dir=tmp_path, epochs=5)
    assert (tmp_path / "last.weights.h5").exists()
    assert details(host) == ["over"]
    assert host.trained == 2
    assert host.interrupted
    said = cbdsl_summary(host, 5)
    assert said[0] == (
        "Training was interrupted after epoch 2 of 5: leave, <rules>:2, stopped it: asked to"
    )
    assert said[1].split() == "leave fired once, in epoch 2".split()


def cbdsl_summary(host, planned, **arguments):
    from cbdsl.attach import summary

    return summary(host, planned=planned, **arguments)


def test_it_is_said_that_nothing_interrupted():
    said = cbdsl_summary(fit("leave: on interrupt stop", epochs=1), 1)
    assert said == [
        "Training ended: all 1 epochs are done",
        "leave  did not fire: nothing interrupted the training",
    ]


def test_fail_counts_as_failed():
    callbacks = cbdsl.callbacks('on interrupt fail "asked to"')
    with pytest.raises(cbdsl.TrainingFailed, match="asked to"):
        fits.fit([*callbacks, Sends("train_batch_begin")], epochs=3)
    assert cbdsl_summary(callbacks[-1], 3)[0].startswith("Training failed after epoch 1 of 3: ")


def test_conditions_windows_and_once(before):
    rules = """
        early: on interrupt until 1 epochs print "early"
        late: on interrupt after 1 epochs print "late"
        low: on interrupt if loss < 0 print "low"
        high: on interrupt if loss >= 0 then once print "high"
    """
    host = fit(rules, Sends("train_batch_begin", epoch=1, at=1), epochs=2)
    assert details(host) == ["late", "high"]


# ---------------------------------------------------------------- what changes the model


def test_what_changes_weights_waits_for_the_end_of_a_validation():
    """What the others see and save belongs to the weights that there were."""
    rules = """
        again: on interrupt restore best of val_loss, print "back"
        ended: on test_end print "validated"
        seen: on epoch_end print "epoch {epoch}"
    """
    given = fits.Given({"loss": [1.0] * 3, "val_loss": [1.0, 0.5, 2.0]})
    kept = []

    class Weights(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            kept.append(self.model.get_weights()[0].copy())

    # The weights of each epoch's end, as they are when the rules have not acted yet.
    first = (given, Weights(), Sends("test_batch_begin", epoch=2))
    callbacks = cbdsl.callbacks(rules, strict=True)
    model = fits.fit([*first, *callbacks], epochs=3)
    assert details(callbacks[-1])[-3:] == ["validated", "epoch 3", "back"]
    assert (model.get_weights()[0] == kept[1]).all()


def test_what_rolls_back_does_it_as_a_rule_about_batches_would():
    seen = 'seen: on epoch_end print "{loss:.6f} {accuracy:.4f}"'
    asked = {"x": fits.DATA.take(4), "epochs": 2}
    usual = fit(f"{seen}\non batch_end if step == 3 roll back to last good", **asked)
    host = fit(
        f"{seen}\non interrupt roll back to last good", Sends("train_batch_begin", at=2), **asked
    )
    assert details(host) == details(usual)
    assert details(host) != details(fit(seen, **asked))


def test_settings_act_at_once():
    rules = "on interrupt lr *= 0.5, optimizer.weight_decay = 0.01"
    watch = fits.Watch()
    model = fits.fresh()
    fit(rules, Sends("train_batch_begin", at=2), watch, model=model, epochs=2)
    assert watch.ends == [fits.RATE / 2] * 2


# ---------------------------------------------------------------- a second signal


def test_training_goes_on_where_no_rule_stops_and_a_second_signal_ends_it(before):
    first, second = Sends("train_batch_begin", at=1), Sends("train_batch_begin", epoch=2, at=1)
    callbacks = cbdsl.callbacks(TELL)
    with pytest.raises(KeyboardInterrupt):
        fits.fit([*callbacks, first, second], epochs=5)
    host = callbacks[-1]
    assert details(host) == ["epoch 1, batch 2, step 2"]
    assert host.trained == 2
    assert {n: signal.getsignal(n) for n in SIGNALS} == before
    assert (
        cbdsl_summary(host, 5, interrupted=True)[0] == "Training was interrupted after epoch 2 of 5"
    )


def test_a_second_signal_before_the_first_is_answered_ends_at_once():
    callbacks = cbdsl.callbacks(TELL)
    sends = Sends("train_batch_begin", at=1, signals=[signal.SIGTERM, signal.SIGINT])
    with pytest.raises(KeyboardInterrupt):
        fits.fit([*callbacks, sends], epochs=5)
    assert details(callbacks[-1]) == []


@pytest.mark.parametrize("number", SIGNALS)
def test_the_second_goes_to_the_handler_of_before_and_the_first_does_not(number, heard):
    sends = [Sends("train_batch_begin", at=at, signals=[number]) for at in (1, 4)]
    third = Sends("train_batch_begin", epoch=1, at=1, signals=[number])
    host = fit(TELL, *sends, third, epochs=2)
    assert details(host) == ["epoch 1, batch 2, step 2"]
    assert heard == [number] * 2
    assert host.trained == 2


def test_a_signal_while_rules_act_at_the_very_end_is_handed_on(heard, tmp_path, monkeypatch):
    module = SimpleNamespace(send=lambda model, epoch, logs: signal.raise_signal(signal.SIGTERM))
    monkeypatch.setitem(sys.modules, "sending", module)
    rules = f"{TELL}\non train_end call sending.send"
    host = fit(rules, allow=["call"], epochs=1)
    assert details(host) == []
    assert heard == [signal.SIGTERM]


# ---------------------------------------------------------------- handlers


def test_handlers_are_put_back_when_training_ends(heard):
    theirs = {number: signal.getsignal(number) for number in SIGNALS}
    during = []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            during.append({number: signal.getsignal(number) for number in SIGNALS} == theirs)

    fit(TELL, Look(), epochs=1)
    assert during == [False]
    assert {number: signal.getsignal(number) for number in SIGNALS} == theirs
    fit('on epoch_end print "nothing asked"', Look(), epochs=1)
    assert during == [False, True]


def test_handlers_are_put_back_when_a_rule_ends_the_training_with_an_error(before, tmp_path):
    rules = f'{TELL}\non epoch_end save "no.keras"'
    (tmp_path / "no.keras").mkdir()
    callbacks = cbdsl.callbacks(rules, strict=True, run_dir=tmp_path)
    with pytest.raises(ValueError, match=r"no\.keras"):
        fits.fit(callbacks, epochs=1)
    assert {n: signal.getsignal(n) for n in SIGNALS} == before


def test_handlers_are_put_back_by_close(before):
    callbacks = cbdsl.callbacks(TELL)
    with pytest.raises(RuntimeError):
        fits.fit([*callbacks, Fails()], epochs=1)
    callbacks[-1].close()
    assert {n: signal.getsignal(n) for n in SIGNALS} == before


@pytest.mark.parametrize("number", SIGNALS)
def test_after_a_fit_that_failed_a_signal_is_handed_on(number, heard):
    """Keras tells nobody of the end of such a fit."""
    theirs = signal.getsignal(number)
    callbacks = cbdsl.callbacks(TELL)
    with pytest.raises(RuntimeError):
        fits.fit([*callbacks, Fails()], epochs=1)
    signal.raise_signal(number)
    assert heard == [number]
    assert signal.getsignal(number) == theirs
    # The next training begins as if nothing had been.
    host = fit(TELL, Sends("train_batch_begin"), epochs=1)
    assert len(details(host)) == 1
    assert heard == [number]


def test_trainings_behind_one_that_failed_hear_their_own_signals(heard):
    """The frame of a `fit` that is over may get the place of the next one's."""
    theirs = signal.getsignal(signal.SIGINT)
    with pytest.raises(RuntimeError):
        fits.fit([*cbdsl.callbacks(TELL), Fails()], epochs=1)
    for _ in range(3):
        host = fit(TELL, Sends("train_batch_begin"), epochs=1)
        assert len(details(host)) == 1
        assert signal.getsignal(signal.SIGINT) == theirs
    assert heard == []


def test_a_training_that_was_refused_hears_nothing(before):
    rules = f"{TELL}\non epoch_end optimizer.rho = 0.5"  # SGD has none.
    with pytest.raises(ValueError, match="rho"):
        fit(rules, epochs=1)


def test_a_signal_that_is_ignored_stays_ignored():
    """As with `nohup`."""
    found = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        host = fit(TELL, Sends("train_batch_begin"), epochs=1)
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, found)
    assert details(host) == []


def test_outside_the_main_thread_one_warning(capfd):
    said = []

    def train():
        said.append(details(fit(f'{TELL}\non epoch_end print "epoch"', epochs=2)))

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert said == [["epoch", "epoch"]]
    errors = capfd.readouterr().err
    assert errors.count("`on interrupt` does nothing here") == 1
    assert "warning: <rules>:1: " in errors


def test_other_rules_take_over(heard):
    plans = [cbdsl.compile(rules).plan for rules in ('on epoch_end print "x"', TELL)]
    theirs = signal.getsignal(signal.SIGINT)
    interrupts = Interrupts(plans[0])
    interrupts.begin()
    assert signal.getsignal(signal.SIGINT) == theirs
    interrupts.change(plans[1])
    signal.raise_signal(signal.SIGINT)
    interrupts.change(plans[1])
    assert (heard, interrupts.waits) == ([], True)
    # Nobody will answer it.
    interrupts.change(plans[0])
    assert heard == [signal.SIGINT]
    assert not interrupts.due("on_epoch_end")
    assert signal.getsignal(signal.SIGINT) == theirs


def test_without_such_a_rule_no_batch_hook_is_bound():
    (host,) = cbdsl.callbacks('on epoch_end print "x"')
    assert not {"on_train_batch_end", "on_test_batch_end"} & set(vars(host))
    (host,) = cbdsl.callbacks(TELL)
    assert {"on_train_batch_end", "on_test_batch_end"} <= set(vars(host))
    (host,) = cbdsl.callbacks("on interrupt restore best of loss")
    assert "on_train_batch_end" in vars(host)
    assert "on_test_batch_end" not in vars(host)


@pytest.mark.parametrize("travel", [copy.deepcopy, lambda host: pickle.loads(pickle.dumps(host))])
def test_a_host_that_has_travelled_answers_too(travel):
    callbacks = cbdsl.callbacks(TELL)
    host = travel(callbacks[-1])
    fits.fit([host, Sends("train_batch_begin", at=1)], epochs=1)
    assert details(host) == ["epoch 1, batch 2, step 2"]


# ---------------------------------------------------------------- trainings in trainings


class Inner(keras.callbacks.Callback):
    """Trains another model at an epoch's end."""

    def __init__(self, callbacks):
        super().__init__()
        self.callbacks = callbacks

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 0:
            other = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
            other.compile("sgd", "mse")
            other.fit(
                fits.DATA.take(4), epochs=2, verbose=0, shuffle=False, callbacks=self.callbacks
            )


def test_a_training_within_another_both_answer(before):
    inner = cbdsl.callbacks('on interrupt print "inner {batch}", stop')
    outer = cbdsl.callbacks('on interrupt print "outer {epoch} {batch}"')
    sends = Sends("train_batch_begin", at=1)
    fits.fit([*outer, Inner([*inner, sends])], epochs=2)
    assert details(inner[-1]) == ["inner 2"]
    assert details(outer[-1]) == ["outer 2 1"]


def test_a_second_signal_ends_both_at_once(before):
    inner, outer = cbdsl.callbacks(TELL), cbdsl.callbacks(TELL)
    sends = [Sends("train_batch_begin", at=at) for at in (1, 3)]
    with pytest.raises(KeyboardInterrupt):
        fits.fit([*outer, Inner([*inner, *sends])], epochs=2)
    assert {n: signal.getsignal(n) for n in SIGNALS} == before


def test_a_process_made_within_a_training_ends_when_it_is_told_to():
    """As those that load data are."""
    ended = []

    class Forks(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                ready, says = os.pipe()
                child = os.fork()
                if not child:
                    os.write(says, b"!")
                    for _ in range(1000):
                        time.sleep(0.01)
                    os._exit(0)
                os.read(ready, 1)
                os.close(ready)
                os.close(says)
                os.kill(child, signal.SIGTERM)
                ended.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

    host = fit(TELL, Forks(), epochs=1)
    assert ended == [-signal.SIGTERM]
    assert details(host) == []


# ---------------------------------------------------------------- in the middle of a save


def test_a_save_that_runs_is_finished(tmp_path, monkeypatch):
    model = fits.fresh()
    save = model.save_weights

    def slow(path, *args, **named):
        signal.raise_signal(signal.SIGTERM)
        save(path, *args, **named)

    monkeypatch.setattr(model, "save_weights", slow)
    rules = f'on epoch_end if epoch == 1 save "a.weights.h5"\n{TELL}'
    host = fit(rules, model=model, run_dir=tmp_path, epochs=2)
    assert [path.name for path in tmp_path.iterdir()] == ["a.weights.h5"]
    assert details(host) == ["epoch 2, batch 1, step 9"]


def test_a_second_signal_in_a_save_leaves_no_half_of_a_file(tmp_path, monkeypatch):
    model = fits.fresh()

    def slow(path, *args, **named):
        path.write_text("half")
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(model, "save_weights", slow)
    rules = f'on epoch_end save "a.weights.h5"\n{TELL}'
    with pytest.raises(KeyboardInterrupt):
        fit(rules, model=model, run_dir=tmp_path, epochs=2)
    assert list(tmp_path.iterdir()) == []
