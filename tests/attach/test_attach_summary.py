"""The lines at the end of a training: why it ended, and what each rule did."""

import copy

import attach_fits as fits
import pytest

import cbdsl
from cbdsl.attach import summary


def lines_of(rules, *, planned=4, interrupted=False, **arguments):
    callbacks = cbdsl.callbacks(rules, run_dir=arguments.pop("run_dir", "."))
    fits.fit(callbacks, epochs=planned, **arguments)
    return summary(callbacks[-1], planned=planned, interrupted=interrupted)


def line_of(rule, **arguments):
    return lines_of(rule, **arguments)[1].partition("  ")[2]


@pytest.mark.parametrize(
    ("rule", "ending"),
    [
        ('on epoch_end if loss < 0 print ""', "Training ended: all 4 epochs are done"),
        ("on epoch_end after 1 stop", "Training ended after epoch 2 of 4: <rules>:1 stopped it"),
        (
            'enough: on epoch_end after 2 stop "at {epoch}"',
            "Training ended after epoch 3 of 4: enough, <rules>:1, stopped it: at 3",
        ),
        (
            'enough: at batch 3 stop\nlater: on epoch_end stop "later"',
            "Training ended after epoch 1 of 4: enough, <rules>:1, stopped it",
        ),
    ],
)
def test_why_training_ended(rule, ending):
    assert lines_of(rule)[0] == ending


def test_what_ended_training_is_not_always_a_rule():
    import keras

    class Ends(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    callbacks = cbdsl.callbacks("on epoch_end if loss < 0 stop")
    fits.fit([*callbacks, Ends()], epochs=4)
    said = summary(callbacks[-1], planned=4)
    assert said[0] == "Training ended after epoch 2 of 4; no rule stopped it"
    said = summary(callbacks[-1], planned=4, interrupted=True)
    assert said[0] == "Training was interrupted after epoch 2 of 4"


def test_a_line_a_rule_in_the_order_of_the_file():
    assert lines_of(
        'long_name: on epoch_end until 3 print ""\n'
        "every epoch after 1 lr *= 0.5\n"
        'a: at epoch 2 print ""\n'
    ) == [
        "Training ended: all 4 epochs are done",
        "long_name  fired 3 times, last in epoch 3",
        "<rules>:2  fired 3 times, last in epoch 4",
        "a          fired once, in epoch 2",
    ]


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ('on train_begin print ""', "fired once, before the first epoch"),
        ('on train_end print ""', "fired once, in epoch 4"),
        ('every 3 batches print ""', "fired 10 times, last in epoch 4"),
        ("at epoch 2 lr = 0.5", "fired once, in epoch 2"),  # Though it was 0.5 already.
        ("on epoch_end if loss < 0 stop", "did not fire: its condition was never true"),
        ("every epoch if lr < 0 lr = 0.5", "did not fire: its condition was never true"),
        ("at epoch 5 lr = 0.5", "did not fire: it begins with epoch 5"),
        ('every 7 epochs print ""', "did not fire: it begins with epoch 7"),
        ('on epoch_end after 5 if loss < 0 print ""', "did not fire: it begins with epoch 6"),
        ('at batch 99 print ""', "did not fire: its moment never came"),
        ('on predict_end print ""', "did not fire: its moment never came"),
        ("on epoch_end if lss < 0 stop", "did not fire: the logs never held lss"),
        (
            "on epoch_end if lss < acc stop",
            "did not fire: the logs never held lss, acc",
        ),
        (
            "on epoch_end lr = loss / 0",
            "fired 4 times, last in epoch 4; could not set lr: ValueError: the learning rate would "
            "be inf",
        ),
        (
            "every epoch lr = 1 / (epoch - epoch)",
            "fired 4 times, last in epoch 4; could not set lr: ValueError: the learning rate stays "
            "0.5: a rule set it to inf",
        ),
    ],
)
def test_what_a_rule_did_or_what_kept_it(rule, line):
    assert line_of(rule) == line


def test_an_action_that_failed(tmp_path):
    (tmp_path / "a.keras").mkdir()
    line = line_of('on epoch_end save "a.keras", print "x"', run_dir=tmp_path, planned=1)
    assert line.startswith("fired once, in epoch 1; could not save: ValueError: a.keras is there, ")


def test_a_rule_that_was_switched_off():
    callbacks = cbdsl.callbacks("on epoch_end if loss < 0 stop")
    fits.fit([fits.Given({"loss": [1.0]}), *callbacks])
    assert "switched off" not in summary(callbacks[-1], planned=1)[1]

    class Wrong(fits.Watch):
        def on_epoch_end(self, epoch, logs=None):
            logs["loss"] = "x"

    fits.fit([Wrong(), *callbacks])
    assert summary(callbacks[-1], planned=1)[1] == (
        "<rules>:1  switched off: TypeError: '<' not supported between instances of 'str' and 'int'"
    )
    assert summary(copy.deepcopy(callbacks)[-1], planned=1) == summary(callbacks[-1], planned=1)


def test_a_copy_says_the_same():
    callbacks = cbdsl.callbacks("one: on epoch_end if lss < 0 stop\non epoch_end after 1 stop")
    fits.fit(callbacks, epochs=4)
    said = summary(callbacks[-1], planned=4)
    assert said[0].startswith("Training ended after epoch 2 of 4")
    assert said[1] == "one        did not fire: the logs never held lss"
    assert summary(copy.deepcopy(callbacks)[-1], planned=4) == said
