"""The comments of a text, and how they are written."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cbdsl.source import SourceFile, Span

# Texts and metrics in backticks may hold a `#`.
_PIECE = re.compile(r'"(?:\\.|[^"\\\n])*"|`[^`\n]*`|(?P<comment>\#[^\n]*)')

_SPACE = " \t\r"


@dataclass(frozen=True)
class Comment:
    """A comment: where it was read, and how it is written."""

    span: Span
    text: str


def comments_of(source: SourceFile) -> list[Comment]:
    """All comments of a text without syntax errors, in order."""
    found = _PIECE.finditer(source.text)
    return [Comment(Span(*m.span()), _tidy(m["comment"])) for m in found if m["comment"]]


def _tidy(comment: str) -> str:
    """A space behind `#`, none at the end; `#!` and rows of `#` stay as they are."""
    body = comment[1:].rstrip(_SPACE)
    space = " " if body and body[0] not in f"{_SPACE}#!" else ""
    return f"#{space}{body}"
