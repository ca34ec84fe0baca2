"""Rules attached to every `fit` of a process, whoever calls it."""

from __future__ import annotations

import contextlib
import functools
import importlib.abc
import importlib.util
import inspect
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from cbdsl.program import Program
from cbdsl.runtime.failing import TrainingFailed
from cbdsl.runtime.saying import tell
from cbdsl.train import begun, rundir
from cbdsl.train.errors import NotBegun, TrainError, short
from cbdsl.train.resuming import clear

__all__ = ["Fits"]

LEGACY = "rules are for Keras 3, and {what} is Keras 2"


class Fits:
    """Gives each training its own host, beside the callbacks that the caller passes.

        fits = Fits(program, name="rules", run_dir=None, attaching={})
        with fits.attached():
            …

    Keras need not be imported before, so that whoever imports it may choose its backend first.
    The first training has the run's folder, the nth the folder `fit-n` in it; the nth that begins
    within another one has `inner-n` in the folder of that. After each one, why it ended and what
    the rules did is said on standard error.

    In a run that goes on, trainings that are finished are not trained again, up to the first one
    that trains: what followed on that began with another model than it will now.

    Args:
        program: the rules.
        name: what to call the run where it gets a folder of its own, `runs/NAME-N`.
        run_dir: a folder to use instead.
        attaching: more for `Program.callbacks`.
        options: what the run was begun with, to be written down; None where that is not needed.
        goes_on: whether the folder holds a run that goes on.

    Attributes:
        count: how many trainings began.
        interrupted: whether one of them was interrupted.
    """

    def __init__(
        self,
        program: Program,
        *,
        name: str,
        run_dir: Path | None,
        attaching: Mapping[str, Any],
        options: begun.Begun | None = None,
        goes_on: bool = False,
    ) -> None:
        self.program = program
        self.name = name
        # The script may change the working directory.
        self.run_dir = None if run_dir is None else run_dir.absolute()
        self.attaching = attaching
        self.options = options
        self.goes_on = goes_on
        self.count = 0
        self.interrupted = False
        self._named = run_dir is not None
        self._numbers = itertools.count(1)
        self._running: list[_Running] = []
        self._trains = False
        """Whether an epoch was trained in this process."""
        self._undo: list[Callable[[], None]] = []

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        """Attaches the rules inside the block; afterwards all is as it was."""
        watch = _Watch({"keras": self._keras, "tf_keras": self._legacy})
        sys.meta_path.insert(0, watch)
        try:
            for name, found in watch.found.items():
                if name in sys.modules:
                    found(sys.modules[name])
            yield
        finally:
            sys.meta_path.remove(watch)
            for undo in reversed(self._undo):
                undo()

    def end(self) -> None:
        """Marks the run as one whose script has ended, unless there is something to go on with."""
        if self.options is not None and self.run_dir and self.count and not self.interrupted:
            begun.write(self.run_dir, replace(self.options, ended=True))

    def _keras(self, keras: ModuleType) -> None:
        """Puts `_fit` in place of Keras's `fit`: the one that all models inherit or call."""
        if int(keras.__version__.split(".")[0]) < 3:
            raise TrainError(LEGACY.format(what=f"keras {keras.__version__}"))
        owner, original = _owner(keras.Model)
        signature = inspect.signature(original)

        @functools.wraps(original)
        def fit(*args: Any, **named: Any) -> Any:
            try:
                given = signature.bind(*args, **named)
            except TypeError:
                return original(*args, **named)  # It says what is wrong.
            return self._fit(original, given)

        self._replace(owner, fit, original)

    def _legacy(self, tf_keras: ModuleType) -> None:
        owner, original = _owner(tf_keras.Model)

        def fit(*args: Any, **named: Any) -> Any:
            raise TrainError(LEGACY.format(what="tf_keras"))

        self._replace(owner, fit, original)

    def _replace(self, owner: type, fit: Callable[..., Any], original: Callable[..., Any]) -> None:
        setattr(owner, "fit", fit)  # noqa: B010 - mypy knows no `fit` of a type
        self._undo.append(lambda: setattr(owner, "fit", original))

    def _fit(self, original: Callable[..., Any], given: inspect.BoundArguments) -> Any:
        """One training with a host of its own."""
        import keras

        from cbdsl.attach import Refused, Rules
        from cbdsl.train.history import HistoryFile

        theirs = given.arguments.get("callbacks")
        if isinstance(theirs, keras.callbacks.CallbackList):
            raise TrainError(
                "fit is given a keras.callbacks.CallbackList, to which rules cannot be added: "
                "give it a plain list of callbacks"
            )
        folder = self._folder()
        if self.goes_on and self._trains:
            clear(folder, self.program)
        ours = self.program.callbacks(run_dir=folder, journal=True, **self.attaching)
        host = ours[-1]
        assert isinstance(host, Rules)
        host.effects.summarized = True
        host.on_edit = functools.partial(rundir.begin, folder)
        host.keeps_finished = self.goes_on
        history = HistoryFile(folder, host, self.options if folder == self.run_dir else None)
        trains = keras.callbacks.LambdaCallback(on_epoch_begin=self._epoch_begins)
        theirs = keras.tree.flatten(theirs) if theirs else []
        given.arguments["callbacks"] = [*theirs, *ours, history, trains]
        error: BaseException | None = None
        self._running.append(_Running(folder))
        try:
            return original(*given.args, **given.kwargs)
        except Refused as e:
            raise NotBegun(str(e)) from e
        except BaseException as e:
            error = e
            raise
        finally:
            self._running.pop()
            host.close(error)
            self.interrupted |= host.interrupted or isinstance(error, KeyboardInterrupt)
            if history.began:
                self.count += 1
                lines = [*_lines(host, error), f"the run is in {rundir.shown(folder)}"]
                tell("\n".join(lines))
            elif not self._named:
                rundir.discard(folder)

    def _epoch_begins(self, epoch: int, logs: Any) -> None:
        self._trains = True

    def _folder(self) -> Path:
        if self._running:
            outer = self._running[-1]
            return outer.folder / f"inner-{next(outer.numbers)}"
        number = next(self._numbers)
        if self.run_dir is None:
            self.run_dir = rundir.new_run_dir(self.name).absolute()
        return self.run_dir if number == 1 else self.run_dir / f"fit-{number}"


@dataclass
class _Running:
    """A training that runs, and the numbers of those that begin within it.

    These have numbers of their own: it may go on, or be finished, where those do not begin again.
    """

    folder: Path
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))


class _Watch(importlib.abc.MetaPathFinder):
    """Calls a function on a module as soon as it is imported."""

    def __init__(self, found: dict[str, Callable[[ModuleType], None]]) -> None:
        self.found = found
        self._looking: set[str] = set()

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in self.found or name in self._looking:
            return None
        self._looking.add(name)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._looking.remove(name)
        if spec is not None and spec.loader is not None:
            loader: Any = spec.loader
            execute = loader.exec_module

            def exec_module(module: ModuleType) -> None:
                del loader.exec_module  # From here on it is an ordinary loader again.
                execute(module)
                self.found[name](module)

            loader.exec_module = exec_module
        return spec


def _owner(model: type) -> tuple[type, Callable[..., Any]]:
    """The class that gives models their `fit`, which depends on Keras's backend."""
    owner = next(one for one in model.__mro__ if "fit" in vars(one))
    return owner, vars(owner)["fit"]


def _lines(host: Any, error: BaseException | None) -> list[str]:
    """How a training ended, and what the rules did."""
    from cbdsl.attach import summary

    planned = host.params["epochs"]
    stopped = isinstance(error, KeyboardInterrupt)
    lines = summary(host, planned=planned, interrupted=stopped)
    if not (error is None or stopped or isinstance(error, TrainingFailed)):
        epoch = min(host.trained + 1, planned)
        lines[0] = f"Training failed in epoch {epoch} of {planned}: {short(error)}"
    return ["", *lines]
