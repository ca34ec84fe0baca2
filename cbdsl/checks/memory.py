"""What rules remember has its bounds, all of them together."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.catalog.functions import SERIES
from cbdsl.checks.context import Context
from cbdsl.checks.functions import constant
from cbdsl.checks.use import given
from cbdsl.diagnostics import Diagnostic
from cbdsl.syntax import nodes as n

MAX_VALUES = 1_000_000
"""How many values the windows of a file hold in all: each is saved at every epoch's end."""

MAX_BEST = 16
"""Of how many metrics the best weights are kept: each is a copy of the model in memory."""


def check(context: Context) -> Iterator[Diagnostic]:
    yield from _windows(context)
    yield from _weights(context)


def _windows(context: Context) -> Iterator[Diagnostic]:
    values = 0
    for statement in context.file.computing:
        for expr in n.expressions(statement):
            for part in n.walk(expr):
                if not isinstance(part, n.Call):
                    continue
                values += _length(context, part)
                if values > MAX_VALUES:
                    yield context.problem(
                        "CBR104",
                        f"with this window the rules remember more than {MAX_VALUES:,} values",
                        part,
                        why="all of them are kept in memory, and saved at each epoch's end",
                        help="choose shorter windows; `ema` remembers one value",
                    )
                    return


def _length(context: Context, call: n.Call) -> int:
    """How many values a series remembers."""
    function = SERIES.get(call.function)
    if function is None:
        return 0
    pairs = zip(call.arguments, function.arguments, strict=False)
    sizes = [constant(context, each) for each, (_, kind) in pairs if kind in ("window", "lag")]
    # One that is no number, or too large, is an error of its own.
    return max((int(size) for size in sizes if size and 0 < size < MAX_VALUES), default=1)


def _weights(context: Context) -> Iterator[Diagnostic]:
    best: dict[object, n.Node] = {}
    for use in context.file.uses:
        if use.callback.name == "EarlyStopping" and given(context, use, "restore_best_weights"):
            best[use.span] = use.callback
    for rule in context.file.rules:
        for action in rule.actions:
            if isinstance(action, n.Restore | n.RollBack) and action.best_of is not None:
                best.setdefault(action.best_of.name, action.best_of)
    if len(best) > MAX_BEST:
        yield context.problem(
            "CBR104",
            f"the best weights of more than {MAX_BEST} metrics",
            [*best.values()][MAX_BEST],
            why="for each of them a copy of the model is kept in memory",
            help="save them to files instead, which a rule does where a metric `improves`",
        )
