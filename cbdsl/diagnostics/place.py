"""Where a diagnostic is, for programs: a file, and from which line and column to which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from cbdsl.source import SourceFile, Span


class Region(NamedTuple):
    """A range of characters in a file. Lines and columns are counted from 1, in characters.

    The end is the place of the first character behind the range.
    """

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True)
class Place:
    """The file as its name was given, and where in it; None if it is the file as a whole."""

    file: str
    region: Region | None


def place(source: SourceFile, span: Span | None) -> Place:
    """The place of a span in the file that holds it, which may be an included one."""
    if span is None:
        return Place(source.name, None)
    part = source.part(span)
    # What is missing at the end of a file is reported one character behind it.
    last = source.lines.position(max(span.start, min(span.end, part.span.end)))
    first = source.lines.position(part.span.start).line
    line, column = source.position(span)
    return Place(part.name, Region(line, column, last.line - first + 1, last.column))
