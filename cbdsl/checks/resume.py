"""A run is taken up from one folder, by one of those who can."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.catalog.actions import RUN_FILES
from cbdsl.catalog.keras_callbacks import KERAS_CALLBACKS
from cbdsl.checks.context import Context
from cbdsl.checks.paths import shape_of, trouble_with
from cbdsl.checks.use import value_of
from cbdsl.diagnostics import Diagnostic
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    for second in context.file.resumes[1:]:
        where = context.source.place(context.file.resumes[0].span)
        why = f"the run is taken up from the folder at {where}"
        yield context.problem(
            "CBR202", "`resume` is given twice", second, why=why, help="delete one of them"
        )
    for resume in context.file.resumes[:1]:
        yield from _folder(context, resume.folder)
        for use in context.file.uses:
            yield from _beside(context, resume, use)


def _folder(context: Context, folder: n.Text) -> Iterator[Diagnostic]:
    if folder.placeholders:
        message = "nothing is filled into the folder that a run is taken up from"
        why = "it must be the same when the run is taken up"
        yield context.problem("CBR308", message, folder, why=why)
        return
    path = shape_of(folder)
    problem = trouble_with(context, path)
    if path.split("/")[0] in RUN_FILES:
        problem = "a run has a file of this name", "name a folder of its own, such as `state`"
    if problem:
        message, help = problem
        yield context.problem("CBR308", message, folder, help=help)


def _beside(context: Context, resume: n.Resume, use: n.Use) -> Iterator[Diagnostic]:
    """What Keras's callbacks do when a run is taken up."""
    name = use.callback.name
    if name == "BackupAndRestore":
        yield context.problem(
            "CBR439",
            "two that would take the run up, each in its own way",
            use.callback,
            why=f"{context.source.place(resume.span)} does too, with what the rules remember",
            help="delete the callback",
        )
    elif name in KERAS_CALLBACKS and (lost := KERAS_CALLBACKS[name].afresh):
        appends = any(a.name.name == "append" and value_of(context, a.value) for a in use.arguments)
        if name == "CSVLogger" and appends:
            return
        instead = KERAS_CALLBACKS[name].instead
        yield context.problem(
            "CBR440",
            f"`{name}` begins afresh when the run is resumed",
            use.callback,
            why=lost,
            help=f"a rule goes on: `{instead}`" if instead else "write `append=true`",
        )
