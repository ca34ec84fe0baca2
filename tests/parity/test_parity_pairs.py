"""Each of Keras's callbacks and the rule that says the same, over random histories."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from parity_drive import Logs, Seen, Value, compiled, drive
from parity_histories import DELTAS, FIRST_IS_NAN, MISSING, TIE, difference, histories
from parity_tally import Tally

MOST = 1000
"""How many histories a pair is driven over, beside those that are left out."""

thousand = settings(max_examples=MOST, deadline=None, derandomize=True)
Tallied = Callable[[str], Tally]

# Keras speaks of a metric that is missing each time.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Early stopping conditioned on",
    "ignore:Learning rate reduction is conditioned on",
    "ignore:Can save best model only with",
)


class Metric(NamedTuple):
    """A metric's name, which way is better, and what a file says of that."""

    name: str
    better: str
    said: str = ""

    @property
    def mode(self) -> str:
        return "min" if self.better == "lower" else "max"

    def logs(self, history: list[Value]) -> list[Logs]:
        return [{self.name: value} for value in history]

    def rules(self, text: str, **params: object) -> str:
        """A rule about it, below its parameters and the direction."""
        lines = [f"param {name} = {value}" for name, value in params.items()]
        return "\n".join([*lines, self.said, text.replace("X", self.name)])


METRICS = (
    Metric("val_loss", "lower"),
    Metric("val_accuracy", "higher"),
    Metric("q", "lower", "minimize q"),
    Metric("q", "higher", "maximize q"),
)
metrics = st.sampled_from(METRICS)
patience = st.integers(0, 6)
deltas = st.sampled_from(DELTAS)
firsts = st.sampled_from((0, 0, 0, 3))


def same(pair: Tally, why: str | None, by_keras: Seen, by_rule: Seen) -> None:
    """Both did the same, or there is a difference for which the history is left out."""
    if why is not None:
        pair.left_out[why] += 1
    assume(why is None)
    assert by_rule == by_keras
    pair.same += 1


# ---------------------------------------------------------------- EarlyStopping


def stopping(
    metric: Metric, history: list[Value], patience: int, delta: float, start: int, first: int
) -> Seen:
    callback = keras.callbacks.EarlyStopping(
        metric.name, delta, patience, mode=metric.mode, start_from_epoch=start
    )
    return drive([callback], metric.logs(history), first=first)


def monitored(history: list[Value], start: int, first: int) -> list[Value]:
    """What is looked at if monitoring starts from an epoch and training begins with another."""
    return history[max(start - first, 0) :]


@thousand
@given(
    metric=metrics,
    history=histories(),
    patience=patience,
    delta=deltas,
    start=st.integers(0, 6),
    first=firsts,
)
def test_early_stopping(
    tally: Tallied,
    metric: Metric,
    history: list[Value],
    patience: int,
    delta: float,
    start: int,
    first: int,
) -> None:
    by_keras = stopping(metric, history, patience, delta, start, first)
    text = "on epoch_end after s if X stalls for p epochs by d stop"
    rule = compiled(metric.rules(text, p=1, d=0.1, s=1))(p=max(patience, 1), d=delta, s=start)
    by_rule = drive(rule, metric.logs(history), first=first)
    why = difference(monitored(history, start, first), metric.better, delta)
    same(tally("EarlyStopping: stalls for N epochs"), why, by_keras, by_rule)


@thousand
@given(
    metric=metrics,
    history=histories(special=(math.nan, math.inf, None, None, None)),
    patience=patience,
    delta=deltas,
    start=st.integers(0, 6),
)
def test_early_stopping_that_counts_values(
    tally: Tallied, metric: Metric, history: list[Value], patience: int, delta: float, start: int
) -> None:
    by_keras = stopping(metric, history, patience, delta, start, 0)
    text = "on epoch_end after s if X stalls for p values by d stop"
    rule = compiled(metric.rules(text, p=1, d=0.1, s=1))(p=max(patience, 1), d=delta, s=start)
    by_rule = drive(rule, metric.logs(history))
    why = difference(monitored(history, start, 0), metric.better, delta, counts_values=True)
    same(tally("EarlyStopping: stalls for N values"), why, by_keras, by_rule)


BASELINE = """\
on epoch_end if X stalls for p values by d or (
    X stalls for 1 value by d and count(X is not missing) >= p
    and count(X improves by d and PAST) == 0
) then stop
"""


@thousand
@given(
    metric=metrics,
    history=histories(),
    patience=patience,
    delta=deltas,
    level=st.integers(-2, 10),
    unit=st.sampled_from((1 / 8, 0.1)),
)
def test_early_stopping_with_a_baseline(
    tally: Tallied,
    metric: Metric,
    history: list[Value],
    patience: int,
    delta: float,
    level: int,
    unit: float,
) -> None:
    base = level * unit
    callback = keras.callbacks.EarlyStopping(
        metric.name, delta, patience, mode=metric.mode, baseline=base
    )
    by_keras = drive([callback], metric.logs(history))
    past = "X + d < b" if metric.better == "lower" else "X - d > b"
    text = metric.rules(BASELINE.replace("PAST", past), p=1, d=0.1, b=0.5)
    # That an improvement without `PAST` does not count later is what is meant here.
    rule = compiled(text)(p=max(patience, 1), d=delta, b=base)
    why = difference(history, metric.better, delta, counts_values=True, baseline=base)
    same(tally("EarlyStopping: baseline"), why, by_keras, drive(rule, metric.logs(history)))


# ---------------------------------------------------------------- ReduceLROnPlateau


class Plateau(NamedTuple):
    """Arguments of ReduceLROnPlateau, and the rate when training begins."""

    patience: int
    delta: float
    factor: float
    cooldown: int
    min_lr: float
    rate: float


plateaus = st.builds(
    Plateau,
    patience=patience,
    delta=deltas,
    factor=st.sampled_from((0.0, 0.1, 0.5, 0.7, 0.99)),
    cooldown=st.integers(0, 6),
    min_lr=st.sampled_from((0.0, 1e-4, 0.02, 0.05)),
    rate=st.sampled_from((0.05, 0.1, 1.0)),
)


def reducing(metric: Metric, history: list[Value], given: Plateau, first: int) -> Seen:
    callback = keras.callbacks.ReduceLROnPlateau(
        metric.name,
        given.factor,
        given.patience,
        mode=metric.mode,
        min_delta=given.delta,
        cooldown=given.cooldown,
        min_lr=given.min_lr,
    )
    return drive([callback], metric.logs(history), rate=given.rate, first=first)


def by_plateau_rule(
    text: str, metric: Metric, history: list[Value], given: Plateau, first: int
) -> Seen:
    """`wait` is one less than Keras's `cooldown`; none where that is 0, and none where it is 1."""
    params = {"p": max(given.patience, 1), "d": given.delta, "f": given.factor, "m": given.min_lr}
    if given.cooldown > 1:
        text += ", wait c epochs"
        params["c"] = given.cooldown - 1
    starts = {"p": 1, "d": 0.1, "f": 0.5, "m": 0.1, "c": 1}
    rules = metric.rules(text, **{name: starts[name] for name in params})
    return drive(compiled(rules)(**params), metric.logs(history), rate=given.rate, first=first)


@thousand
@given(metric=metrics, history=histories(), given=plateaus, first=firsts)
def test_reduce_lr_on_plateau(
    tally: Tallied, metric: Metric, history: list[Value], given: Plateau, first: int
) -> None:
    # Every `rate` drawn lies within the limits.
    text = "limit lr from m to 1\non epoch_end if X stalls for p epochs by d then lr *= f"
    by_keras = reducing(metric, history, given, first)
    by_rule = by_plateau_rule(text, metric, history, given, first)
    why = difference(history, metric.better, given.delta)
    same(tally("ReduceLROnPlateau: stalls for N epochs"), why, by_keras, by_rule)


@thousand
@given(
    metric=metrics,
    history=histories(special=(math.nan, math.inf, None, None, None)),
    given=plateaus,
    cooldown=st.integers(0, 1),
    rate=st.sampled_from((1e-5, 0.03, 0.1, 3.0)),
)
def test_reduce_lr_on_plateau_that_counts_values(
    tally: Tallied,
    metric: Metric,
    history: list[Value],
    given: Plateau,
    cooldown: int,
    rate: float,
) -> None:
    given = given._replace(cooldown=cooldown, rate=rate)
    # Also for a rate that is below `min_lr` when training begins: it is left alone.
    text = "on epoch_end if X stalls for p values by d and lr > m then lr = max(lr * f, m)"
    by_keras = reducing(metric, history, given, 0)
    by_rule = by_plateau_rule(text, metric, history, given, 0)
    why = difference(history, metric.better, given.delta, counts_values=True)
    same(tally("ReduceLROnPlateau: stalls for N values"), why, by_keras, by_rule)


# ---------------------------------------------------------------- ModelCheckpoint


@thousand
@given(metric=metrics, history=histories(), first=firsts)
def test_model_checkpoint_best_only(
    tally: Tallied, metric: Metric, history: list[Value], first: int
) -> None:
    path = "best-{epoch}.weights.h5"
    callback = keras.callbacks.ModelCheckpoint(
        path, metric.name, save_best_only=True, save_weights_only=True, mode=metric.mode
    )
    by_keras = drive([callback], metric.logs(history), first=first)
    rule = compiled(metric.rules(f'on epoch_end if X improves save "{path}"'))()
    by_rule = drive(rule, metric.logs(history), first=first)
    same(tally("ModelCheckpoint: best only"), difference(history, metric.better), by_keras, by_rule)


@thousand
@given(
    metric=metrics,
    history=histories(),
    level=st.integers(-2, 10),
    unit=st.sampled_from((1 / 8, 0.1)),
)
def test_model_checkpoint_best_only_from_a_threshold(
    tally: Tallied, metric: Metric, history: list[Value], level: int, unit: float
) -> None:
    threshold = level * unit
    callback = keras.callbacks.ModelCheckpoint(
        "best.keras",
        metric.name,
        save_best_only=True,
        mode=metric.mode,
        initial_value_threshold=threshold,
    )
    by_keras = drive([callback], metric.logs(history))
    past = "X < t" if metric.better == "lower" else "X > t"
    text = f'on epoch_end if {past} and since_best(X) == 0 then save "best.keras"'
    by_rule = drive(compiled(metric.rules(text, t=0.5))(t=threshold), metric.logs(history))
    why = MISSING if None in history else None
    same(tally("ModelCheckpoint: best only, from a threshold"), why, by_keras, by_rule)


@thousand
@given(history=histories(), first=firsts)
def test_model_checkpoint_every_epoch(tally: Tallied, history: list[Value], first: int) -> None:
    path = "m-{epoch:02d}-{val_loss:.3f}.keras"
    logs: list[Logs] = [{"val_loss": value} for value in history]
    why = MISSING if None in history else None
    by_rule = drive(compiled(f'on epoch_end save "{path}"')(), logs, first=first)
    # Keras raises KeyError where the path asks for what is missing.
    by_keras = by_rule if why else drive([keras.callbacks.ModelCheckpoint(path)], logs, first=first)
    same(tally("ModelCheckpoint: every epoch"), why, by_keras, by_rule)


@thousand
@given(epochs=st.integers(1, 12), size=st.integers(1, 9), freq=st.integers(1, 14))
def test_model_checkpoint_every_so_many_batches(
    tally: Tallied, epochs: int, size: int, freq: int
) -> None:
    ends: list[Logs] = [{}] * epochs
    batches: list[list[Logs]] = [[{"loss": 0.5}] * size] * epochs
    path = "{epoch}-{batch}.keras"
    callback = keras.callbacks.ModelCheckpoint(path, save_freq=freq)
    rule = (
        compiled(f'param n = 2\nevery n batches save "{path}"')(n=freq)
        if freq > 1
        else compiled(f'every batch save "{path}"')()
    )
    by_keras, by_rule = (drive(c, ends, batches=batches) for c in ([callback], rule))
    same(tally("ModelCheckpoint: every N batches"), None, by_keras, by_rule)


# ---------------------------------------------------------------- TerminateOnNaN


@thousand
@given(losses=histories(), size=st.integers(1, 8))
def test_terminate_on_nan(tally: Tallied, losses: list[Value], size: int) -> None:
    epochs = -(-len(losses) // size)
    losses = losses + [0.5] * (epochs * size - len(losses))
    batches: list[list[Logs]] = [
        [{"loss": loss} for loss in losses[epoch * size : (epoch + 1) * size]]
        for epoch in range(epochs)
    ]
    ends: list[Logs] = [epoch[-1] for epoch in batches]
    by_keras = drive([keras.callbacks.TerminateOnNaN()], ends, batches=batches)
    by_rule = drive(compiled("on batch_end if loss is not finite stop")(), ends, batches=batches)
    same(tally("TerminateOnNaN"), None, by_keras, by_rule)


# ---------------------------------------------------------------- LearningRateScheduler

Numbers = dict[str, Any]
Function = Callable[[int, float], float]

SCHEDULES: dict[str, Callable[[Numbers], Function]] = {
    "every epoch after n lr *= f": lambda g: (
        lambda epoch, lr: lr if epoch < g["n"] else lr * g["f"]
    ),
    "every epoch lr = v / epoch": lambda g: lambda epoch, lr: g["v"] / (epoch + 1),
    "every n epochs lr *= f": lambda g: (
        lambda epoch, lr: lr * g["f"] if epoch and epoch % g["n"] == 0 else lr
    ),
    "at epoch n lr = v": lambda g: lambda epoch, lr: g["v"] if epoch == g["n"] - 1 else lr,
    "at 50% lr *= f": lambda g: lambda epoch, lr: lr * g["f"] if epoch == g["epochs"] // 2 else lr,
    "every epoch from n to k if lr > v then lr -= v / 2": lambda g: (
        lambda epoch, lr: (
            lr - g["v"] / 2 if g["n"] <= epoch + 1 <= g["k"] and lr > keras_number(g["v"]) else lr
        )
    ),
    "every epoch until n lr = v * epoch / n": lambda g: (
        lambda epoch, lr: g["v"] * (epoch + 1) / g["n"] if epoch < g["n"] else lr
    ),
    "every epoch lr = v * (1 + cos(3 * (epoch - 1) / epochs)) / 2": lambda g: (
        lambda epoch, lr: g["v"] * (1 + math.cos(3 * epoch / g["epochs"])) / 2
    ),
}
"""A rule, and the function of its numbers that gives the schedule."""


def keras_number(x: float) -> float:
    return float(keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(x, "float32")))


scheduled = {
    "n": st.integers(2, 12),
    "k": st.integers(2, 20),
    "f": st.sampled_from((0.0, 0.5, 0.9, 0.99, 1.1)),
    "v": st.sampled_from((1e-3, 0.01, 0.1, 0.3)),
}
planned = st.integers(1, 40)
rates = st.sampled_from((1e-3, 0.1, 0.3))


def scheduling(rules: list[str], numbers: Numbers, epochs: int, rate: float) -> tuple[Seen, Seen]:
    """What Keras's schedulers do, one for each rule, and what the rules do."""
    ends: list[Logs] = [{}] * epochs
    functions = [SCHEDULES[rule](numbers | {"epochs": epochs}) for rule in rules]
    by_keras = [keras.callbacks.LearningRateScheduler(function) for function in functions]
    words = " ".join(rules).split()
    used = {name: number for name, number in numbers.items() if name in words}
    starts = {"n": 2, "k": 3, "f": 0.5, "v": 0.1}
    text = "\n".join([*(f"param {name} = {starts[name]}" for name in used), *rules])
    by_rules = compiled(text)(**used)
    return drive(by_keras, ends, rate=rate), drive(by_rules, ends, rate=rate)


@thousand
@given(
    rule=st.sampled_from(sorted(SCHEDULES)),
    numbers=st.fixed_dictionaries(scheduled),
    epochs=planned,
    rate=rates,
)
def test_learning_rate_scheduler(
    tally: Tallied, rule: str, numbers: Numbers, epochs: int, rate: float
) -> None:
    same(tally("LearningRateScheduler"), None, *scheduling([rule], numbers, epochs, rate))


@settings(thousand, phases=(Phase.generate,))
@given(
    rules=st.lists(st.sampled_from(sorted(SCHEDULES)), min_size=2, max_size=2, unique=True),
    numbers=st.fixed_dictionaries(scheduled),
    epochs=planned,
    rate=rates,
)
def test_two_learning_rate_schedulers(
    rules: list[str], numbers: Numbers, epochs: int, rate: float
) -> None:
    by_keras, by_rules = scheduling(rules, numbers, epochs, rate)
    assert by_rules == by_keras


# ---------------------------------------------------------------- the table


PAIRS = (
    "EarlyStopping: stalls for N epochs",
    "EarlyStopping: stalls for N values",
    "EarlyStopping: baseline",
    "ReduceLROnPlateau: stalls for N epochs",
    "ReduceLROnPlateau: stalls for N values",
    "ModelCheckpoint: best only",
    "ModelCheckpoint: best only, from a threshold",
    "ModelCheckpoint: every epoch",
    "ModelCheckpoint: every N batches",
    "TerminateOnNaN",
    "LearningRateScheduler",
)


def test_every_pair_was_driven_over_enough(tally: Tallied, request: pytest.FixtureRequest) -> None:
    """And no history was left out for a reason that is not on the page."""
    asked = {item.name for item in request.session.items}
    if not {name for name in globals() if name.startswith("test_")} <= asked:
        pytest.skip("only some of the pairs were asked for")
    assert {pair: tally(pair).same for pair in PAIRS if tally(pair).same < MOST} == {}
    left_out = {why for pair in PAIRS for why in tally(pair).left_out}
    assert left_out == {FIRST_IS_NAN, MISSING, TIE}
