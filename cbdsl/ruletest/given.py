"""What the lines of a test give."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from cbdsl.checks.context import target_name
from cbdsl.checks.params import Given as Value
from cbdsl.checks.params import declared, seconds
from cbdsl.syntax import nodes as n

Series = dict[str, list[float | None]]

RATE = 0.001
"""The learning rate when training begins, unless a test says another."""


@dataclass
class Given:
    """What a test gives.

    Attributes:
        params: values for parameters of the rules.
        series: a value an epoch for each metric, None where it is missing.
        batch_series: a value a batch for each metric, the same in every epoch.
        epochs: how many are planned; a test without a size has one.
        batches: how many an epoch has.
        rate: the learning rate when training begins.
        held: what else rules can set when training begins: `optimizer.NAME`, variables.
        epoch_seconds: how long an epoch takes.
        interrupt: the epoch at whose end, or with a batch at whose end, an interrupt is answered.
    """

    params: dict[str, Value] = field(default_factory=dict)
    series: Series = field(default_factory=dict)
    batch_series: Series = field(default_factory=dict)
    epochs: int = 0
    batches: int = 0
    rate: float = RATE
    held: dict[str, float] = field(default_factory=dict)
    epoch_seconds: float = 0.0
    interrupt: tuple[int, int | None] | None = None

    @property
    def metrics(self) -> set[str]:
        """The names of all metrics that it gives."""
        return {*self.series, *self.batch_series}


def given_by(test: n.Test, outside: Collection[str] = ()) -> Given:
    """What the lines of a test give together; `outside` are the caller's variables."""
    given = Given()
    for line in test.lines:
        _take(given, line, outside)
    epoch, batch = given.interrupt or (1, None)
    given.epochs = given.epochs or max(epoch, _longest(given.series))
    given.batches = given.batches or max(batch or 0, _longest(given.batch_series))
    return given


def _take(given: Given, line: n.Line, outside: Collection[str]) -> None:
    match line:
        case n.Set():
            given.params[line.name.name] = declared(line.name.name, line.value).value
        case n.Given(name=n.Name(name="lr", quoted=False), items=(item,)):
            given.rate = _number(item)
        case n.Given(name=name, items=(item,)) if is_held(name, outside):
            given.held[target_name(name)] = _number(item)
        case n.Given():
            into = given.batch_series if line.per_batch else given.series
            into[line.name.name] = [value for item in line.items for value in item.values()]
        case n.GivenSize(what="epochs"):
            given.epochs = int(_number(line.item))
        case n.GivenSize():
            given.batches = int(_number(line.item))
        case n.GivenTime():
            given.epoch_seconds = seconds(line.duration)
        case n.GivenInterrupt(where=n.Where(epochs=(epoch,), batch=batch)):
            given.interrupt = (int(epoch.value), None if batch is None else int(batch.value))
        case _:
            pass


def is_held(name: n.Target, outside: Collection[str]) -> bool:
    """Whether something is a setting of the optimizer or a variable of the caller's."""
    return isinstance(name, n.Setting) or (not name.quoted and name.name in outside)


def _number(item: n.Item) -> float:
    (value,) = item.values()
    assert value is not None  # the checks have seen to it
    return value


def _longest(series: Series) -> int:
    return max(map(len, series.values()), default=0)
