"""How many histories a pair was driven over."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """A pair's histories: those with the same decisions, and those left out, by difference."""

    same: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


def table(tallies: dict[str, Tally]) -> list[str]:
    """Lines for people, one a pair."""
    width = max(map(len, tallies))
    lines = [f"{'':<{width}}  histories  left out for a difference"]
    for pair, one in tallies.items():
        left_out = ", ".join(f"{why} {n}" for why, n in sorted(one.left_out.items()))
        lines.append(f"{pair:<{width}}  {one.same:>9}  {left_out}".rstrip())
    return lines
