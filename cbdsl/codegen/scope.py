"""What the names of a rule are called inside one generated function."""

from __future__ import annotations

from dataclasses import dataclass, field

from cbdsl.catalog.hooks import Hook
from cbdsl.catalog.values import VALUES
from cbdsl.checks.context import Context
from cbdsl.plan.model import Slot
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

    @property
    def counts_here(self) -> bool:
        """Whether this function begins with counting its batch."""
        return self.counts_steps and self.hook is not None and self.hook.name.startswith("batch_")

    def _batch(self) -> str:
        if self.hook is None or not self.hook.is_batch or self.hook.name == "batch_end":
            return "self.batch"
        return "self.batch + 1" if self.hook.name == "batch_begin" else "batch + 1"

    def slot(self, node: n.Improves | n.Stalls) -> Slot:
        return next(slot for slot in self.slots if slot.node == node)

    def optional(self, expr: n.Expr) -> list[str]:
        """The variables that an expression reads and that may be None, in its order."""
        found = []
        for part in n.walk(expr):
            if not isinstance(part, n.Name):
                continue
            kind = self.context.kind_of(part)
            if kind == "metric":
                found.append(self.metric(part.name))
            elif kind == "value" and VALUES[part.name].may_be_missing:
                found.append(part.name)
        return list(dict.fromkeys(found))

    def is_32_bit(self, expr: n.Expr) -> bool:
        """Whether an expression is directly a metric or the learning rate."""
        if not isinstance(expr, n.Name):
            return False
        kind = self.context.kind_of(expr)
        return kind == "metric" or (kind == "value" and expr.name == "lr")
