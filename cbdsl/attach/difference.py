"""What became of rules where others take over: on resuming, and when their file is edited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cbdsl.journal import Difference
from cbdsl.plan import Plan
from cbdsl.program import Program
from cbdsl.runtime.words import text


def keys_of(plan: Plan) -> list[str]:
    """What the rules of a program are, in the order of the file."""
    return [named.key for named in plan.keyed]


def difference(before: Sequence[str], now: Sequence[str]) -> Difference:
    """What became of rules by their keys, each list in its own order."""
    return Difference(
        tuple(key for key in now if key in before),
        tuple(key for key in now if key not in before),
        tuple(key for key in before if key not in now),
    )


def params_changed(before: Mapping[str, Any], now: Program) -> Iterator[str]:
    """The parameters that have other values, in words."""
    for name, value in now.params.items():
        if name in before and before[name] != value:
            yield f"{name} is {_shown(value)} now, and was {_shown(before[name])}"


def _shown(value: float | bool | str) -> str:
    return value if isinstance(value, str) else text(value)
