"""Text to nodes: cuts the text into statements, parses each, builds the tree."""

from cbdsl.syntax.include import with_included
from cbdsl.syntax.parser import parse_literal, parse_source
from cbdsl.syntax.read import MAX_BYTES, read_source

__all__ = [
    "MAX_BYTES",
    "parse_literal",
    "parse_source",
    "read_source",
    "with_included",
]
