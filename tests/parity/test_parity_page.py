"""docs/coming-from-keras.md: each pair on the page is run, the callback and the rule."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import math
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
from doc_pages import ROOT, blocks
from parity_drive import Logs, Seen, Value, compiled, drive

import cbdsl

PATH = ROOT / "docs" / "coming-from-keras.md"
PAGE = PATH.read_text("utf-8")
BLOCKS = [(block.language, block.text) for block in blocks(PATH)]
METRICS = ("loss", "accuracy", "val_loss", "val_accuracy", "val_kappa")
EPOCHS, BATCHES = 16, 8


class Pair(NamedTuple):
    """Callbacks of Keras, the rules, and, where they differ, what becomes of a history."""

    python: str
    rules: str
    example: str = ""


def pairs() -> list[Pair]:
    found: list[Pair] = []
    for kind, text in BLOCKS:
        if kind == "python":
            found.append(Pair(text, ""))
        elif kind == "cbr" and not found[-1].rules:
            found[-1] = found[-1]._replace(rules=text)
        elif kind == "text":
            found[-1] = found[-1]._replace(example=text)
    return found


PAIRS = pairs()
ALIKE = [pair for pair in PAIRS if not pair.example and not pair.rules.startswith("use ")]
USED = [pair for pair in PAIRS if pair.rules.startswith("use ")]
DIFFERENT = [pair for pair in PAIRS if pair.example]


def by_rules(pair: Pair) -> str:
    return pair.rules.splitlines()[-1]


def callbacks_of(python: str) -> list[Any]:
    """Run a block; the callbacks are its lines that are expressions."""
    scope: dict[str, Any] = {"keras": keras, "math": math}
    made = []
    for statement in ast.parse(python).body:
        if isinstance(statement, ast.Expr):
            made.append(eval(ast.unparse(statement), scope))
        else:
            exec(ast.unparse(statement), scope)
    assert made
    assert all(isinstance(one, keras.callbacks.Callback) for one in made)
    return made


def test_the_page_is_pairs() -> None:
    kinds = [kind for kind, _ in BLOCKS]
    assert kinds == [
        kind for pair in PAIRS for kind in ("python", "cbr", *(["text"] if pair.example else []))
    ]
    assert all(pair.rules for pair in PAIRS)
    assert (len(ALIKE), len(USED), len(DIFFERENT)) == (17, 4, 5)


def test_every_callback_of_keras_is_on_the_page() -> None:
    names = {name for name, one in vars(keras.callbacks).items() if inspect.isclass(one)}
    assert {name for name in names if f"`{name}`" not in PAGE} == set()


@pytest.mark.parametrize("pair", PAIRS, ids=by_rules)
def test_the_rules_are_sound(pair: Pair) -> None:
    assert cbdsl.check(pair.rules, metrics=METRICS) == []


def test_the_rules_in_sentences_are_sound() -> None:
    prose = re.sub(r"^```.*?^```", "", PAGE, flags=re.MULTILINE | re.DOTALL)
    found = [text for text in re.findall("`([^`]+)`", prose) if "…" not in text]
    rules = [text for text in found if re.match("(on|at|use|expects|if) ", text)]
    assert len(rules) == 6
    for text in rules:
        rule = f"on epoch_end {text}" if text.startswith("if ") else text
        rules_with_it = f"{rule}\non epoch_end if bleu > 0.3 stop"
        assert cbdsl.check(rules_with_it, metrics=(*METRICS, "bleu")) == []


# ---------------------------------------------------------------- pairs that do the same


def walk(drawn: random.Random, start: int, better: int) -> list[Value]:
    """Sixty-fourths, of which none is a tie with a `min_delta` of the page; nan not at first."""
    at = start
    values: list[Value] = []
    for _ in range(EPOCHS):
        at += better * drawn.choice((-3, -1, 0, 0, 0, 1, 1, 2))
        values.append(drawn.choice((*[at / 64] * 20, math.nan)) if len(values) > 5 else at / 64)
    return values


class History(NamedTuple):
    ends: list[Logs]
    batches: list[list[Logs]]


def history(seed: int) -> History:
    """Random metrics of a training."""
    drawn = random.Random(seed)
    series = {
        name: walk(drawn, 48, -1) if "loss" in name else walk(drawn, 54, 1) for name in METRICS
    }
    ends: list[Logs] = [
        {name: values[epoch] for name, values in series.items()} for epoch in range(EPOCHS)
    ]
    bad = drawn.choice((math.nan, math.inf, 0.5))
    losses: list[float] = [drawn.choice((*[0.5] * 60, bad)) for _ in range(EPOCHS * BATCHES)]
    batches: list[list[Logs]] = [
        [{"loss": loss} for loss in losses[epoch * BATCHES : (epoch + 1) * BATCHES]]
        for epoch in range(EPOCHS)
    ]
    return History(ends, batches)


def done(callbacks: list[Any], over: History) -> tuple[Seen, list[str]]:
    """What was done to the model, and what was printed but by Keras of itself."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        seen = drive(callbacks, over.ends, batches=over.batches)
    lines = printed.getvalue().splitlines()
    return seen, [line for line in lines if "Invalid loss, terminating training" not in line]


@pytest.mark.parametrize("pair", ALIKE, ids=by_rules)
def test_both_do_the_same(pair: Pair) -> None:
    acted = 0
    for seed in range(40):
        over = history(seed)
        seen, printed = done(callbacks_of(pair.python), over)
        assert done(compiled(pair.rules)(), over) == (seen, printed)
        acted += bool(seen.stopped or seen.saved or len(set(seen.rates)) > 1 or printed)
    assert acted > 3


# ---------------------------------------------------------------- pairs that differ

SAID: dict[str, Callable[[Seen], list[int]]] = {
    "stops": lambda seen: [seen.stopped[0]] if seen.stopped else [],
    "saves": lambda seen: seen.saved_in,
    "reduces": lambda seen: seen.reduced,
}


@pytest.mark.filterwarnings("ignore:Early stopping", "ignore:Learning rate", "ignore:Can save")
@pytest.mark.parametrize("pair", DIFFERENT, ids=by_rules)
def test_both_do_what_the_page_says(pair: Pair) -> None:
    numbers, keras_does, rule_does = pair.example.splitlines()
    name, *values = numbers.split()
    over: list[Logs] = [{name: None if v == "_" else float(v)} for v in values]
    for said, callbacks in (
        (keras_does, callbacks_of(pair.python)),
        (rule_does, compiled(pair.rules)()),
    ):
        verb = re.search("stop|save|reduce", said)
        assert verb is not None
        epochs = [int(number) for number in re.findall(r"\d+", said)]
        assert bool(epochs) != ("does not" in said)
        assert SAID[f"{verb[0]}s"](drive(callbacks, over)) == epochs
    assert keras_does.removeprefix("Keras").strip() != rule_does.removeprefix("the rule").strip()


# ---------------------------------------------------------------- `use`

X = np.linspace(-1, 1, 32, dtype="float32").reshape(8, 4)
Y = X.sum(1) ** 2


@pytest.fixture(scope="module")
def model() -> Any:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5), "mse")
    model.fit(X, Y, verbose=0)
    return model


@pytest.mark.parametrize("pair", USED, ids=by_rules)
def test_what_is_used_does_the_same(
    pair: Pair, model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (by_keras,), (host,) = callbacks_of(pair.python), cbdsl.callbacks(pair.rules)
    (by_rule,) = host.members.callbacks
    assert type(by_keras) is type(by_rule)
    if "TensorBoard" in pair.rules:
        pytest.importorskip("tensorboard")
    variables = model.variables + model.optimizer.variables
    start = [variable.numpy() for variable in variables]
    made = []
    for folder in (tmp_path / "keras", tmp_path / "rules"):
        folder.mkdir()
        monkeypatch.chdir(folder if folder.name == "keras" else tmp_path)
        callbacks = (
            callbacks_of(pair.python)
            if folder.name == "keras"
            else cbdsl.callbacks(pair.rules, run_dir=folder)
        )
        model.fit(
            X, Y, epochs=4, validation_data=(-X, Y), verbose=0, shuffle=False, callbacks=callbacks
        )
        weights = [variable.numpy().tolist() for variable in variables]
        made.append((files(folder), weights, model.history.history))
        for variable, value in zip(variables, start, strict=True):
            variable.assign(value)
    assert made[0] == made[1]


def files(folder: Path) -> dict[str, str]:
    """The files below a folder, with their texts; times in names are left out."""
    return {
        re.sub(r"\d{4,}.*", "", str(path.relative_to(folder))): (
            path.read_text() if path.suffix in (".csv", ".json") else ""
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
