"""A training that is broken off and taken up again does what the unbroken one does."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from other_process import another_process

import cbdsl
from cbdsl.attach import Refused, Rules, summary
from cbdsl.saving import Finished, StateFolder, state_file
from cbdsl.saving.folder import _STATE

EPOCHS, BATCHES, SIZE = 9, 4, 8
X = np.random.default_rng(0).normal(size=(BATCHES * SIZE, 4)).astype("float32")
Y = X.sum(1) ** 2


def model(optimizer: Any = None) -> Any:
    keras.utils.set_random_seed(3)
    made = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(6, activation="relu", name="low"),
            keras.layers.Dropout(0.3),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(1, name="high"),
        ]
    )
    made.compile(optimizer or keras.optimizers.AdamW(0.02), "mse", metrics=["mae"])
    return made


class Broken(Exception):
    """Stands for whatever breaks a training off."""


class Breaks(keras.callbacks.Callback):
    """Breaks a training off at a batch of an epoch, both counted from 0."""

    def __init__(self, epoch: int, batch: int) -> None:
        super().__init__()
        self.at = (epoch, batch)
        self.epoch = -1

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if (self.epoch, batch) == self.at:
            raise Broken


class Seen:
    """What came of a training."""

    def __init__(self, made: Any, host: Rules, logs: dict[int, dict[str, float]]) -> None:
        self.weights = [v.numpy() for v in (*made.variables, *made.optimizer.variables)]
        self.logs = logs
        self.told = summary(host, planned=EPOCHS)
        self.rate = float(made.optimizer.learning_rate)
        self.decay = made.optimizer.weight_decay

    def is_like(self, other: Seen) -> bool:
        pairs = zip(self.weights, other.weights, strict=True)
        return (
            all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)
            and repr(self.logs) == repr(other.logs)
            and self.told == other.told
            and self.decay == other.decay
        )


def fit(
    rules: str,
    run_dir: Path,
    *,
    breaks: tuple[int, int] | None = None,
    make: Callable[[], Any] = model,
    logs: dict[int, dict[str, float]] | None = None,
    epochs: int = EPOCHS,
    more: Sequence[keras.callbacks.Callback] = (),
    **options: Any,
) -> Seen:
    """One process: a new model, a new host, and what Keras reports of each epoch."""
    made, seen = make(), {} if logs is None else logs
    callbacks = cbdsl.callbacks(rules, run_dir=run_dir, **options)
    host = callbacks[-1]
    assert isinstance(host, Rules)
    note = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.__setitem__(epoch, dict(logs))
    )
    behind = [note, *more] if breaks is None else [note, Breaks(*breaks)]
    try:
        made.fit(
            X, Y, batch_size=SIZE, epochs=epochs, shuffle=False, verbose=0,
            validation_data=(X[:8], Y[:8]), callbacks=[*callbacks, *behind],
        )  # fmt: skip
    finally:
        host.close()
    return Seen(made, host, seen)


STATEFUL = """
resume from "state"
param hard = 1.5
let n = 0
limit lr from 1e-4 to 0.05
metric gap = val_loss - ema(loss, 0.3)
on epoch_end if loss improves save "best-{epoch}.weights.h5" keep 2
on epoch_end if loss stalls for 2 epochs lr *= 0.7, wait 1 epoch
on epoch_end if val_loss stalls for 2 values by 0.1 print "stalls {mean(loss, 3)}"
on epoch_end if loss > prev(loss) for 1 epochs then at most 3 times n += 1
on epoch_end if count(loss rises) == 2 then once print "twice"
on batch_end if loss crosses below hard then at most 4 times print "{step} {ema(loss, 0.1):.6f}"
on batch_end if zscore(per_batch(loss), 5) > 1 print "{step} {slope(per_batch(loss), 6):.6f}"
every 5 batches print "{step} {median(loss, 7)} {quantile(mae, 0.3, 9)} {n}"
every epoch after 3 optimizer.weight_decay *= 0.9
at epoch 4 freeze "low"
at epoch 7 unfreeze "low"
on epoch_end if std(loss, 4) > 0 and since_best(loss) >= 1 record wide = std(loss, 4)
on epoch_end if gap > highest(gap, 3) - 0.1 print "{gap}"
on train_begin print "begin", lr = 0.03
"""

SCALED = """
resume from "state"
schedule lr every batch:
    linear from 0 to 0.02 over 10 batches
    cosine to 1e-4 over the rest
schedule optimizer.beta_1:
    linear from 0.9 to 0.5 over 5 epochs
    hold for the rest
on epoch_end if loss stalls for 1 epoch lr *= 0.5
"""

BACK = """
resume from "state"
on epoch_end if epoch == 3 or epoch == 6 restore best of loss
on batch_end if epoch == 5 and batch == 2 or epoch == 8 and batch == 1 roll back to last good
on epoch_end if epoch == 7 roll back to best of val_loss
every 7 batches snapshot
"""


@pytest.mark.parametrize("rules", [STATEFUL, SCALED, BACK], ids=["stateful", "scaled", "back"])
def test_it_goes_on_exactly(rules: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = fit(rules, tmp_path / "whole")
    said = _lines(capsys.readouterr().out)
    # In the middle of an epoch, in its first and in its last batch, and twice in one.
    logs: dict[int, dict[str, float]] = {}
    for breaks in [(0, 1), (0, 3), (2, 0), (4, 2), (4, 1), (7, 3)]:
        with pytest.raises(Broken):
            fit(rules, tmp_path / "broken", breaks=breaks, logs=logs)
    told = _lines(capsys.readouterr().out)
    broken = fit(rules, tmp_path / "broken", logs=logs)
    assert broken.is_like(whole)
    assert set(said) == set(told + _lines(capsys.readouterr().out))
    assert _files(tmp_path / "whole") == _files(tmp_path / "broken")


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


PLAIN = 'resume from "state"\nshown: on epoch_end print "{epoch}"\n'


@pytest.fixture
def broken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The directory of a run that was broken off in its third epoch."""
    with pytest.raises(Broken):
        fit(PLAIN, tmp_path, breaks=(2, 1))
    capsys.readouterr()
    return tmp_path


def test_what_is_said(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen = fit(PLAIN, broken)
    out, err = capsys.readouterr()
    assert err == f"this training goes on behind epoch 2, from {broken / 'state'}\n"
    assert _lines(out) == [str(epoch) for epoch in range(3, EPOCHS + 1)]
    assert seen.told[1] == f"shown  fired {EPOCHS} times, last in epoch {EPOCHS}"


def test_the_epoch_does_not_stay_on_the_model(broken: Path) -> None:
    made = model()
    fit(PLAIN, broken, make=lambda: made)
    history = made.fit(X, Y, epochs=2, verbose=0)
    assert len(history.epoch) == 2


def test_a_finished_run_begins_afresh(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = fit(PLAIN, tmp_path)
    finished = StateFolder(tmp_path, "state").finished()
    assert finished == Finished(f"Training ended: all {EPOCHS} epochs are done")
    capsys.readouterr()
    assert fit(PLAIN, tmp_path).is_like(first)
    assert capsys.readouterr().err == "the run there is finished: this one begins afresh\n"


def test_a_stop_that_was_not_marked_trains_no_more(tmp_path: Path) -> None:
    rules = 'resume from "state"\non epoch_end if epoch == 3 stop "enough"\n'
    fit(rules, tmp_path)
    # As if the process had been killed between the third epoch's end and that of the training.
    (tmp_path / "state" / "finished.json").unlink()
    logs: dict[int, dict[str, float]] = {}
    seen = fit(rules, tmp_path, logs=logs)
    assert logs == {}
    assert seen.told[0].endswith("<rules>:2 stopped it: enough")
    assert StateFolder(tmp_path, "state").finished() is not None


def test_a_new_rule_does_not_make_up_for_the_time_before(broken: Path) -> None:
    folder = StateFolder(broken, "state")
    saved = folder.read()
    assert saved is not None
    folder.write(replace(saved, facts=saved.facts | {"elapsed": 3 * 3600.0}))
    seen = fit(PLAIN + 'other: every 2 hours print "two"\n', broken)
    assert seen.told[-1] == "other  did not fire: its moment never came"


def test_changed_rules(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = PLAIN + 'other: every 2 epochs print "two"\n'
    with pytest.raises(Refused, match=r"\(new other:\w+\), and `strict` asks for the same"):
        fit(changed, broken, strict=True)
    with pytest.raises(Broken):
        fit(changed, broken, breaks=(5, 0))
    assert "; changed since: new other:" in capsys.readouterr().err
    seen = fit(PLAIN.replace("shown", "named"), broken)
    assert "new named:" in (err := capsys.readouterr().err)
    assert "dropped shown:" in err
    assert seen.told[1] == f"named  fired {EPOCHS - 5} times, last in epoch {EPOCHS}"


def test_another_model(broken: Path) -> None:
    def wider() -> Any:
        made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        made.compile("adam", "mse")
        return made

    with pytest.raises(Refused, match=r"is not of this model: it has \d+ variables, and the saved"):
        fit(PLAIN, broken, make=wider)
    with pytest.raises(Refused, match=r"to begin afresh, delete .*state or choose another run"):
        fit(PLAIN, broken, make=lambda: model("sgd"))


def test_a_model_without_an_input(tmp_path: Path) -> None:
    def late() -> Any:
        made = keras.Sequential([keras.layers.Dense(1)])
        made.compile("adam", "mse")
        return made

    # Before the first epoch, and not when the state is needed.
    with pytest.raises(Refused, match="make it with an Input as its first layer"):
        fit(PLAIN, tmp_path, make=late)


def test_a_damaged_state(broken: Path) -> None:
    path = broken / "state" / _STATE
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(
        Refused, match="it is damaged, or no state of a run; to begin afresh, delete"
    ):
        fit(PLAIN, broken)


def test_one_run_at_a_time(broken: Path) -> None:
    holds = "from cbdsl.saving import StateFolder; StateFolder(sys.argv[1], 'state').hold()"
    with (
        another_process(holds, broken) as pid,
        pytest.raises(Refused, match=f"the process {pid} trains in"),
    ):
        fit(PLAIN, broken)


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(path: Path, saved: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state_file, "write", write)


@pytest.mark.usefixtures("full")
def test_a_state_that_cannot_be_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fit(PLAIN, tmp_path, epochs=3)
    told = f"{tmp_path / 'state'}: the state cannot be saved: No space left on device"
    assert capsys.readouterr().err.count(told) == 1
    with pytest.raises(OSError, match="No space left"):
        fit(PLAIN, tmp_path / "strict", strict=True)


def test_outside_variables_and_numbers_that_are_none(tmp_path: Path) -> None:
    rules = """
        resume from "state"
        variable w
        every epoch w *= 0.5
        on epoch_end record odd = log(0 - loss)
        on epoch_end if best(odd) is missing or w > 0 print "{w}"
        minimize odd
    """
    weights = []
    for breaks, folder in [(None, "a"), ((3, 2), "b"), (None, "b")]:
        w = keras.Variable(1.0)
        try:
            fit(rules, tmp_path / folder, breaks=breaks, params={"w": w})
        except Broken:
            continue
        weights.append(float(w.numpy()))
    assert weights == [0.5**EPOCHS] * 2
    assert math.isfinite(weights[0])


INTERRUPTED = """
resume from "state"
answered: on interrupt print "interrupted", stop
shown: on epoch_end print "{epoch} {mean(loss, 3)}"
"""


class Interrupts(keras.callbacks.Callback):
    """Sends the signal that a terminal or a cluster sends, at a batch of an epoch."""

    def __init__(self, epoch: int, batch: int) -> None:
        super().__init__()
        self.at, self.epoch = (epoch, batch), -1

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if (self.epoch, batch) == self.at:
            signal.raise_signal(signal.SIGTERM)


def test_an_interrupt_breaks_a_run_off(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = fit(INTERRUPTED, tmp_path / "whole")
    capsys.readouterr()
    seen = fit(INTERRUPTED, tmp_path / "broken", more=[Interrupts(3, 1)])
    assert "interrupted" in capsys.readouterr().out
    assert StateFolder(tmp_path / "broken", "state").finished() is None
    logs = {epoch: seen.logs[epoch] for epoch in range(3)}
    broken = fit(INTERRUPTED, tmp_path / "broken", logs=logs)
    # The epoch that was cut short is trained again, from its beginning.
    assert capsys.readouterr().out.splitlines()[0].startswith("4 ")
    assert (broken.logs, broken.rate) == (whole.logs, whole.rate)
    assert all(map(np.array_equal, broken.weights, whole.weights))


# ------------------------------------------------------------------ what goes wrong around it


class Fails(keras.callbacks.Callback):
    """A callback of somebody else's that fails as training begins."""

    def on_train_begin(self, logs: Any = None) -> None:
        raise Broken


def test_a_training_that_fails_behind_the_rules_leaves_no_epoch(broken: Path) -> None:
    made = model()
    with pytest.raises(Broken):
        fit(PLAIN, broken, make=lambda: made, more=[Fails()])
    history = made.fit(X, Y, epochs=2, verbose=0)
    assert history.epoch == [0, 1]


class Sends(keras.callbacks.Callback):
    """Sends a signal in a batch of an epoch, both counted from 0."""

    def __init__(self, epoch: int, batch: int) -> None:
        super().__init__()
        self.at, self.epoch = (epoch, batch), -1

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if (self.epoch, batch) == self.at:
            signal.raise_signal(signal.SIGTERM)


def test_rules_leave_the_end_of_an_epoch_alone_that_is_trained_again(tmp_path: Path) -> None:
    rules = (
        'resume from "state"\n'
        "at epoch 4 lr = 0.2\n"
        'best_one: on epoch_end if val_loss improves save "best.weights.h5"\n'
        'some: on epoch_end save "some-{epoch}.weights.h5" keep best 2 of val_loss\n'
        "leave: on interrupt stop\n"
    )
    whole = fit(rules, tmp_path / "whole")
    first = fit(rules, tmp_path / "broken", more=[Sends(4, 1)], journal=True)
    assert first.told[0].startswith(f"Training was interrupted after epoch 4 of {EPOCHS}: leave")
    lines = (tmp_path / "broken" / "journal.jsonl").read_text().splitlines()
    kinds = [line.split('"')[3] for line in lines]
    assert kinds.count("epoch") == 4
    broken = fit(rules, tmp_path / "broken", logs=first.logs)
    assert broken.is_like(whole)
    files = [
        {path.name: path.read_bytes() for path in (tmp_path / folder).glob("*.weights.h5")}
        for folder in ("whole", "broken")
    ]
    assert files[0].keys() == files[1].keys()


def test_a_best_file_is_not_written_again(tmp_path: Path) -> None:
    rules = (
        'resume from "state"\nexpects q\nmaximize q\n'
        'on epoch_end save "best-{q}.weights.h5" keep best 1 of q\n'
    )

    class Same(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["q"] = 1.0

    def once(folder: Path, breaks: tuple[int, int] | None = None) -> Any:
        made = model()
        callbacks = [Same(), *cbdsl.callbacks(rules, run_dir=folder)]
        with pytest.raises(Broken) if breaks else nullcontext():
            made.fit(
                X,
                Y,
                epochs=4,
                verbose=0,
                callbacks=callbacks + ([Breaks(*breaks)] if breaks else []),
            )
        callbacks[-1].close()

    once(tmp_path, (2, 0))
    before = (tmp_path / "best-1.weights.h5").read_bytes()
    once(tmp_path)
    assert (tmp_path / "best-1.weights.h5").read_bytes() == before


def test_another_model_is_left_as_it_was(tmp_path: Path) -> None:
    rules = (
        'resume from "state"\n'
        'at epoch 2 freeze "low"\nat epoch 2 optimizer.weight_decay = 0.25\n'
        "at epoch 2 optimizer.beta_1 = 0.5\n"
    )
    with pytest.raises(Broken):
        fit(rules, tmp_path, breaks=(3, 0))
    made = keras.Sequential(
        [keras.Input((4,)), *(keras.layers.Dense(5, name=n) for n in ("low", "b", "c", "d"))]
    )
    made.compile(keras.optimizers.AdamW(0.02), "mse")
    with pytest.raises(Refused, match="is not of this model: it has"):
        fit(rules, tmp_path, make=lambda: made)
    assert all(layer.trainable for layer in made.layers)
    settings = made.optimizer.weight_decay, made.optimizer.beta_1
    assert settings == (0.004, 0.9)
    assert {type(value) for value in settings} == {float}
    # Nor does this process keep the folder from others.
    others = "import sys; from cbdsl.saving import StateFolder; StateFolder(*sys.argv[1:]).hold()"
    subprocess.run([sys.executable, "-c", others, str(tmp_path), "state"], check=True)


def test_an_end_that_cannot_be_marked_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any, **named: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cbdsl.saving.folder.write_whole", full)
    fit(PLAIN, tmp_path, epochs=1)
    said = capsys.readouterr().err
    assert said.endswith("/state: the state cannot be saved: No space left on device\n")
    with pytest.raises(OSError, match="No space"):
        fit(PLAIN, tmp_path / "strict", epochs=1, strict=True)


def test_a_folder_is_of_one_training(tmp_path: Path) -> None:
    callbacks = cbdsl.callbacks(PLAIN, run_dir=tmp_path)
    given = {"x": X, "y": Y, "epochs": 3, "verbose": 0}
    model().fit(**given, callbacks=callbacks)
    with pytest.raises(Broken):
        model().fit(**given, callbacks=[*callbacks, Breaks(1, 0)])
    callbacks[-1].close()
    words = r"is of training number 2 with these callbacks, and this is number 1: give each `fit`"
    with pytest.raises(Refused, match=words):
        model().fit(**given, callbacks=cbdsl.callbacks(PLAIN, run_dir=tmp_path))


TEXTS = (".csv", ".jsonl", ".json")


def test_a_finished_run_can_be_taken_up(tmp_path: Path) -> None:
    """With what rules and others did at its end, which is not done again."""
    rules = PLAIN + 'on train_end restore best of val_loss\nuse CSVLogger(filename="log.csv")\n'
    halves = "at_end: on train_end lr *= 0.5\n"
    whole = fit(rules + halves, tmp_path, journal=True)
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.suffix in TEXTS}
    callbacks = cbdsl.callbacks(rules + halves, run_dir=tmp_path, journal=True)
    callbacks[-1].keeps_finished = True
    made = model()
    history = made.fit(X, Y, epochs=EPOCHS + 3, verbose=0, callbacks=callbacks)
    assert history.epoch == []
    after = Seen(made, callbacks[-1], whole.logs)
    assert after.is_like(whole)
    assert {path: path.read_bytes() for path in files} == files


def test_a_training_that_was_killed_behind_its_end_is_over(tmp_path: Path) -> None:
    rules = PLAIN + "at_end: on train_end lr *= 0.5\n"
    whole = fit(rules, tmp_path)
    (tmp_path / "state" / "finished.json").unlink()
    assert fit(rules, tmp_path, logs=whole.logs).is_like(whole)
    assert StateFolder(tmp_path, "state").finished() is not None


def test_other_parameters_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = 'resume from "state"\nparam n = 3\non epoch_end if epoch == n print "n"\n'
    with pytest.raises(Broken):
        fit(rules, tmp_path, breaks=(1, 0))
    with pytest.raises(Refused, match=r"\(n is 4 now, and was 3\), and `strict` asks"):
        fit(rules, tmp_path, params={"n": 4}, strict=True)
    fit(rules, tmp_path, params={"n": 4})
    assert "; changed since: n is 4 now, and was 3\n" in capsys.readouterr().err


def test_the_factor_is_handed_on_to_another_schedule(tmp_path: Path) -> None:
    block = "schedule lr:\n    hold at {} for 9 epochs\n"
    rules = f'resume from "state"\n{block}half: at epoch 2 lr *= 0.5\n'
    with pytest.raises(Broken):
        fit(rules.format(0.01), tmp_path, breaks=(3, 0))
    assert fit(rules.format(0.02), tmp_path).rate == pytest.approx(0.01)
