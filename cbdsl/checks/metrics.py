"""Metrics exist, are there at the hook that asks, and tell which direction is better."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cbdsl.catalog.functions import DIRECTED, RISING
from cbdsl.catalog.hooks import ALIASES, EVENTS, Hook
from cbdsl.catalog.metrics import Better, direction
from cbdsl.catalog.values import VALUES
from cbdsl.checks.context import Context, and_list
from cbdsl.diagnostics import Diagnostic, did_you_mean
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    for named in context.file.directions:
        if context.kind_of(named.metric) == "metric":
            yield from _exists(context, named.metric, None)
    for statement in context.file.computing:
        hook = hook_of(statement)
        for expr in n.expressions(statement):
            for name in context.metrics_in(expr):
                yield from _exists(context, name, hook)
                yield from _at_hook(context, name, hook)
            for part in n.walk(expr):
                yield from _directed(context, directed(part))
    for rule in context.file.rules:
        for action in rule.actions:
            metric = n.best_of(action)
            if metric is not None:
                yield from _best_of(context, action, metric)


def _best_of(context: Context, action: n.Action, metric: n.Name) -> Iterator[Diagnostic]:
    """The metric by whose best value an action goes."""
    if context.kind_of(metric) != "metric":
        message = f"`{metric.name}` is no metric"
        yield context.problem("CBR206", message, metric, why="only metrics have a best value")
        return
    if not isinstance(action, n.Save):
        # That of a save is read where the rule acts, and looked at there.
        yield from _exists(context, metric, None)
    yield from _directed(context, metric)


def _directed(context: Context, operand: n.Expr | None) -> Iterator[Diagnostic]:
    """What must have a better direction has one."""
    if operand is not None and better(context, operand) is None and not _may_tell(context, operand):
        yield _no_direction(context, operand)


def directed(part: n.Expr) -> n.Expr | None:
    """What must have a better direction for an expression to mean something."""
    match part:
        case n.Improves() | n.Stalls():
            return part.operand
        case n.Call(function=function, arguments=(operand, *_)) if function in DIRECTED:
            return operand
        case _:
            return None


def _may_tell(context: Context, expr: n.Expr) -> bool:
    """Whether a statement that could not be read may say which direction is better."""
    return any(name.name in context.lost for name in context.metrics_in(expr))


def hook_of(statement: n.Computing) -> Hook | None:
    """The hook an `on` rule names; None for the others, and for a name that is no hook."""
    if isinstance(statement, n.Metric) or not isinstance(statement.trigger, n.On):
        return None
    return EVENTS.get(ALIASES.get(statement.trigger.hook, statement.trigger.hook))


def better(context: Context, expr: n.Expr) -> Better | None:
    """Which direction of an expression is better; None where nothing tells."""
    match expr:
        case n.Name() if context.kind_of(expr) == "metric":
            return context.directions.get(expr.name) or direction(expr.name)
        case n.Minus():
            return _opposite(better(context, expr.operand))
        case n.Binary(op="+"):
            return _both(context, expr, better(context, expr.right))
        case n.Binary(op="-"):
            return _both(context, expr, _opposite(better(context, expr.right)))
        case n.Binary(op="*" | "/", right=n.Number()):
            return better(context, expr.left)
        case n.Binary(op="*", left=n.Number()):
            return better(context, expr.right)
        case n.Call(function="min" | "max", arguments=arguments):
            sides = [better(context, a) for a in arguments if not context.is_constant(a)]
            return sides[0] if sides and len(set(sides)) == 1 else None
        case n.Call(function=function, arguments=(first, *_)) if function in RISING:
            return better(context, first)
        case _:
            return None


def _both(context: Context, expr: n.Binary, right: Better | None) -> Better | None:
    """The direction of a sum, of which one side may be a constant."""
    left = better(context, expr.left)
    if context.is_constant(expr.left):
        return right
    return left if context.is_constant(expr.right) or left == right else None


def _opposite(direction: Better | None) -> Better | None:
    return None if direction is None else "higher" if direction == "lower" else "lower"


def _exists(context: Context, name: n.Name, hook: Hook | None) -> Iterator[Diagnostic]:
    if context.metrics is None or name.name in context.lost:
        return
    known = context.metrics | {"learning_rate"} | context.expected | context.made
    if hook and hook.metrics == "validation":
        known |= {metric.removeprefix("val_") for metric in known}
    if name.name not in known:
        names = [*known, *VALUES, *context.params]
        yield context.problem(
            "CBR205",
            f"the model does not report `{name.name}`",
            name,
            why=f"it reports {and_list(sorted(context.metrics)) or 'nothing'}",
            help=did_you_mean(name.name, names),
        )


def _at_hook(context: Context, name: n.Name, hook: Hook | None) -> Iterator[Diagnostic]:
    if hook is None:
        return
    if name.name in context.derived:
        if hook.metrics not in ("batch", "validation"):
            return
        why = "a derived metric is computed at the end of each epoch"
        yield _never(context, name, hook, why, "")
        return
    if hook.name == "train_begin":
        why = "no epoch has been trained yet, so every metric is missing"
    elif hook.metrics == "batch" and name.name.startswith("val_"):
        why = "validation runs after the last batch of an epoch"
    elif hook.metrics == "validation" and name.name.startswith("val_"):
        why = "within a validation its metrics go by their names without `val_`"
    else:
        return
    help = f"write `{name.name.removeprefix('val_')}`" if hook.metrics == "validation" else ""
    yield _never(context, name, hook, why, help)


def _never(context: Context, name: n.Name, hook: Hook, why: str, help: str) -> Diagnostic:
    message = f"`{name.name}` is never there at `{hook.name}`"
    return context.problem("CBR403", message, name, why=why, help=help)


def _no_direction(context: Context, expr: n.Expr) -> Diagnostic:
    shown = context.source.slice(expr.span).strip("`")
    message = f"whether more or less of `{shown}` is better is not known"
    why, help = "", "name one metric, or sum up metrics of one direction"
    put = ""
    if isinstance(expr, n.Name) and context.kind_of(expr) == "metric":
        why, help = (
            "its name does not tell",
            f"write `maximize {shown}` or `minimize {shown}` above",
        )
        if expr.quoted:
            help = "write `maximize` or `minimize` and its name in backticks on a line above"
    elif not context.metrics_in(expr):
        message = f"`{shown}` never improves"
        why, help = "only metrics do", ""
        if isinstance(expr, n.Text) and (name := shown.strip('"')).isidentifier():
            put, help = name, f"write its name without quotes: `{name}`"
    elif re.fullmatch(r"[A-Za-z]+(-[A-Za-z]+)+", shown) and direction(shown.replace("-", "_")):
        # It is read as a difference.
        put = shown.replace("-", "_")
        help = f"write `{put}`"
    return context.problem("CBR206", message, expr, why=why, help=help, put=put)
