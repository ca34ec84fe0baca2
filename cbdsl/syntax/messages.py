"""Syntax errors in words: what was found, what could stand there, what was likely meant."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lark import Token
from lark.exceptions import UnexpectedInput, UnexpectedToken

from cbdsl.catalog.actions import ACTIONS
from cbdsl.catalog.words import FOREIGN, WORDS
from cbdsl.diagnostics import Diagnostic, did_you_mean
from cbdsl.source import SourceFile, Span

ORDER = "NAME: TRIGGER WINDOW if CONDITION then once ACTION, ACTION"

# The lexer's names for what can stand somewhere, in groups that people think in.
_ACTIONS = {"STOP", "PRINT", "WARN", "SAVE"}
_ASSIGN = {"EQUAL", "__ANON_0", "__ANON_1", "__ANON_2", "__ANON_3"}
_VALUES = {"NUMBER", "PERCENT", "LPAR", "MINUS", "BACKTICK"}
_UNITS = {"EPOCH", "EPOCHS", "BATCH", "BATCHES"}
_CLAUSES = {"after": "AFTER", "until": "UNTIL", "from": "FROM", "if": "IF", "once": "ONCE"}
_CLAUSES |= {"on": "ON", "every": "EVERY", "at": "AT", "then": "THEN"}
_OPERATORS = {"LESSTHAN", "MORETHAN", "PLUS", "STAR", "IMPROVES"}

_STARTS = ("on", "every", "at", "param", "minimize", "maximize", "language")

_WORD = re.compile(r"[A-Za-z_]\w*|&&|\|\||[<>=!*+/-]=|\S")
_NUMBER = re.compile(r"\.?\d[\w.%]*")


class Glued(Exception):
    """Two words without a space between them."""

    def __init__(self, before: Token, after: Token) -> None:
        self.before = before
        self.after = after


def explain(
    error: UnexpectedInput | Glued, source: SourceFile, span: Span, start: str
) -> Diagnostic:
    """A diagnostic for what Lark could not read in `span`."""
    if isinstance(error, Glued):
        return _glued(error, source)
    at = span.end if _is_end(error) else error.pos_in_stream or span.start
    found = _found(source, Span(at, span.end))
    accepted = _accepted(error)
    text = source.slice(found)
    before = _word_before(source, span, at)
    starts = start in ("statement", "head")
    if before and accepted and accepted <= _ASSIGN | {"COLON"} and start != "literal":
        if accepted == {"COLON"} or (starts and before.start == span.start):
            return _no_statement(source, before)
        return _no_action(source, before)
    if text == "=" and source.text[at - 1 : at] == "=":
        return _no_assignment(source, Span(at - 1, at + 1))
    if not text:
        return _too_early(source, span, accepted)
    if _NUMBER.fullmatch(text):
        return _no_number(source, found, accepted)
    if text in _CLAUSES and starts:
        return _misplaced(source, found, accepted)
    if not before and starts:
        return _no_statement(source, found)
    code = "CBR109" if text[0].isidentifier() or text in FOREIGN else "CBR110"
    message = f"`{text}` cannot stand here" if code == "CBR109" else f"unexpected `{text}`"
    return Diagnostic(code, message, source, found, _expected(accepted), _meant(text, accepted))


def _is_end(error: UnexpectedInput) -> bool:
    # Lark gives the end the position of the token before it.
    return isinstance(error, UnexpectedToken) and error.token.type == "$END"


def _glued(error: Glued, source: SourceFile) -> Diagnostic:
    start, end = error.before.start_pos or 0, error.after.end_pos or 0
    span = Span(start, end)
    message = f"`{source.slice(span)}` cannot stand here"
    near = did_you_mean(source.slice(span), WORDS)
    help = near or f"write a space between `{error.before}` and `{error.after}`"
    return Diagnostic("CBR109", message, source, span, help=help)


def _too_early(source: SourceFile, span: Span, accepted: set[str]) -> Diagnostic:
    at = Span(max(span.start, span.end - 1), span.end)
    expected = _expected(accepted)
    return Diagnostic("CBR109", "this ends too early", source, at, expected)


def _no_number(source: SourceFile, found: Span, accepted: set[str]) -> Diagnostic:
    text = source.slice(found)
    if _plain_number(text) and not accepted & (_VALUES | {"NUMBER", "PERCENT"}):
        message = f"`{text}` cannot stand here"
        return Diagnostic("CBR109", message, source, found, _expected(accepted))
    help = "write digits with at most one point, and a space before a unit"
    if re.fullmatch(r"[\d_]+", text):
        help = f"write `{text.replace('_', '')}`"
    elif re.fullmatch(r"[\d.]+[kKmM]", text):
        zeros = "000" if text[-1] in "kK" else "000000"
        help = f"write `{text[:-1]}{zeros}`" if "." not in text else help
    elif parts := re.fullmatch(r"([\d.]+%?)([a-z]+)", text):
        help = f"write `{parts[1]} {parts[2]}`"
    message = f"`{text}` is no number"
    return Diagnostic("CBR111", message, source, found, help=help)


def _plain_number(text: str) -> bool:
    return re.fullmatch(r"(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?%?", text) is not None


def _no_action(source: SourceFile, name_span: Span) -> Diagnostic:
    """A name where an action should begin, with no `=` behind it."""
    name = source.slice(name_span)
    if name in _CLAUSES:
        return _misplaced(source, name_span, _ACTIONS)
    forms = ", ".join(f"`{a.form}`" for a in ACTIONS.values())
    help = f"cbr says {FOREIGN[name]}" if name in FOREIGN else did_you_mean(name, ACTIONS)
    message = f"`{name}` is not an action"
    return Diagnostic("CBR109", message, source, name_span, f"actions are {forms}", help)


def _no_assignment(source: SourceFile, span: Span) -> Diagnostic:
    return Diagnostic(
        "CBR109", "`==` compares; it does not set", source, span, help="write one `=`"
    )


def _misplaced(source: SourceFile, word: Span, accepted: set[str]) -> Diagnostic:
    """A clause out of its turn."""
    text = source.slice(word)
    message = f"`{text}` cannot stand here"
    why = f"the parts of a rule stand in this order: {ORDER}"
    return Diagnostic("CBR109", message, source, word, why, _clause_help(text, accepted))


def _no_statement(source: SourceFile, word: Span) -> Diagnostic:
    text = source.slice(word)
    listed = ", ".join(f"`{s}`" for s in _STARTS)
    help = f"cbr says {FOREIGN[text]}" if text in FOREIGN else did_you_mean(text, _STARTS)
    message = f"`{text}` begins no statement"
    why = f"a statement begins with {listed}, or a name and a colon"
    return Diagnostic("CBR109", message, source, word, why, help)


def _clause_help(word: str, accepted: set[str]) -> str:
    if word in ("on", "every", "at"):
        return "a rule has one trigger; write a second rule"
    if word == "then":
        return "`then` stands behind a condition"
    if accepted & _ACTIONS:
        return f"move `{word} …` to its place before the actions"
    return f"finish what stands before `{word}`, or move it to its place"


def _meant(text: str, accepted: set[str]) -> str:
    if text in FOREIGN:
        return f"cbr says {FOREIGN[text]}"
    words = {t.lower() for t in accepted if t.lower() in WORDS}
    return did_you_mean(text, words)


def _expected(accepted: set[str]) -> str:
    """What could stand there, as a sentence; empty if nothing is known."""
    rest = set(accepted)
    items: list[str] = []

    def take(group: set[str], words: str) -> None:
        nonlocal rest
        if rest & group:
            items.append(words)
            rest -= group

    if rest & _ACTIONS:
        take(_ACTIONS | {"NAME", "STRING"} | _OPERATORS, "an action")
    if rest & {"LPAR", "MINUS"}:
        take(_VALUES | {"NAME", "STRING", "TRUE", "FALSE", "NOT"}, "a value")
    if rest & {"ON"}:
        take({"ON", "EVERY", "AT"}, "a trigger (`on`, `every`, `at`)")
    take({"AFTER", "UNTIL", "FROM"}, "a window (`after`, `until`, `from`)")
    take(_UNITS, "`epochs` or `batches`")
    take(_ASSIGN, "`=`, `+=`, `-=`, `*=` or `/=`")
    take({"IF"}, "`if`")
    take({"THEN"}, "`then`")
    take({"ONCE"}, "`once`")
    if rest & {"LESSTHAN", "PLUS", "STAR"}:
        take({t for t in rest if t not in _PLAIN}, "an operator")
    take({"NUMBER"}, "a number")
    take({"PERCENT"}, "a percent")
    take({"NAME", "BACKTICK"}, "a name")
    take({"STRING"}, "a text in quotes")
    take({"COLON"}, "`:`")
    take({"COMMA"}, "`,`")
    items += sorted(f"`{t.lower()}`" for t in rest if t.lower() in WORDS)
    if not items:
        return ""
    listed = items[0] if len(items) == 1 else ", ".join(items[:-1]) + " or " + items[-1]
    return f"{listed} could stand here"


_PLAIN = {"NUMBER", "PERCENT", "NAME", "BACKTICK", "STRING", "COLON", "COMMA", "BY"}


def _accepted(error: UnexpectedInput) -> set[str]:
    """The lexer's names of what would have been right."""
    names: Iterable[str] = getattr(error, "accepts", None) or getattr(error, "allowed", None) or ()
    return set(names) - {"$END"}


def _found(source: SourceFile, rest: Span) -> Span:
    """The word, number or sign that begins at `rest`."""
    match = _NUMBER.match(source.text, *rest) or _WORD.match(source.text, *rest)
    return Span(*match.span()) if match else Span(rest.start, rest.start)


def _word_before(source: SourceFile, span: Span, at: int) -> Span | None:
    """The last word that was read before `at`."""
    words = list(_WORD.finditer(source.text, span.start, at))
    return Span(*words[-1].span()) if words else None
