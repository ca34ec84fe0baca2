"""Schedules: what is set at the start of every epoch or batch, by phases."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from cbdsl.runtime.arithmetic import float32
from cbdsl.runtime.keras_model import (
    one_rate,
    prepare_settings,
    release_settings,
    set_setting,
)
from cbdsl.runtime.phases import Phase, Repeat
from cbdsl.runtime.rule import Rule
from cbdsl.runtime.spans import Unit
from cbdsl.runtime.timeline import Timeline


class Schedule(Rule):
    """Mixed in before `keras.callbacks.Callback`: a `schedule` block.

    Attributes:
        by: what it counts.
        start: the value when training began.
        base: what the phases say at this place.
    """

    by: ClassVar[Unit] = "epoch"
    _counters = (*Rule._counters, "start", "base")

    def reset(self) -> None:
        super().reset()
        self.start: float | None = None
        self.base: float | None = None
        self._line: Timeline | None = None

    def take_up(self, state: Mapping[str, Any]) -> None:
        super().take_up(state)
        # It was made with another start.
        self._line = None

    def __getstate__(self) -> dict[str, Any]:
        # The curves of a timeline are functions, which are not pickled; it is made again.
        return vars(self) | {"_line": None}

    def phases(self) -> Sequence[Phase | Repeat]:
        """The phases, one behind the other."""
        raise NotImplementedError

    def value(self) -> float | None:
        """What the schedule sets, as it is."""
        raise NotImplementedError

    def put(self, base: float) -> None:
        """Set what the phases say."""
        raise NotImplementedError

    @property
    def timeline(self) -> Timeline | None:
        """The phases in this training; None where nobody knows what it begins with.

        Raises:
            ValueError: they do not fit it.
        """
        if self._line is None:
            phases = self.phases()
            start = self.start
            if start is None:
                start, first = math.nan, phases[0]
                if not isinstance(first, Repeat) and math.isnan(first.first(start)):
                    self.effects.reach(_refuse, "it is off: say `from …` in the first phase")
                    return None
            self._line = Timeline(phases, start, self.epochs, self.batches, self.by)
        return self._line

    def on_train_begin(self, logs: Any = None) -> None:
        super().on_train_begin(logs)
        self.start = self.value()
        # Made now: what does not fit is said before the first epoch.
        line = self.timeline
        self.base = None if line is None else line.value(0)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        super().on_epoch_begin(epoch, logs)
        self.go_to(epoch)

    def go_to(self, place: int) -> None:
        """Set what is due when so many epochs or batches are done."""
        line = self.timeline
        if line is not None:
            self._place = 0
            self.base = line.value(place)
            self.put(self.base)


def _refuse(why: str) -> None:
    raise ValueError(why)


class EveryBatch(Schedule):
    """A schedule that has a value a batch; it stands before the kind of schedule it is."""

    by = "batch"

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        Rule.on_epoch_begin(self, epoch, logs)
        # Where Keras knows how many there are, what it tells of each does not matter.
        self.go_to(epoch * self.batches if self.batches else self.step)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.go_to(self.step)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.advance(batch)


class RateSchedule(Schedule):
    """A schedule of the learning rate, which rules can scale.

    Attributes:
        factor: what they multiply it by.
    """

    _counters = (*Schedule._counters, "factor")

    def reset(self) -> None:
        super().reset()
        self.factor = 1.0

    def on_train_begin(self, logs: Any = None) -> None:
        self.effects.reach(one_rate, self.model)
        super().on_train_begin(logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Put the rate into the logs, as Keras's `LearningRateScheduler` does."""
        if logs is not None:
            logs["learning_rate"] = self.value()

    def within(self, rate: float) -> float:
        """A rate, kept within its limit."""
        return rate

    def value(self) -> float:
        return self.lr

    def put(self, base: float) -> None:
        rate = self.within(self.within(base) * self.factor)
        self._do("lr", rate, self.effects.set_rate)

    def scaled(self, factor: float) -> tuple[float, float]:
        """The factor and the rate if a rule multiplies the rate once more.

        A cut that the limit shortens is shortened in the factor too.
        """
        base = self.within(self.base or 0.0)
        after = max(self.factor * factor, 0.0)
        rate = self.within(base * after)
        return (rate / base if base and rate != base * after else after), rate


class SettingSchedule(Schedule):
    """A schedule of a setting of the optimizer.

    Attributes:
        setting_name: which.
    """

    setting_name: ClassVar[str]

    def on_train_begin(self, logs: Any = None) -> None:
        self.effects.reach(prepare_settings, self.model, (self.setting_name,))
        super().on_train_begin(logs)

    def on_train_end(self, logs: Any = None) -> None:
        super().on_train_end(logs)
        self.effects.reach(release_settings, self.model)

    def value(self) -> float | None:
        return self.setting(self.setting_name)

    def put(self, base: float) -> None:
        # Some cost a new trace.
        if self.value() != float32(base):
            self._do("optimizer", (self.setting_name, base), self._put)

    def _put(self, rule: Any, change: tuple[str, float]) -> None:
        self.effects.reach(set_setting, self.model, *change)


class VariableSchedule(Schedule):
    """A schedule of a variable of the caller's.

    Attributes:
        outside: the variables.
        variable_name: which of them.
    """

    outside: Any
    variable_name: ClassVar[str]

    def value(self) -> float | None:
        value: float | None = self.outside.value(self.variable_name)
        return value

    def put(self, base: float) -> None:
        self._do("set", (self.variable_name, base), self._put)

    def _put(self, rule: Any, change: tuple[str, float]) -> None:
        self.outside.assign(*change)
