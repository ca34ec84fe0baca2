"""Syntax errors in words: what was found, what could stand there, what was likely meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lark import Token
from lark.exceptions import UnexpectedInput

from cbdsl.catalog.words import WORDS
from cbdsl.diagnostics import Diagnostic, did_you_mean
from cbdsl.source import SourceFile, Span
from cbdsl.syntax import (
    wrong_actions,
    wrong_phases,
    wrong_schedules,
    wrong_signs,
    wrong_statements,
    wrong_tests,
    wrong_verbs,
    wrong_words,
)
from cbdsl.syntax.expected import VERBS, expected
from cbdsl.syntax.trouble import Trouble, trouble


class Glued(Exception):
    """Two words without a space between them."""

    def __init__(self, before: Token, after: Token) -> None:
        self.before = before
        self.after = after


def explain(
    error: UnexpectedInput | Glued,
    source: SourceFile,
    span: Span,
    start: str,
    owns: bool,
    words: Mapping[str, str],
) -> Diagnostic:
    """A diagnostic for what Lark could not read in `span`.

    `owns` says that indented lines stand below it; `words` are the grammar's own, by Lark's names.
    """
    if isinstance(error, Glued):
        return _glued(error, source, span, start)
    t = trouble(error, source, span, start, words)
    for mistake in _MISTAKES:
        found = mistake(t)
        if found is not None:
            return found
    return _end(t, owns)


def _glued(error: Glued, source: SourceFile, line: Span, start: str) -> Diagnostic:
    span = Span(error.before.start_pos or 0, error.after.end_pos or 0)
    if start == "test_line" and span.start == line.start:
        found = wrong_tests.glued(source.slice(span), source, line)
        if found is not None:
            return found
    if help := wrong_schedules.glued(source.slice(span), source.slice(line)):
        message = f"`{source.slice(span)}` begins no statement"
        return Diagnostic("CBR109", message, source, span, help=help)
    if start == "phase":
        found = wrong_phases.glued(source, line, span)
        if found is not None:
            return found
    message = f"`{source.slice(span)}` cannot stand here"
    help = f"write a space between `{error.before}` and `{error.after}`"
    if error.after not in WORDS:
        text = source.slice(span)
        help = did_you_mean(text, WORDS - {text}) or help
    return Diagnostic("CBR109", message, source, span, help=help)


def _end(t: Trouble, owns: bool) -> Diagnostic:
    """The end of a statement that is not complete."""
    if owns and t.accepted & VERBS:
        message = "`:` is missing at the end of this line"
        return t.says("CBR109", message, t.end, "it owns the indented lines below it")
    help = 'say what to do, such as `stop` or `print "…"`' if t.accepted & VERBS else ""
    return t.says("CBR109", "this ends too early", t.end, expected(t.accepted), help)


# Each looks for one kind of mistake; the first that knows it explains it.
_MISTAKES: tuple[Callable[[Trouble], Diagnostic | None], ...] = (
    wrong_signs.loose_percent,
    wrong_signs.character,
    wrong_tests.head,
    wrong_tests.outside,
    wrong_tests.line,
    wrong_phases.line,
    wrong_schedules.head,
    wrong_schedules.phase,
    wrong_verbs.changed,
    wrong_actions.action,
    wrong_signs.named_argument,
    wrong_signs.equals,
    wrong_signs.function,
    wrong_statements.statement,
    wrong_words.verb,
    wrong_words.first,
    wrong_signs.unit,
    wrong_signs.times,
    wrong_signs.span,
    wrong_words.predicate,
    wrong_signs.number,
    wrong_words.clause,
    wrong_words.later,
    wrong_signs.point,
    wrong_words.word,
    wrong_signs.sign,
)
