"""Random parts of programs: numbers, parameters, spans, and expressions that mean something."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Literal, TypeVar

from histories import NICE
from reference import History

from cbdsl.source import Span
from cbdsl.syntax import nodes as n

T = TypeVar("T")

NOWHERE = Span(0, 0)

SECONDS = {"second": 1, "minute": 60, "hour": 3600}

Given = float | bool | str

# What numbers are compared with and printed beside; metrics come on top.
_VALUES = ("epoch", "epochs", "batch", "batches", "step", "steps", "lr", "lr", "progress")

_ONE_NUMBER = ("floor", "ceil", "round", "sqrt", "exp", "log", "log10", "sin", "cos", "tanh", "abs")
_WINDOWED = ("mean", "median", "std", "slope", "zscore")
_OPERATORS = ("+", "-", "*", "/", "%", "**")
_COMPARISONS = ("<", "<=", ">", ">=") * 2 + ("==", "!=")


def number(value: float) -> n.Number:
    return n.Number(float(value), f"{value:.12g}", span=NOWHERE)


def percent(hundredths: int) -> n.Number:
    return n.Number(float(f"{hundredths}e-2"), f"{hundredths}%", span=NOWHERE)


def name(text: str) -> n.Name:
    """A bare name: of a value, a parameter or a variable."""
    return n.Name(text, span=NOWHERE)


def metric_name(text: str) -> n.Name:
    """A metric's name, in backticks where it would be read as something else."""
    quoted = not text.isidentifier() or text == "epoch"
    return n.Name(text, quoted=quoted, span=NOWHERE)


def span(count: float | str, unit: str | None, *more: n.Duration) -> n.Duration:
    counted = name(count) if isinstance(count, str) else number(count)
    return n.Duration(counted, unit, more, span=NOWHERE)


def call(function: str, *arguments: n.Expr) -> n.Call:
    return n.Call(function, NOWHERE, arguments, span=NOWHERE)


class Parts:
    """Makes expressions over a history; parameters and variables that they need are declared."""

    def __init__(self, random: Random, over: History) -> None:
        self.random = random
        self.history = over
        self.declared: list[n.Param | n.Let] = []
        self.given: dict[str, Given] = {}
        """Values of parameters that the caller gives."""
        self.metrics = sorted(over.series)
        self.in_batches = False
        """Whether the rule's events are batches."""
        self.per_batch: list[str] = []
        """Of which metrics `per_batch` means something at the rule's hook."""
        seen = [v for s in (*over.series.values(), *over.batch_series.values()) for v in s]
        self.levels = [abs(v) for v in seen if v is not None and 0 < abs(v) < 1e300]

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def among(self, *weighted: tuple[float, Callable[[], T]]) -> T:
        """One of several makers, by their weights, asked to make."""
        weights = [weight for weight, _ in weighted]
        (make,) = self.random.choices([make for _, make in weighted], weights)
        return make()

    def among_expressions(self, *weighted: tuple[float, Callable[[], n.Expr]]) -> n.Expr:
        return self.among(*weighted)

    # ---------------------------------------------------------------- parameters, variables

    def param(self, kind: str) -> str:
        """The name of a parameter of a kind, a new one or one that is there."""
        known = [d.name.name for d in self.declared if d.name.name.startswith(f"{kind}_")]
        if known and self.chance(0.5):
            return self.random.choice(known)
        called = f"{kind}_{len(known) + 1}"
        self.declared.append(n.Param(name(called), self._literal(kind), span=NOWHERE))
        if self.chance(0.3):
            self.given[called] = self._given(kind)
        return called

    def _literal(self, kind: str) -> n.ParamLiteral:
        match kind:
            case "count":
                return number(self.random.randint(2, 4))
            case "level" if self.chance(0.2):
                value = self.level()
                return n.Number(-value, f"-{value:.12g}", span=NOWHERE)
            case "level":
                return number(self.level())
            case "share":
                return percent(self.random.choice((10, 20, 29, 30, 50, 60, 75, 90)))
            case "epochs" | "batches":
                return span(self.random.randint(2, 4), kind.removesuffix("es").removesuffix("s"))
            case "spell":
                return self.time()
            case "flag":
                return n.Truth(self.chance(0.7), span=NOWHERE)
            case _:
                return n.Text((self.random.choice(("good", "so so", "a%b")),), span=NOWHERE)

    def _given(self, kind: str) -> Given:
        """What a caller gives; a time in seconds."""
        match kind:
            case "level":
                return self.level()
            case "share":
                return self.random.choice((0.1, 0.29, 0.3, 0.5, 0.7))
            case "spell":
                return float(self.random.choice((5, 10, 60, 120, 5400)))
            case "flag":
                return self.chance(0.5)
            case "text":
                return "other"
            case _:
                return float(self.random.randint(2, 4))

    def variable(self, called: Literal["tally", "switch"]) -> str:
        """The variable of that name: `tally` is a number, `switch` true or false."""
        if not any(d.name.name == called for d in self.declared):
            start: n.Number | n.Truth = n.Truth(self.chance(0.5), span=NOWHERE)
            if called == "tally":
                start = number(self.random.choice((0.0, 1.0, *NICE)))
            self.declared.append(n.Let(name(called), start, span=NOWHERE))
        return called

    # --------------------------------------------------------------------------------- spans

    def small(self) -> float:
        return self.random.choice((1, 1, 2, 2, 3, 4))

    def count(self) -> float | str:
        """A whole number, or a parameter that is one."""
        return self.param("count") if self.chance(0.1) else self.small()

    def time(self) -> n.Duration:
        """A time that the training may reach."""
        seconds = self.history.epoch_seconds * self.random.choice((0.5, 1, 1, 2, 3)) or 10.0
        seconds = max(seconds, 0.5)
        if seconds > 60 and seconds % 60 and self.chance(0.7):
            return span(seconds // 60, "minute", span(seconds % 60, "second"))
        if seconds > 3600 and seconds % 3600 and self.chance(0.7):
            return span(seconds // 3600, "hour", span(seconds % 3600 / 60, "minute"))
        unit = self.random.choice(
            [u for u, size in SECONDS.items() if seconds >= size] or ["second"]
        )
        return span(seconds / SECONDS[unit], unit)

    def lasting(self) -> n.Duration:
        """How long something holds, stalls or rests."""
        epochs, batches = (1, 4) if self.in_batches else (6, 1)
        return self.among(
            (epochs, lambda: span(self.count(), "epoch")),
            (batches, lambda: span(self.count(), "batch")),
            (2.5, self.time),
            (0.6, lambda: span(self.param("epochs"), None)),
            (0.6, lambda: span(self.param("batches"), None)),
            (0.6, lambda: span(self.param("spell"), None)),
        )

    # ------------------------------------------------------------------------------- numbers

    def level(self) -> float:
        """A number that metrics come near to, often one that they reach exactly."""
        if self.levels and self.chance(0.5):
            return float(f"{self.random.choice(self.levels):.6g}")
        return self.random.choice(NICE)

    def constant(self) -> n.Expr:
        return self.among_expressions(
            (7, lambda: number(self.level())),
            (1.5, lambda: percent(self.random.randint(0, 100))),
            (1, lambda: name(self.param("level"))),
            (0.5, lambda: name(self.param("share"))),
            (0.7, lambda: n.Minus(number(self.level()), span=NOWHERE)),
            (0.5, lambda: self._binary(number(self.level()), number(self.level()))),
        )

    def metric(self) -> n.Name:
        return metric_name(self.random.choice(self.metrics))

    def number(self, depth: int = 2) -> n.Expr:
        """A number, of operations nested no deeper than so."""
        if depth == 0 or self.chance(0.3):
            return self.among_expressions(
                (6, self.metric),
                (2, lambda: name(self.random.choice(_VALUES))),
                (1.5, self.constant),
                (0.5, lambda: name(self.variable("tally"))),
                (0.3, lambda: n.Setting("momentum", span=NOWHERE)),
            )
        return self.among_expressions(
            (3, lambda: self._binary(self.number(depth - 1), self.number(depth - 1))),
            (0.7, lambda: n.Minus(self.metric(), span=NOWHERE)),
            (4, lambda: self._function(depth - 1)),
            (7, lambda: self.series(depth - 1)),
            (0.6, self._of_times),
        )

    def _binary(self, left: n.Expr, right: n.Expr) -> n.Binary:
        return n.Binary(self.random.choice(_OPERATORS), left, right, span=NOWHERE)

    def _function(self, depth: int) -> n.Call:
        def some() -> n.Expr:
            return self.number(depth)

        return self.among(
            (7, lambda: call(self.random.choice(_ONE_NUMBER), self._varying(depth))),
            (1.5, lambda: call("min", self._varying(depth), *(some() for _ in range(self.pair())))),
            (1.5, lambda: call("max", self._varying(depth), *(some() for _ in range(self.pair())))),
            (1, lambda: call("clamp", self._varying(depth), some(), some())),
        )

    def pair(self) -> int:
        return self.random.choice((1, 1, 2))

    def _varying(self, depth: int) -> n.Expr:
        return self.number(depth) if self.chance(0.3) else self.metric()

    def series(self, depth: int) -> n.Expr:
        """A function of the values of before; of times and conditions, too."""
        x = self.metric() if self.chance(0.7) else self.number(depth)
        n_values = number(self.small())
        longer = number(self.random.choice((2, 2, 3, 4)))
        kinds: list[tuple[float, Callable[[], n.Expr]]] = [
            (1, lambda: call("prev", x)),
            (1, lambda: call("prev", x, n_values)),
            (1, lambda: call(self.random.choice(("lowest", "highest")), x)),
            (1, lambda: call(self.random.choice(("lowest", "highest")), x, n_values)),
            (3, lambda: call(self.random.choice(_WINDOWED), x, longer)),
            (1, lambda: call("mean", x, name(self.param("count")))),
            (1, lambda: call("quantile", x, number(self.share()), n_values)),
            (1, lambda: call("ema", x, number(self.random.choice((0.1, 0.5, 0.9, 1.0))))),
            (1, lambda: call("change", x)),
            (2, lambda: call("count", self.condition(max(depth, 1)))),
            (1, lambda: call("best", self.directed())),
            (1, lambda: call("since_best", self.directed())),
        ]
        if self.per_batch:
            kinds.append(
                (3, lambda: call("per_batch", metric_name(self.random.choice(self.per_batch))))
            )
        return self.among(*kinds)

    def share(self) -> float:
        return self.random.choice((0.0, 0.1, 0.25, 0.5, 0.7, 0.9, 1.0))

    def directed(self) -> n.Expr:
        """Something of which more or less is better."""
        metric = self.metric()
        return self.among_expressions(
            (7, lambda: metric),
            (0.7, lambda: n.Minus(metric, span=NOWHERE)),
            (0.7, lambda: call("ema", metric, number(0.5))),
            (0.7, lambda: call("mean", metric, number(2))),
            (0.5, lambda: call("prev", metric)),
            (0.5, lambda: n.Binary("+", metric, number(self.level()), span=NOWHERE)),
            (0.5, lambda: n.Binary("*", number(2), metric, span=NOWHERE)),
        )

    # --------------------------------------------------------------------------------- times

    def moment(self) -> n.Expr:
        """A time."""
        elapsed = name("elapsed")
        return self.among_expressions(
            (6, lambda: elapsed),
            (1, lambda: call("prev", elapsed)),
            (1, lambda: call("change", elapsed)),
            (1, lambda: n.Binary("-", elapsed, self.time(), span=NOWHERE)),
            (0.5, lambda: n.Binary("%", elapsed, self.time(), span=NOWHERE)),
            (
                0.5,
                lambda: call(self.random.choice(("mean", "median", "lowest")), elapsed, number(2)),
            ),
            (1, lambda: n.Binary("*", elapsed, self.number(0), span=NOWHERE)),
            (0.5, lambda: call("max", elapsed, self.time())),
        )

    def _of_times(self) -> n.Expr:
        """A number made of two times."""
        return n.Binary("/", self.moment(), span(1, "second"), span=NOWHERE)

    # ---------------------------------------------------------------------------- conditions

    def condition(self, depth: int = 2) -> n.Expr:
        if depth == 0 or self.chance(0.4):
            return self._simple(depth)

        def inner() -> n.Expr:
            return self.condition(depth - 1)

        return self.among_expressions(
            (1.5, lambda: n.All((inner(), inner()), span=NOWHERE)),
            (2.5, lambda: n.Any((inner(), inner()), span=NOWHERE)),
            (1, lambda: n.Not(inner(), span=NOWHERE)),
            (3, lambda: n.Held(inner(), self.lasting(), span=NOWHERE)),
            (8, lambda: self._simple(depth)),
        )

    def _simple(self, depth: int) -> n.Expr:
        """One predicate or comparison."""
        return self.among_expressions(
            (8, lambda: self._comparison(depth)),
            (1, self._of_moments),
            (2, lambda: n.Improves(self.directed(), self._by(), span=NOWHERE)),
            (3, self._stalls),
            (2, self._moves),
            (2.5, self._crosses),
            (3, lambda: self._state(depth)),
            (0.6, lambda: n.Truth(self.chance(0.7), span=NOWHERE)),
            (0.6, lambda: name(self.param("flag"))),
            (0.4, lambda: name(self.variable("switch"))),
        )

    def _comparison(self, depth: int) -> n.Compare:
        """Of two or three numbers, mostly with a constant on one side."""
        op = self._op
        varying = self.number(depth)
        if self.chance(0.1):
            return n.Compare((op(), op()), (self.constant(), varying, self.number(0)), span=NOWHERE)
        other = self.constant() if self.chance(0.7) else self.number(depth)
        sides = (other, varying) if self.chance(0.2) else (varying, other)
        return n.Compare((op(),), sides, span=NOWHERE)

    def _op(self) -> str:
        return self.random.choice(_COMPARISONS)

    def _of_moments(self) -> n.Compare:
        other = self.time() if self.chance(0.5) else name(self.param("spell"))
        return n.Compare((self._op(),), (self.moment(), other), span=NOWHERE)

    def _by(self) -> n.Expr | None:
        if self.chance(0.6):
            return None
        return self.among_expressions(
            (3, lambda: number(self.random.choice((0.01, 0.1, 0.2, 0.5)))),
            (1, lambda: name(self.param("level"))),
            (1, lambda: call("change", self.metric())),
        )

    def _stalls(self) -> n.Stalls:
        lasting = span(self.count(), "value") if self.chance(0.25) else self.lasting()
        return n.Stalls(self.directed(), lasting, self._by(), span=NOWHERE)

    def _moves(self) -> n.Moves:
        direction: Literal["rises", "falls"] = self.random.choice(("rises", "falls"))
        return n.Moves(self.number(self.pair() - 1), direction, span=NOWHERE)

    def _crosses(self) -> n.Crosses:
        side: Literal["above", "below"] = self.random.choice(("above", "below"))
        level = self.constant() if self.chance(0.7) else self.number(1)
        return n.Crosses(self.number(self.pair() - 1), side, level, span=NOWHERE)

    def _state(self, depth: int) -> n.State:
        state: Literal["nan", "finite", "missing"] = self.random.choice(
            ("nan", "finite", "missing")
        )
        return n.State(self.number(depth), state, self.chance(0.5), span=NOWHERE)
