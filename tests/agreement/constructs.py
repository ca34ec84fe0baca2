"""Which constructs of the language a program holds, each by a name."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from programs import Case
from reference import History

from cbdsl.syntax import nodes as n

EVERY = tuple(
    line.strip()
    for line in """
    a format
    a metric
    a metric in backticks
    a parameter: number
    a parameter: percent
    a parameter: text
    a parameter: time
    a parameter: truth
    a time of two units
    a variable
    abs of 1
    all
    any
    at batch N
    at batch a parameter
    at epoch N
    at epoch a parameter
    at epoch percent
    at most
    best of 1
    ceil of 1
    change of 1
    clamp of 3
    comparison !=
    comparison <
    comparison <=
    comparison ==
    comparison >
    comparison >=
    comparison of three
    cos of 1
    count of 1
    crosses above
    crosses below
    ema of 2
    every N in: a parameter
    every N in: batch
    every N in: epoch
    every N in: time
    every batch
    every epoch
    exp of 1
    falls
    floor of 1
    held for: a parameter
    held for: batch
    held for: epoch
    held for: time
    highest of 1
    highest of 2
    history: a constant that 32 bits round
    history: batches
    history: huge values
    history: inf
    history: missing values
    history: nan
    history: no batches
    history: parameters given
    history: ties
    history: time that passes
    history: tiny values
    improves
    improves by
    is finite
    is missing
    is nan
    is not finite
    is not missing
    is not nan
    let: number
    let: truth
    limit
    log of 1
    log10 of 1
    lowest of 1
    lowest of 2
    lr *=
    lr +=
    lr -=
    lr /=
    lr =
    max of 2
    max of 3
    maximize
    mean of 2
    metrics and logs
    median of 2
    metric
    min of 2
    min of 3
    minimize
    minus
    not
    number
    on batch_begin
    on batch_end
    on epoch_begin
    on epoch_end
    on interrupt
    on test_batch_begin
    on test_batch_end
    on test_begin
    on test_end
    on train_begin
    on train_end
    once
    operator %
    operator *
    operator **
    operator +
    operator -
    operator /
    param: batch
    param: epoch
    param: number
    param: percent
    param: text
    param: time
    param: truth
    per_batch of 1
    percent
    prev of 1
    prev of 2
    print
    quantile of 3
    rises
    round of 1
    setting
    sin of 1
    since_best of 1
    slope of 2
    sqrt of 1
    stalls by
    stalls for: a parameter
    stalls for: batch
    stalls for: epoch
    stalls for: time
    stalls for: value
    std of 2
    stop
    tanh of 1
    time
    truth
    value batch
    value batches
    value elapsed
    value epoch
    value epochs
    value lr
    value progress
    value step
    value steps
    variable *=
    variable +=
    variable -=
    variable /=
    variable =
    wait: a parameter
    wait: batch
    wait: epoch
    wait: time
    warn
    window in: a parameter
    window in: bare
    window in: batch
    window in: epoch
    window in: percent
    window in: time
    window: after
    window: from
    window: until
    zscore of 2
    """.strip().split("\n")
)
"""All that a program or a history may be made of."""

_VALUES = frozenset("epoch epochs batch batches step steps lr elapsed progress".split())
_TIMES = ("second", "minute", "hour")


def constructs(case: Case) -> frozenset[str]:
    """What a program and its history are made of."""
    found = {*_of_file(case.file), *_of_history(case.history)}
    if _meets_rounding(case):
        found.add("history: a constant that 32 bits round")
    return frozenset(found)


def _meets_rounding(case: Case) -> bool:
    """Whether a metric is compared with a constant that it reaches, and 32 bits cannot hold."""
    numbers = {
        part.value
        for rule in case.file.rules
        for expression in n.expressions(rule)
        for part in n.walk(expression)
        if isinstance(part, n.Number) and not (part.value * 2**20).is_integer()
    }
    over = case.history
    return any(
        v in numbers for s in (*over.series.values(), *over.batch_series.values()) for v in s
    )


def _of_file(file: n.File) -> Iterator[str]:
    params = {param.name.name: param.value for param in file.params}
    for statement in file.statements:
        match statement:
            case n.Param():
                yield f"param: {_literal(statement.value)}"
            case n.Let():
                yield f"let: {'truth' if isinstance(statement.value, n.Truth) else 'number'}"
            case n.Direction():
                yield "minimize" if statement.better == "lower" else "maximize"
            case n.Metric():
                yield "metric"
                yield from _of_expression(statement.value, params)
            case n.Rule():
                yield from _of_rule(statement, params)
            case _:
                yield type(statement).__name__.lower()


_Params = dict[str, n.ParamLiteral]


def _literal(value: n.ParamLiteral) -> str:
    match value:
        case n.Number():
            return "percent" if value.is_percent else "number"
        case n.Duration():
            return _unit(value)
        case _:
            return type(value).__name__.lower()


def _unit(duration: n.Duration) -> str:
    if duration.unit is None:
        return "bare" if isinstance(duration.count, n.Number) else "a parameter"
    return "time" if duration.unit in _TIMES else duration.unit


def _of_rule(rule: n.Rule, params: _Params) -> Iterator[str]:
    yield from _of_trigger(rule.trigger)
    if rule.window:
        bounds = [b for b in (rule.window.start, rule.window.end) if b]
        for bound in bounds:
            percent = isinstance(bound.count, n.Number) and bound.count.is_percent
            yield f"window: {rule.window.kind}"
            yield f"window in: {'percent' if percent else _unit(bound)}"
    if rule.times:
        yield "at most" if rule.times.count else "once"
    for action in rule.actions:
        match action:
            case n.Assign():
                target = "lr" if action.target.name == "lr" else "variable"
                yield f"{target} {action.op}"
            case n.Wait():
                yield f"wait: {_unit(action.duration)}"
            case _:
                yield type(action).__name__.lower()
    for expression in n.expressions(rule):
        yield from _of_expression(expression, params)
    if any(duration.more for duration in n.durations(rule)):
        yield "a time of two units"


def _of_trigger(trigger: n.Trigger) -> Iterator[str]:
    match trigger:
        case n.On():
            yield f"on {trigger.hook}"
        case n.Each():
            yield f"every {trigger.unit}"
        case n.Every():
            yield f"every N in: {_unit(trigger.period)}"
        case n.At():
            for position in trigger.positions:
                kind = "N" if isinstance(position, n.Number) else "a parameter"
                percent = isinstance(position, n.Number) and position.is_percent
                yield f"at {trigger.unit} {'percent' if percent else kind}"


def _of_expression(expression: n.Expr, params: _Params) -> Iterator[str]:
    for part in n.walk(expression):
        match part:
            case n.Binary():
                yield f"operator {part.op}"
            case n.Compare():
                yield from (f"comparison {op}" for op in part.ops)
                if len(part.ops) > 1:
                    yield "comparison of three"
            case n.Call():
                yield f"{part.function} of {len(part.arguments)}"
            case n.Improves():
                yield "improves by" if part.by else "improves"
            case n.Stalls():
                yield f"stalls for: {_unit(part.duration)}"
                if part.by:
                    yield "stalls by"
            case n.Held():
                yield f"held for: {_unit(part.duration)}"
            case n.Moves():
                yield part.direction
            case n.Crosses():
                yield f"crosses {part.side}"
            case n.State():
                yield f"is {'not ' if part.negated else ''}{part.state}"
            case n.Name():
                yield _of_name(part, params)
            case n.Number():
                yield "percent" if part.is_percent else "number"
            case n.Duration():
                yield "time"
            case n.Text():
                if any(p.spec for p in part.placeholders):
                    yield "a format"
                if any(isinstance(p.value, str) for p in part.placeholders):
                    yield "metrics and logs"
            case _:
                yield type(part).__name__.lower()


def _of_name(name: n.Name, params: _Params) -> str:
    if name.quoted:
        return "a metric in backticks"
    if name.name in _VALUES:
        return f"value {name.name}"
    if name.name in params:
        return f"a parameter: {_literal(params[name.name])}"
    return "a variable" if name.name in ("tally", "switch") else "a metric"


def _of_history(history: History) -> Iterator[str]:
    values = [v for s in (*history.series.values(), *history.batch_series.values()) for v in s]
    known = [v for v in values if v is not None]
    told = {
        "missing values": len(known) < len(values),
        "nan": any(map(math.isnan, known)),
        "inf": any(map(math.isinf, known)),
        "huge values": any(1e30 < v < math.inf for v in known),
        "tiny values": any(0 < abs(v) < 1e-20 for v in known),
        "batches": history.batches > 0,
        "no batches": history.batches == 0,
        "time that passes": history.epoch_seconds > 0,
        "parameters given": bool(history.params),
        "ties": any(_has_ties(list(s)) for s in history.series.values()),
    }
    yield from (f"history: {what}" for what, so in told.items() if so)


def _has_ties(values: list[float | None]) -> bool:
    return any(a is not None and a == b for a, b in pairwise(values))
