"""Interrupts in a simulation: where they are answered, in which order, and what is seen there."""

import pytest

import cbdsl

TOLD = 'told: on interrupt print "{epoch} {batch} {step} {loss} {val_loss} {progress:.3f}"'
SERIES = {"loss": [9, 8, 7], "val_loss": [0.9, 0.8, 0.7]}
BATCHES = {"loss": [3, 2, 1, 0]}


def details(done, rule=None):
    firings = [f for f in done.record.firings if rule in (None, f.rule)]
    return [action.detail for firing in firings for action in firing.actions]


def places(done):
    return [(f.rule, f.epoch, f.batch) for f in done.record.firings]


def test_at_the_end_of_an_epoch_before_its_metrics_are_there(simulated):
    done = simulated(TOLD, SERIES, interrupt=(2, None))
    assert details(done) == ["2 0 0 9 0.9 0.333"]
    assert places(done) == [("told", 2, None)]


def test_at_the_end_of_a_batch_with_its_metrics(simulated):
    done = simulated(TOLD, SERIES, batch_series=BATCHES, interrupt=(2, 3))
    assert details(done) == ["2 3 7 1 0.9 0.583"]
    assert places(done) == [("told", 2, 3)]


@pytest.mark.parametrize("at", [(2, None), (2, 1)])
def test_before_the_other_rules(simulated, at):
    rules = """
        counted: on batch_end if epoch == 2 and batch == 1 print "batch"
        ended: at epoch 2 print "epoch"
        one: on interrupt print "one"
        other: on interrupt print "other"
    """
    done = simulated(rules, SERIES, batches=1, interrupt=at)
    said = ["one", "other"]
    assert details(done) == (
        ["batch", *said, "epoch"] if at[1] is None else [*said, "batch", "epoch"]
    )


@pytest.mark.parametrize("at", [(2, None), (2, 1)])
@pytest.mark.parametrize("act", ["restore best of val_loss", "snapshot", 'freeze "dense"'])
def test_behind_the_others_where_one_changes_the_model(simulated, at, act):
    rules = f"""
        one: on interrupt print "interrupt"
        other: on interrupt {act}
        counted: on batch_end if epoch == 2 and batch == 1 print "batch"
        ended: at epoch 2 print "epoch"
    """
    said = [d for d in details(simulated(rules, SERIES, batches=1, interrupt=at)) if d in TEXTS]
    among = ["batch", "epoch", "interrupt"] if at[1] is None else ["batch", "interrupt", "epoch"]
    assert said == among


TEXTS = ("interrupt", "batch", "epoch")


def test_a_stop_ends_the_training(simulated):
    rules = 'leave: on interrupt save "last.keras", stop\non train_end print "over"'
    done = simulated(rules, SERIES, batches=4, interrupt=(2, 1))
    assert (done.epochs, done.record.stopped.rule) == (2, "leave")
    assert details(done) == ["last.keras", None, "over"]


def test_a_rate_is_set_at_once(simulated):
    done = simulated("on interrupt lr *= 0.5", SERIES, lr=0.5, interrupt=(1, None))
    assert done.rates == [0.5, 0.25, 0.25]


@pytest.mark.parametrize("at", [None, (4, None), (2, 5)])
def test_without_one_they_do_not_fire(simulated, at):
    done = simulated(TOLD, SERIES, batches=4, interrupt=at)
    assert done.record.firings == []


def test_what_they_remember_is_of_the_last_epoch(simulated):
    rules = 'on interrupt if val_loss falls print "{prev(val_loss)} {mean(val_loss, 2):.2f}"'
    done = simulated(rules, SERIES, interrupt=(3, None))
    assert details(done) == ["0.9 0.85"]


def test_they_hold_no_batches_that_nobody_asks_for():
    assert "on_train_batch_end" not in cbdsl.compile('on interrupt print "{epoch}"').python
