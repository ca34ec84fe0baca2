"""What a rule needs is done above it: rules act in the order of the file."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.checks.context import Context
from cbdsl.checks.use import value_of
from cbdsl.diagnostics import Diagnostic
from cbdsl.formatter import expression
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    yield from _restored(context)
    yield from _recorded(context)


def _at(rule: n.Rule, hook: str) -> bool:
    return isinstance(rule.trigger, n.On) and rule.trigger.hook == hook


def _restored(context: Context) -> Iterator[Diagnostic]:
    """At the end of the training the best weights come back before a file is written."""
    actions = [
        (rule, action)
        for rule in context.file.rules
        if _at(rule, "train_end")
        for action in rule.actions
    ]
    # From the last one on: what stands below is known then.
    restored: n.Restore | None = None
    saved: set[n.Text] = set()
    for rule, save in reversed(actions):
        if isinstance(save, n.Restore):
            restored = save
        if not isinstance(save, n.Save):
            continue
        again = save.path in saved
        saved.add(save.path)
        if restored and not (again or rule.condition or "last" in expression(save.path)):
            where = context.source.place(restored.span)
            yield context.problem(
                "CBR434",
                "this saves the weights before the best ones are back",
                save,
                why=f"they come back at {where}, and rules act in the order of the file",
                help="move the `save` below it",
            )


def _recorded(context: Context) -> Iterator[Diagnostic]:
    """What is recorded at an epoch's end is seen by what stands below."""
    records = [
        (rule, action)
        for rule in context.file.rules
        for action in rule.actions
        if isinstance(action, n.Record)
    ]
    # What is recorded earlier in the epoch is there at its end, wherever that is said.
    early = {action.metric.name for rule, action in records if not _at(rule, "epoch_end")}
    below = {a.metric.name: a for _, a in reversed(records) if a.metric.name not in early}
    for statement in context.file.statements:
        if isinstance(statement, n.Use):
            for argument in statement.arguments:
                if isinstance(argument.value, n.Text):
                    name = str(value_of(context, argument.value))
                    yield from _too_early(context, below.get(name), argument)
        elif isinstance(statement, n.Rule) and _at(statement, "epoch_end"):
            own = {a.metric.name for a in statement.actions if isinstance(a, n.Record)}
            for expr in n.expressions(statement):
                for part in _now(expr):
                    if context.kind_of(part) == "metric" and part.name not in own:
                        yield from _too_early(context, below.get(part.name), part)
            for action in statement.actions:
                if isinstance(action, n.Record):
                    below.pop(action.metric.name, None)


def _too_early(context: Context, record: n.Record | None, at: n.Node) -> Iterator[Diagnostic]:
    if record is not None:
        name, where = record.metric.name, context.source.place(record.span)
        message = f"`{name}` of this epoch is not there yet"
        why = f"it is recorded at {where}, and rules act in the order of the file"
        help = f"move the recording above this, or write `metric {name} = …`"
        yield context.problem("CBR435", message, at, why=why, help=help)


def _now(expr: n.Expr) -> Iterator[n.Name]:
    """The names whose value of this event is asked; `prev` asks for one before."""
    if isinstance(expr, n.Name):
        yield expr
    elif not (isinstance(expr, n.Call) and expr.function == "prev"):
        for child in n.children(expr):
            yield from _now(child)
