"""What the names of a rule are called inside one generated function."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cbdsl.catalog.functions import FUNCTIONS, SERIES
from cbdsl.catalog.hooks import Hook
from cbdsl.catalog.values import VALUES
from cbdsl.checks.context import Context
from cbdsl.codegen.literals import literal, number
from cbdsl.plan.model import Count, Counter, Remembering, Slot
from cbdsl.plan.naming import Identifiers, argument, variable
from cbdsl.syntax import nodes as n


@dataclass
class Scope:
    """The names that one function can use.

    `hook` is the Keras hook it implements, None for a schedule's function. `metrics` maps those
    already read to their variables, `slots` holds the predicates' memories.
    """

    context: Context
    hook: Hook | None
    slots: tuple[Slot, ...] = ()
    counts_steps: bool = False
    metrics: dict[str, str] = field(default_factory=dict)
    series: dict[str, str] = field(default_factory=dict)
    """The variables of series that were asked for, by the attributes that hold them."""
    settings: dict[str, str] = field(default_factory=dict)
    """The variables of the optimizer's settings that were asked for."""
    outside: dict[str, str] = field(default_factory=dict)
    """The variables of the caller's variables that were asked for."""
    locals: set[str] = field(default_factory=set)
    """The values of the language that were asked for and are read into a variable first."""
    helpers: set[str] = field(default_factory=set)
    """What the module must import from the runtime."""
    modules: set[str] = field(default_factory=set)
    """What it must import from the standard library."""

    def __post_init__(self) -> None:
        params = map(argument, self.context.params) if self.hook is None else ()
        self._free = Identifiers(params)

    def metric(self, name: str) -> str:
        """The variable of a metric; asked for the first time, it gets one."""
        if name not in self.metrics:
            self.metrics[name] = self._free.free(variable(name))
        return self.metrics[name]

    def answer(self, call: n.Call) -> str:
        """The variable that holds what a series answers."""
        name = self.slot(call).name
        if name not in self.series:
            self.series[name] = self._free.free(name)
        return self.series[name]

    def setting(self, name: str) -> str:
        """The variable of a setting of the optimizer."""
        if name not in self.settings:
            self.settings[name] = self._free.free(name)
        return self.settings[name]

    def variable(self, name: str) -> str:
        """The variable of one of the caller's."""
        if name not in self.outside:
            self.outside[name] = self._free.free(argument(name))
        return self.outside[name]

    def amount(self, count: Count) -> str:
        """A number of epochs, batches or seconds."""
        if count.param is None:
            return literal(count.value) if count.is_share else number(count.value)
        times = f"{count.factor} * " if count.factor != 1 else ""
        return f"{times}{self.param(count.param)}"

    def param(self, name: str) -> str:
        return argument(name) if self.hook is None else f"self.{argument(name)}"

    def value(self, name: str) -> str:
        """A value that is always there, as Python."""
        if name == "lr":
            return "lr" if self.hook is None else "self.lr"
        if name == "epoch":
            return self.epoch
        if name == "step":
            return self.step
        if name == "batch":
            return self._batch()
        self.locals.add(name)
        return name

    @property
    def has_epoch(self) -> bool:
        """Whether the function is given `epoch` by Keras, counted from 0."""
        return self.hook is None or self.hook.argument == "epoch"

    @property
    def epoch(self) -> str:
        """The epoch that is running, counted from 1."""
        return "epoch + 1" if self.has_epoch else "self.epoch"

    @property
    def step(self) -> str:
        """The batch of the whole training, counted from 1."""
        return "step" if self.counts_here else "self.step"

    def now(self, counter: Counter) -> str:
        """Where training is, by what a gate or a clock counts."""
        match counter:
            case "epoch":
                return self.epoch
            case "step":
                return self.step
            case "time":
                return self.value("elapsed")
            case "value":
                raise ValueError("values are counted by their clock itself")

    @property
    def counts_here(self) -> bool:
        """Whether this function begins with counting its batch."""
        return self.counts_steps and self.hook is not None and self.hook.name.startswith("batch_")

    def _batch(self) -> str:
        if self.hook is None or not self.hook.is_batch or self.hook.name == "batch_end":
            return "self.batch"
        return "self.batch + 1" if self.hook.name == "batch_begin" else "batch + 1"

    @property
    def progress(self) -> str:
        """How much of the training is done, as a call that is given what is done."""
        match self.hook:
            case Hook(name="train_begin"):
                return "self.progress(0)"
            case Hook(name="epoch_begin"):
                return "self.progress(epoch)"
            case Hook(name="epoch_end"):
                return "self.progress(epoch + 1)"
            case Hook(name="train_end"):
                return "self.progress(self.epoch)"
            case _:
                return "self.progress(self.epoch - 1, self.batch)"

    def slot(self, node: Remembering) -> Slot:
        return next(slot for slot in self.slots if slot.node == node)

    def optional(self, expr: n.Expr) -> list[str]:
        """The variables that an expression reads and that may be None, in its order."""
        return list(dict.fromkeys(self._optional(expr)))

    def _optional(self, expr: n.Expr) -> Iterator[str]:
        match expr:
            case n.Name():
                kind = self.context.kind_of(expr)
                if kind == "metric":
                    yield self.metric(expr.name)
                elif kind == "outside":
                    yield self.variable(expr.name)
                elif kind == "value" and VALUES[expr.name].may_be_missing:
                    yield self.value(expr.name)
            case n.Setting():
                yield self.setting(expr.name)
            case n.Call(function="count"):
                pass
            case n.Call(function=function) if function in SERIES:
                yield self.answer(expr)
            case _:
                for child in n.children(expr):
                    yield from self._optional(child)

    def is_32_bit(self, expr: n.Expr) -> bool:
        """Whether a value is one of Keras's 32-bit numbers, or chosen among some."""
        match expr:
            case n.Name():
                kind = self.context.kind_of(expr)
                return kind in ("metric", "outside") or (kind == "value" and expr.name == "lr")
            case n.Setting():
                return True
            case n.Minus():
                return self.is_32_bit(expr.operand)
            case n.Call(function=function, arguments=arguments):
                known = FUNCTIONS.get(function) or SERIES[function]
                kinds = [kind for _, kind in known.arguments]
                numbers = arguments if known.more else arguments[: kinds.count("number")]
                return known.keeps_32_bit and all(map(self.is_32_bit, numbers))
            case _:
                return False
