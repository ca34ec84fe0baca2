"""What constructs looked at, event by event, and what follows from that.

Part of the independent reading of the language in reference.py. A construct that remembers has the
list of all events at which it was fed, and its answer is worked out from that list each time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import reference_numbers as num
from reference_numbers import Better
from reference_plan import Moment, Value

from cbdsl.syntax import nodes as n


@dataclass
class Look:
    """What a construct saw at an event: X (or the condition), and `by D` or the level."""

    at: Moment
    value: Value
    second: Value
    restarted: bool = False
    """The clocks began again behind this event: the rule fired, or was waiting."""


def number(value: Value) -> float | None:
    assert value is None or not isinstance(value, str)
    return value


def entries(looks: Sequence[Look]) -> list[float]:
    """The values of a series: one of each event that had one."""
    return [value for look in looks if (value := number(look.value)) is not None]


def latest(looks: Sequence[Look]) -> Value:
    return looks[-1].value if looks else None


def before(looks: Sequence[Look], back: int) -> float | None:
    """The entry so many entries back, this event's not counted."""
    earlier = entries(looks[:-1])
    return earlier[-back] if len(earlier) >= back else None


def last(values: list[float], size: float) -> list[float] | None:
    """The newest entries, so many; None while there are fewer."""
    return values[-int(size) :] if len(values) >= size else None


def per_batch(looks: list[Look], size: int) -> float | None:
    """The mean of the batch that has ended, from the means since the epoch began.

    It is missing where the one before is not known, and at the last batch of an epoch, which may be
    smaller for all that Keras says.
    """
    newest = number(latest(looks))
    batch = looks[-1].at.batch if looks else 0
    if newest is None or batch == size:
        return None
    if batch == 1:
        return newest
    before = number(latest([look for look in looks[:-1] if look.at.step == looks[-1].at.step - 1]))
    return None if before is None else newest * batch - before * (batch - 1)


def known(looks: list[Look], by: n.Expr | None) -> bool:
    """Whether a predicate has what it asks for at this event."""
    return bool(looks) and has_all(looks[-1], by)


def has_all(look: Look, by: n.Expr | None) -> bool:
    return look.value is not None and (by is None or look.second is not None)


def improvements(looks: list[Look], by: n.Expr | None, better: Better) -> list[bool]:
    """For each event, whether X was better by more than D than at its last improvement."""
    improved = []
    last: float | None = None
    for look in looks:
        better_now = False
        if has_all(look, by):
            value, difference = float(look.value or 0), float(look.second or 0)
            if not math.isnan(value):
                better_now = last is None or num.is_better(value, last, difference, better)
            if better_now:
                last = value
        improved.append(better_now)
    return improved


def stalled(
    looks: list[Look], by: n.Expr | None, improved: list[bool], amount: float, unit: str
) -> bool:
    """Whether so much has passed since the last improvement, or since the clock began again."""
    marks = [i for i, look in enumerate(looks) if improved[i] or look.restarted]
    if unit == "value":
        since = marks[-1] + 1 if marks else 0
        return sum(look.value is not None for look in looks[since:]) >= amount
    if marks:
        since_then = looks[marks[-1]].at.count(unit)
    else:
        since_then = looks[0].at.count(unit) - (unit != "second")
    return looks[-1].at.count(unit) - since_then >= amount


def held(looks: list[Look], amount: float, unit: str) -> bool | None:
    """Whether a condition is true, and was at every event where it was known for so long."""
    if not looks or looks[-1].value is None:
        return None
    first = looks[-1]
    if first.value is False or first.restarted:
        return False
    for look in reversed(looks[:-1]):
        if look.restarted or look.value is False:
            break
        if look.value is True:
            first = look
    passed = looks[-1].at.count(unit) - first.at.count(unit)
    return passed >= (amount if unit == "second" else amount - 1)
