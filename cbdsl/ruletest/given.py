"""What the lines of a test give."""

from __future__ import annotations

from dataclasses import dataclass, field

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
        epoch_seconds: how long an epoch takes.
    """

    params: dict[str, Value] = field(default_factory=dict)
    series: Series = field(default_factory=dict)
    batch_series: Series = field(default_factory=dict)
    epochs: int = 0
    batches: int = 0
    rate: float = RATE
    epoch_seconds: float = 0.0

    @property
    def metrics(self) -> set[str]:
        """The names of all metrics that it gives."""
        return {*self.series, *self.batch_series}


def given_by(test: n.Test) -> Given:
    """What the lines of a test give together."""
    given = Given()
    for line in test.lines:
        _take(given, line)
    given.epochs = given.epochs or max(1, _longest(given.series))
    given.batches = given.batches or _longest(given.batch_series)
    return given


def _take(given: Given, line: n.Line) -> None:
    match line:
        case n.Set():
            given.params[line.name.name] = declared(line.name.name, line.value).value
        case n.Given(name=n.Name(name="lr", quoted=False), items=(item,)):
            given.rate = _number(item)
        case n.Given():
            into = given.batch_series if line.per_batch else given.series
            into[line.name.name] = [value for item in line.items for value in item.values()]
        case n.GivenSize(what="epochs"):
            given.epochs = int(_number(line.item))
        case n.GivenSize():
            given.batches = int(_number(line.item))
        case n.GivenTime():
            given.epoch_seconds = seconds(line.duration)
        case _:
            pass


def _number(item: n.Item) -> float:
    (value,) = item.values()
    assert value is not None  # the checks have seen to it
    return value


def _longest(series: Series) -> int:
    return max(map(len, series.values()), default=0)
