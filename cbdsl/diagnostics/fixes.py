"""Puts a text right by the fixes of its diagnostics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cbdsl.diagnostics.model import Diagnostic, Fix

MOST_ROUNDS = 20
"""How often a text is looked at again after fixes; a statement shows one mistake at a time."""

_OF_KIND = frozenset(
    f"CBR{n}" for n in (201, 203, 207, 209, 210, 211, 301, 302, 303, 305, 307, 309, 310, 311)
)
"""Errors that show words to be in a wrong place, not only a name or a file that is not there."""

MOST_TRIES = 200
"""How many fixes are tried one by one, where together they do harm."""


def applied(text: str, fixes: Iterable[Fix]) -> tuple[str, int]:
    """A text with fixes in it, and how many; of those that overlap the first."""
    parts: list[str] = []
    end, count = 0, 0
    for fix in sorted(set(fixes), key=lambda fix: (fix.span, fix.text)):
        # Two that begin or end in one place would stand in an order that nobody meant.
        if count and fix.span.start <= end:
            continue
        parts += (text[end : fix.span.start], fix.text)
        end, count = fix.span.end, count + 1
    return "".join(parts) + text[end:], count


@dataclass(frozen=True)
class PutRight:
    """A text with its fixes in it, how many mistakes that were, and what is left."""

    text: str
    count: int
    left: tuple[Diagnostic, ...]


def put_right(text: str, check: Callable[[str], Sequence[Diagnostic]]) -> PutRight:
    """A text, put right again and again until nothing more can be.

    `check` says what is wrong with a text. A fix after which there are more errors than before is
    not taken: what it uncovers is for a person to see first. So is one that makes something of
    the wrong kind, since other words were meant then.
    """
    found, count = tuple(check(text)), 0
    tries = MOST_TRIES

    def are_good(fixes: list[Fix]) -> bool:
        after = check(applied(text, fixes)[0])
        if _errors(after) > _errors(found):
            return False
        known = {(d.code, d.message) for d in found}
        return all(d.fix or d.code not in _OF_KIND or (d.code, d.message) in known for d in after)

    for _ in range(MOST_ROUNDS):
        fixes = [d.fix for d in found if d.fix]
        if fixes and not are_good(fixes):
            # One by one, so that one of them does not hinder the others.
            some, fixes = fixes[:tries], []
            tries -= len(some)
            for fix in some:
                if are_good([*fixes, fix]):
                    fixes.append(fix)
        fixed, number = applied(text, fixes)
        if not number or fixed == text:
            break
        text, count, found = fixed, count + number, tuple(check(fixed))
    return PutRight(text, count, found)


def _errors(found: Sequence[Diagnostic]) -> int:
    return sum(diagnostic.is_error for diagnostic in found)
