"""Where Lark could not go on: what was found there, what stood before, what was accepted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from lark.exceptions import UnexpectedInput, UnexpectedToken

from cbdsl.catalog.functions import SERIES
from cbdsl.catalog.words import WORDS
from cbdsl.diagnostics import Diagnostic, Fix
from cbdsl.source import SourceFile, Span
from cbdsl.syntax.expected import VALUE, expected

STATEMENTS = (
    "on", "every", "at", "param", "let", "variable", "metric", "expects", "minimize", "maximize",
    "limit", "include", "resume", "use", "language",
)  # fmt: skip
"""The words that a statement begins with."""

TRIGGERS = frozenset({"on", "every", "at"})

ORDER = "a rule is written `NAME: on HOOK after N if CONDITION then once ACTION, ACTION`"

_NO_FUNCTIONS = WORDS - set(SERIES)

_WORD = re.compile(
    r"""(?P<text>"(?:\\.|[^"\\\n])*") | (?P<metric>`[^`\n]*`)
      | (?P<number>\.?[0-9](?:[eE][+-]?[0-9]|[\w.])*%?\w*) | (?P<name>[^\W\d]\w*)
      | (?P<sign>&&|\|\||<>|/[/*]|\*\*|[=!]==|[:<>=!*+/×-]=|[^ \t\r\n])""",
    re.VERBOSE,
)
_LONGEST = 300
"""The longest help, in characters."""

_BLANK = re.compile(r"(?:[ \t\r\n]|\#[^\n]*)*")


@dataclass(frozen=True)
class Word:
    """A word, number, text or sign, and where it stands."""

    text: str
    kind: str
    span: Span


@dataclass(frozen=True)
class Trouble:
    """A place in a statement; `accepted` are words of the grammar and names of its terminals."""

    source: SourceFile
    span: Span
    at: int
    start: str
    accepted: frozenset[str]
    words: frozenset[str]
    """All words of the grammar."""
    complete: bool
    """Whether the statement could have ended here."""
    reads: Callable[[str], bool]
    """Whether a text could stand in the place of this statement."""

    @cached_property
    def before(self) -> list[Word]:
        """The words of the statement that were read."""
        return words_in(self.source.text, self.span.start, self.at)

    @cached_property
    def behind(self) -> list[Word]:
        """The words from the trouble on."""
        return words_in(self.source.text, self.at, self.span.end, most=3)

    @property
    def found(self) -> Word | None:
        """The word in trouble; None at the end of the statement."""
        return self.behind[0] if self.behind else None

    @property
    def is_rule(self) -> bool:
        """Whether it is a part of a rule, and not of an expression or a value alone."""
        return self.start in ("statement", "head", "actions") and not self.statement

    @property
    def statement(self) -> str:
        """The word that begins the statement where that is no rule, else an empty string."""
        if self.start not in ("statement", "head") or not self.before:
            return ""
        word = self.before[0].text
        return word if word in STATEMENTS and word not in TRIGGERS else ""

    @property
    def accepts_value(self) -> bool:
        """Whether an expression could begin here."""
        return self.accepted >= VALUE

    @property
    def in_condition(self) -> bool:
        """Whether it stands behind the `if` of a rule."""
        return any(word.text == "if" for word in self.before)

    @property
    def is_use(self) -> bool:
        """Whether it is about one of Keras's callbacks."""
        return self.statement == "use"

    @property
    def last(self) -> str:
        """The word before the trouble, an empty string if there is none."""
        return self.before[-1].text if self.before else ""

    @property
    def next(self) -> str:
        """The word behind the one in trouble, an empty string if there is none."""
        return self.behind[1].text if self.behind[1:] else ""

    @property
    def here(self) -> Span:
        """The word in trouble, or the last character of the statement."""
        return self.found.span if self.found else self.end

    @property
    def called(self) -> str:
        """The function between whose brackets this is, an empty string if there is none."""
        if self.is_use:
            return ""
        depth = 0
        for word, bracket in reversed(list(pairwise(self.before))):
            depth += {"(": 1, ")": -1}.get(bracket.text, 0)
            if depth > 0:
                return word.text if word.kind == "name" and word.text not in _NO_FUNCTIONS else ""
        return ""

    @property
    def is_in_word(self) -> bool:
        """Whether it is in the middle of a word: of `epochs`, read as `epoch` and `s`."""
        return re.match(r"\w\w", self.source.text[max(self.at - 1, 0) : self.at + 1]) is not None

    @property
    def end(self) -> Span:
        """The last character of the statement."""
        return Span(max(self.span.start, self.span.end - 1), self.span.end)

    def says(
        self,
        code: str,
        message: str,
        at: Span,
        why: str = "",
        help: str = "",
        *,
        put: str | None = None,
        fix: Fix | None = None,
    ) -> Diagnostic:
        """A diagnostic; `put` is what puts it right in the place of what it points at."""
        if put is not None:
            fix = Fix(at, put)
        if len(help) > _LONGEST:
            # What was typed is repeated in it.
            help = f"{help[:_LONGEST]}…"
        return Diagnostic(code, message, self.source, at, why, help, fix)

    def cannot_stand(
        self, word: Word, help: str = "", *, put: str | None = None, fix: Fix | None = None
    ) -> Diagnostic:
        """That a word cannot stand where it does, and what could."""
        why = expected(self.accepted) or "the statement is complete without it"
        message = f"`{word.text}` cannot stand here"
        return self.says("CBR109", message, word.span, why, help, put=put, fix=fix)

    def with_fix(self, fix: Fix) -> str:
        """The statement as it is when something is put right."""
        text = self.source.text
        before, behind = (self.span.start, fix.span.start), (fix.span.end, self.span.end)
        return text[slice(*before)] + fix.text + text[slice(*behind)]


def trouble(
    error: UnexpectedInput,
    source: SourceFile,
    span: Span,
    start: str,
    words: Mapping[str, str],
    reads: Callable[[str], bool],
) -> Trouble:
    """What an error of Lark's is about; `words` gives a terminal's word where it is one."""
    # Lark gives the end the position of the token before it.
    is_end = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    at = span.end if is_end else error.pos_in_stream or span.start
    parser = getattr(error, "interactive_parser", None)
    accepted = frozenset(parser.accepts() if parser else ())
    return Trouble(
        source,
        span,
        at,
        start,
        frozenset(words.get(name, name) for name in accepted - {"$END"}),
        frozenset(words.values()),
        "$END" in accepted,
        reads,
    )


def words_in(text: str, start: int, end: int, most: int | None = None) -> list[Word]:
    """The words, numbers, texts and signs of a part of a text, the first few with `most`."""
    found: list[Word] = []
    while most is None or len(found) < most:
        blank = _BLANK.match(text, start, end)
        match = _WORD.match(text, blank.end() if blank else start, end)
        if match is None:
            break
        found.append(Word(match.group(), match.lastgroup or "", Span(*match.span())))
        start = match.end()
    return found
