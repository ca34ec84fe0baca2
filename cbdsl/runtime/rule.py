"""What every generated rule has besides its hooks."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from cbdsl.runtime.effects import Direct
from cbdsl.runtime.memory import Memory
from cbdsl.runtime.words import numbers, text

MAX_FAILURES = 10
"""After so many failures in a row an action is given up for this training."""


class Rule:
    """Mixed in before `keras.callbacks.Callback`: memory, place in training, and the actions.

    Attributes:
        name: the rule's name, or its place where it has none.
        place: where it stands, for people: `rules.cbr:7`.
        key: what it is, for state: its name and a hash of what it says.
        memory: the attributes that `reset` makes and `state` takes out.
        firings: how often it fired in this training.
        fired_at: the epoch in which it fired last, counted from 1; None if it never did.
        epoch: the epoch that is running, counted from 1.
        batch: how many batches of this epoch are done; only kept by rules that ask.
        step: how many batches are done in all; only kept by rules that ask.
        known: the metrics last seen; only kept by rules that ask.
        clock: the time in training at the last `tick`, in seconds.
        rest: a unit, and the last epoch, batch or second of a wait; None without one.
        started: when training began, by the monotonic clock, in seconds.
        variables: what the rules of the file share; only there in rules that ask.
    """

    name: ClassVar[str]
    place: ClassVar[str]
    key: ClassVar[str]
    memory: ClassVar[tuple[str, ...]] = ()

    effects: Any = Direct()
    variables: Any
    # Given by Keras:
    model: Any
    params: Any

    _counters: ClassVar[tuple[str, ...]] = (
        "firings", "fired_at", "epoch", "batch", "step", "begun", "clock", "rest"
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    # -------------------------------------------------------------------------------- memory

    def reset(self) -> None:
        """Remember nothing, as before training."""
        self.firings = 0
        self._place = 0
        """Which action of a firing is the next."""
        self._failures: dict[int, int] = {}
        """How often in a row an action failed, by its place among the actions."""
        self.fired_at: int | None = None
        self.epoch = 0
        self.batch = 0
        self.step = 0
        self.begun = 0
        self.clock = 0.0
        self.rest: tuple[str, float] | None = None
        self.known: dict[str, float] = {}

    def state(self) -> dict[str, Any]:
        """Everything this rule remembers, as plain data."""
        state = {name: getattr(self, name) for name in self._counters + self.memory}
        return {n: v.state() if isinstance(v, Memory) else v for n, v in state.items()} | {
            "known": dict(self.known),
            "_failures": [[place, count] for place, count in self._failures.items()],
        }

    def take_up(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state()` gave."""
        for name, value in state.items():
            mine = getattr(self, name)
            if isinstance(mine, Memory):
                mine.take_up(value)
            elif name == "_failures":
                self._failures = dict(map(tuple, value))
            else:
                setattr(self, name, _copied(value))

    # ----------------------------------------------------------------------- where we are

    def on_train_begin(self, logs: Any = None) -> None:
        self.reset()
        self.started = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch and not self.epoch and not self.step:
            # `fit(initial_epoch=…)`, or a rule that came later: the batches before count as done.
            self.step = self.begun = epoch * (self.batches or 0)
        self.epoch = epoch + 1
        self.batch = 0

    def on_train_end(self, logs: Any = None) -> None:
        """Nothing to do; rules of other kinds have something to put back."""

    @property
    def epochs(self) -> int | None:
        """How many epochs are planned; None outside `fit`."""
        return (self.params or {}).get("epochs")

    @property
    def batches(self) -> int | None:
        """How many batches an epoch has; None while Keras does not know."""
        return (self.params or {}).get("steps")

    @property
    def steps(self) -> int | None:
        """How many batches are planned in all; None while Keras does not know."""
        epochs, batches = self.epochs, self.batches
        return None if epochs is None or batches is None else epochs * batches

    def advance(self, batch: int) -> tuple[int, int]:
        """Count training batches up to index `batch` of this epoch: the total before, and now.

        With `steps_per_execution` Keras tells of every so many batches, and of more than there
        are at an epoch's end.
        """
        before, size = self.step, self.batches
        done = batch + 1 if size is None else min(batch + 1, size)
        self.step += done - self.batch
        self.batch = done
        return before, self.step

    def begin(self) -> tuple[int, int]:
        """The batch that begins, counted from 1 over the training: the one before, and this."""
        before, self.begun = self.begun, self.step + 1
        return before, self.begun

    def tick(self) -> tuple[float, float]:
        """The time in training at the last call, and now, in seconds."""
        earlier, self.clock = self.clock, self.elapsed
        return earlier, self.clock

    @property
    def elapsed(self) -> float:
        """The time in training, in seconds."""
        elapsed: float = self.effects.elapsed(self)
        return elapsed

    def progress(self, epochs: int, batches: int = 0) -> float | None:
        """How much of the training is done, from 0 to 1, after so many epochs and batches."""
        planned, size = self.epochs, self.batches
        if not planned:
            return None
        return (epochs + (batches / size if size else 0)) / planned

    def setting(self, name: str) -> float | None:
        """A number that the optimizer has; None if it has none of that name."""
        value: float | None = self.effects.setting(self, name)
        return value

    def waiting(self) -> bool:
        """Whether it rests since it fired last."""
        if self.rest is None:
            return False
        unit, last = self.rest
        now = self._now(unit)
        return now < last if unit == "second" else now <= last

    def _now(self, unit: str) -> float:
        return {"epoch": self.epoch, "batch": self.step}.get(unit, self.elapsed)

    def note(self, logs: Any, keep: bool = False) -> None:
        """Remember these metrics for hooks that have none; with `keep` also those not in them."""
        seen = numbers(logs)
        self.known = self.known | seen if keep else seen

    # ------------------------------------------------------------------------------- actions

    def fired(self, values: dict[str, Any]) -> None:
        """Count a firing; `values` are what the rule saw."""
        self.firings += 1
        self._place = 0
        self.fired_at = self.epoch
        self.effects.fired(self, values)

    def stop(self, why: str | None = None) -> None:
        """End training after this batch or epoch."""
        self._do("stop", why, self.effects.stop)

    def print(self, message: str) -> None:
        """A line on the terminal."""
        self._do("print", message, self.effects.print)

    def warn(self, message: str) -> None:
        """A warning on the terminal."""
        self._do("warn", message, self.effects.warn)

    def save(self, path: str) -> None:
        """Save the model or its weights, by the path's ending, below the run directory."""
        self._do("save", path, self.effects.save)

    def wait(self, span: float, unit: str) -> None:
        """Rest for the next `span` epochs, batches or seconds; `unit` is one of them."""
        self.rest = (unit, self._now(unit) + span)
        self.effects.done(self, "wait", (span, unit))

    def set(self, name: str, holds: float | None, fails: bool | None = None) -> None:
        """Set a variable: a number stays one that is finite.

        One that is true or false is given whether a condition is true and whether it is false;
        where it is neither, the variable cannot be set.
        """
        value = None if fails is False and not holds else holds
        self._do("set", (name, value), self._set)

    def _set(self, rule: Any, change: tuple[str, float | None]) -> None:
        name, value = change
        if value is None or not math.isfinite(value):
            raise ValueError(f"`{name}` would be {text(value)}")
        is_truth = isinstance(self.variables.start[name], bool)
        setattr(self.variables, name, value if is_truth else float(value))

    @property
    def lr(self) -> float:
        """The learning rate."""
        rate: float = self.effects.rate(self)
        return rate

    def _do(self, verb: str, detail: Any, action: Callable[[Any, Any], None]) -> None:
        """An action that fails does not keep those after it from being done."""
        place, self._place = self._place, self._place + 1
        failures = self._failures.get(place, 0)
        if failures >= MAX_FAILURES:
            self.effects.given_up(self, verb, detail, first=failures == MAX_FAILURES)
            self._failures[place] = failures + 1
            return
        try:
            action(self, detail)
        except Exception as error:
            self._failures[place] = failures + 1
            self.effects.failed(self, verb, detail, error)
        else:
            self._failures.pop(place, None)
            self.effects.done(self, verb, detail)


def _copied(value: Any) -> Any:
    """Plain data that may have come from a file, where a tuple is a list."""
    if isinstance(value, dict):
        return dict(value)
    return tuple(value) if isinstance(value, list) else value
