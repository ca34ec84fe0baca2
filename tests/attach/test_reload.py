"""A rule file that is edited while a training runs."""

from __future__ import annotations

import copy
import json
import os
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attach_fits as fits
import keras
import numpy as np
import pytest

import cbdsl
from cbdsl.attach import Rules, reload, summary

Line = dict[str, Any]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reload, "_SETTLES", 0.001)
    return tmp_path / "r.cbr"


class Edits(keras.callbacks.Callback):
    """Writes a file anew, or does something, as epochs end; they are counted from 1."""

    def __init__(self, path: Path, edits: Mapping[int, str | Callable[[], object]]) -> None:
        super().__init__()
        self.path = path
        self.edits = edits

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        edit = self.edits.get(epoch + 1)
        if callable(edit):
            edit()
        elif edit is not None:
            self.path.write_text(edit)


class Trained:
    """A training under the rules of a file that is edited meanwhile."""

    def __init__(
        self,
        file: Path,
        rules: str,
        edits: Mapping[int, str | Callable[[], object]],
        *,
        epochs: int = 6,
        series: dict[str, list[float]] | None = None,
        model: Any = None,
        before: Callable[[list[Any]], list[Any]] = list,
        **options: Any,
    ) -> None:
        file.write_text(rules)
        self.folder = file.parent
        callbacks = before(cbdsl.callbacks(Path(file.name), watch=True, journal=True, **options))
        self.host = callbacks[-1]
        assert isinstance(self.host, Rules)
        self.rates = fits.Watch()
        given = fits.Given(series or {})
        self.model = fits.fit(
            [given, *callbacks, self.rates, Edits(file, edits)], model, epochs=epochs
        )

    @property
    def lines(self) -> list[Line]:
        text = (self.folder / "journal.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def of_kind(self, kind: str) -> list[Line]:
        return [line for line in self.lines if line["kind"] == kind]

    def epochs(self, rule: str) -> list[int]:
        """The epochs in which a rule fired."""
        return [f["epoch"] for f in self.of_kind("firing") if f["rule"] == rule]


# ---------------------------------------------------------------------------- what takes over


def test_an_edit_takes_over_with_the_next_epoch(file: Path, capsys: Any) -> None:
    done = Trained(
        file,
        'kept: on epoch_end print "kept"\non epoch_end print "old"\n',
        {2: '# Moved.\n\nkept: on epoch_end print "kept"\nnew: on epoch_end print "{epoch}"\n'},
    )
    assert done.epochs("kept") == [1, 2, 3, 4, 5, 6]
    assert done.epochs("new") == [3, 4, 5, 6]
    assert done.epochs("r.cbr:2") == [1, 2]
    said = capsys.readouterr().err
    assert "r.cbr was edited: its rules take over with epoch 3\n" in said
    assert '  - on epoch_end print "old"\n  + new: on epoch_end print "{epoch}"\n' in said
    (line,) = done.of_kind("reloaded")
    assert line["epoch"] == 3
    kept, new = (rule["key"] for rule in line["rules"])
    gone = done.lines[0]["rules"][1]["key"]
    assert line["difference"] == {"kept": [kept], "new": [new], "dropped": [gone]}
    assert [rule["place"] for rule in line["rules"]] == ["r.cbr:3", "r.cbr:4"]
    assert [told.split()[0] for told in summary(done.host, planned=6)[1:]] == ["kept", "new"]


def test_rules_that_stay_keep_what_they_remember(file: Path) -> None:
    rules = (
        'first: on epoch_end once print "first"\n'
        'twice: on epoch_end at most 2 times print "twice"\n'
        'stuck: on epoch_end if loss stalls for 4 epochs print "{epoch}"\n'
        "let seen = 0\n"
        "counts: on epoch_end seen += 1\n"
    )
    more = 'new: on epoch_end once print "{seen}"\n'
    done = Trained(file, rules, {3: more + rules}, series={"loss": [1.0] * 6})
    assert done.epochs("first") == [1]
    assert done.epochs("twice") == [1, 2]
    assert done.epochs("stuck") == [5]
    assert done.epochs("new") == [4]
    assert done.of_kind("firing")[-1]["rule"] == "counts"
    assert done.host.members.state()["let"] == {"seen": 6}


def test_a_rule_that_is_another_one_begins_afresh(file: Path) -> None:
    stalls = 'stuck: on epoch_end if loss stalls for {} epochs print "stuck"\n'
    done = Trained(
        file, stalls.format(3), {2: stalls.format(2)}, series={"loss": [1.0] * 6}, epochs=6
    )
    # The first value that it sees, that of epoch 3, is an improvement.
    assert done.epochs("stuck") == [5]


def test_a_parameter_that_is_another_one_keeps_the_memory_of_its_rules(
    file: Path, capsys: Any
) -> None:
    text = 'param n = {}\nstuck: on epoch_end if loss stalls for n epochs print "stuck"\n'
    done = Trained(file, text.format(5), {2: text.format(3)}, series={"loss": [1.0] * 6}, epochs=6)
    assert done.epochs("stuck") == [4]
    assert "\n  - param n = 5\n  + param n = 3\n" in capsys.readouterr().err
    assert [line["params"] for line in done.of_kind("reloaded")] == [{"n": 3}]


def test_what_the_caller_gave_still_counts(file: Path) -> None:
    text = 'param n = 9\n{}: on epoch_end if epoch >= n print "late"\n'
    done = Trained(file, text.format("one"), {2: text.format("two")}, params={"n": 5})
    assert done.epochs("two") == [5, 6]


def test_variables_keep_their_values_if_they_are_of_the_same_type(file: Path, capsys: Any) -> None:
    head = "let a = {}\nlet b = {}\ncounts: on epoch_end a += 1\n"
    old = head.format("0", "0") + 'told: on epoch_end print "{a}"\n'
    new = head.format("7", "false") + (
        'told: on epoch_end print "{a}"\nflagged: on epoch_end if b print "b"\n'
        "sets: on epoch_end b = a > 3\n"
    )
    done = Trained(file, old, {2: new}, epochs=5)
    said = capsys.readouterr()
    assert said.out.splitlines() == ["1", "2", "3", "4", "5", "b"]
    assert done.epochs("flagged") == [5]
    assert "  - let a = 0\n  - let b = 0\n" in said.err
    assert "  + let a = 7\n  + let b = false\n" in said.err


def test_another_direction_makes_another_rule(file: Path) -> None:
    text = '{} q\nbetter: on epoch_end if q improves print "{{q}}"\n'
    series = {"q": [1.0, 5.0, 2.0, 3.0, 4.0]}
    done = Trained(file, text.format("minimize"), {2: text.format("maximize")}, series=series)
    assert done.epochs("better") == [1, 3, 4, 5]


def test_what_is_over_does_not_happen_again(file: Path) -> None:
    rules = (
        'kept: on train_begin print "begin"\n'
        'new: on train_begin print "late"\n'
        'at_two: at epoch 2 print "at"\n'
        'other: every 2 epochs print "every"\n'
        'batches_: every 30 batches print "batches"\n'
        'hours_: every 2 hours print "time"\n'
    )
    hosts: list[Rules] = []

    def before(callbacks: list[Any]) -> list[Any]:
        hosts.append(callbacks[-1])
        return callbacks

    def edit() -> None:
        # So much time has passed.
        hosts[0].clock.begin(3 * 3600)
        file.write_text(rules)

    first = 'kept: on train_begin print "begin"\n'
    done = Trained(file, first, {3: edit}, epochs=8, before=before)
    assert done.epochs("kept") == [0]
    assert not done.epochs("new")
    assert not done.epochs("at_two")
    assert done.epochs("other") == [4, 6, 8]
    # Eight batches an epoch: the sixtieth is in epoch 8, and the thirtieth in epoch 4.
    assert done.epochs("batches_") == [4, 8]
    assert not done.epochs("hours_")


def test_a_rate_can_come_and_go(file: Path) -> None:
    done = Trained(
        file,
        'on epoch_end print "{epoch}"\n',
        {2: "every epoch lr *= 0.5\n", 4: 'on epoch_end print "{epoch}"\n'},
    )
    assert done.rates.rates == pytest.approx([0.5, 0.5, 0.25, 0.125, 0.125, 0.125])


def test_without_a_rate_an_optimizer_may_have_a_schedule_of_its_own(
    file: Path, capsys: Any
) -> None:
    model = fits.fresh()
    model.compile(keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 9)), "mse")
    try:
        done = Trained(
            file,
            'one: on epoch_end print "one"\n',
            {1: "every epoch lr *= 0.5\n", 2: 'two: on epoch_end print "two"\n'},
            model=model,
            epochs=4,
        )
    finally:
        fits._model.cache_clear()
    assert done.epochs("one") == [1, 2]
    assert done.epochs("two") == [3, 4]
    (line,) = done.of_kind("refused")
    assert line["problems"] == [
        "r.cbr: r.cbr:1: the learning rate of the optimizer is a CosineDecay, which cannot be "
        "set: make the optimizer with a number, and write the rest as `schedule lr:`"
    ]


def test_a_schedule_begins_where_training_did(file: Path) -> None:
    text = "schedule lr:\n  linear to {} over 10 epochs\n"
    more = "cut: at epoch 2 lr *= 0.5\n"
    done = Trained(file, text.format(0.4) + more, {3: text.format(0) + more}, epochs=5)
    # From 0.5, not from the rate that there was, and with the cut of the rule that stays.
    want = [0.5, 0.49 / 2, 0.48 / 2, 0.35 / 2, 0.3 / 2]
    assert done.rates.rates == pytest.approx(want)


def test_batches_can_be_asked_for_later(file: Path) -> None:
    done = Trained(
        file,
        'on train_end print "end"\n',
        {1: 'third: on batch_end if batch == 3 print "{batch}"\non test_begin print "test"\n'},
        epochs=3,
    )
    assert done.epochs("third") == [2, 3]
    assert done.epochs("r.cbr:2") == [2, 3]


def test_a_stop_that_comes_with_an_edit_stops(file: Path) -> None:
    done = Trained(file, 'on epoch_end print "{epoch}"\n', {2: "enough: on epoch_end stop\n"})
    assert done.host.trained == 3
    assert done.of_kind("end")[0]["by"] == "enough"


def test_weights_that_were_kept_are_there_for_the_rules_that_take_over(file: Path) -> None:
    text = "bring: at epoch {} restore best of loss\n"
    losses = [3.0, 1.0, 2.0, 2.0, 2.0]
    seen: dict[int, np.ndarray] = {}

    class Weights(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen[epoch + 1] = self.model.get_weights()[0]

    def before(callbacks: list[Any]) -> list[Any]:
        # The weights as an epoch left them, before the rules act.
        return [Weights(), *callbacks]

    done = Trained(
        file, text.format(9), {3: text.format(5)}, series={"loss": losses}, epochs=5, before=before
    )
    assert done.epochs("bring") == [5]
    assert not np.array_equal(seen[2], seen[5])
    assert np.array_equal(done.model.get_weights()[0], seen[2])


def test_a_setting_of_the_optimizer_can_come_and_go(file: Path) -> None:
    model = fits.fresh()
    model.compile(keras.optimizers.AdamW(0.01, weight_decay=0.5), "mse")
    decays: list[Any] = []

    class Decay(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            decays.append(self.model.optimizer.weight_decay)

    try:
        Trained(
            file,
            "at epoch 2 optimizer.weight_decay = 0.25\n",
            {2: "at epoch 4 optimizer.weight_decay *= 0.5\n", 4: 'on epoch_end print "{epoch}"\n'},
            model=model,
            epochs=6,
            before=lambda callbacks: [Decay(), *callbacks],
        )
    finally:
        fits._model.cache_clear()
    assert decays == [0.5, 0.25, 0.25, 0.125, 0.125, 0.125]
    assert type(decays[-1]) is float


def test_an_included_file_belongs_to_it(file: Path) -> None:
    (file.parent / "more.cbr").write_text('on epoch_end print "one"\n')

    def edit() -> None:
        (file.parent / "more.cbr").write_text('changed: on epoch_end print "two"\n')

    done = Trained(file, 'include "more.cbr"\n', {2: edit}, epochs=4)
    assert done.epochs("changed") == [3, 4]


def test_another_working_directory_changes_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file.parent / "elsewhere").mkdir()
    file.write_text('on epoch_end print "one"\n')
    callbacks = cbdsl.callbacks(Path("r.cbr"), watch=True)
    monkeypatch.chdir(file.parent / "elsewhere")
    fits.fit([*callbacks, Edits(file, {1: "stops: on epoch_end stop\n"})], epochs=4)
    assert callbacks[-1].trained == 2


# ------------------------------------------------------------------------------ what does not


REFUSED = {
    "on epoch_ned stop\n": "there is no hook `epoch_ned`",
    "on epoch_end if accuracy > 0.5 bad\n": "r.cbr:2:32: error[CBR109]",
    "use EarlyStopping()\n": "EarlyStopping was changed; a rule can be changed: `on epoch_end if",
    'resume from "state"\n': "`resume` stays as it is while a training runs",
    "variable noise\non epoch_end noise = 0\n": "the rules set the variable `noise`, and nobody",
    'at epoch 4 freeze "nowhere"\n': "no layer is called 'nowhere'",
    "at epoch 4 optimizer.beta_1 = 0.5\n": "SGD has no setting `beta_1`",
    "on epoch_end call json.dumps\n": "allow",
    "\xff\xfe".encode("latin1").decode("latin1") + "\x00": "U+0000",
}


def test_a_refused_edit_costs_no_trace(file: Path) -> None:
    steps: list[Any] = []

    class Looks(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            steps.append(self.model.train_function)

    model = fits.fresh()
    model.compile(keras.optimizers.AdamW(0.01), "mse")
    try:
        done = Trained(
            file,
            "at epoch 1 optimizer.weight_decay = 0.1\n",
            {1: 'at epoch 3 optimizer.weight_decay = 0.2\nat epoch 3 freeze "nowhere"\n'},
            model=model,
            epochs=3,
            before=lambda callbacks: [*callbacks[:-1], Looks(), callbacks[-1]],
        )
    finally:
        fits._model.cache_clear()
    assert len(done.of_kind("refused")) == 1
    assert len({id(step) for step in steps}) == 1


@pytest.mark.parametrize("edit", REFUSED)
def test_an_edit_that_will_not_do_is_refused_as_a_whole(file: Path, edit: str, capsys: Any) -> None:
    rules = 'old: on epoch_end print "{epoch}"\nevery epoch lr *= 0.5\n'
    done = Trained(file, rules, {2: 'new: on epoch_end print "new"\n' + edit}, epochs=5)
    assert done.epochs("old") == [1, 2, 3, 4, 5]
    assert done.rates.rates == pytest.approx([0.25, 0.125, 0.0625, 0.03125, 0.015625])
    assert not done.of_kind("reloaded")
    (line,) = done.of_kind("refused")
    assert line["epoch"] == 3
    assert any(REFUSED[edit] in problem for problem in line["problems"]), line
    said = capsys.readouterr().err
    # Once, and not at each epoch.
    assert said.count("the rules of r.cbr go on as they were before this edit\n") == 1
    assert REFUSED[edit] in said


def test_a_file_that_is_gone_changes_nothing(file: Path, capsys: Any) -> None:
    text = 'old: on epoch_end print "{epoch}"\n'

    def back() -> None:
        file.write_text(text)

    done = Trained(file, text, {1: lambda: file.unlink(), 3: back, 4: "stops: on epoch_end stop\n"})
    assert done.epochs("old") == [1, 2, 3, 4]
    assert done.host.trained == 5
    assert capsys.readouterr().err.count("r.cbr: cannot be read: No such file or directory") == 1


def test_a_file_put_back_after_an_error_can_be_wrong_again(file: Path, capsys: Any) -> None:
    text = 'old: on epoch_end print "{epoch}"\n'
    done = Trained(file, text, {1: "bad", 2: text, 3: "bad"})
    assert [line["epoch"] for line in done.of_kind("refused")] == [2, 4]
    assert done.epochs("old") == [1, 2, 3, 4, 5, 6]


def test_half_a_file_is_not_taken(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor has emptied the file, and writes it while it is looked at."""
    text = 'old: on epoch_end print "{epoch}"\n'
    new = 'new: on epoch_end print "{epoch}"\n'
    waited: list[float] = []

    def writes(seconds: float) -> None:
        waited.append(seconds)
        file.write_text(new[: 10 * len(waited)])

    def empty() -> None:
        file.write_text("")
        monkeypatch.setattr(reload.time, "sleep", writes)

    done = Trained(file, text, {2: empty})
    assert done.epochs("old") == [1, 2]
    assert done.epochs("new") == [3, 4, 5, 6]
    assert len(done.of_kind("reloaded")) == 1
    assert not done.of_kind("refused")


def test_a_file_that_never_settles_is_for_the_next_epoch(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = 'old: on epoch_end print "{epoch}"\n'
    written = 0

    def writes(seconds: float) -> None:
        nonlocal written
        written += 1
        if written <= reload._LOOKS:
            file.write_text(f"on epoch_end stop\n# {written}\n")

    done = Trained(
        file,
        text,
        {2: lambda: (file.write_text(""), monkeypatch.setattr(reload.time, "sleep", writes))},
        epochs=4,
    )
    assert done.epochs("old") == [1, 2, 3]
    assert [line["epoch"] for line in done.of_kind("reloaded")] == [4]
    assert done.host.trained == 4


def test_strict_keeps_the_rules_that_training_began_with(file: Path) -> None:
    text = 'param n = 2\nold: on epoch_end print "{n}"\n'
    done = Trained(
        file,
        text,
        {1: text + "on epoch_end stop\n", 2: "# Only a comment.\n" + text},
        strict=True,
        epochs=4,
    )
    (line,) = done.of_kind("refused")
    assert line["problems"] == [
        "r.cbr: with `strict` the rules stay those that training began with"
    ]
    assert [line["epoch"] for line in done.of_kind("reloaded")] == [3]
    assert done.host.trained == 4


def test_rules_as_a_text_cannot_be_watched() -> None:
    with pytest.raises(ValueError, match="watch needs the rules of a file"):
        cbdsl.callbacks("on epoch_end stop", watch=True)


def test_callbacks_of_keras_go_on_as_they_are(file: Path) -> None:
    text = 'use CSVLogger(filename="log.csv")\nuse TerminateOnNaN()\n'
    theirs: list[Any] = []

    class Looks(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            theirs.append(done_host[0].members.callbacks[-2:])

    done_host: list[Any] = []

    def before(callbacks: list[Any]) -> list[Any]:
        done_host.append(callbacks[-1])
        return [Looks(), *callbacks]

    done = Trained(
        file, text, {2: 'on epoch_end print "{epoch}"\n' + text}, epochs=4, before=before
    )
    assert len(done.of_kind("reloaded")) == 1
    assert all(one is other for one, other in zip(theirs[0], theirs[-1], strict=True))
    assert len((file.parent / "log.csv").read_text().splitlines()) == 1 + 4


# --------------------------------------------------------------------- with what else there is


def test_a_second_training_has_the_rules_of_the_edit(file: Path) -> None:
    file.write_text('on epoch_end print "{epoch}"\n')
    callbacks = cbdsl.callbacks(file, watch=True)
    fits.fit([*callbacks, Edits(file, {1: "enough: on epoch_end stop\n"})], epochs=4)
    fits.fit(callbacks, epochs=4)
    assert callbacks[-1].trained == 1
    assert callbacks[-1].record.counts == {callbacks[-1].program.plan.named[0].key: 1}


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
def test_it_travels(file: Path, copied: Callable[[Any], Any]) -> None:
    text = 'on epoch_end print "{epoch}"\n'
    done = Trained(
        file, text, {1: "enough: at epoch 3 stop\n"}, before=lambda callbacks: copied(callbacks)
    )
    assert done.host.trained == 3


def test_a_run_that_is_resumed_goes_on_with_the_rules_of_the_edit(file: Path) -> None:
    rules = 'resume from "state"\nfirst: on epoch_end once print "once"\n'
    edited = rules + 'more: on epoch_end at most 3 times print "{epoch}"\n'

    class Broken(Exception):
        pass

    def breaks() -> None:
        raise Broken

    file.write_text(rules)
    with pytest.raises(Broken):
        Trained(file, rules, {1: edited, 3: breaks})
    done = Trained(file, edited, {})
    assert done.epochs("first") == [1]
    assert done.epochs("more") == [2, 3, 4]
    (line,) = done.of_kind("resumed")
    assert not line["difference"]["new"]


def test_what_a_rule_had_set_that_is_gone_is_in_the_state(file: Path) -> None:
    head = 'resume from "state"\n'
    rules = head + 'at epoch 2 optimizer.weight_decay = 0.25\nat epoch 2 freeze "low"\n'
    edited = head + 'on epoch_end print "{epoch}"\n'

    def model() -> Any:
        low, high = keras.layers.Dense(3, name="low"), keras.layers.Dense(1, name="high")
        made = keras.Sequential([keras.Input((4,)), low, high])
        made.compile(keras.optimizers.AdamW(0.01, weight_decay=0.5), "mse")
        return made

    class Broken(Exception):
        pass

    def breaks() -> None:
        raise Broken

    with pytest.raises(Broken):
        Trained(file, rules, {2: edited, 4: breaks}, model=model())
    resumed = Trained(file, edited, {}, model=model(), epochs=5).model
    assert resumed.optimizer.weight_decay == 0.25
    assert [layer.trainable for layer in resumed.layers] == [False, True]


def test_an_interrupt_can_be_answered_by_a_rule_that_came_later(file: Path) -> None:
    import signal

    done = Trained(
        file,
        'on epoch_end print "{epoch}"\n',
        {
            1: 'asked: on interrupt stop "enough"\n',
            3: lambda: os.kill(os.getpid(), signal.SIGINT),
        },
    )
    assert done.of_kind("end")[0]["how"] == "interrupted"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_two_that_answer_nothing_any_more_leave_the_signals_alone(file: Path) -> None:
    import signal

    handlers: list[Any] = []

    class Looks(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            handlers.append(signal.getsignal(signal.SIGINT))

    Trained(
        file,
        "on interrupt stop\n",
        {1: 'on epoch_end print "{epoch}"\n'},
        epochs=2,
        before=lambda callbacks: [Looks(), *callbacks],
    )
    assert handlers[0] is not signal.default_int_handler
    assert handlers[1] is signal.default_int_handler


def test_why_knows_of_the_edit(file: Path) -> None:
    from cbdsl.journal import read

    text = 'param n = {}\nlate: on epoch_end if loss < n print "late"\n'
    done = Trained(file, text.format(0), {2: text.format(-1)}, series={"loss": [1.0] * 6})
    journal = read(done.folder)
    assert journal.params == {"n": -1}
    assert journal.source == file.read_text()
