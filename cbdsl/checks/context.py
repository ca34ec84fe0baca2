"""What every check may ask: the file, its parameters, and what a name stands for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from cbdsl.catalog.functions import MAX_WINDOW
from cbdsl.catalog.metrics import Better
from cbdsl.catalog.units import SECONDS
from cbdsl.catalog.values import VALUES
from cbdsl.checks.leave import NOTHING, Leave
from cbdsl.diagnostics import Diagnostic, Fix
from cbdsl.source import SourceFile, Span
from cbdsl.syntax import nodes as n

Kind = Literal["number", "truth", "text", "span", "time"]
WORDS: dict[Kind, str] = {
    "number": "a number",
    "truth": "a condition (true or false)",
    "text": "a text",
    "span": "a number of epochs or batches",
    "time": "a time",
}
"""What is said for a kind in messages."""

NameKind = Literal["metric", "value", "param", "variable", "outside"]
"""What a name stands for; a variable from outside is one that the caller passes."""


@dataclass(frozen=True)
class ParamValue:
    """A parameter and the value it has in this run.

    `kind` and `unit` come from the literal in the file; `unit` is `epoch` or `batch` for a span,
    `percent` for a percent, else None. A time is in seconds.
    """

    name: str
    kind: Kind
    unit: str | None
    value: float | bool | str

    @property
    def is_percent(self) -> bool:
        return self.unit == "percent"


@dataclass(frozen=True)
class Context:
    """One file under check.

    `metrics` are the names that the model's logs hold, None where nobody knows; `epochs` how many
    are planned, None likewise; `leave` is what the caller lets rules do.
    """

    source: SourceFile
    file: n.File
    params: Mapping[str, ParamValue]
    metrics: frozenset[str] | None = None
    epochs: int | None = None
    leave: Leave = NOTHING

    @cached_property
    def directions(self) -> dict[str, Better]:
        """Which direction is better, as the file's own `minimize` and `maximize` say."""
        return {d.metric.name: d.better for d in self.file.directions}

    @cached_property
    def variables(self) -> dict[str, n.Let]:
        """The variables of the file, by name."""
        return {let.name.name: let for let in self.file.lets}

    @cached_property
    def outside(self) -> dict[str, n.Variable]:
        """The variables that the caller passes, by name."""
        return {variable.name.name: variable for variable in self.file.outside}

    @cached_property
    def scheduled(self) -> dict[str, n.Schedule]:
        """The schedules of the file, by what they set: `lr`, `optimizer.beta_1`, a variable."""
        return {target_name(schedule.target): schedule for schedule in self.file.schedules}

    @cached_property
    def derived(self) -> dict[str, n.Metric]:
        """The metrics that the file computes itself, by name."""
        return {metric.name.name: metric for metric in self.file.metrics}

    @cached_property
    def parts(self) -> int:
        """How many parts the rules have in all; those that are dear count as several."""
        exprs = [e for each in self.file.computing for e in n.expressions(each)]
        return len(self.file.computing) + sum(_weight(p) for e in exprs for p in n.walk(e))

    @cached_property
    def expected(self) -> frozenset[str]:
        """The metrics that come from elsewhere."""
        return self.file.expected

    @cached_property
    def made(self) -> frozenset[str]:
        """The metrics that the rules make: derived ones, and those they record."""
        return self.file.recorded.union(self.derived)

    @cached_property
    def asked(self) -> frozenset[str]:
        """The metrics that rules and derived metrics read."""
        exprs = (expr for each in self.file.computing for expr in n.expressions(each))
        return frozenset(name.name for expr in exprs for name in self.metrics_in(expr))

    @cached_property
    def unread(self) -> frozenset[str]:
        """The words of what could not be read: they may be used there."""
        text = " ".join(self.source.slice(span) for span in self.file.unread)
        return frozenset(re.findall(r"\w+", text))

    @cached_property
    def lost(self) -> frozenset[str]:
        """Names that may be defined in what could not be read; nothing is said of them."""
        return lost_names(self.source, self.file)

    def kind_of(self, name: n.Name) -> NameKind:
        """What a name stands for; everything that is nothing else is a metric."""
        if name.quoted:
            return "metric"
        if name.name in VALUES:
            return "value"
        if name.name in self.variables:
            return "variable"
        if name.name in self.outside:
            return "outside"
        return "param" if name.name in self.params else "metric"

    def unit_of(self, duration: n.Duration) -> str | None:
        """What a duration counts: `epoch`, `batch`, `value`, `time`, `percent` of the epochs.

        None for a number without a unit, and for a name that is no parameter.
        """
        if duration.unit is not None:
            return "time" if duration.unit in SECONDS else duration.unit
        if isinstance(duration.count, n.Number):
            return "percent" if duration.count.is_percent else None
        param = self.params.get(duration.count.name)
        if param is None:
            return None
        return "time" if param.kind == "time" else param.unit

    def trigger_unit(self, trigger: n.Each | n.Every | n.At) -> str | None:
        """What a trigger counts: `epoch`, `batch` or `time`."""
        return self.unit_of(trigger.period) if isinstance(trigger, n.Every) else trigger.unit

    def is_constant(self, expr: n.Expr) -> bool:
        """Whether an expression is made of literals and parameters alone."""
        return all(
            self.kind_of(part) == "param"
            if isinstance(part, n.Name)
            else isinstance(part, n.Number | n.Duration | n.Minus | n.Binary)
            for part in n.walk(expr)
        )

    def metrics_in(self, expr: n.Expr) -> list[n.Name]:
        """The metrics an expression reads, in the order of the text."""
        return [
            part
            for part in n.walk(expr)
            if isinstance(part, n.Name) and self.kind_of(part) == "metric"
        ]

    def problem(
        self,
        code: str,
        message: str,
        at: n.Node | Span,
        *,
        why: str = "",
        help: str = "",
        put: str = "",
    ) -> Diagnostic:
        """A diagnostic in this file; `put` is what puts it right in the place of what it is at."""
        span = at.span if isinstance(at, n.Node) else at
        fix = Fix(span, put) if put else None
        return Diagnostic(code, message, self.source, span, why, help, fix)


def target_name(target: n.Target) -> str:
    """What is set, as it is written."""
    return f"optimizer.{target.name}" if isinstance(target, n.Setting) else target.name


def lost_names(source: SourceFile, file: n.File) -> frozenset[str]:
    """The second words of statements that could not be read: `target` of `param target 3`."""
    found = (_SECOND.match(source.text, *span) for span in file.unread)
    return frozenset(match[1].strip("`") for match in found if match)


_SECOND = re.compile(r"\s*\w+\s+(`[^`\n]*`|\w+)")


def params_of_file(names: Iterable[str]) -> str:
    """Which parameters there are, as a sentence."""
    listed = and_list(names)
    return f"the file's parameters are {listed}" if listed else "the file has no parameters"


MOST_NAMES = 20
"""How many names a sentence lists; more are only counted."""


def and_list(names: Iterable[str]) -> str:
    """``a``, ``a` and `b``, ``a`, `b` and `c``: names in backticks, as a sentence has them."""
    quoted = [f"`{name}`" for name in names]
    if len(quoted) < 2:
        return "".join(quoted)
    if len(quoted) > MOST_NAMES:
        return f"{', '.join(quoted[:MOST_NAMES])} and {len(quoted) - MOST_NAMES} more"
    return ", ".join(quoted[:-1]) + " and " + quoted[-1]


def _weight(part: n.Expr) -> int:
    """How much a part of an expression costs: values in order are moved for each new one."""
    if isinstance(part, n.Call) and part.function in ("median", "quantile"):
        sizes = [argument.value for argument in part.arguments if isinstance(argument, n.Number)]
        return 1 + int(min(max(sizes, default=0), MAX_WINDOW)) // 50
    return 1
