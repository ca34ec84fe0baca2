"""Phases beside the schedules of Keras and PyTorch: 200 steps of 18 shapes.

The goldens are what make_goldens.py wrote; shapes/ has each shape in the language.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import cbdsl
from cbdsl.runtime.arithmetic import float32
from cbdsl.runtime.phases import (
    Cosine,
    Cycle,
    Decay,
    Exponential,
    Hold,
    Linear,
    Phase,
    Polynomial,
    Repeat,
    Sqrt,
    Step,
)
from cbdsl.runtime.spans import REST, Span
from cbdsl.runtime.timeline import Timeline
from cbdsl.simulate import simulate
from cbdsl.simulate.drive import Silent

HERE = Path(__file__).parent
GOLDEN: dict[str, dict[str, Any]] = json.loads((HERE / "goldens" / "shapes.json").read_text())

TOLERANCE = 1e-6


def epochs(n: float) -> Span:
    return Span(n, "epoch")


def batches(n: float) -> Span:
    return Span(n, "batch")


def share(n: float) -> Span:
    return Span(n, "share")


# What shapes/NAME.cbr says; a second line where the language has a second way to say it.
PHASES: dict[str, list[list[Phase | Repeat]]] = {
    "constant": [[Hold(None, REST)], [Hold(0.01, epochs(1))]],
    "linear": [[Linear(0.1, 0.001, epochs(150))], [Polynomial(1.0, None, 0.001, share(0.75))]],
    "exponential": [
        [Decay("exponential", 0.5, batches(50), REST)],
        [Exponential(None, 0.1 * 0.5**4, REST)],
    ],
    "staircase": [[Step(0.5, batches(30), REST)]],
    "inverse_time": [[Decay("inverse", 0.5, epochs(40), REST)]],
    "inverse_square_root": [
        [Linear(0.0, 0.05, epochs(2)), Decay("inverse_sqrt", 1.0, epochs(2), REST)],
    ],
    "polynomial": [[Polynomial(2.0, None, 0.001, share(0.75))]],
    "cosine": [[Cosine(None, 0.001, share(0.6))]],
    "cosine_with_restarts": [
        [Cosine(None, 0.01, epochs(20)), Repeat(None, None, 0.8, 2.0)],
        [Cosine(None, 0.01, share(0.1)), Repeat(1, 3, 0.8, 2.0)],
    ],
    "step": [[Step(0.3, epochs(40), epochs(160))], [Step(0.3, share(0.2), share(0.8))]],
    "multi_step": [
        [
            Hold(None, share(0.25)),
            Hold(0.01, share(0.35)),
            Hold(0.001, share(0.25)),
            Hold(0.0001, REST),
        ],
    ],
    "piecewise_linear": [
        [Linear(0.0, 0.4, share(0.2)), Linear(None, 0.04, share(0.6)), Linear(None, 0.0, REST)],
    ],
    "one_cycle": [[Cosine(0.004, 0.1, batches(59)), Cosine(None, 4e-7, batches(140))]],
    "triangular": [
        [Cycle(0.001, 0.006, epochs(2), REST)],
        [Linear(0.001, 0.006, epochs(1)), Linear(None, 0.001, epochs(1)), Repeat()],
    ],
    "warm_up_stable_decay": [
        [Linear(0.0, 0.01, share(0.05)), Hold(None, batches(150)), Sqrt(None, 0.0, REST)],
    ],
    "flat_then_cosine": [[Hold(None, share(0.72)), Cosine(None, 1e-5, REST)]],
}
BY_A_RULE = {"tanh", "plateau"}

CASES = [(name, phases) for name, ways in PHASES.items() for phases in ways]


def difference(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The largest, relative; what should be 0 has to be that to the last bit but few."""
    pairs = zip(ours, theirs, strict=True)
    return max(abs(a - b) / max(abs(b), 1e-12) for a, b in pairs)


@pytest.mark.parametrize(("name", "phases"), CASES, ids=[name for name, _ in CASES])
def test_the_values_are_those_of_keras_and_pytorch(
    name: str, phases: list[Phase | Repeat], largest: Callable[[str, float], None]
) -> None:
    golden = GOLDEN[name]
    facts = (golden["start"], golden["epochs"], golden["batches"], golden["by"])
    timeline = Timeline(phases, *facts)
    off = difference([timeline.value(done) for done in range(200)], golden["values"])
    largest(name, off)
    assert off <= TOLERANCE


class Batches(Silent):
    """Notes the value that something is set to for each batch."""

    def __init__(self) -> None:
        super().__init__()
        self.values: list[float] = []

    def set_rate(self, rule: Any, new: float | None) -> None:
        super().set_rate(rule, new)
        if self.batch is not None:
            self.values.append(self.rate(rule))


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_files_give_these_rates(name: str, largest: Callable[[str, float], None]) -> None:
    golden = GOLDEN[name]
    program = cbdsl.load(HERE / "shapes" / f"{name}.cbr")
    losses = {"val_loss": golden["val_loss"]} if "val_loss" in golden else {}
    batches = Batches()
    done = simulate(
        program.plan,
        program.module,
        losses,
        epochs=golden["epochs"],
        batches=golden["batches"] if golden["by"] == "batch" else 0,
        lr=golden["start"],
        effects=batches,
    )
    rates = batches.values if golden["by"] == "batch" else done.rates
    # A rate is a 32-bit number, which 0 is too, and 4e-7 is not exactly.
    expected = list(map(float32, golden["values"]))
    off = difference(rates, expected)
    largest(f"{name}, compiled", off)
    assert off <= TOLERANCE


@pytest.mark.parametrize("name", ["linear", "cosine_with_restarts", "multi_step", "polynomial"])
def test_variables_and_settings_go_through_the_same_values(name: str) -> None:
    golden = GOLDEN[name]
    text = (HERE / "shapes" / f"{name}.cbr").read_text("utf-8")
    for target, before in (("weight", "variable weight\n"), ("optimizer.momentum", "")):
        program = cbdsl.compile(before + text.replace("schedule lr", f"schedule {target}"))
        done = simulate(
            program.plan,
            program.module,
            {},
            epochs=golden["epochs"],
            given={target: golden["start"]},
        )
        values = [held[target] or 0.0 for held in done.held]
        assert difference(values, list(map(float32, golden["values"]))) <= TOLERANCE


def test_every_shape_is_there_and_in_the_language() -> None:
    texts = {path.stem: path.read_text("utf-8") for path in (HERE / "shapes").glob("*.cbr")}
    assert texts.keys() == GOLDEN.keys() == PHASES.keys() | BY_A_RULE
    assert len(texts) == 18
    assert {name for name, text in texts.items() if "schedule lr" in text} == PHASES.keys()
    for name, text in texts.items():
        assert ("every batch" in text) == (GOLDEN[name]["by"] == "batch"), name
        assert len(GOLDEN[name]["values"]) == 200


def test_the_plateau_cuts_the_rate_more_than_once() -> None:
    assert len(set(GOLDEN["plateau"]["values"])) > 3
