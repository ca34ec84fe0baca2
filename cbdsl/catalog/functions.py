"""Functions of numbers, and series: functions of a metric's history."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["number", "metric", "condition", "window", "lag", "quantile", "weight"]
"""What an argument is. A `window`, a `lag`, a `quantile` and a `weight` are constants: a whole
number of values, a whole number of values back, 0 to 1, and above 0 up to 1."""


class Function(NamedTuple):
    """A function; `optional` arguments at its end may be left out, `more` of the last may follow.

    `same_kind`: its result is a time where its arguments are times. `keeps_32_bit`: it is one of
    the values it was given, so a 32-bit number where they are.
    """

    name: str
    arguments: tuple[tuple[str, Kind], ...]
    doc: str
    optional: int = 0
    more: bool = False
    same_kind: bool = False
    keeps_32_bit: bool = False

    @property
    def least(self) -> int:
        return len(self.arguments) - self.optional

    @property
    def most(self) -> int | None:
        return None if self.more else len(self.arguments)

    @property
    def form(self) -> str:
        """How it is written: `clamp(x, a, b)`, `prev(x[, n])`, `max(x, y, …)`."""
        names = [name for name, _ in self.arguments]
        text = ", ".join(names[: self.least])
        for name in names[self.least :]:
            text += f"[, {name}]"
        return f"{self.name}({text}{', …' if self.more else ''})"


_X: tuple[tuple[str, Kind], ...] = (("x", "number"),)
_N: tuple[tuple[str, Kind], ...] = (("n", "window"),)

FUNCTIONS = {
    function.name: function
    for function in (
        Function("abs", _X, "its size without the sign", same_kind=True, keeps_32_bit=True),
        Function(
            "min",
            (("x", "number"), ("y", "number")),
            "the smallest; nan where one is",
            more=True,
            same_kind=True,
            keeps_32_bit=True,
        ),
        Function(
            "max",
            (("x", "number"), ("y", "number")),
            "the largest; nan where one is",
            more=True,
            same_kind=True,
            keeps_32_bit=True,
        ),
        Function(
            "clamp",
            (("x", "number"), ("a", "number"), ("b", "number")),
            "x, or the nearer of the bounds a and b",
            same_kind=True,
        ),
        Function("floor", _X, "the largest whole number that is not above x"),
        Function("ceil", _X, "the smallest whole number that is not below x"),
        Function("round", _X, "the nearest whole number, halves to the even one"),
        Function("sqrt", _X, "the square root"),
        Function("exp", _X, "e to the power x"),
        Function("log", _X, "the natural logarithm"),
        Function("log10", _X, "the logarithm to base 10"),
        Function("sin", _X, "the sine of x in radians"),
        Function("cos", _X, "the cosine of x in radians"),
        Function("tanh", _X, "the hyperbolic tangent"),
    )
}

SERIES = {
    function.name: function
    for function in (
        Function(
            "prev",
            (("x", "number"), ("n", "lag")),
            "the value before this event, or n values before it",
            optional=1,
            same_kind=True,
            keeps_32_bit=True,
        ),
        Function("best", _X, "the best value so far", same_kind=True, keeps_32_bit=True),
        Function(
            "lowest",
            _X + _N,
            "the lowest value so far, or of the last n",
            optional=1,
            same_kind=True,
            keeps_32_bit=True,
        ),
        Function(
            "highest",
            _X + _N,
            "the highest value so far, or of the last n",
            optional=1,
            same_kind=True,
            keeps_32_bit=True,
        ),
        Function("mean", _X + _N, "the mean of the last n values", same_kind=True),
        Function("median", _X + _N, "the median of the last n values", same_kind=True),
        Function("std", _X + _N, "their standard deviation (population)", same_kind=True),
        Function(
            "quantile",
            (("x", "number"), ("q", "quantile"), ("n", "window")),
            "the quantile q of the last n values (linear)",
            same_kind=True,
        ),
        Function(
            "ema",
            (("x", "number"), ("a", "weight")),
            "the exponential moving average, a the weight of the newest value",
            same_kind=True,
        ),
        Function(
            "slope", _X + _N, "the slope of the line through the last n values", same_kind=True
        ),
        Function("zscore", _X + _N, "how many deviations the newest is from the n before it"),
        Function("change", _X, "the value minus the one before", same_kind=True),
        Function("since_best", _X, "how many values ago the best one was"),
        Function("count", (("c", "condition"),), "at how many events the condition was true"),
        Function("per_batch", (("x", "metric"),), "the mean of the batches since the last event"),
    )
}

DIRECTED = frozenset({"best", "since_best"})
"""Series that ask which direction is better."""

RISING = frozenset(
    """
    clamp floor ceil round sqrt exp log log10 tanh
    prev best lowest highest mean median quantile ema per_batch
    """.split()
)
"""Functions that are better where their first argument is."""

MEANS = frozenset(
    """
    loss accuracy acc mae mse mape msle error crossentropy bce cce nll hinge poisson divergence
    kld logcosh similarity
    """.split()
)
"""Telling words of metrics that are plain means over the samples, for `per_batch`."""

MAX_WINDOW = 100_000
"""The longest window, in values: what a rule remembers is saved at every epoch's end."""
