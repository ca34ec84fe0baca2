"""Fashion-MNIST at full size, from the files of Debian's package dataset-fashion-mnist."""

from __future__ import annotations

import csv
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

FILES = Path("/usr/share/datasets/fashion-mnist")
ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not FILES.is_dir(), reason=f"no {FILES}: apt-get install dataset-fashion-mnist"
    ),
]


def train(cwd: Path, prepare: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    rules = ROOT / "examples" / "mnist.cbr"
    command = [sys.executable, "-m", "cbdsl", "train", rules, "--epochs", "2"]
    return subprocess.Popen(
        [*command, "--idx", FILES, "--data-dir", "data"],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=prepare,
    )


def until_it_prepares(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    # Progress bars are redrawn after a carriage return, which universal newlines make a line.
    assert any("Generating train examples" in line for line in iter(process.stderr.readline, ""))


def test_two_epochs_at_full_size_and_a_second_run(tmp_path: Path) -> None:
    with train(tmp_path) as first:
        until_it_prepares(first)
        began = time.monotonic()
        assert first.stderr is not None
        for line in iter(first.stderr.readline, ""):
            if line.startswith("training on idx/fashion_mnist-"):
                break
        assert time.monotonic() - began < 60
        assert "60,000 images, validated on 10,000" in line
        out, _ = first.communicate()
    assert first.returncode == 0
    assert "keep_best    fired 2 times, last in epoch 2" in out
    with train(tmp_path) as second:
        again, errors = second.communicate()
    assert second.returncode == 0
    assert "Generating" not in errors
    histories = []
    for number in (1, 2):
        with (tmp_path / "runs" / f"mnist-{number}" / "history.csv").open() as file:
            histories.append(list(csv.DictReader(file)))
    assert histories[0] == histories[1]  # Order and weights depend on the seed alone.
    assert float(histories[0][1]["val_accuracy"]) > 0.87
    assert "keep_best    fired 2 times, last in epoch 2" in again
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "runs"]
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["idx"]


def test_ctrl_c_while_preparing_leaves_nothing(tmp_path: Path) -> None:
    with train(tmp_path) as process:
        until_it_prepares(process)
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert errors.endswith("\ncbdsl: interrupted before training\n")
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_leaves_the_next_one_takes_away(tmp_path: Path) -> None:
    with train(tmp_path) as process:
        until_it_prepares(process)
        process.kill()
        process.communicate()
    assert len(list((tmp_path / "data").glob("incomplete.*"))) == 1
    with train(tmp_path) as process:
        _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["idx"]


def test_a_full_disk_is_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000_000, 10_000_000))

    with train(tmp_path, full) as process:
        _, errors = process.communicate()
    assert process.returncode == 2
    last = errors.splitlines()[-1]
    # What is before it on the line clears a progress bar.
    said = r"cbdsl: cannot prepare idx/fashion_mnist-\w+ in data \(File too large\): run again or "
    assert re.search(said + "choose another --data-dir$", last)
    assert list(tmp_path.iterdir()) == []
