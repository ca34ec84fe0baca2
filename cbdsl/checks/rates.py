"""What a rule makes of the learning rate is what it seems to."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.checks.context import Context
from cbdsl.checks.functions import constant
from cbdsl.diagnostics import Diagnostic
from cbdsl.formatter import expression
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    for rule in context.file.rules:
        for action in rule.actions:
            if isinstance(action, n.Assign) and action.target == n.Name("lr", span=action.span):
                yield from _limited(context, action)
                yield from _compounds(context, rule, action)


def _limited(context: Context, action: n.Assign) -> Iterator[Diagnostic]:
    """A rate that its limit does not let through."""
    rate = constant(context, action.value) if action.op == "=" else None
    # Of several, which are a mistake, the first counts.
    for limit in context.file.limits[:1]:
        low, high = constant(context, limit.low), constant(context, limit.high)
        if rate is None or low is None or high is None or low <= rate <= high:
            continue
        bound = limit.low if rate < low else limit.high
        shown, where = expression(action.value), context.source.place(limit.span)
        yield context.problem(
            "CBR428",
            f"the rate is set to {expression(bound)}, not to {shown}",
            action.value,
            why=f"the limit at {where} does not let {shown} through",
            help="name a rate within the limit, or widen it",
        )


def _compounds(context: Context, rule: n.Rule, action: n.Assign) -> Iterator[Diagnostic]:
    """`lr *= exp(-0.1 * epoch)` at every epoch: the rate holds the earlier factors already."""
    trigger, factor = rule.trigger, action.value
    each = isinstance(trigger, n.Each) and trigger.unit == "epoch"
    if not (each or (isinstance(trigger, n.On) and trigger.hook in ("epoch_begin", "epoch_end"))):
        return
    again = action.op == "*=" and not (rule.times or rule.condition)
    instead = _decay(context, factor) if again else ""
    if instead:
        yield context.problem(
            "CBR437",
            "the rate falls faster with each epoch",
            action,
            why="`lr` holds the factors of the epochs before, and this one grows with the epoch",
            help=f"write `lr *= {instead}`, or set the rate itself with `lr = …`",
        )


def _decay(context: Context, factor: n.Expr) -> str:
    """The factor of one epoch where `factor` is that of all epochs so far, else nothing."""
    match factor:
        case n.Call(function="exp", arguments=(n.Binary() as power,)):
            rate = _per_epoch(power)
            value = None if rate is None else constant(context, rate)
            return f"exp({expression(rate)})" if rate and value and value < 0 else ""
        case n.Binary(op="**", left=base, right=power) if _is_epoch(power):
            value = constant(context, base)
            return expression(base) if value is not None and 0 < value < 1 else ""
        case _:
            return ""


def _per_epoch(power: n.Binary) -> n.Expr | None:
    """What one epoch adds to `-0.1 * epoch`; None where it is another expression."""
    if power.op == "*" and _is_epoch(power.left):
        return power.right
    return power.left if power.op == "*" and _is_epoch(power.right) else None


def _is_epoch(expr: n.Expr) -> bool:
    """Whether it is the epoch, perhaps counted from another one on."""
    match expr:
        case n.Name(name="epoch", quoted=False):
            return True
        case n.Binary(op="+" | "-", left=left, right=n.Number()):
            return _is_epoch(left)
        case _:
            return False
