"""`fail`, from the commands and in a script of one's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import pytest

pytest.importorskip("tensorflow_datasets")

import backend_cases as cases
from backend_commands import MODEL, cbdsl, tiny_set

import cbdsl as package
from cbdsl.journal import Action, read
from cbdsl.train.quiet import quiet

ROOT = Path(__file__).resolve().parents[2]

RULES = """\
bad: at epoch 2 fail "epoch {epoch} is one too many"
at_last: on train_end print "it is over"
"""


def test_train_ends_with_1_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quiet()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "net_for_fail.py").write_text(MODEL)
    (tmp_path / "r.cbr").write_text(RULES)
    images = ["--idx", tiny_set(tmp_path / "set"), "--data-dir", tmp_path / "data"]
    small = ["--model", "net_for_fail:small", "--epochs", "5", "--batch-size", "8"]
    done = cbdsl("train", "r.cbr", *images, *small)
    assert done.exit_code == 1
    assert done.stdout.splitlines()[-3:] == [
        "Training failed after epoch 2 of 5: bad, r.cbr:1, stopped it: epoch 2 is one too many",
        "bad      fired once, in epoch 2",
        "at_last  fired once, in epoch 2",
    ]
    assert "it is over" in done.stdout
    run = tmp_path / "runs" / "r-1"
    journal = read(run)
    assert [(one.rule, one.epoch) for one in journal.firings] == [("bad", 2), ("at_last", 2)]
    assert journal.firings[0].actions == (Action("fail", "epoch 2 is one too many"),)
    assert journal.end is not None
    assert (journal.end.how, journal.end.by) == ("failed", "bad")
    assert len((run / "history.csv").read_text().splitlines()) == 3


SCRIPT = """
import keras, numpy as np
x = np.zeros((8, 1), np.float32)

def train(epochs):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(x, x, epochs=epochs, verbose=0)
    print(epochs, "are fine")

train(1)
"""
CAREFUL = """
import cbdsl
try:
    train(5)
except cbdsl.TrainingFailed as error:
    print("caught:", error)
train(1)
"""


@pytest.mark.parametrize(
    ("more", "status", "printed"),
    [
        ("train(5)\ntrain(1)\n", 1, ["it is over", "1 are fine", "it is over"]),
        pytest.param(
            CAREFUL,
            0,
            [
                *["it is over", "1 are fine", "it is over"],
                *["caught: bad: epoch 2 is one too many", "it is over", "1 are fine"],
            ],
            marks=pytest.mark.slow,
        ),
    ],
    ids=["uncaught", "caught"],
)
def test_run_ends_with_1_unless_the_script_catches_it(
    tmp_path: Path, more: str, status: int, printed: list[str]
) -> None:
    (tmp_path / "r.cbr").write_text(RULES)
    (tmp_path / "script.py").write_text(SCRIPT + more)
    done = subprocess.run(
        [sys.executable, "-m", "cbdsl", "run", "r.cbr", "--", "script.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    assert done.stdout.splitlines() == printed
    said = "Training failed after epoch 2 of 5: bad, r.cbr:1, stopped it: epoch 2 is one too many"
    assert said in done.stderr
    first, *_ = read(tmp_path / "runs" / "r-1" / "fit-2").firings
    assert (first.rule, first.epoch) == ("bad", 2)


class Ends(keras.callbacks.Callback):  # type: ignore[misc]
    def __init__(self, name: str, seen: list[str]) -> None:
        super().__init__()
        self.name = name
        self.seen = seen

    def on_train_end(self, logs: Any = None) -> None:
        self.seen.append(self.name)


def test_in_a_script_it_is_raised_when_all_before_have_ended(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seen: list[str] = []
    model = cases.network()
    callbacks = package.callbacks(RULES)
    with pytest.raises(package.TrainingFailed, match=r"^bad: epoch 2 is one too many$"):
        model.fit(**cases.data(False), callbacks=[Ends("before", seen), *callbacks])
    assert seen == ["before"]
    assert capsys.readouterr().out == "it is over\n"
    # The model is whole, and can be trained on; the rules begin afresh.
    assert model.stop_training
    model.fit(**cases.data(False) | {"epochs": 1}, callbacks=callbacks)
    assert len(callbacks[-1].record.firings) == 1
