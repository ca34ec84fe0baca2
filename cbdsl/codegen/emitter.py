"""Lines of Python, each with the part of the rule it came from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from cbdsl.codegen.layout import INDENT, laid_out
from cbdsl.source import Span


class Emitter:
    """Collects lines; `places` maps a line's number, counted from 1, to a span of the rules."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.places: dict[int, Span] = {}
        self.span: Span | None = None
        """The place of lines that have none of their own."""
        self._indent = ""
        self._statements: list[str] = []

    @contextmanager
    def indented(self) -> Iterator[None]:
        """Lines inside a block."""
        outer, self._indent = self._indent, self._indent + INDENT
        yield
        self._indent = outer

    def line(self, statement: str, *, span: Span | None = None, place: str = "") -> None:
        """A statement or the head of one, over several lines if it is too long for one.

        `place` is written behind it as a comment, for readers of a traceback.
        """
        self._statements.append(statement)
        self.add(laid_out(statement, self._indent, place), span or self.span)

    def blank(self, count: int = 1) -> None:
        """Empty lines."""
        self.add([""] * count, self.span)

    def docstring(self, text: str) -> None:
        """A docstring of one or more lines, whatever quotes they hold."""
        prefix = "r" if "\\" in text else ""
        text = text.replace('"""', "'''")
        if "\n" in text:
            # It begins below the quotes: formatters would take the indentation from the others.
            lines = [f'{prefix}"""', *text.split("\n"), '"""']
        else:
            # A quote or a backslash at the end would run into the closing quotes.
            space = " " if text.endswith(('"', "\\")) else ""
            lines = [f'{prefix}"""{text}{space}"""']
        self.add([f"{self._indent}{line}".rstrip() for line in lines], self.span)

    def add(self, lines: list[str], span: Span | None = None) -> None:
        """Lines as they are."""
        first = len(self.lines) + 1
        self.lines += lines
        if span is not None:
            self.places |= dict.fromkeys(range(first, len(self.lines) + 1), span)

    def fork(self) -> Emitter:
        """An empty emitter at the same indentation, to be appended later."""
        fork = Emitter()
        fork._indent, fork.span = self._indent, self.span
        return fork

    def append(self, other: Emitter) -> None:
        """The lines of a fork, below those here."""
        self.places |= {len(self.lines) + line: span for line, span in other.places.items()}
        self.lines += other.lines
        self._statements += other._statements

    def mentions(self, name: str) -> bool:
        """Whether a statement uses a name."""
        return mentions(self._statements, name)

    def text(self) -> str:
        """Everything so far, with a newline at the end."""
        return "\n".join(self.lines) + "\n"


def mentions(codes: list[str], name: str) -> bool:
    """Whether a piece of Python uses a name."""
    return any(re.search(rf"(?<![\w.]){name}\b", code) for code in codes)
