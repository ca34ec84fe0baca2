"""Which word was meant by another, for certain."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cbdsl.catalog.words import FOREIGN, WORDS
from cbdsl.diagnostics import Fix, only_slip
from cbdsl.syntax.trouble import Word

_SMALL = "the language's words are written small:"


def plainly(text: str) -> str:
    """What to write instead of a word of another language, or of another case."""
    if text in FOREIGN:
        return f"write {FOREIGN[text]}"
    lower = text.lower()
    if lower != text and lower in WORDS:
        return f"{_SMALL} `{lower}`"
    return ""


def alone(help: str) -> str | None:
    """The word that a help says to write, if it says nothing else."""
    only = re.fullmatch(rf"(?:write|{_SMALL}) `([a-z]+(?: [a-z]+)?|[<>=!]=?)`", help)
    return only[1] if only else None


def meant(word: Word, help: str, known: Iterable[str]) -> Fix | None:
    """The one word that is meant by another, where the help names that alone."""
    if (only := alone(help)) and help == plainly(word.text):
        return Fix(word.span, only)
    slip = only_slip(word.text, known, help)
    return Fix(word.span, slip) if slip else None
