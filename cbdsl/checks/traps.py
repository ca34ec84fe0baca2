"""Keras's own callbacks do what their arguments seem to say."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.catalog.keras_callbacks import KERAS_CALLBACKS
from cbdsl.checks.context import Context
from cbdsl.checks.use import value_of
from cbdsl.diagnostics import Diagnostic
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    averaged = [use for use in context.file.uses if use.callback.name == "SwapEMAWeights"]
    for use in context.file.uses:
        if use.callback.name in KERAS_CALLBACKS:
            yield from _undirected(context, use)
            yield from _every_epoch(context, use)
            yield from _lost_backup(context, use)
    for use in averaged[:1]:
        yield from _averaged(context, use)


def _given(context: Context, use: n.Use, name: str) -> object:
    """What an argument is: as given, else its default."""
    for argument in use.arguments:
        if argument.name.name == name and not isinstance(argument.value, n.Duration):
            return value_of(context, argument.value)
    known = {a.name: a.default for a in KERAS_CALLBACKS[use.callback.name].arguments}
    return known.get(name)


def _argument(use: n.Use, *names: str) -> n.Argument | None:
    return next((a for a in use.arguments if a.name.name in names), None)


def _undirected(context: Context, use: n.Use) -> Iterator[Diagnostic]:
    """Keras asks the model's metrics for the direction, and knows of none that rules make."""
    monitor = _given(context, use, "monitor")
    if monitor not in context.made or _given(context, use, "mode") != "auto":
        return
    better = context.directions.get(str(monitor))
    mode = {"lower": '`mode="min"`', "higher": '`mode="max"`', None: '`mode="min"` or `mode="max"`'}
    yield context.problem(
        "CBR431",
        f"`{use.callback.name}` cannot tell whether more or less of `{monitor}` is better",
        _argument(use, "monitor") or use.callback,
        why="Keras asks the model's own metrics, and ends the training at the first epoch's end",
        help=f"add {mode[better]}",
    )


def _every_epoch(context: Context, use: n.Use) -> Iterator[Diagnostic]:
    """A checkpoint saves every epoch, whatever it monitors, unless it is told otherwise."""
    ignored = _argument(use, "monitor", "mode", "initial_value_threshold")
    if ignored is None or _given(context, use, "save_best_only") is not False:
        return
    yield context.problem(
        "CBR432",
        f"`{ignored.name.name}` changes nothing here",
        ignored,
        why="without `save_best_only` every epoch is saved, better or not",
        help="add `save_best_only=true`",
    )


def _lost_backup(context: Context, use: n.Use) -> Iterator[Diagnostic]:
    """A training that ends in order deletes its backup, and a stop ends it in order."""
    if use.callback.name != "BackupAndRestore" or not _given(context, use, "delete_checkpoint"):
        return
    ends: list[n.Node] = [
        other
        for other in context.file.uses
        if other.callback.name == "TerminateOnNaN" and not _given(context, other, "raise_error")
    ]
    ends += [rule for rule in context.file.rules if _stops_at_nan(rule)]
    for end in ends[:1]:
        where = context.source.place(end.span)
        yield context.problem(
            "CBR436",
            "this backup is deleted when a nan ends the training",
            use.callback,
            why=f"{where} stops the training in order, and then Keras deletes the backup",
            help="add `delete_checkpoint=false`",
        )


def _stops_at_nan(rule: n.Rule) -> bool:
    stops = any(isinstance(action, n.Stop | n.Fail) for action in rule.actions)
    test = rule.condition.test if rule.condition else None
    states = [part for part in n.walk(test) if isinstance(part, n.State)] if test else []
    return stops and any((s.state, s.negated) in _BAD for s in states)


_BAD = {("nan", False), ("finite", True)}


def _averaged(context: Context, use: n.Use) -> Iterator[Diagnostic]:
    """Validation runs with averaged weights; what is saved by its result should be those."""
    swaps = _given(context, use, "swap_on_epoch")
    above = True
    for statement in context.file.statements:
        if statement is use:
            above = False
        saved = _saved_by_validation(context, statement)
        if saved is None or (swaps and not above):
            continue
        why = "`SwapEMAWeights` takes the averaged weights out again before this is saved"
        if swaps:
            why = "it stands above `SwapEMAWeights`, which brings the averaged weights back"
        yield context.problem(
            "CBR433",
            "this saves other weights than those that were validated",
            saved,
            why=why,
            help="write `use SwapEMAWeights(swap_on_epoch=true)`, above this",
        )


def _saved_by_validation(context: Context, statement: n.Statement) -> n.Node | None:
    """What is saved where a metric of the validation is good, if that is so."""
    if isinstance(statement, n.Use) and statement.callback.name == "ModelCheckpoint":
        by_value = str(_given(context, statement, "monitor")).startswith("val_")
        best = _given(context, statement, "save_best_only") is True
        return statement.callback if by_value and best else None
    if not isinstance(statement, n.Rule) or statement.condition is None:
        return None
    asked = context.metrics_in(statement.condition.test)
    if not any(metric.name.startswith("val_") for metric in asked):
        return None
    return next((a for a in statement.actions if isinstance(a, n.Save)), None)
