"""Runs all checks and holds what they found out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from cbdsl.catalog.words import WORDS
from cbdsl.checks import (
    actions,
    batches,
    cases,
    conditions,
    conflicts,
    counts,
    functions,
    hooks,
    include,
    language,
    memory,
    metrics,
    names,
    order,
    paths,
    patience,
    possible,
    rates,
    reach,
    resume,
    schedules,
    slips,
    traps,
    twins,
    types,
    unused,
    use,
)
from cbdsl.checks.context import Context
from cbdsl.checks.leave import NOTHING, Leave
from cbdsl.checks.params import Given, params_of
from cbdsl.diagnostics import CbrError, Diagnostic
from cbdsl.diagnostics.model import in_order
from cbdsl.source import SourceFile, Span
from cbdsl.syntax import parse_source
from cbdsl.syntax.nodes import File

MAX_ERRORS = 300
"""After so many errors no more are looked for."""

Check = Callable[[Context], Iterator[Diagnostic]]

CHECKS: tuple[Check, ...] = (
    language.check,
    include.check,
    names.check,
    hooks.check,
    counts.check,
    functions.check,
    memory.check,
    types.check,
    metrics.check,
    actions.check,
    schedules.check,
    paths.check,
    use.check,
    resume.check,
    conditions.check,
    possible.check,
    reach.check,
    conflicts.check,
    patience.check,
    batches.check,
    rates.check,
    order.check,
    slips.check,
    twins.check,
    traps.check,
    unused.check,
    cases.check,
)


@dataclass(frozen=True)
class CheckedProgram:
    """A file without errors, its parameters' values, and what it is warned of."""

    context: Context
    warnings: tuple[Diagnostic, ...]


def check(
    source: SourceFile,
    *,
    params: Mapping[str, Given] | None = None,
    metrics: Collection[str] | None = None,
    epochs: int | None = None,
    leave: Leave = NOTHING,
) -> CheckedProgram:
    """The checked program; raises `CbrError` with all diagnostics if one is an error.

    Args:
        source: the rules.
        params: values given by the caller instead of the file's.
        metrics: all names that will stand in the logs, where they are known.
        epochs: how many epochs are planned, where that is known.
        leave: what the caller lets rules do.
    """
    file, problems = parse_source(source)
    problems = _without_uses(file, problems)
    values, wrong = params_of(source, file, params or {})
    names = None if metrics is None else frozenset(metrics)
    context = Context(source, file, values, names, epochs, leave)
    found = _without_echoes(file, in_order(_bounded(source, [*problems, *wrong], _all(context))))
    if not (
        file.computing
        or file.uses
        or file.schedules
        or file.resumes
        or any(d.is_error for d in found)
    ):
        found = [_nothing(source)]
    if any(d.is_error for d in found):
        raise CbrError(found)
    return CheckedProgram(context, tuple(found))


def _bounded(
    source: SourceFile, found: list[Diagnostic], more: Iterable[Diagnostic]
) -> Iterator[Diagnostic]:
    """What was found; after `MAX_ERRORS` errors the rest is not looked for."""
    errors = 0
    for diagnostic in chain(found, more):
        yield diagnostic
        errors += diagnostic.is_error
        if errors > MAX_ERRORS:
            message = f"more than {MAX_ERRORS} mistakes: those that follow are not all"
            yield Diagnostic("CBR104", message, source, None)
            return


def _without_uses(file: File, problems: list[Diagnostic]) -> list[Diagnostic]:
    """A word of the language as a parameter's name is one mistake, however often it is used."""
    words = WORDS.intersection(param.name.name for param in file.params)
    return [d for d in problems if d.span is None or d.source.slice(d.span) not in words]


def _without_echoes(file: File, found: list[Diagnostic]) -> list[Diagnostic]:
    """One error a place, and no warning about a statement that has an error."""
    # By place: the statements of an included file stand behind all others in the text.
    statements = sorted(file.statements, key=lambda statement: statement.span)
    starts = [statement.span.start for statement in statements]

    def statement(diagnostic: Diagnostic) -> int:
        """Its place among the statements; -1 if it is about none."""
        if diagnostic.span is None:
            return -1
        place = bisect_right(starts, diagnostic.span.start) - 1
        inside = place >= 0 and diagnostic.span.start < statements[place].span.end
        return place if inside else -1

    wrong = {statement(d) for d in found if d.is_error} - {-1}
    taken: set[Span] = set()
    kept: list[Diagnostic] = []
    for diagnostic in found:
        if diagnostic.is_error and diagnostic.span is not None:
            if diagnostic.span in taken:
                continue
            taken.add(diagnostic.span)
        if diagnostic.is_error or statement(diagnostic) not in wrong:
            kept.append(diagnostic)
    return kept


def _nothing(source: SourceFile) -> Diagnostic:
    help = "write one, such as `on epoch_end if accuracy > 0.9 stop`"
    return Diagnostic("CBR105", "there are no rules in this text", source, None, help=help)


def _all(context: Context) -> Iterable[Diagnostic]:
    for one in CHECKS:
        yield from one(context)
