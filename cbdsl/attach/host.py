"""The host: one Keras callback that owns all rules of a program and calls them in file order."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from cbdsl.attach.effects import Live
from cbdsl.attach.expected import Expected
from cbdsl.catalog.hooks import HOOKS
from cbdsl.loading import Options, members
from cbdsl.program import Program
from cbdsl.runtime.arithmetic import float32
from cbdsl.runtime.keras_model import one_rate
from cbdsl.runtime.notices import Notices
from cbdsl.runtime.record import Record
from cbdsl.runtime.rule import Rule

# Hooks at which the host itself has something to do; the others are bound where a rule has them.
_OWN = {"on_train_begin", "on_epoch_begin", "on_epoch_end", "on_train_end"}


def attach(
    program: Program,
    *,
    run_dir: str | os.PathLike[str],
    strict: bool,
    allow: Collection[str] = (),
    notify: Sequence[str] = (),
) -> list[keras.callbacks.Callback]:
    """A program's callbacks: the host, after a scheduler if something writes the rate."""
    host = Rules(program, run_dir=run_dir, strict=strict, allow=allow, notify=notify)
    return [RateScheduler(host), host] if program.plan.sets_rate else [host]


class Rules(keras.callbacks.Callback):
    """All rules of a program as one callback.

    It travels by pickle, cloudpickle and deepcopy: the program is compiled again on arrival, and
    what the rules remember is taken along. Models and open files are not.

    Attributes:
        program: the compiled rules.
        record: what fired when, in the current or last training.
        trained: the last epoch that was trained to its end, counted from 1.
    """

    def __init__(
        self,
        program: Program,
        *,
        run_dir: str | os.PathLike[str] = ".",
        strict: bool = False,
        allow: Collection[str] = (),
        notify: Sequence[str] = (),
    ) -> None:
        super().__init__()
        _known(allow)
        self.program = program
        self.run_dir = run_dir
        self.strict = strict
        self.effects = Live(run_dir, strict)
        self.allow = allow
        self.notify = notify
        options = Options(run_dir, program.outside, notify, allow)
        self.members = members(program.plan, program.module, options)
        self.expected = Expected(program, strict=strict)
        self.trained = 0
        self.began = False
        """Whether a training began, and was not refused."""
        self.started = time.monotonic()
        self.stopped_by: str | None = None
        """The callback of Keras, among those the rules use, that ended the training."""
        self.broken: dict[str, str] = {}
        """Rules that raised an error and are switched off for this training, by key."""
        self.members.act_by(self.effects)
        self._bind()

    @property
    def record(self) -> Record:
        return self.effects.record

    def close(self) -> None:
        """Let go of what works beside the training; of use where Keras tells of no end."""
        # What fails now is reported: no training is left that it could end.
        strict, self.effects.strict = self.effects.strict, False
        for member in self.members.own:
            if isinstance(member, Notices):
                member.close()
        self.effects.strict = strict

    # ------------------------------------------------------------------------ travel and state

    def state(self) -> dict[str, Any]:
        """What every rule remembers, as plain data, by its key."""
        return self.members.state()

    def take_up(self, state: Mapping[str, Any]) -> None:
        """Let the rules go on from what `state()` gave; those it does not hold begin afresh."""
        self.members.take_up(state)

    def __getstate__(self) -> dict[str, Any]:
        return {
            "program": self.program,
            "run_dir": self.run_dir,
            "strict": self.strict,
            "allow": self.allow,
            "notify": self.notify,
            "state": self.state(),
            "record": self.record,
            "trained": self.trained,
            "broken": self.broken,
            "elapsed": time.monotonic() - self.started,
            "missing": self.expected.missing,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(  # type: ignore[misc]
            state["program"],
            **{name: state[name] for name in ("run_dir", "strict", "allow", "notify")},
        )
        self.take_up(state["state"])
        self.effects.record = state["record"]
        self.trained = state["trained"]
        self.broken = state["broken"]
        self.started = time.monotonic() - state["elapsed"]
        self._bind()
        self.expected.missing = state["missing"]

    # ----------------------------------------------------------------------------- dispatch

    def _bind(self) -> None:
        """One function a hook that calls the members having it; none where no member has it."""
        self._calls: dict[str, list[tuple[Any, Callable[..., None]]]] = {
            hook.method: [
                (member, self._hook(member, hook.method))
                for member in self.members.callbacks
                if not _is_default(member, hook.method)
                and getattr(member, "key", None) not in self.broken
            ]
            for hook in HOOKS.values()
        }
        for method, calls in self._calls.items():
            if calls and method not in _OWN:
                setattr(self, method, self._dispatcher(method))

    def _dispatcher(self, method: str) -> Callable[..., None]:
        # Keras gives the logs by position to some hooks and by name to others.
        def dispatch(*args: Any, **named: Any) -> None:
            self._call(method, *args, **named)

        return dispatch

    def _call(self, method: str, *args: Any, **named: Any) -> None:
        logs = named.get("logs", args[-1] if args else None)
        if isinstance(logs, dict):
            _make_plain(logs)
        if self.program.plan.reads_clock:
            # Once an event: every rule sees the same time.
            self.effects.now = time.monotonic() - self.started
        for member, hook in self._calls[method]:
            try:
                hook(*args, **named)
            except Exception as error:
                if method == "on_train_begin" and hasattr(member, "key"):
                    raise Refused(_before(member, error)) from error
                # A callback of Keras raises on purpose: for a file it cannot write, say.
                if not isinstance(member, Rule):
                    raise
                self._broke(member, error)

    def _hook(self, member: Any, method: str) -> Callable[..., None]:
        """A member's hook; that of a callback of Keras also notes that it stops the training."""
        hook: Callable[..., None] = getattr(member, method)
        if isinstance(member, Rule):
            return hook

        def noting(*args: Any, **named: Any) -> None:
            before = self._model is not None and self._model.stop_training
            hook(*args, **named)
            if self._model is not None and self._model.stop_training and not before:
                self.stopped_by = f"Keras's {type(member).__name__}"

        return noting

    def _broke(self, rule: Rule, error: Exception) -> None:
        """A rule that raises is switched off and reported; training goes on."""
        if self.strict:
            error.add_note(f"in the rule {rule.name} ({rule.place})")
            raise error
        self.broken[rule.key] = f"{type(error).__name__}: {error}"
        sys.stderr.write(
            f"\n{rule.place}: the rule is switched off for this training, since it failed: "
            f"{self.broken[rule.key]}\n"
        )
        for method, calls in self._calls.items():
            self._calls[method] = [call for call in calls if call[0] is not rule]

    # ----------------------------------------------------------------------- Keras's hooks

    def set_params(self, params: dict[str, Any]) -> None:
        super().set_params(params)
        for member in self.members.callbacks:
            member.set_params(params)

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        for member in self.members.callbacks:
            member.set_model(model)

    def rate(self, epoch: int, lr: float) -> float:
        """The schedule: the rate of the epoch that begins, counted from 0."""
        epochs = (self.params or {}).get("epochs")
        for schedule in self.members.schedules:
            if schedule.key not in self.broken:
                try:
                    lr = float32(schedule.rate(epoch, lr, epochs))
                except Exception as error:
                    self._broke(schedule, error)
        return lr

    def on_train_begin(self, logs: Any = None) -> None:
        self.effects.record = Record()
        self.effects.failure = None
        self.trained = 0
        self.stopped_by = None
        self.broken = {}
        self.expected.begin()
        self._bind()
        self.started = time.monotonic()
        for schedule in self.members.schedules:
            schedule.on_train_begin()
            try:
                one_rate(self.model)
            except ValueError as error:
                raise Refused(_before(schedule, error)) from error
        if self.program.plan.needs_run_dir:
            Path(self.run_dir).mkdir(parents=True, exist_ok=True)
        self._call("on_train_begin", logs)
        self.began = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._call("on_epoch_begin", epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.expected.seen(epoch, logs or {})
        self._call("on_epoch_end", epoch, logs)
        # Now, and not before: what fails at an epoch's end fails in that epoch.
        self.trained = epoch + 1

    def on_train_end(self, logs: Any = None) -> None:
        self._call("on_train_end", logs)
        self.expected.finish()
        if self.effects.failure is not None:
            raise self.effects.failure


class Refused(ValueError):
    """The rules cannot do in this training what they say; it was not begun."""


def _before(member: Any, error: Exception) -> str:
    """What keeps a training from beginning."""
    place = getattr(member, "place", "")
    return f"{place}: {error}" if place else str(error)


def _known(allow: Collection[str]) -> None:
    """Whatever is allowed is something that can be."""
    if isinstance(allow, str):
        raise TypeError(f"allow is a list of words, such as [{allow!r}]")
    for word in allow:
        if word not in ALLOWED:
            raise ValueError(f"nothing called {word!r} can be allowed: what can is {ALLOWED[0]!r}")


ALLOWED = ("call",)
"""What a caller can allow."""


def _make_plain(logs: dict[str, Any]) -> None:
    """Numbers that other callbacks took from NumPy or a backend become Python's, as Keras's are."""
    for name, value in logs.items():
        if type(value) not in (float, int) and getattr(value, "shape", None) == ():
            logs[name] = float(value)


class RateScheduler(keras.callbacks.LearningRateScheduler):
    """Keras's scheduler over a host's rate; it leaves the model behind when it is copied."""

    def __init__(self, host: Rules) -> None:
        super().__init__(host.rate)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_model": None, "params": None}


def _is_default(member: Any, method: str) -> bool:
    """Whether a rule or a callback of Keras leaves a hook as Keras has it."""
    # Some of Keras's own still go by the older names of the batch hooks, which the others call.
    names = (method, method.replace("_train_batch_", "_batch_"))
    return all(getattr(type(member), n) is getattr(keras.callbacks.Callback, n) for n in names)
