"""Lines of Python, each with the part of the rule it came from."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import contextmanager

from cbdsl.codegen.printing import code, joiner, operands
from cbdsl.source import Span

WIDTH = 100


class Emitter:
    """Collects lines; `places` maps a line's number, counted from 1, to a span of the rules."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.places: dict[int, Span] = {}
        self.span: Span | None = None
        """The place of lines that have none of their own."""
        self._indent = ""

    @contextmanager
    def indented(self) -> Iterator[None]:
        """Lines inside a block."""
        outer, self._indent = self._indent, self._indent + "    "
        yield
        self._indent = outer

    def line(self, text: str = "", *, span: Span | None = None, place: str = "") -> None:
        """One line; `place` is written behind it as a comment, for readers of a traceback."""
        comment = f"  # {place}" if place else ""
        self.lines.append(f"{self._indent}{text}{comment}".rstrip())
        span = span or self.span
        if span is not None:
            self.places[len(self.lines)] = span

    def condition(self, test: ast.expr, *, span: Span, place: str) -> None:
        """`if a and b:`, one operand a line where it gets long."""
        whole = f"if {code(test)}:"
        if self._fits(whole, place) or not isinstance(test, ast.BoolOp):
            self.line(whole, span=span, place=place)
            return
        self.line("if (", span=span)
        with self.indented():
            for number, operand in enumerate(operands(test)):
                before = joiner(test).lstrip() if number else ""
                self.line(f"{before}{operand}", span=span)
        self.line("):", span=span, place=place)

    def _fits(self, text: str, place: str) -> bool:
        return len(self._indent) + len(text) + len(place) + 4 <= WIDTH

    def statement(self, text: str, *, span: Span, place: str) -> None:
        """A statement; one that is a call and too long has its argument on a line of its own."""
        if self._fits(text, place) or not text.endswith(")"):
            self.line(text, span=span, place=place)
            return
        head, argument = text[:-1].split("(", 1)
        self.line(f"{head}(", span=span)
        with self.indented():
            self.line(argument, span=span)
        self.line(")", span=span, place=place)

    def docstring(self, text: str) -> None:
        """A docstring of one or more lines, whatever quotes they hold."""
        prefix = "r" if "\\" in text else ""
        first, *rest = text.replace('"""', "'''").split("\n")
        if not rest:
            # A quote or a backslash at the end would run into the closing quotes.
            space = " " if first.endswith(('"', "\\")) else ""
            self.line(f'{prefix}"""{first}{space}"""')
            return
        self.line(f'{prefix}"""{first}')
        for line in rest:
            self.line(line)
        self.line('"""')

    def fork(self) -> Emitter:
        """An empty emitter at the same indentation, to be appended later."""
        fork = Emitter()
        fork._indent, fork.span = self._indent, self.span
        return fork

    def append(self, other: Emitter) -> None:
        """The lines of a fork, below those here."""
        self.places |= {len(self.lines) + line: span for line, span in other.places.items()}
        self.lines += other.lines

    def mentions(self, name: str) -> bool:
        """Whether a line uses a name."""
        return any(re.search(rf"\b{name}\b", line.split("  #")[0]) for line in self.lines)

    def text(self) -> str:
        """Everything so far, with a newline at the end."""
        return "\n".join(self.lines) + "\n"
