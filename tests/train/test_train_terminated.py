"""`cbdsl train` is sent SIGTERM and, when the time of grace is over, SIGKILL; and goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import pytest
from test_train_resume import decisions

from cbdsl.saving import StateFolder

ROOT = Path(__file__).resolve().parents[2]

RULES = """
resume from "state"
slower: every epoch after 1 lr *= 0.5
kept: on epoch_end if val_loss improves save "best.weights.h5"
stuck: on {hook} if epoch == 2 call stuck.here
leave: on interrupt save "last.weights.h5", stop
"""

# SIGTERM comes in the first call. In the second one, the first event later, the rule has answered.
STUCK = """
import time
from pathlib import Path

calls = 0

def here(model, epoch, logs):
    global calls
    calls += 1
    free = Path("free")
    if not free.exists():
        print("now", flush=True)
    while not free.exists() and (calls > 1 or not Path("sent").exists()):
        time.sleep(0.02)
"""


GRACE = 10


def start(folder: Path, mnist_dir: Path, *more: str) -> subprocess.Popen[str]:
    options = ["--allow", "call", "--epochs", "3", "--batch-size", "50", "--data-dir", mnist_dir]
    return subprocess.Popen(
        [sys.executable, "-m", "cbdsl", "train", "r.cbr", *options, *more],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ends(process: subprocess.Popen[str]) -> tuple[str, str]:
    out, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    return out, err


def variables(run: Path) -> dict[str, bytes]:
    saved = StateFolder(run, "state").read()
    assert saved is not None
    return {name: array.tobytes() for name, array in saved.arrays.items()}


@pytest.mark.slow
@pytest.mark.parametrize("hook", ["batch_end", "test_batch_end"])
def test_the_same_command_goes_on(hook: str, tmp_path: Path, mnist_dir: Path) -> None:
    (tmp_path / "r.cbr").write_text(RULES.format(hook=hook))
    (tmp_path / "stuck.py").write_text(STUCK)
    with start(tmp_path, mnist_dir) as process:
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            assert "now\n" in lines
            process.send_signal(signal.SIGTERM)
            (tmp_path / "sent").touch()
            assert "now\n" in lines
            time.sleep(GRACE)
            assert process.poll() is None
        finally:
            process.kill()
    run, whole = tmp_path / "runs" / "r-1", tmp_path / "whole"
    state = StateFolder(run, "state")
    saved = state.read()
    assert saved is not None
    assert saved.facts["epoch"] == 1
    assert state.finished() is None
    with h5py.File(run / "last.weights.h5") as file:
        file.visititems(lambda name, item: item[()] if isinstance(item, h5py.Dataset) else None)

    (tmp_path / "free").touch()
    out, err = ends(start(tmp_path, mnist_dir))
    assert "this training goes on behind epoch 1, from" in err
    told, _ = ends(start(tmp_path, mnist_dir, "--run-dir", "whole"))
    assert decisions(run) == decisions(whole)
    assert variables(run) == variables(whole)
    assert (run / "history.csv").read_text() == (whole / "history.csv").read_text()
    assert out.split("Training ended")[1] == told.split("Training ended")[1]
