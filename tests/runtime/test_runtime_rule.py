"""What every generated rule has: counters, memory, actions; and the record of what they did."""

import json
import math
import warnings
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbdsl.runtime import Improves, SetsRate, Stalls, settable
from cbdsl.runtime.record import MAX_FIRINGS, Recording
from cbdsl.runtime.scheduled import Scheduled


class Example(SetsRate):
    """A rule as `cbdsl.codegen` writes it, without Keras."""

    name = "example"
    place = "rules.cbr:3"
    key = "example:0123"
    memory = ("loss_improves", "loss_stalls")

    def __init__(self):
        super().__init__()
        self.params = {"verbose": 0, "epochs": 10, "steps": 8}
        optimizer = SimpleNamespace(learning_rate=0.1)
        self.model = SimpleNamespace(optimizer=optimizer, stop_training=False)

    def reset(self):
        super().reset()
        self.loss_improves = Improves("lower")
        self.loss_stalls = Stalls("lower")


class Quiet(Recording):
    """Records, and fails to save."""

    def print(self, rule, message):
        pass

    def save(self, rule, path):
        raise OSError("no space left")


# ---------------------------------------------------------------- counting


@given(
    sizes=st.integers(1, 12),
    execution=st.integers(1, 5),
    epochs=st.integers(1, 4),
    known=st.booleans(),
)
def test_batches_are_counted_to_the_end_of_each_epoch(sizes, execution, epochs, known):
    # Keras tells of the last index of each execution, also where it lies beyond the data.
    if not known:
        execution = 1
    rule = Example()
    rule.params["steps"] = sizes if known else None
    begun = 0
    for epoch in range(epochs):
        rule.on_epoch_begin(epoch)
        assert (rule.epoch, rule.batch) == (epoch + 1, 0)
        for start in range(0, sizes, execution):
            done = epoch * sizes + start
            assert rule.begin() == (begun, done + 1)
            begun = done + 1
            now = min(start + execution, sizes)
            assert rule.advance(start + execution - 1) == (done, epoch * sizes + now)
            assert (rule.batch, rule.step) == (now, epoch * sizes + now)


@given(
    every=st.integers(2, 9),
    sizes=st.integers(1, 12),
    execution=st.integers(1, 5),
    epochs=st.integers(1, 4),
)
def test_each_multiple_is_crossed_once(every, sizes, execution, epochs):
    rule = Example()
    rule.params["steps"] = sizes
    crossed = []
    for epoch in range(epochs):
        rule.on_epoch_begin(epoch)
        for start in range(0, sizes, execution):
            before, step = rule.advance(start + execution - 1)
            crossed += [m for m in range(before + 1, step + 1) if m % every == 0]
    assert crossed == list(range(every, epochs * sizes + 1, every))


def test_begin_tells_of_the_batch_before():
    rule = Example()
    assert rule.begin() == (0, 1)
    rule.advance(2)
    assert rule.begin() == (1, 4)
    # A batch that began and did not come, as at the end of data of unknown length.
    assert rule.begin() == (4, 4)


def test_what_is_planned():
    rule = Example()
    assert (rule.epochs, rule.batches, rule.steps) == (10, 8, 80)
    rule.params = {"verbose": 0, "epochs": 10, "steps": None}
    assert (rule.epochs, rule.batches, rule.steps) == (10, None, None)
    rule.params = None
    assert (rule.epochs, rule.batches, rule.steps) == (None, None, None)


def test_notes_keep_what_later_logs_lack_only_if_asked():
    rule = Example()
    rule.note({"loss": 1.0, "val_loss": 2.0, "outputs": object()})
    rule.note({"loss": 0.5}, keep=True)
    assert rule.known == {"loss": 0.5, "val_loss": 2.0}
    rule.note({"loss": 0.25})
    assert rule.known == {"loss": 0.25}
    rule.note(None)
    assert rule.known == {}


# ---------------------------------------------------------------- memory


def used():
    rule = Example()
    rule.on_train_begin()
    rule.on_epoch_begin(2)
    rule.begin()
    rule.advance(4)
    rule.note({"loss": 0.5})
    rule.loss_improves.feed(0.5)
    rule.loss_stalls.observe(3, 0.5)
    rule.effects = Quiet()
    rule.fired({})
    return rule


def test_state_is_plain_data_that_another_rule_takes_up():
    rule, other = used(), Example()
    state = json.loads(json.dumps(rule.state()))
    other.take_up(state)
    assert other.state() == rule.state()
    assert other.state() == {
        "_failures": [],
        "firings": 1,
        "fired_at": 3,
        "epoch": 3,
        "batch": 5,
        "step": 21,  # two epochs of 8 before this one
        "begun": 17,
        "clock": 0.0,
        "rest": None,
        "known": {"loss": 0.5},
        "loss_improves": {"best": 0.5, "improved": True},
        "loss_stalls": {"best": 0.5, "improved": True, "now": 3, "since": 3, "values": 0},
    }
    assert isinstance(other.loss_stalls, Stalls)


def test_state_does_not_change_with_the_rule():
    rule = used()
    state, other = rule.state(), Example()
    before = json.dumps(state)
    other.take_up(state)
    for changed in (rule, other):
        changed.note({"loss": 9.0}, keep=True)
        changed.known["accuracy"] = 1.0
        changed.loss_improves.feed(0.0)
    assert json.dumps(state) == before


def test_training_begins_afresh():
    rule = used()
    rule.on_train_begin()
    assert rule.state() == Example().state()
    assert rule.fired_at is None


# ---------------------------------------------------------------- actions


def test_an_action_that_fails_does_not_keep_the_next_from_being_done():
    rule = Example()
    rule.effects = effects = Quiet()
    rule.on_epoch_begin(4)
    rule.fired({"loss": 1.5})
    rule.save("a.keras")
    rule.lr = math.nan
    rule.lr *= 0.5
    rule.print("hello")
    rule.stop("enough")
    (firing,) = effects.record.firings
    assert (firing.rule, firing.place, firing.key) == ("example", "rules.cbr:3", "example:0123")
    assert (firing.epoch, firing.values) == (5, {"loss": 1.5})
    assert [(a.verb, a.detail, a.error) for a in firing.actions if a.verb != "lr"] == [
        ("save", "a.keras", "OSError: no space left"),
        ("print", "hello", None),
        ("stop", "enough", None),
    ]
    assert [a.error for a in firing.actions if a.verb == "lr"] == [
        "ValueError: the learning rate would be nan",
        None,
    ]
    assert rule.lr == 0.05
    assert rule.model.stop_training
    assert effects.record.counts == {"example:0123": 1}
    assert effects.record.stopped is firing


def test_an_error_of_another_kind_is_not_held_back():
    class Broken(Quiet):
        def print(self, rule, message):
            raise KeyboardInterrupt

    rule = Example()
    rule.effects = Broken()
    with pytest.raises(KeyboardInterrupt):
        rule.print("hello")


def test_the_record_is_bounded_and_the_count_is_not():
    rule = Example()
    rule.effects = effects = Quiet()
    for epoch in range(MAX_FIRINGS + 5):
        rule.on_epoch_begin(epoch)
        rule.fired({})
        rule.print("hello")
    record = effects.record
    assert len(record.firings) == MAX_FIRINGS
    assert record.firings[-1].epoch == MAX_FIRINGS
    assert record.counts == {rule.key: MAX_FIRINGS + 5}
    assert record.last == {rule.key: MAX_FIRINGS + 5}
    # What is not kept does not pile up on what is.
    assert all(len(firing.actions) == 1 for firing in record.firings)


def test_the_first_stop_is_the_one_on_record():
    one, two = Example(), Example()
    two.key, two.name = "two:1", "two"
    one.effects = two.effects = effects = Quiet()
    for rule in (two, one, two):
        rule.fired({})
        rule.stop()
    assert effects.record.stopped.rule == "two"
    assert effects.record.stopped is effects.record.firings[0]


# ---------------------------------------------------------------- schedule rules


def scheduled(function, needs_epochs=False, effects=None):
    schedule = Scheduled("decay", "rules.cbr:2", "decay:4567", function, needs_epochs)
    schedule.effects = effects or Quiet()
    return schedule


def test_a_schedule_fires_where_it_acts():
    schedule = scheduled(lambda epoch, lr: lr * 0.5 if epoch >= 2 else lr)
    rates = [schedule.rate(epoch, 0.1, 10) for epoch in range(4)]
    assert rates == [0.1, 0.1, 0.05, 0.05]
    assert [f.epoch for f in schedule.effects.record.firings] == [3, 4]
    assert schedule.effects.record.firings[0].values == {"lr": 0.1}
    assert schedule.effects.record.firings[0].actions[0].detail == 0.05
    assert (schedule.firings, schedule.fired_at) == (2, 4)
    assert all(type(rate) is float for rate in rates)


def test_a_schedule_fires_also_where_the_rate_stays():
    schedule = scheduled(lambda epoch, lr: 0.5)
    assert [schedule.rate(epoch, 0.5, 10) for epoch in range(3)] == [0.5] * 3
    assert schedule.firings == 3
    schedule = scheduled(lambda epoch, lr: lr * 1.0)
    assert schedule.rate(0, 0.25, 10) == 0.25
    assert schedule.firings == 1


def test_a_schedule_is_told_the_planned_epochs_only_if_it_asks():
    schedule = scheduled(lambda epoch, lr, *, epochs=None: lr * epochs, needs_epochs=True)
    assert schedule.rate(0, 2.0, 10) == 20.0


def test_a_schedule_that_gives_no_rate_fails_as_actions_do():
    schedule = scheduled(lambda epoch, lr: settable(math.nan, lr))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert schedule.rate(0, 0.1, 10) == 0.1
        assert schedule.rate(1, 0.1, 10) == 0.1  # Reported each time, not once a place.
    one, two = schedule.effects.record.firings
    assert (one.epoch, two.epoch) == (1, 2)
    assert one.actions[0].error == ("ValueError: the learning rate stays 0.1: a rule set it to nan")


def test_other_warnings_of_a_schedule_pass():
    def warns(epoch, lr):
        warnings.warn("something else", UserWarning, stacklevel=2)
        return lr

    with pytest.warns(UserWarning, match="something else"):
        assert scheduled(warns).rate(0, 0.1, 10) == 0.1
