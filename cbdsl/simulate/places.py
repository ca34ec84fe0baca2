"""Places in a training: an epoch, or a batch of it."""

from __future__ import annotations

from collections.abc import Iterable, Set

from cbdsl.syntax import nodes as n

Place = tuple[int, int | None]
"""An epoch, counted from 1 (0: before the first), and a batch of it or None."""

MOST = 10
"""How many places a sentence names."""


def wanted_places(where: n.Where | None) -> list[Place]:
    """The places that a line of a test names."""
    if where is None:
        return []
    batch = None if where.batch is None else int(where.batch.value)
    return [(int(epoch.value), batch) for epoch in where.epochs]


def matches(place: Place, wanted: Place) -> bool:
    """Whether something that happened at `place` is at the place that is wanted."""
    return place[0] == wanted[0] and wanted[1] in (None, place[1])


def among(place: Place, wanted: Set[Place]) -> bool:
    """Whether something that happened at `place` is at one of the places that are wanted."""
    return place in wanted or (place[0], None) in wanted


def at(place: Place) -> str:
    """`at epoch 3`, `at epoch 3 batch 2`."""
    return listed([place])


def that(place: Place) -> str:
    """`epoch 3`, `epoch 3 batch 2`."""
    return at(place).removeprefix("at ")


def listed(places: Iterable[Place]) -> str:
    """`at epochs 1 to 3, 5`, `at epoch 1 batches 2, 4, epoch 2 batch 2`."""
    batches: dict[int, list[int]] = {}
    whole: list[int] = []
    for epoch, batch in dict.fromkeys(places):
        if batch is None:
            whole.append(epoch)
        else:
            batches.setdefault(epoch, []).append(batch)
    before = ["before epoch 1"] if 0 in whole else []
    told = [_counted("epoch", whole)] if any(whole) else []
    told += [f"epoch {epoch} {_counted('batch', some)}" for epoch, some in batches.items()]
    more = f" and {len(told) - MOST} more epochs" if len(told) > MOST else ""
    return " and ".join([*before, *(["at " + ", ".join(told[:MOST]) + more] if told else [])])


def _counted(unit: str, numbers: list[int]) -> str:
    """`epoch 3`, `epochs 1 to 3, 5`, `batches 2, 4 and 90 more`."""
    runs: list[list[int]] = []
    numbers = sorted(number for number in numbers if number)
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    spans = [
        (text, count)
        for run in runs
        for text, count in (
            [(f"{run[0]} to {run[-1]}", len(run))] if len(run) > 2 else [(str(n), 1) for n in run]
        )
    ]
    more = sum(count for _, count in spans[MOST:])
    plural = {"epoch": "epochs", "batch": "batches"}[unit] if len(numbers) > 1 else unit
    told = ", ".join(text for text, _ in spans[:MOST])
    return f"{plural} {told}" + (f" and {more} more" if more else "")
