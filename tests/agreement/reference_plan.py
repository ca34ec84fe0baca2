"""Where a training is, and what is the same all through it.

Part of the independent reading of the language in reference.py. `None` stands for missing and for
unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from reference_numbers import Better

from cbdsl.syntax import nodes as n

Value = float | bool | str | None

SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}


@dataclass(frozen=True)
class Moment:
    """One event: where the training is, and the metrics that are there."""

    hook: str
    epoch: int
    batch: int
    step: int
    elapsed: float
    progress: float
    metrics: Mapping[str, float]

    def count(self, unit: str) -> float:
        """How much of a unit of a clock has gone by."""
        if unit == "epoch":
            return self.epoch
        return self.step if unit == "batch" else self.elapsed


@dataclass(frozen=True)
class Plan:
    """What is the same at every event: the parameters, the directions, and what is planned."""

    params: Mapping[str, n.ParamLiteral]
    given: Mapping[str, float | bool | str]
    directions: Mapping[str, Better]
    epochs: int
    batches: int

    def param(self, name: str) -> Value:
        """A parameter's value; a time's in seconds."""
        literal = self.params[name]
        if name in self.given:
            return self.given[name]
        if isinstance(literal, n.Duration):
            return self.span(literal)[0]
        if isinstance(literal, n.Text):
            return "".join(part for part in literal.parts if isinstance(part, str))
        return literal.value

    def span(self, duration: n.Duration) -> tuple[float, str]:
        """A duration as a number and a unit: epoch, batch, value or second."""
        count, unit = duration.count, duration.unit
        if unit is None:
            assert isinstance(count, n.Name)
            literal = self.params[count.name]
            assert isinstance(literal, n.Duration)
            if count.name not in self.given:
                return self.span(literal)
            assert literal.unit is not None
            # A caller gives a number of epochs or batches, or a time in seconds.
            unit = "second" if literal.unit in SECONDS else literal.unit
            return float(self.given[count.name]), unit
        number = self.number(count)
        if unit not in SECONDS:
            return number, unit
        return number * SECONDS[unit] + sum(self.span(more)[0] for more in duration.more), "second"

    def number(self, count: n.Number | n.Name) -> float:
        value = count.value if isinstance(count, n.Number) else self.param(count.name)
        assert isinstance(value, float | int)
        return float(value)

    def share(self, count: n.Number | n.Name) -> Fraction | None:
        """How many epochs a percent is, exactly; None for what is no percent."""
        literal = count if isinstance(count, n.Number) else self.params[count.name]
        if not isinstance(literal, n.Number) or not literal.is_percent:
            return None
        if isinstance(count, n.Name) and count.name in self.given:
            return Fraction(repr(float(self.given[count.name]))) * self.epochs
        return Fraction(literal.text.removesuffix("%")) / 100 * self.epochs


@dataclass
class Now:
    """What changes while the training runs: the rate and the variables, as they are this moment."""

    rate: float
    variables: dict[str, float | bool] = field(default_factory=dict)
