"""The text and the JSON of a forecast."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cbdsl.forecast import Forecast
from cbdsl.forecast.report import as_json, as_text
from cbdsl.forecast.terminal import drawn

Foresee = Callable[..., Forecast]
GOLDENS = Path(__file__).parent / "goldens"

RULES = """
param warm = 3 batches
param share = 90%
param long = 10 minutes
param careful = true
param word = "rest"
let cuts = 0
warm_up: every batch until warm lr = 0.01 * step
down: at epoch 30, 60, 80 lr *= 0.1
cut: on epoch_end if val_loss stalls for 5 epochs lr *= 0.5, cuts += 1
on epoch_end if cuts > 3 then once stop "enough {cuts}"
log: every 100 batches print "a\\tb {loss}"
keepsake: every 10 minutes save "now.keras"
guard: on batch_end if loss is nan then at most 3 times warn "nan"
late: at epoch 400 print "never"
broken: at epoch 5 lr = log(0 - epoch)
check: on test_end after 50% print "{loss}"
tested: on test_batch_end print "x"
final: at epoch 85 stop
every epoch if careful and elapsed > long and progress > share print "{word}"
"""

PLANNED = {
    "epochs_alone": {"epochs": 90, "lr": 0.1},
    "all": {"epochs": 90, "lr": 0.1, "batches": 3, "epoch_seconds": 100},
    "one": {"epochs": 1, "batches": 1},
}


@pytest.mark.parametrize("name", PLANNED)
def test_text(foreseen: Foresee, golden: Callable[[Path, str], None], name: str) -> None:
    found = foreseen(RULES, **PLANNED[name])
    golden(GOLDENS / f"{name}.txt", f"{as_text(found)}\n")
    golden(GOLDENS / f"{name}_drawn.txt", f"{drawn(found, width=80)}\n")


def test_json(foreseen: Foresee) -> None:
    found = json.loads(as_json(foreseen(RULES, **PLANNED["all"])))
    assert (found["format"], found["file"], found["batches"]) == (1, "rules.cbr", 3)
    assert found["params"] == {
        "warm": 3,
        "share": 0.9,
        "long": 600,
        "careful": True,
        "word": "rest",
    }
    assert found["rates"][:3] == [0.1, 0.03, 0.03]
    assert found["changes"][0] == {"epoch": 1, "done": 0, "rate": 0.01}
    assert found["left_out"] == [{"rule": "cut", "needs": []}]
    assert found["ending"] == {"rule": "final", "epoch": 85}
    rules = {rule["rule"]: rule for rule in found["rules"]}
    assert rules["warm_up"] == {
        "rule": "warm_up",
        "place": "rules.cbr:8",
        "hook": "batch_begin",
        "when": "start of every batch in epoch 1",
        "certain": True,
        "epochs": [1],
        "batches": [[1, 3]],
        "needs": [],
        "condition": None,
        "most": None,
        "actions": ["lr = 0.01 * step"],
        "trouble": None,
    }
    assert rules["log"]["batches"] == [[100, 100], [200, 200]]
    assert rules["tested"]["epochs"] is None
    assert rules["guard"]["most"] == "at most 3 times"
    assert rules["late"]["epochs"] == []


def test_a_table_of_rates_is_shortened_but_not_in_json(foreseen: Foresee) -> None:
    found = foreseen("every epoch lr *= 0.9\n", 500)
    text = as_text(found)
    assert "\n  …          (485 lines more)\n" in text
    assert "\n  epoch 500  " in text
    assert len(text.splitlines()) == 21
    assert len(json.loads(as_json(found))["rates"]) == 500


def test_rates_beyond_the_ends_of_an_epoch(foreseen: Foresee) -> None:
    found = foreseen("every batch lr = min(abs(step - 3), 1.5) + 1\n", 1, batches=5)
    assert "epoch 1  2.5 → 2.5 (down to 1)" in as_text(found)
    found = foreseen("every batch lr = 3 - abs(step - 3)\n", 1, batches=5)
    assert "epoch 1  1 → 1 (up to 3)" in as_text(found)


def test_without_rules_for_the_rate(foreseen: Foresee) -> None:
    found = foreseen('use ReduceLROnPlateau(monitor="loss")\n', 3)
    assert as_text(found) == (
        "rules.cbr: 3 epochs\n\n"
        "no rule sets the learning rate (given as 0.001)\n"
        "left out: ReduceLROnPlateau (only training tells)"
    )
    assert "learning rate" in drawn(found, width=40)


@pytest.mark.parametrize("width", [10, 40, 80, 200])
@pytest.mark.parametrize("lr", [0.0, 0.1])
def test_the_drawing_is_as_wide_as_the_terminal(foreseen: Foresee, width: int, lr: float) -> None:
    found = foreseen("slower: every epoch lr *= 0.5\nnow: on batch_end stop\n", 30, lr=lr)
    lines = drawn(found, width=width).splitlines()[2:-3]
    narrowest = 20 + 2 + len("9.31e-11" if lr else "slower")
    assert max(map(len, lines)) == max(width, narrowest)
    coloured = drawn(found, width=width, colour=True)
    assert "\x1b[36m" in coloured
    assert coloured.replace("\x1b[0m", "").count("\x1b") < 20
