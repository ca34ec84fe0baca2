"""Keras's own callbacks do what their arguments seem to say."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.catalog.keras_callbacks import KERAS_CALLBACKS
from cbdsl.checks.context import Context
from cbdsl.checks.use import given
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


def _argument(use: n.Use, *names: str) -> n.Argument | None:
    return next((a for a in use.arguments if a.name.name in names), None)


def _undirected(context: Context, use: n.Use) -> Iterator[Diagnostic]:
    """Keras asks the model's metrics for the direction, and knows of none that rules make."""
    monitor = given(context, use, "monitor")
    if monitor not in context.made or given(context, use, "mode") != "auto":
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
    if ignored is None or given(context, use, "save_best_only") is not False:
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
    if use.callback.name != "BackupAndRestore" or not given(context, use, "delete_checkpoint"):
        return
    ends: list[n.Node] = [
        other
        for other in context.file.uses
        if other.callback.name == "TerminateOnNaN" and not given(context, other, "raise_error")
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
    swaps = given(context, use, "swap_on_epoch")
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
    """What is saved where a metric of the validation is best, if that is so."""
    if isinstance(statement, n.Use) and statement.callback.name == "ModelCheckpoint":
        by_value = str(given(context, statement, "monitor")).startswith("val_")
        best = given(context, statement, "save_best_only") is True
        return statement.callback if by_value and best else None
    if not isinstance(statement, n.Rule) or not _at_epoch_end(statement):
        return None
    saves = [action for action in statement.actions if isinstance(action, n.Save)]
    metrics = [save.keep.best_of for save in saves if save.keep and save.keep.best_of]
    test = statement.condition.test if statement.condition else None
    for part in n.walk(test) if test else ():
        if isinstance(part, n.Improves) or (isinstance(part, n.Call) and part.function == "best"):
            metrics += context.metrics_in(part)
    validated = any(metric.name.startswith("val_") for metric in metrics)
    return saves[0] if saves and validated else None


def _at_epoch_end(rule: n.Rule) -> bool:
    """Whether a rule that saves acts when an epoch ends."""
    trigger = rule.trigger
    if isinstance(trigger, n.On):
        return trigger.hook == "epoch_end"
    return isinstance(trigger, n.Each) and trigger.unit == "epoch"
