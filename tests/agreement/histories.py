"""Random trainings: what they report, how long they are, how they begin."""

from __future__ import annotations

import math
from random import Random

from reference import History

METRICS = (
    "loss",
    "val_loss",
    "accuracy",
    "val_accuracy",
    "mae",
    "top-5 accuracy",
    "score",
    "epoch",
)
"""The last ones do not tell which direction is better, and one has the name of a value."""

NICE = (0.1, 0.2, 0.25, 0.3, 0.5, 0.7, 0.9, 1.0, 1.1, 2.0, 3.0)
"""Numbers that histories and rules have in common: those of a tenth are rounded in 32 bits."""

STRANGE = (0.0, -0.5, 1e-30, 1e-46, 3.4e38, 1e39, 16777217.0, 123456789.0)
"""Tiny and huge ones: the smallest is 0 in 32 bits, 1e39 is inf."""


def history(random: Random) -> History:
    epochs = random.choice((1, 2, 3, 4, 5, 6, 8, 10, 12))
    batches = random.choice((0, 1, 2, 3, 4)) if epochs <= 6 else random.choice((0, 1, 2))
    names = ["loss", *random.sample(METRICS[1:], random.randint(1, 4))]
    inside = ["loss", *random.sample(names[1:], 1)] if batches else []
    return History(
        epochs=epochs,
        series={name: series(random, epochs) for name in names},
        batches=batches,
        batch_series={
            name: series(random, batches) for name in inside if not name.startswith("val_")
        },
        lr=random.choice((0.001, 0.01, 0.1, 0.3, 1.0)),
        epoch_seconds=random.choice((0.0, 0.5, 10.0, 60.0, 75.0, 5400.0)),
        interrupt=_interrupt(random, epochs, batches),
    )


def _interrupt(random: Random, epochs: int, batches: int) -> tuple[int, int | None] | None:
    """Where an interrupt is answered, in every fourth training."""
    if random.random() > 0.25:
        return None
    at_batch = bool(batches) and random.random() < 0.6
    return random.randint(1, epochs), random.randint(1, batches) if at_batch else None


def series(random: Random, length: int) -> list[float | None]:
    """A metric's values; some are nan, inf or missing, or the series ends early."""
    shape = random.choice(_SHAPES)
    values: list[float | None] = [*shape(random, length)]
    if random.random() < 0.2:
        for _ in range(random.randint(1, 2)):
            values[random.randrange(length)] = random.choice(
                (math.nan, math.nan, math.inf, -math.inf)
            )
    if random.random() < 0.2:
        # As under `validation_freq`, or now and then.
        every, kept = random.choice(((2, 1), (2, 0), (3, 1), (3, 2)))
        values = [v if i % every == kept else None for i, v in enumerate(values)]
    if random.random() < 0.05:
        values = values[: length // 2]
    return values


def _falling(random: Random, length: int) -> list[float]:
    start, rate = random.choice((3.0, 2.3, 1.0, 0.9)), random.choice((0.5, 0.7, 0.9))
    return [round(start * rate**i + random.uniform(0, 0.1), 2) for i in range(length)]


def _rising(random: Random, length: int) -> list[float]:
    return [round(0.95 - 0.5 * 0.7**i - random.uniform(0, 0.05), 2) for i in range(length)]


def _flattening(random: Random, length: int) -> list[float]:
    """It falls, and then stays."""
    falls = random.randint(0, length)
    values = _falling(random, length)
    return values[:falls] + [values[falls - 1]] * (length - falls)


def _constant(random: Random, length: int) -> list[float]:
    return [random.choice(NICE)] * length


def _nice(random: Random, length: int) -> list[float]:
    few = random.sample(NICE, 3)
    return [random.choice(few) for _ in range(length)]


def _swinging(random: Random, length: int) -> list[float]:
    low, high = sorted(random.sample(NICE, 2))
    return [(high, low)[i % 2] for i in range(length)]


def _strange(random: Random, length: int) -> list[float]:
    return [random.choice((*STRANGE, *NICE)) for _ in range(length)]


_SHAPES = (_falling, _falling, _rising, _flattening, _constant, _nice, _nice, _swinging, _strange)
