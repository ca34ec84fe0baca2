"""Functions of numbers, and series: functions of a metric's history."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["number", "metric", "condition", "window", "lag", "quantile", "weight"]
"""What an argument is. A `window`, a `lag`, a `quantile` and a `weight` are constants: a whole
number of values, a whole number of values back, 0 to 1, and above 0 up to 1."""

MAX_WINDOW = 100_000
"""The longest window, in values: what a rule remembers is saved at every epoch's end."""

KINDS: dict[Kind, str] = {
    "number": "a number or a time: a metric, a value, or what is computed from such",
    "metric": "a metric that is a plain mean over the samples: the loss, an accuracy, an error",
    "condition": "a condition",
    "window": f"how many values, the newest included: a constant from 1 to {MAX_WINDOW:,}",
    "lag": f"how many values back: a constant from 1 to {MAX_WINDOW:,}; left out it is 1",
    "quantile": "a constant from 0, the lowest value, to 1, the highest",
    "weight": "a constant above 0 and up to 1",
}
"""What an argument of each kind may be. A constant is a number or a parameter."""


class Function(NamedTuple):
    """A function; `optional` arguments at its end may be left out, `more` of the last may follow.

    `doc` says in a few words what it is, `note` what else there is to know. `missing` says when a
    series has no value. `same_kind`: its result is a time where its arguments are times.
    `keeps_32_bit`: it is one of the values it was given, so a 32-bit number where they are.
    """

    name: str
    arguments: tuple[tuple[str, Kind], ...]
    doc: str
    optional: int = 0
    more: bool = False
    same_kind: bool = False
    keeps_32_bit: bool = False
    note: str = ""
    missing: str = ""

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
        Function("abs", _X, "x without its sign", same_kind=True, keeps_32_bit=True),
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

_NOT_FULL = "until there are n values"

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
            missing="until there are so many values before",
        ),
        Function(
            "best",
            _X,
            "the best value so far",
            same_kind=True,
            keeps_32_bit=True,
            missing="until a value came that is not nan",
        ),
        Function(
            "lowest",
            _X + _N,
            "the lowest value so far, or of the last n",
            optional=1,
            same_kind=True,
            keeps_32_bit=True,
            missing="until a value came that is not nan; with n, until there are n values",
        ),
        Function(
            "highest",
            _X + _N,
            "the highest value so far, or of the last n",
            optional=1,
            same_kind=True,
            keeps_32_bit=True,
            missing="until a value came that is not nan; with n, until there are n values",
        ),
        Function(
            "mean", _X + _N, "the mean of the last n values", same_kind=True, missing=_NOT_FULL
        ),
        Function(
            "median", _X + _N, "the median of the last n values", same_kind=True, missing=_NOT_FULL
        ),
        Function(
            "std",
            _X + _N,
            "the standard deviation of the last n values",
            same_kind=True,
            note="that of a population, divided by n",
            missing=_NOT_FULL,
        ),
        Function(
            "quantile",
            (("x", "number"), ("q", "quantile"), ("n", "window")),
            "the quantile q of the last n values",
            same_kind=True,
            note="linear between two of them",
            missing=_NOT_FULL,
        ),
        Function(
            "ema",
            (("x", "number"), ("a", "weight")),
            "the exponential moving average, a the weight of the newest value",
            same_kind=True,
            note="y becomes `a·x + (1-a)·y`, beginning with the first value",
            missing="until a value came that is finite",
        ),
        Function(
            "slope",
            _X + _N,
            "the slope of the line through the last n values",
            same_kind=True,
            note="by least squares, per value; n is 2 or more",
            missing=_NOT_FULL,
        ),
        Function(
            "zscore",
            _X + _N,
            "how many standard deviations the newest value is from the mean of the n before it",
            note="n is 2 or more",
            missing="until there are n values and one more",
        ),
        Function(
            "change",
            _X,
            "the value minus the one before",
            same_kind=True,
            missing="where x is missing, and at the first value",
        ),
        Function(
            "since_best",
            _X,
            "how many values ago the best one was",
            note="0 where it is the newest, of equal ones the first",
            missing="until a value came that is not nan",
        ),
        Function(
            "count",
            (("c", "condition"),),
            "at how many events the condition was true",
            missing="never",
        ),
        Function(
            "per_batch",
            (("x", "metric"),),
            "the mean of the batches since the last event",
            note="at batch hooks, of the loss and of plain means",
            missing=(
                "where x is missing, and at the last event of an epoch "
                "([decision 15](language.md#decisions))"
            ),
        ),
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
