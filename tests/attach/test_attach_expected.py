"""Metrics that rules ask for and that do not come: said once, with the nearest names."""

import attach_fits as fits
import keras
import pytest

import cbdsl


def host_of(rules, **options):
    return cbdsl.callbacks(rules, **options)[-1]


def said_in_a_fit(capsys, rules, first=(), **arguments):
    """The warnings about metrics in a fit under `rules`, and the host."""
    host = host_of(rules)
    fits.fit([*first, host], **arguments)
    lines = capsys.readouterr().err.split("\n")
    return [line for line in lines if line.startswith("warning: ")], host


def test_a_misspelt_metric_is_said_once_with_the_nearest_name(capsys):
    warnings, host = said_in_a_fit(capsys, "typo: on epoch_end if acuracy > 2 stop", epochs=4)
    assert warnings == [
        "warning: <rules>:1: the metric `acuracy` is missing: the logs of epoch 1 do not hold it "
        "(they hold accuracy, loss, val_accuracy, val_loss); "
        "did you mean `accuracy` or `val_accuracy`?"
    ]
    assert list(host.expected.missing.values()) == [["acuracy"]]
    # Each training says it again.
    fits.fit([host])
    assert capsys.readouterr().err.count("`acuracy` is missing") == 1


def test_the_first_rule_that_asks_is_named(capsys):
    rules = (
        'one: on epoch_end print "{loss}"\n'
        'two: on epoch_end print "{nothing}"\n'
        "three: every epoch lr *= nothing\n"
    )
    warnings, host = said_in_a_fit(capsys, rules)
    assert len(warnings) == 1
    assert warnings[0].startswith("warning: <rules>:2: the metric `nothing` is missing")
    assert [key.split(":")[0] for key in host.expected.missing] == ["two", "three"]


@pytest.mark.parametrize(
    ("rule", "name", "nearest"),
    [
        ("on batch_end if lss > 9 stop", "lss", "loss"),
        ("every 3 batches if acuracy > 2 stop", "acuracy", "accuracy"),
        ("on epoch_begin if val_los > 9 lr = 1", "val_los", "val_loss"),
        ("on test_end if acuracy > 2 stop", "val_acuracy", "val_accuracy"),
        ('on predict_end if lss > 9 warn ""', "lss", "loss"),
        ('on train_end print "{lss}"', "lss", "loss"),
    ],
)
def test_other_hooks_are_looked_at_too(capsys, rule, name, nearest):
    warnings, _ = said_in_a_fit(capsys, rule)
    assert len(warnings) == 1
    assert f"the metric `{name}` is missing" in warnings[0]
    assert f"; did you mean `{nearest}`" in warnings[0]


@pytest.mark.parametrize("hook", ["epoch_end", "epoch_begin", "batch_end", "test_end", "train_end"])
def test_metrics_that_come_are_not_spoken_of(capsys, hook):
    assert said_in_a_fit(capsys, f"on {hook} if loss > 9 and accuracy > 2 stop")[0] == []


def test_a_validation_now_and_then_is_no_alarm(capsys):
    rules = 'on epoch_end if val_loss > 9 print "{val_accuracy}"'
    warnings, host = said_in_a_fit(capsys, rules, epochs=4, validation_freq=2)
    assert warnings == []
    assert host.expected.missing == {}
    # With the first validation those of the validation are due.
    rules = 'on epoch_end if val_los > 9 print "{val_accuracy}"'
    warnings, _ = said_in_a_fit(capsys, rules, epochs=4, validation_freq=2)
    assert len(warnings) == 1
    assert "the logs of epoch 2 do not hold it" in warnings[0]
    assert warnings[0].endswith("did you mean `val_loss`?")


def test_no_validation_at_all_is_said_at_the_end(capsys):
    warnings, host = said_in_a_fit(
        capsys, "on epoch_end if val_loss improves stop", epochs=2, validation_data=None
    )
    assert warnings == [
        "warning: <rules>:1: the metric `val_loss` is missing: there was no validation "
        "(they hold accuracy, loss); did you mean `loss`?"
    ]
    assert list(host.expected.missing.values()) == [["val_loss"]]


def test_what_other_callbacks_add_is_no_alarm(capsys):
    class Adds(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["bleu"] = 0.5

    rules = 'on epoch_end if bleu > 0.4 print "{learning_rate}"\nevery 2 epochs lr *= loss'
    callbacks = cbdsl.callbacks(rules)
    fits.fit([Adds(), *callbacks])
    out = capsys.readouterr()
    assert (out.out, out.err) == ("0.5\n", "")  # The rate is in the logs by Keras's scheduler.


def test_a_fit_without_epochs_says_nothing(capsys):
    assert said_in_a_fit(capsys, "on epoch_end if nothing > 1 stop", epochs=0)[0] == []


@pytest.mark.parametrize(
    "rule", ["on epoch_end if acuracy > 2 stop", "every batch if acuracy > 2 lr = 0"]
)
def test_with_strict_it_is_an_error_before_the_second_epoch(rule):
    watch = fits.Watch()
    callbacks = cbdsl.callbacks(rule, strict=True)
    with pytest.raises(ValueError, match="did you mean `accuracy`"):
        fits.fit([*callbacks, watch], epochs=4)
    assert len(watch.rates) == 1
    assert len(watch.ends) == 0


def test_with_strict_no_validation_is_an_error_at_the_end():
    callbacks = cbdsl.callbacks("on epoch_end if val_loss > 2 stop", strict=True)
    watch = fits.Watch()
    with pytest.raises(ValueError, match="there was no validation"):
        fits.fit([*callbacks, watch], epochs=2, validation_data=None)
    assert len(watch.ends) == 2
