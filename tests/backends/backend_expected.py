"""What each run of `backend_cases` must have done, whatever the backend."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from backend_cases import BATCHES, EPOCHS, RATE

Facts = dict[str, Any]
Check = Callable[[Facts, Mapping[str, Facts]], None]

CHECKS: dict[str, Check] = {}
"""By the name of a run; a check gets its facts and those of all runs of the backend."""

SAID_TO_END = "ends the training: "


def check(function: Check) -> Check:
    CHECKS[function.__name__] = function
    return function


def is_close(value: Any) -> Any:
    return pytest.approx(value, rel=1e-5, abs=1e-6)


def ends(facts: Facts, weight: str) -> list[float]:
    """A weight that is one number, at the end of each epoch."""
    return [end[f"probe/{weight}"][0] for end in facts["ends"]]


def steps(facts: Facts) -> list[float]:
    """How far `drift` went in each epoch, or batch where somebody looked at each; downwards."""
    seen = facts.get("after") or facts["ends"]
    drift = [0.0, *(each["probe/drift"][0] for each in seen)]
    return [before - after for before, after in pairwise(drift)]


def by_epoch(rates: Sequence[float]) -> list[float]:
    """Sums of what there is a batch."""
    assert len(rates) == EPOCHS * BATCHES
    return [sum(rates[i : i + BATCHES]) for i in range(0, len(rates), BATCHES)]


def rates(*epochs: float) -> list[float]:
    """A rate for each epoch, as one for each batch."""
    return [rate for rate in epochs for _ in range(BATCHES)]


def of(state: Mapping[str, Any], layer: str) -> dict[str, Any]:
    found = {name: value for name, value in state.items() if name.startswith(f"{layer}/")}
    assert found
    return found


def went_on(facts: Facts) -> None:
    assert facts["error"] is None, facts.get("trace")
    assert facts["epochs"] == EPOCHS
    assert not [error for *_, actions in facts["fired"] or () for _, error in actions if error]
    numbers = [number for each in facts["final"].values() for number in each]
    assert all(map(math.isfinite, numbers))


def assert_did(facts: Facts, expected: Sequence[Any]) -> None:
    """Who fired when, and did what; only hosts keep a record of that."""
    if facts["fired"] is not None:
        found = [[rule, epoch, *(verb for verb, _ in done)] for rule, epoch, done in facts["fired"]]
        assert found == expected


# ------------------------------------------------------------------------ ending, and saying


@check
def stop(facts: Facts, runs: Mapping[str, Facts]) -> None:
    assert (facts["error"], facts["epochs"]) == (None, 2)
    assert facts["final"] == runs["plain"]["ends"][1]
    assert facts["out"] == (f"enough {SAID_TO_END}two epochs are enough\nwhat stands below acts\n")


@check
def stop_in_epoch(facts: Facts, runs: Mapping[str, Facts]) -> None:
    assert (facts["error"], facts["epochs"]) == (None, 2)
    assert len(facts["after"]) == 6
    assert ends(facts, "drift") == [-4 * RATE, -6 * RATE]
    assert facts["final"] == facts["after"][5]
    # It is validated all the same.
    assert math.isfinite(facts["logs"][1]["val_loss"])


@check
def fail(facts: Facts, runs: Mapping[str, Facts]) -> None:
    assert facts["error"] == "TrainingFailed: bad: epoch 2 is one too many"
    assert facts["epochs"] == 2
    assert facts["final"] == runs["plain"]["ends"][1]
    assert facts["out"] == "what stands below acts\nso does the end\n"
    assert_did(facts, [["bad", 2, "fail"], ["further", 2, "print"], ["at_last", 2, "print"]])


@check
def print_warn(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    assert facts["out"] == f"2 of {EPOCHS}, rate {RATE}\n"
    assert facts["err"] == f"warning: batch 3 of {BATCHES}\n"
    assert facts["ends"] == runs["plain"]["ends"]


@check
def notify(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    assert facts["messages"] == [
        ["cbdsl: tell", "epoch 2: all is well"],
        ["cbdsl: tell", "epoch 4: all is well"],
    ]
    assert facts["ends"] == runs["plain"]["ends"]


@check
def call(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    # What the function sets is trained on, and what it evaluates disturbs no mean.
    assert ends(facts, "idle") == [1, 21, 21, 21]
    assert [logs["loss"] for logs in facts["logs"]] == is_close(
        [logs["loss"] for logs in runs["plain"]["logs"]]
    )


@check
def call_that_fails(facts: Facts, runs: Mapping[str, Facts]) -> None:
    assert (facts["error"], facts["epochs"]) == (None, EPOCHS)
    error = "LookupError: nothing was found here"
    assert facts["fired"] in (None, [["<rules>:1", 2, [["call", error]]]])
    assert facts["err"] == (
        "\n<rules>:1: could not call 'backend_functions.broken': nothing was found here\n"
    )
    assert facts["ends"] == runs["plain"]["ends"]


@check
def record(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    logs = facts["logs"]
    assert [each["double"] for each in logs] == is_close([2 * each["loss"] for each in logs])
    assert [each["sixth"] for each in logs] == pytest.approx(
        [math.nan, 6, math.nan, math.nan], nan_ok=True
    )
    assert [each["loss"] for each in logs] == [each["loss"] for each in runs["plain"]["logs"]]


@check
def wait(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    assert facts["out"] == "epoch 1\nepoch 3\n"


# --------------------------------------------------------------------------------- files


@check
def save(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    assert list(facts["files"]) == ["sixth.keras", "weights/second.weights.h5"]
    assert facts["files"]["weights/second.weights.h5"] == facts["ends"][1]
    # In the middle of an epoch, where nobody else had a look.
    sixth = facts["files"]["sixth.keras"]
    assert sixth["probe/drift"] == [-6 * RATE]
    assert sixth["low/kernel"] not in [end["low/kernel"] for end in facts["ends"]]
    assert facts["ends"] == runs["plain"]["ends"]
    assert facts["logs"] == runs["plain"]["logs"]


@check
def save_keep(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    assert list(facts["files"]) == ["end-3.weights.h5", "end-4.weights.h5"]
    assert list(facts["files"].values()) == facts["ends"][2:]


@check
def save_keep_best(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    # The metric is 1, 0, 1, 4.
    assert facts["files"] == {
        "best-1.weights.h5": facts["ends"][0],
        "best-2.weights.h5": facts["ends"][1],
    }


# --------------------------------------------------------------------------- going back


@check
def restore(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    assert facts["ends"] == runs["plain"]["ends"]
    assert facts["final"] == facts["ends"][1]


@check
def roll_back_best(facts: Facts, runs: Mapping[str, Facts]) -> None:
    """The fourth epoch is the third once more, by weights and by what Adam remembers."""
    went_on(facts)
    assert facts["ends"][:2] == runs["plain_adam"]["ends"][:2]
    assert facts["ends"][2] == facts["ends"][1]
    assert facts["final"] == runs["plain_adam"]["ends"][2]


@check
def roll_back_good(facts: Facts, runs: Mapping[str, Facts]) -> None:
    """The last good weights are those before the event: the end of the second epoch."""
    went_on(facts)
    plain = runs["plain_momentum"]["ends"]
    assert facts["ends"] == [plain[0], plain[1], plain[1], plain[2]]


@check
def roll_back_nan(facts: Facts, runs: Mapping[str, Facts]) -> None:
    """The third batch of each epoch is bad: it and those before are undone, the rate is halved."""
    went_on(facts)
    assert_did(facts, [["broken", n, "roll back", "lr"] for n in range(1, EPOCHS + 1)])
    assert facts["batch_rates"] == is_close(
        [RATE * 0.5 ** ((i + 1) // BATCHES) for i in range(EPOCHS * BATCHES)]
    )
    drift, velocity, seen = 0.0, 0.0, []
    for epoch in range(EPOCHS):
        good, rate = (drift, velocity), RATE * 0.5**epoch
        for batch in range(BATCHES):
            velocity = 0.5 * velocity - (rate if batch < 3 else rate / 2)
            drift += velocity
            if batch == 2:
                drift, velocity = good
            seen.append(drift)
    assert [after["probe/drift"][0] for after in facts["after"]] == is_close(seen)
    for epoch in range(EPOCHS):
        before = facts["after"][epoch * BATCHES - 1] if epoch else facts["start"]
        assert facts["after"][epoch * BATCHES + 2] == before
    # The batch is out of the metrics, too.
    assert [seen == [] for seen in facts["seen"]] == [i % BATCHES == 2 for i in range(16)]
    assert all(map(math.isfinite, (v for logs in facts["logs"] for v in logs.values())))


@check
def snapshot(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    assert facts["after"][7] == facts["after"][5]
    expected = [RATE] * 16
    expected[7] = -RATE
    assert steps(facts) == is_close(expected)


# ------------------------------------------------------------------------------- the rate


@check
def lr_set(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    assert steps(facts) == is_close(by_epoch([0.125] * 4 + [0.25] * 6 + [0.0625] * 6))
    assert facts["rates"] == [0.125, 0.25, 0.25, 0.0625]


@check
def lr_scale(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    assert steps(facts) == is_close(by_epoch([RATE * 0.5 ** (i // 3) for i in range(16)]))


@check
def lr_function(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    assert steps(facts) == is_close([4 * RATE * 0.5**i for i in range(4)])
    assert [logs["learning_rate"] for logs in facts["logs"]] == [RATE * 0.5**i for i in range(4)]


@check
def lr_limit(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    assert facts["rates"] == [0.125, 0.03125, 0.03125, 0.0625]
    assert steps(facts) == is_close([4 * rate for rate in facts["rates"]])


@check
def schedule_lr(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    expected = [i / 32 for i in range(8)] + [0.125] * 8
    assert facts["batch_rates"] == is_close(expected)
    assert steps(facts) == is_close(expected)


# ------------------------------------------------------------------------------- settings


@check
def weight_decay(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    shrunk = 1 - RATE * 0.5
    assert ends(facts, "idle") == is_close([1, 1, shrunk**4, shrunk**5])
    assert facts["ends"][:2] == runs["plain"]["ends"][:2]


def adam(beta_1: Sequence[float]) -> Iterator[float]:
    """How far a weight with the gradient 1 goes in each batch: as Keras's Adam has it."""
    m = 0.0
    for t, beta in enumerate(beta_1, start=1):
        m += (1 - m) * (1 - beta)
        # The second moment is 1 once it is corrected.
        yield RATE * m / (1 - beta**t)


@check
def beta_1(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    assert facts["ends"][0] == runs["plain_adam"]["ends"][0]
    expected = list(adam([0.9] * 4 + [0.5] * 6 + [0.75] * 6))
    assert steps(facts) == pytest.approx(by_epoch(expected), rel=1e-4)


@check
def schedule_beta_1(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    expected = list(adam(rates(0.5, 0.6, 0.7, 0.8)))
    assert steps(facts) == pytest.approx(by_epoch(expected), rel=1e-4)


@check
def momentum(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    assert facts["ends"][0] == runs["plain"]["ends"][0]
    velocity, expected = 0.0, [RATE] * 4
    for _ in range(8):
        velocity = 0.5 * velocity + RATE
        expected.append(velocity)
    assert steps(facts) == is_close(by_epoch(expected + [RATE] * 4))


@check
def clipnorm(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    assert facts["ends"][:2] == runs["plain"]["ends"][:2]
    assert steps(facts) == is_close([4 * RATE, 4 * RATE, 2 * RATE, 2 * RATE])


# --------------------------------------------------------------------------------- layers


def moved(facts: Facts, layer: str) -> list[bool]:
    """In which epochs any weight of a layer moved."""
    states = [of(state, layer) for state in (facts["start"], *facts["ends"])]
    return [before != after for before, after in pairwise(states)]


@check
def freeze(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    assert facts["ends"][:2] == runs["plain"]["ends"][:2]
    assert moved(facts, "low") == [True, True, False, False]
    for layer in ("inner_1", "inner_2", "out", "probe"):
        assert moved(facts, layer) == [True] * 4


@check
def freeze_in_epoch(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    assert ends(facts, "drift") == is_close([-4 * RATE, -5 * RATE, -5 * RATE, -5 * RATE])
    assert moved(facts, "low") == [True] * 4


@check
def freeze_nested(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    assert moved(facts, "inner_1") == [True, False, False, True]
    assert moved(facts, "inner_2") == [True, False, False, False]
    assert moved(facts, "low") == [True] * 4


@check
def unfreeze(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    assert moved(facts, "low") == [False, False, True, True]
    assert moved(facts, "out") == [True] * 4


@check
def unfreeze_nested(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    for layer in ("inner_1", "inner_2"):
        assert moved(facts, layer) == [False, True, True, True]
    assert moved(facts, "low") == [True] * 4


# ------------------------------------------------------------------------------ variables


@check
def variable(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    amounts = [1] * 8 + [3] * 6 + [4] * 2
    assert steps(facts) == is_close(by_epoch([RATE * amount for amount in amounts]))
    assert ends(facts, "amount") == [1, 3, 3, 4]


@check
def schedule_variable(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    amounts = [i / 2 for i in range(8)] + [4] * 8
    assert steps(facts) == is_close(by_epoch([RATE * amount for amount in amounts]))


@check
def another_variable(facts: Facts, runs: Mapping[str, Facts]) -> None:
    """JAX could not do it: one that is none of the model's is a constant of the step."""
    if facts["error"] is None:
        went_on(facts)
        assert_did(facts, [["<rules>:2", 2, "set"]])
    else:
        assert facts["epochs"] == 0
        assert facts["error"].startswith("Refused: the model has no variable 'other': on JAX ")


# ----------------------------------------------------------------------- what is refused

WORDS = {
    "no_such_setting": "<rules>:1: SGD has no setting `rho`; it has clipnorm, clipvalue, ",
    "no_momentum": "<rules>:1: Adam has no setting `momentum`; it has beta_1, beta_2, ",
    "no_such_layer": "<rules>:1: no layer is called 'lov'; did you mean 'low'?",
    "no_variable": "the rules set the variable `noise`, and nobody passed it",
    "call_misspelt": "<rules>:1: the module `backend_functions` has no `tuoch`; did you mean `t",
    "rate_of_keras": "<rules>:1: the learning rate of the optimizer is a CosineDecay, which ",
}


def refused(name: str) -> Check:
    def check(facts: Facts, runs: Mapping[str, Facts]) -> None:
        assert facts["error"].startswith(f"Refused: {WORDS[name]}")
        assert (facts["epochs"], facts["fired"] or [], facts["err"]) == (0, [], "")
        # Nothing was trained, and nothing set.
        assert facts["final"] == runs["plain"]["start"]

    return check


def unseen(name: str) -> Check:
    """It is the same where nobody looks after each batch; on JAX a look moves all that is."""

    def check(facts: Facts, runs: Mapping[str, Facts]) -> None:
        went_on(facts)
        assert "after" not in facts
        assert facts["ends"] == runs[name]["ends"]
        assert facts["logs"] == runs[name]["logs"]

    return check


CHECKS |= {f"{n}_unseen": unseen(n) for n in ("roll_back_nan", "schedule_lr", "snapshot")}
CHECKS |= {name: refused(name) for name in WORDS}


@check
def plain(facts: Facts, runs: Mapping[str, Facts]) -> None:
    went_on(facts)
    assert moved(facts, "low") == [True] * 4
    assert np.allclose(ends(facts, "drift"), [-4 * RATE * n for n in range(1, 5)])
    assert ends(facts, "idle") == [1] * 4
