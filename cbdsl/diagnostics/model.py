"""A problem as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cbdsl.diagnostics.codes import CODES, Severity
from cbdsl.source import SourceFile, Span, visible


@dataclass(frozen=True)
class Fix:
    """What a diagnostic can put right by itself: `text` instead of the characters of `span`.

    Only where the rules then say what was certainly meant.
    """

    span: Span
    text: str


@dataclass(frozen=True)
class Diagnostic:
    """One problem: its stable code, what it is, where, why, and what to write instead.

    `span` is a range of characters in `source.text`; it is None when the problem lies outside the
    text, in a parameter that the caller gave, say.
    """

    code: str
    message: str
    source: SourceFile
    span: Span | None
    why: str = ""
    help: str = ""
    fix: Fix | None = None

    @property
    def severity(self) -> Severity:
        return CODES[self.code].severity

    @property
    def is_error(self) -> bool:
        return self.severity == "error"

    def __str__(self) -> str:
        """One line: `rules.cbr:3:4: error[CBR201]: there is no hook …`."""
        where = visible(self.source.name)
        if self.span is not None:
            line, column = self.source.position(self.span)
            where = f"{visible(self.source.part(self.span).name)}:{line}:{column}"
        return f"{where}: {self.severity}[{self.code}]: {visible(self.message)}"


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sorted by place, without duplicates."""
    unique = dict.fromkeys(diagnostics)
    return sorted(unique, key=lambda d: (d.span or Span(-1, -1), d.code))


class CbrError(Exception):
    """The rules have errors; `diagnostics` holds them all, warnings too, sorted by place."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = in_order(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        from cbdsl.diagnostics.text import render

        return "\n" + "\n".join(render(d) for d in self.diagnostics)
