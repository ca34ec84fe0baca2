"""Syntax errors in words: what was found, what could stand there, what was likely meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lark import Token
from lark.exceptions import UnexpectedInput

from cbdsl.catalog.words import FOREIGN_STATEMENTS, WORDS
from cbdsl.diagnostics import Diagnostic, Fix, did_you_mean, only_slip
from cbdsl.source import SourceFile, Span
from cbdsl.syntax import (
    wrong_actions,
    wrong_first,
    wrong_habits,
    wrong_numbers,
    wrong_phases,
    wrong_phrases,
    wrong_python,
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
    reads: Callable[[str], bool],
) -> Diagnostic:
    """A diagnostic for what Lark could not read in `span`.

    `owns` says that indented lines stand below it; `words` are the grammar's own, by Lark's names;
    `reads` says whether a text could stand in its place.
    """
    if isinstance(error, Glued):
        return _glued(error, source, span, start)
    t = trouble(error, source, span, start, words, reads)
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
    if hook := wrong_python.glued_hook(source.slice(span)):
        message = f"`{source.slice(span)}` begins no statement"
        return Diagnostic(
            "CBR109", message, source, span, help=f"write `{hook}`", fix=Fix(span, hook)
        )
    if span.start == line.start and source.slice(span) in FOREIGN_STATEMENTS:
        text = source.slice(span)
        message, help = f"`{text}` begins no statement", f"write {FOREIGN_STATEMENTS[text]}"
        return Diagnostic("CBR109", message, source, span, help=help, fix=Fix(span, error.before))
    message = f"`{source.slice(span)}` cannot stand here"
    help = f"write a space between `{error.before}` and `{error.after}`"
    if error.after not in WORDS:
        text = source.slice(span)
        help = did_you_mean(text, WORDS - {text}) or help
        if error.after[:1].isdigit() and error.before in WORDS:
            end = error.before.end_pos or 0
            help, blank = f"write `{error.before} {error.after}`", Fix(Span(end, end), " ")
            return Diagnostic("CBR109", message, source, span, help=help, fix=blank)
        slip = only_slip(text, WORDS, help)
        fix = Fix(span, slip) if slip else None
        return Diagnostic("CBR109", message, source, span, help=help, fix=fix)
    return Diagnostic("CBR109", message, source, span, help=help)


def _end(t: Trouble, owns: bool) -> Diagnostic:
    """The end of a statement that is not complete."""
    if owns and t.accepted & VERBS:
        message = "`:` is missing at the end of this line"
        why, help = "it owns the indented lines below it", "put a `:` there"
        fix = Fix(Span(t.end.end, t.end.end), ":")
        return t.says("CBR109", message, t.end, why, help, fix=fix)
    help = 'say what to do, such as `stop` or `print "…"`' if t.accepted & VERBS else ""
    return t.says("CBR109", "this ends too early", t.end, expected(t.accepted), help)


# Each looks for one kind of mistake; the first that knows it explains it.
_MISTAKES: tuple[Callable[[Trouble], Diagnostic | None], ...] = (
    wrong_numbers.loose_percent,
    wrong_habits.digits,
    wrong_signs.character,
    wrong_tests.head,
    wrong_tests.outside,
    wrong_tests.line,
    wrong_phases.line,
    wrong_schedules.head,
    wrong_habits.place,
    wrong_habits.patience,
    wrong_phrases.before,
    wrong_phrases.after,
    wrong_phrases.more_than,
    wrong_phrases.compared,
    wrong_phrases.moved,
    wrong_schedules.phase,
    wrong_habits.comment,
    wrong_habits.mark,
    wrong_habits.whole_part,
    wrong_python.dotted,
    wrong_python.indexed,
    wrong_python.callback,
    wrong_python.called,
    wrong_python.hook,
    wrong_python.labelled,
    wrong_python.given,
    wrong_verbs.changed,
    wrong_habits.saved,
    wrong_python.joined,
    wrong_actions.action,
    wrong_habits.doubled,
    wrong_habits.percent,
    wrong_habits.conjunction,
    wrong_habits.stopped,
    wrong_phrases.subject,
    wrong_habits.improvement,
    wrong_habits.between,
    wrong_habits.needless,
    wrong_signs.named_argument,
    wrong_signs.equals,
    wrong_signs.function,
    wrong_statements.statement,
    wrong_words.verb,
    wrong_first.first,
    wrong_numbers.unit,
    wrong_numbers.times,
    wrong_numbers.span,
    wrong_words.predicate,
    wrong_numbers.number,
    wrong_words.clause,
    wrong_words.later,
    wrong_signs.point,
    wrong_words.word,
    wrong_signs.sign,
)
