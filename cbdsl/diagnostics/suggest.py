"""The nearest names to one that does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST_NAMES = 300
"""Among more names than these none is looked for, where there may be many questions."""


def did_you_mean(name: str, known: Iterable[str], *, most: int = MOST_NAMES) -> str:
    """A question naming the nearest of `known`, or an empty string if none is near.

    None is looked for among more than `most` names.
    """
    names = sorted(set(known))
    # difflib is quadratic in the length of a name, and slow where there are very many.
    if len(names) > most:
        return ""
    near = get_close_matches(name[:100].lower(), names, n=3, cutoff=0.65)
    if not near:
        return ""
    if near[0] == name.lower():
        # Only its capitals are wrong.
        near = near[:1]
    return "did you mean " + " or ".join(f"`{n}`" for n in near) + "?"


def one_slip(name: str, known: Iterable[str]) -> str:
    """The one of `known` that a name is but for one slip of the fingers.

    That is a letter too many, too few or another, two neighbours that are swapped, or capitals.
    Empty if there is none, or several. A digit is no slip: it means something.
    """
    small = name.lower()
    digits = [c for c in small if c.isdigit()]
    known = [k for k in known if [c for c in k if c.isdigit()] == digits]
    near = [k for k in set(known) if abs(len(k) - len(small)) <= 1 and _slipped(small, k.lower())]
    return near[0] if len(near) == 1 and near[0] != name else ""


def only_slip(name: str, known: Iterable[str], help: str) -> str:
    """The one name that was certainly meant, where a help asks for that alone; else empty."""
    slip = one_slip(name, known)
    return slip if slip and help == f"did you mean `{slip}`?" else ""


def _slipped(name: str, meant: str) -> bool:
    """Whether at most one slip is between two words; in short ones only a swap is no other word."""
    start = 0
    while start < min(len(name), len(meant)) and name[start] == meant[start]:
        start += 1
    rest, wanted = name[start:], meant[start:]
    if rest == wanted:
        return True
    if rest[1:2] + rest[:1] + rest[2:] == wanted:
        return True
    others = (rest[1:] == wanted, rest == wanted[1:], rest[1:] == wanted[1:])
    return min(len(name), len(meant)) >= _SHORT and any(others)


_SHORT = 4
