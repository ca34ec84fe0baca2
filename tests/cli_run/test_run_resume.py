"""`cbdsl run` goes on with a script that was killed, whichever of its trainings that was in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from test_run_script import python, write

import cbdsl
from cbdsl.train.begun import Begun
from cbdsl.train.begun import write as write_begun
from cbdsl.train.errors import TrainError
from cbdsl.train.resuming import Start, find_unfinished

SCRIPT = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, numpy as np

class Breaks(keras.callbacks.Callback):
    def __init__(self, fit):
        super().__init__()
        self.fit = fit

    def on_epoch_begin(self, epoch, logs=None):
        print("fit", self.fit, "epoch", epoch + 1, flush=True)
        if os.path.exists("kill") and open("kill").read() == f"{self.fit} {epoch + 1}":
            os._exit(9)
        if os.path.exists("raise") and open("raise").read() == f"{self.fit} {epoch + 1}":
            raise KeyboardInterrupt

def fit(model, number, epochs=3):
    x = np.arange(24, dtype="float32").reshape(8, 3) / 24
    history = model.fit(
        x, x[:, :1], epochs=epochs, batch_size=4, shuffle=False, verbose=0, callbacks=Breaks(number)
    )
    print("history", number, history.epoch)

keras.utils.set_random_seed(1)
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("adam", "mse")
fit(model, 1)
try:
    fit(model, 2)
except KeyboardInterrupt:
    print("interrupted")
fit(model, 3, epochs=1)
print([w.numpy().tolist() for w in model.weights])
sys.exit(int((sys.argv[1:] or [0])[0]))
"""

RULES = """
resume from "state"
slower: every epoch after 1 lr *= 0.5
kept: on epoch_end if loss improves save "best.weights.h5"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pytest.importorskip("keras")
    write(tmp_path, SCRIPT)
    (tmp_path / "r.cbr").write_text(RULES)
    return tmp_path


def run(folder: Path, *args: str, options: tuple[str, ...] = ()) -> Any:
    return python(
        "-m", "cbdsl", "run", "r.cbr", *options, "--", args[0] if args else "script.py", *args[1:],
        cwd=folder,
    )  # fmt: skip


def decisions(folder: Path) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    kept = [line for line in lines if line["kind"] not in ("run", "resumed")]
    return [{k: v for k, v in line.items() if k != "time"} for line in kept]


def begun(run: Path) -> dict[str, Any]:
    held: dict[str, Any] = json.loads((run / "run.json").read_text())
    return held


@pytest.mark.parametrize("named", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_the_same_command_goes_on_with_the_second_fit(folder: Path, named: bool) -> None:
    options = ("--run-dir", "x") if named else ()
    where = folder / "x" if named else folder / "runs" / "r-1"
    whole = run(folder, options=("--run-dir", "whole"))
    assert whole.returncode == 0, whole.stderr
    (folder / "kill").write_text("2 3")
    assert run(folder, options=options).returncode == 9
    assert not begun(where)["ended"]
    (folder / "kill").unlink()

    done = run(folder, "./script.py", options=options)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:-1] == [
        "history 1 []",
        "fit 2 epoch 3",
        "history 2 [2]",
        "fit 3 epoch 1",
        "history 3 [0]",
    ]
    assert done.stdout.splitlines()[-1] == whole.stdout.splitlines()[-1]
    assert "begins afresh" not in done.stderr
    for fit in (".", "fit-2", "fit-3"):
        assert decisions(where / fit) == decisions(folder / "whole" / fit)
        rows = (folder / "whole" / fit / "history.csv").read_text()
        assert (where / fit / "history.csv").read_text() == rows
    assert begun(where) == {
        "format": 1,
        "script": "script.py",
        "options": {"arguments": "none"},
        "ended": True,
    }
    assert not (where / "fit-2" / "run.json").exists()

    after = run(folder, options=options)
    assert after.returncode == 0
    if named:
        assert after.stdout == ""
        assert after.stderr == "x is finished: script.py ended; choose another --run-dir\n"
    else:
        assert after.stderr.endswith("the run is in runs/r-2/fit-3\n")
        assert after.stdout == whole.stdout


@pytest.mark.slow
def test_what_follows_a_fit_that_goes_on_is_trained_again(folder: Path) -> None:
    whole = run(folder, options=("--run-dir", "whole"))
    (folder / "raise").write_text("2 2")
    broken = run(folder)
    assert broken.returncode == 0, broken.stderr
    assert "history 3 [0]" in broken.stdout  # It began with weights that were not the last.
    assert not begun(folder / "runs" / "r-1")["ended"]
    (folder / "raise").unlink()
    done = run(folder)
    assert "history 1 []\nfit 2 epoch 2\n" in done.stdout
    assert done.stdout.endswith(
        "fit 3 epoch 1\nhistory 3 [0]\n" + whole.stdout.splitlines()[-1] + "\n"
    )
    assert begun(folder / "runs" / "r-1")["ended"]


@pytest.mark.slow
def test_a_script_that_ends_with_an_error_has_not_ended(folder: Path) -> None:
    assert run(folder, "script.py", "3").returncode == 3
    refused = run(folder, "script.py", "0", options=("--strict",))
    assert refused.returncode == 2
    assert refused.stderr == (
        "cbdsl: runs/r-1 was begun with arguments 3 (now 0), and --strict asks for the same: "
        "give these, or another --run-dir\n"
    )
    done = run(folder, "script.py", "0")
    assert done.returncode == 0
    assert done.stderr.startswith("runs/r-1 was begun with arguments 3 (now 0): it is not the run")
    assert done.stdout.startswith("history 1 []\nhistory 2 []\nhistory 3 []\n")
    assert begun(folder / "runs" / "r-1")["ended"]


def test_a_training_is_no_run_of_a_script_to_go_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    program = cbdsl.compile(RULES)
    folder = Path("runs", "r-1")
    (folder / "state").mkdir(parents=True)
    # Killed before it began: nothing says what it was.
    assert find_unfinished(program, folder, "r", "s.py") == Start(folder)
    assert find_unfinished(program, None, "r", "s.py") == Start(None)
    write_begun(folder, Begun({"seed": 0}))
    assert find_unfinished(program, None, "r", "s.py") == Start(None)
    with pytest.raises(TrainError) as caught:
        find_unfinished(program, folder, "r", "s.py")
    assert str(caught.value) == "runs/r-1 holds the run of cbdsl train: choose another --run-dir"
    (folder / "state").rmdir()
    (folder / "run.json").write_text("mine")
    with pytest.raises(TrainError, match="it does not say what the run was begun with"):
        find_unfinished(program, folder, "r", "s.py")


@pytest.mark.slow
def test_another_script_is_another_run(folder: Path) -> None:
    assert run(folder, "script.py", "3").returncode == 3
    write(folder, SCRIPT, "other.py")
    named = run(folder, "other.py", options=("--run-dir", "runs/r-1"))
    assert named.returncode == 2
    assert named.stderr == (
        "cbdsl: runs/r-1 holds the run of script.py under cbdsl run: choose another --run-dir\n"
    )
    done = run(folder, "other.py", "3")
    assert "the run is in runs/r-2\n" in done.stderr
    # The newest of this script, which is not the newest.
    assert run(folder, "script.py", "3").stdout.startswith("history 1 []\n")
