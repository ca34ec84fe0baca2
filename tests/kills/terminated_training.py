"""Trainings that are sent SIGTERM and, when the time of grace is over, SIGKILL, as a cluster does.

In the third epoch of each something lasts longer than that. Then another process goes on. Keras is
imported once; each process is a fork of this one, so that it begins at once. What came of it is
printed as JSON, by the names of `MOMENTS`:

    python tests/kills/terminated_training.py FOLDER SECONDS MOMENT…
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import stat
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from killed_training import outcome

EPOCHS, BATCHES, SIZE = 5, 4, 8
EPOCH = 3
"""The epoch of all moments."""

RULES = """
resume from "state"
let tries = 0
limit lr from 1e-5 to 0.05

third: on epoch_end if epoch == 3 save "third.weights.h5"
first: on epoch_end if loss < 100 then once print "once"
rests: on epoch_end if loss > 0 print "rests", wait 1 epoch
stuck: on epoch_end if val_loss stalls for 1 epoch by 3 lr *= 0.8
smooth: every 3 batches print "{ema(loss, 0.2):.9f}"
tried: on epoch_end if loss > 0 tries += 1
told: on epoch_end if tries > 1 print "{tries} {std(loss, 3):.9f}"
returned: on epoch_end if epoch == 5 restore best of val_loss
within: on batch_end if epoch == 3 and batch == 2 save "within.weights.h5"
"""

# Behind all others, which so have the same places.
LEAVES = 'leave: on interrupt save "last.weights.h5", stop "asked to"\n'
TELLS = 'tell: on interrupt print "interrupted"\n'


@dataclass(frozen=True)
class Moment:
    """What a training is doing.

    Attributes:
        comes: where SIGTERM comes.
        lasts: what it does not come to the end of.
        answer: the rule that answers, if one does.
    """

    comes: str
    lasts: str
    answer: str = LEAVES


MOMENTS = {
    "batch": Moment("batch", "batch"),
    "batch, validation": Moment("batch", "test 1"),
    "batch, rule's save": Moment("batch", "rule's save"),
    "validation": Moment("test 1", "test 2"),
    "validation, going on": Moment("test 1", "test 2", TELLS),
    "state half written": Moment("half", "half"),
    "state written": Moment("written", "written"),
    "state renamed": Moment("renamed", "renamed"),
    "batch, unanswered": Moment("batch", "batch", ""),
    "validation, unanswered": Moment("test 1", "test 1", ""),
    "state half written, unanswered": Moment("half", "half", ""),
}


class Stuck:
    """Brings a process to a moment, tells its parent, and stays there.

    Args:
        moment: which one.
        tell: where a byte is written when SIGTERM may come, and one when it would go on for ever.
        told: where a byte comes from when SIGTERM was sent.
    """

    def __init__(self, moment: Moment, tell: int, told: int) -> None:
        self.moment, self.tell, self.told = moment, tell, told
        self.parent = os.getppid()
        self.epoch = 0
        self.has_come = False

    def at(self, place: str) -> None:
        if self.epoch != EPOCH:
            return
        if place == self.moment.comes and not self.has_come:
            self.has_come = True
            os.write(self.tell, b".")
            os.read(self.told, 1)
        if place == self.moment.lasts:
            os.write(self.tell, b".")
            while os.getppid() == self.parent:
                time.sleep(0.02)
            os._exit(3)

    def slow_down(self, model: Any) -> None:
        """Make what is saved last as long as the moment wants."""
        from cbdsl.saving import state_file

        save, write, arrays = model.save_weights, state_file._write_array, []

        def save_weights(path: Path, **named: Any) -> None:
            save(path, **named)
            if self.moment.lasts == "rule's save" and ".last" in path.name:
                os.truncate(path, path.stat().st_size // 2)
                self.at("rule's save")

        def write_array(*args: Any) -> None:
            arrays.append(self.epoch)
            if arrays.count(EPOCH) == 4:
                self.at("half")
            write(*args)

        def fsync(number: int) -> None:
            os.fsync(number)
            self.at("renamed" if stat.S_ISDIR(os.fstat(number).st_mode) else "written")

        model.save_weights = save_weights
        state_file._write_array = write_array
        state_file.os = SimpleNamespace(**vars(os) | {"fsync": fsync})

    def callback(self) -> Any:
        import keras

        def epoch_begins(epoch: int, logs: Any) -> None:
            self.epoch = epoch + 1

        def batch_begins(batch: int, logs: Any) -> None:
            if batch == 1:
                self.at("batch")

        found = keras.callbacks.LambdaCallback(
            on_epoch_begin=epoch_begins, on_train_batch_begin=batch_begins
        )
        found.on_test_batch_begin = lambda batch, logs=None: self.at(f"test {batch + 1}")
        return found


def train(folder: Path, rules: str, stuck: Stuck | None) -> None:
    """One process: it trains to the end, or until it gets stuck."""
    import keras
    import numpy as np

    import cbdsl

    numbers = np.random.default_rng(0)
    x = numbers.normal(size=(BATCHES * SIZE, 4)).astype("float32")
    y = (x.sum(1) ** 2).astype("float32")
    keras.utils.set_random_seed(1)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(6, activation="relu"),
            layers.Dropout(0.3),
            layers.BatchNormalization(),
            layers.Dense(1),
        ]
    )
    # Tracing would take most of the time.
    model.compile(keras.optimizers.Adam(0.01), "mse", run_eagerly=True)
    callbacks = cbdsl.callbacks(rules, run_dir=folder, journal=True)
    if stuck is not None:
        stuck.slow_down(model)
        callbacks = [*callbacks, stuck.callback()]
    model.fit(
        x, y, batch_size=SIZE, epochs=EPOCHS, shuffle=False, verbose=0,
        validation_data=(x[: 2 * SIZE], y[: 2 * SIZE]), callbacks=callbacks,
    )  # fmt: skip
    variables = [*model.variables, *model.optimizer.variables]
    np.savez(folder / "weights.npz", *[variable.numpy() for variable in variables])


@dataclass
class Process:
    """One that trains.

    Attributes:
        number: its id.
        tells: where it tells what `Stuck` says.
        wants: where it is told.
    """

    number: int
    tells: int
    wants: int

    def ended(self) -> str:
        """Waits, and gives the name of the signal that ended it, or nothing."""
        os.close(self.tells)
        os.close(self.wants)
        _, status = os.waitpid(self.number, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status):
            raise RuntimeError(f"a training failed with {os.WEXITSTATUS(status)}")
        return signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else ""


def start(folder: Path, moment: Moment | None = None, *, sticks: bool = False) -> Process:
    """A process that trains, to the end or until it gets stuck."""
    tells, tell = os.pipe()
    told, wants = os.pipe()
    number = os.fork()
    if number == 0:
        os.close(tells)
        os.close(wants)
        status = 1
        try:
            rules = RULES + (moment.answer if moment else "")
            stuck = Stuck(moment, tell, told) if moment and sticks else None
            with (
                open(folder / "said.txt", "a") as said,
                contextlib.redirect_stdout(said),
                contextlib.redirect_stderr(said),
            ):
                train(folder, rules, stuck)
            status = 0
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(status)
    os.close(tell)
    os.close(told)
    return Process(number, tells, wants)


@dataclass
class Found:
    """What came of a moment.

    Attributes:
        killed: the signal that ended the first process.
        epoch: the last epoch in the state that it left.
        unfinished: how many files of a state that is not whole it left.
        last: the file of the unbroken run that `last.weights.h5` is like, else `another`; None if
            there is no `last.weights.h5`.
        behind: the epoch behind which the second process went on.
        left: the files in the folder of the state when that had ended.
        same: whether it came to the same as the unbroken run.
    """

    killed: str = ""
    epoch: int = 0
    unfinished: int = 0
    last: str | None = None
    behind: list[int] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    same: bool = False


def terminated(folder: Path, seconds: float, names: list[str]) -> dict[str, Found]:
    """What came of the moments; the first processes of all wait for the end at once."""
    from cbdsl.saving import StateFolder

    whole = folder / "whole"
    whole.mkdir(parents=True)
    start(whole).ended()
    stuck, found = {}, {}
    for name in names:
        moment = MOMENTS[name]
        (folder / name).mkdir()
        process = stuck[name] = start(folder / name, moment, sticks=True)
        os.read(process.tells, 1)
        os.kill(process.number, signal.SIGTERM)
        if moment.answer:
            os.write(process.wants, b".")
            os.read(process.tells, 1)
    time.sleep(seconds)
    for name, process in stuck.items():
        if MOMENTS[name].answer:
            # Not waited for as yet, its number is still its own.
            os.kill(process.number, signal.SIGKILL)
        seen = found[name] = Found(process.ended())
        state = StateFolder(folder / name, "state")
        saved = state.read()
        assert saved is not None
        assert state.finished() is None
        seen.epoch = saved.facts["epoch"]
        seen.unfinished = len(list(state.path.glob(".*")))
        seen.last = like(folder / name / "last.weights.h5", whole)

        start(folder / name, MOMENTS[name]).ended()
        said = (folder / name / "said.txt").read_text()
        seen.behind = [int(epoch) for epoch in re.findall(r"goes on behind epoch (\d+)", said)]
        seen.left = sorted(path.name for path in state.path.iterdir())
        seen.same = outcome(folder / name) == outcome(whole)
    return found


def like(path: Path, whole: Path) -> str | None:
    """The file of weights in another folder that holds the same."""
    if not path.exists():
        return None
    held = weights(path)
    files = sorted(whole.glob("*.weights.h5"))
    return next((each.name.split(".")[0] for each in files if weights(each) == held), "another")


def weights(path: Path) -> dict[str, bytes]:
    import h5py

    arrays = {}

    def add(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            arrays[name] = item[()].tobytes()

    with h5py.File(path) as file:
        file.visititems(add)
    assert arrays
    return arrays


def main(name: str, seconds: str, *moments: str) -> None:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    from cbdsl.train.quiet import quiet

    quiet()
    # Before the forks, what takes its time.
    import keras  # noqa: F401

    import cbdsl.attach

    cbdsl.compile(RULES)

    found = terminated(Path(name), float(seconds), [*moments])
    print(json.dumps({name: vars(each) for name, each in found.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
