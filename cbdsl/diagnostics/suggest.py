"""The nearest names to one that does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST_NAMES = 1000
"""Among more names than these none is looked for."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question naming the nearest of `known`, or an empty string if none is near."""
    names = sorted(set(known))
    # difflib is quadratic in the length of a name, and slow where there are very many.
    if len(names) > MOST_NAMES:
        return ""
    near = get_close_matches(name[:100].lower(), names, n=3, cutoff=0.65)
    if not near:
        return ""
    if near[0] == name.lower():
        # Only its capitals are wrong.
        near = near[:1]
    return "did you mean " + " or ".join(f"`{n}`" for n in near) + "?"
