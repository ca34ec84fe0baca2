"""Source text, places in it, and the three ways to count characters."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range of characters, `start` included and `end` not."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """The range from the start of this one to the end of `other`."""
        return Span(self.start, other.end)


class Position(NamedTuple):
    """A line and a column, both counted from 1; the column counts characters."""

    line: int
    column: int


@dataclass(frozen=True)
class LineIndex:
    """Where the lines of a text begin; the only place that converts between ways of counting."""

    text: str
    starts: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        starts = [0]
        at = self.text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.text.find("\n", at + 1)
        object.__setattr__(self, "starts", tuple(starts))

    def position(self, offset: int) -> Position:
        """The line and column of a character offset."""
        line = bisect_right(self.starts, offset)
        return Position(line, offset - self.starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """The text of a line, counted from 1, without its end."""
        start = self.starts[number - 1]
        end = self.starts[number] - 1 if number < len(self.starts) else len(self.text)
        return self.text[start:end].removesuffix("\r")

    def utf8_column(self, offset: int) -> int:
        """How many UTF-8 bytes stand before `offset` in its line (what CPython counts)."""
        line = self.position(offset).line
        return len(self.text[self.starts[line - 1] : offset].encode("utf-8", "surrogatepass"))


def visible(text: str) -> str:
    """What could steer a terminal or a CI, or end a line, as `·`; as long as the text."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " if c == "\t" else "·" for c in text)
    return _COMMANDS.sub("·", text)


# `::error …` of GitHub, which begins a line, and the `##[…]`, `##vso[…]`, `##teamcity[…]` of
# others, which stand anywhere.
_COMMANDS = re.compile(r"(?:^|(?<=\s)):(?=:)|#(?=#\w*\[)")


class Part(NamedTuple):
    """One of the files that a text was put together from: its name, and where it stands there."""

    name: str
    span: Span

    @property
    def label(self) -> str:
        """The name without its folders, which differ from one machine to the next.

        It stands in comments of generated code and in messages, where nothing may end a line.
        """
        return visible(self.name.replace("\\", "/").rsplit("/", 1)[-1])


@dataclass(frozen=True)
class SourceFile:
    """A rule file's name, as shown to people, and its text.

    The text of a file that includes others has theirs behind its own: `included` are these, each
    with the span of the statement whose place it takes. `path` is where the file was read from.
    """

    name: str
    text: str
    included: tuple[tuple[Span, Part], ...] = ()
    path: Path | None = field(default=None, compare=False)

    @cached_property
    def lines(self) -> LineIndex:
        return LineIndex(self.text)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The file itself, then those it includes."""
        others = [part for _, part in self.included]
        end = others[0].span.start if others else len(self.text)
        return (Part(self.name, Span(0, end)), *others)

    def part(self, span: Span) -> Part:
        """The file that a span is in."""
        return next(part for part in reversed(self.parts) if part.span.start <= span.start)

    def position(self, span: Span) -> Position:
        """Where a span begins in its file."""
        line, column = self.lines.position(span.start)
        first = self.lines.position(self.part(span).span.start).line
        return Position(line - first + 1, column)

    def line(self, span: Span) -> str:
        """The text of the line that a span begins in."""
        return self.lines.line(self.lines.position(span.start).line)

    @property
    def label(self) -> str:
        """The name without its folders."""
        return self.parts[0].label

    def place(self, span: Span) -> str:
        """The place of a span for people: `rules.cbr:7`."""
        return f"{self.part(span).label}:{self.position(span).line}"

    def upto(self, end: int) -> SourceFile:
        """The same without what stands behind `end`."""
        return self if end >= len(self.text) else replace(self, text=self.text[:end])

    def slice(self, span: Span) -> str:
        """The text of a span."""
        return self.text[span.start : span.end]
