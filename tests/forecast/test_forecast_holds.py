"""Random programs do in a training what was foreseen without it."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import cbdsl
from cbdsl.forecast import Forecast, Foreseen, Planned, forecast
from cbdsl.program import Program
from cbdsl.simulate import Simulated, simulate
from cbdsl.simulate.drive import Silent

sys.path.append(str(Path(__file__).resolve().parents[1] / "agreement"))

from programs import Case, case

MANY = 150
"""How many programs; 9,000 took two minutes and showed nothing wrong."""


class Noting(Silent):
    """Keeps the events of all firings."""

    def __init__(self) -> None:
        super().__init__()
        self.events: dict[str, list[tuple[int, int | None]]] = defaultdict(list)

    def fired(self, rule: Any, values: dict[str, Any]) -> None:
        super().fired(rule, values)
        self.events[rule.name].append((rule.epoch, self.batch))


def trained(program: Program, random: Case) -> tuple[Simulated, Noting]:
    over, seen = random.history, Noting()
    # A forecast takes it that every epoch is validated.
    series = {**over.series, "val_any": [0.5] * over.epochs}
    done = simulate(
        program.plan,
        program.module,
        series,
        epochs=over.epochs,
        batches=over.batches or 1,
        batch_series=over.batch_series,
        lr=over.lr,
        epoch_seconds=over.epoch_seconds,
        effects=seen,
    )
    return done, seen


def test_training_does_what_was_foreseen() -> None:
    counts: Counter[str] = Counter()
    for number in range(MANY):
        random = case(f"forecast/{number}")
        over = random.history
        program = cbdsl.compile(random.text, params=over.params)
        done, seen = trained(program, random)
        # What a stop keeps from happening was foreseen all the same.
        whole = done.epochs if done.record.stopped is None else done.epochs - 1
        known = Planned(over.epochs, over.batches or 1, over.lr, over.epoch_seconds or None)
        for planned in (known, replace(known, batches=None), replace(known, epoch_seconds=None)):
            found = forecast(program, planned)
            for rule in found.rules:
                events = [e for e in seen.events[rule.label] if e[0] <= whole]
                what = check(rule, events, found, whole, done)
                assert what, f"{number}, {planned}\n{random.text}\n{rule}\n{events}"
                counts[what] += 1
            if not found.left_out:
                rates = list(found.rates[:whole])
                assert rates == done.rates[:whole], f"{number}, {planned}\n{random.text}"
                counts["rates"] += 1
    assert min(counts[what] for what in ("fires", "can", "unplaced", "rates")) > MANY / 4, counts


def check(
    rule: Foreseen,
    events: list[tuple[int, int | None]],
    found: Forecast,
    whole: int,
    done: Simulated,
) -> str:
    """How what happened is like what was foreseen; empty if it is not."""
    if not rule.placed:
        return "unplaced"
    if rule.hook.name == "train_end" and done.record.stopped:
        return "ended before"
    foreseen = [tuple(event) for event in rule.events if event.epoch <= whole]
    if found.planned.batches is None:
        events = [(epoch, None) for epoch, _ in events]
        foreseen, events = list(dict.fromkeys(foreseen)), list(dict.fromkeys(events))
    if rule.certain:
        return "fires" if events == foreseen else ""
    return "can" if set(events) <= set(foreseen) else ""
