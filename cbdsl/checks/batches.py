"""What a rule does at every batch is meant for every batch."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.checks.context import Context
from cbdsl.checks.functions import constant
from cbdsl.checks.metrics import hook_of
from cbdsl.diagnostics import Diagnostic
from cbdsl.formatter import expression
from cbdsl.syntax import nodes as n

OFTEN = 10
"""A rule of every so many batches acts now and then."""


def check(context: Context) -> Iterator[Diagnostic]:
    for rule in context.file.rules:
        if not _at_batches(context, rule):
            continue
        hook = hook_of(rule)
        if rule.condition is not None and not (hook and hook.begins):
            yield from _means(context, rule.condition.test)
        # A moment passes by itself; a state lasts, and the rule acts as long as it does.
        if rule.condition is not None and _is_moment(rule.condition.test):
            continue
        if _turns_off(rule):
            continue
        if rule.times is None and not any(isinstance(a, _LAST) for a in rule.actions):
            for action in rule.actions:
                yield from _again(context, rule, action)


_LAST = (n.Wait, n.Stop, n.Fail, n.RollBack)
"""After these a rule does not fire at the next batch again."""


def _turns_off(rule: n.Rule) -> bool:
    """Whether a rule sets a variable that its condition asks for."""
    asked = n.walk(rule.condition.test) if rule.condition else ()
    targets = [a.target for a in rule.actions if isinstance(a, n.Assign)]
    return any(
        isinstance(target, n.Name) and target.name != "lr" and target in asked for target in targets
    )


def _at_batches(context: Context, rule: n.Rule) -> bool:
    """Whether a rule is looked at with each batch of the training, or almost."""
    hook, trigger = hook_of(rule), rule.trigger
    if hook is not None:
        return hook.is_batch and hook.trains
    if isinstance(trigger, n.Each):
        return trigger.unit == "batch"
    if not isinstance(trigger, n.Every) or context.unit_of(trigger.period) != "batch":
        return False
    count = trigger.period.count
    return isinstance(count, n.Number) and count.value < OFTEN


def _is_moment(test: n.Expr) -> bool:
    """Whether a condition is true only now and then, or until the rule has fired."""
    match test:
        case n.Crosses() | n.Improves() | n.Stalls() | n.Held():
            return True
        case n.All():
            return any(map(_is_moment, test.operands))
        case n.Any():
            return all(map(_is_moment, test.operands))
        case n.Compare(ops=("==",)):
            # `step % 100 == 0`, `step == 500`.
            return True
        case n.Compare(ops=(">=",), operands=(n.Name(name="batch"), n.Name(name="batches"))):
            return True
        case _:
            return False


def _again(context: Context, rule: n.Rule, action: n.Action) -> Iterator[Diagnostic]:
    help = "say how often with `then once`, or let the rule `wait 1 epoch`"
    match action:
        case n.Assign(target=n.Name(name="lr"), op="*=" | "/="):
            factor = constant(context, action.value)
            scales = factor is not None and not 0.9 < factor < 1.1
            # A count that is passed stays passed: such a rule is a decay, and meant to go on.
            if scales and rule.condition and context.metrics_in(rule.condition.test):
                message = "the rate is scaled again with every batch"
                why = "the condition may hold for many batches, and each of them is one"
                yield context.problem("CBR423", message, action, why=why, help=help)
        case n.Notify():
            message = "a message may be sent with every batch"
            yield context.problem("CBR424", message, action, help=help)
        case n.Save(keep=None):
            message = "the model may be saved with every batch"
            why = "each time the training waits until the file is written"
            help = f"{help}, or write `every 1000 batches`"
            yield context.problem("CBR424", message, action, why=why, help=help)
        case _:
            pass


def _means(context: Context, test: n.Expr) -> Iterator[Diagnostic]:
    """How the mean so far moves says little of the batch: it starts anew with each epoch."""
    for part in n.walk(test):
        match part:
            case n.Moves(operand=n.Name(name="loss"), direction=direction):
                instead = f"per_batch(loss) {direction}"
            case n.Call(function=function, arguments=(n.Name(name="loss"), *rest)) if (
                function in _MOVING
            ):
                instead = f"{function}({', '.join(['per_batch(loss)', *map(expression, rest)])})"
            case _:
                continue
        yield context.problem(
            "CBR438",
            "at a batch `loss` is the mean since the epoch began",
            part,
            why="it moves less with each batch, and starts anew with each epoch",
            help=f"for the batch's own loss write `{instead}`",
        )


_MOVING = frozenset({"change", "zscore", "slope", "std"})
