"""Members of a host, and what keeps a training from beginning with them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cbdsl import loading
from cbdsl.runtime.keras_model import one_rate
from cbdsl.runtime.scheduled import Scheduled


class Refused(ValueError):
    """The rules cannot do in this training what they say; it was not begun."""


def refused(member: Any, error: Exception) -> Refused:
    """What keeps a training from beginning, with the place of the rule."""
    place = getattr(member, "place", "")
    return Refused(f"{place}: {error}" if place else str(error))


def begin_late(member: Any, logs: Any = None) -> None:
    """Begin a member where the training has begun: what rules do at its beginning is done.

    Raises:
        Refused: it cannot do here what it says.
    """
    try:
        loading.begin_late(member, logs)
    except Exception as error:
        raise refused(member, error) from error


def begin_schedules(schedules: Iterable[Scheduled], model: Any) -> None:
    """Begin the rules that are functions of the epoch and the rate.

    Raises:
        Refused: the rate of this model cannot be set.
    """
    for schedule in schedules:
        schedule.on_train_begin()
        try:
            one_rate(model)
        except ValueError as error:
            raise refused(schedule, error) from error
