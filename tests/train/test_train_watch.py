"""`cbdsl train --watch` and `cbdsl run --watch`: the rules are edited while a training runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from test_train_options import train

from cbdsl.attach import Rules, reload
from cbdsl.cli import main
from cbdsl.journal import read

OLD = 'old: on epoch_end print "{epoch}"\n'
NEW = "enough: at epoch 2 stop\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reload, "_SETTLES", 0.001)
    return tmp_path


@pytest.fixture
def edit(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """The file is edited as the first epoch ends."""
    edit_to(NEW, folder, monkeypatch)


def edit_to(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = Rules.on_epoch_end

    def edited(self: Rules, epoch: int, logs: Any = None) -> None:
        ends(self, epoch, logs)
        (folder / "r.cbr").write_text(text)

    monkeypatch.setattr(Rules, "on_epoch_end", edited)


@pytest.mark.usefixtures("edit")
def test_an_edit_takes_over(folder: Path, digits_dir: Path) -> None:
    options = ["--data-dir", digits_dir, "--batch-size", "500", "--epochs", "3"]
    done = train(OLD, *options, "--watch")
    assert done.exit_code == 0, done.output
    assert "r.cbr was edited: its rules take over with epoch 2\n  - old: on" in done.stderr
    assert "Training ended after epoch 2 of 3: enough, r.cbr:1, stopped it" in done.stdout
    run = folder / "runs" / "r-1"
    assert (run / "rules.cbr").read_text() == NEW
    assert "class Enough(" in (run / "callbacks.py").read_text()
    told = CliRunner().invoke(main, ["why", str(run)]).stdout
    assert 'old (r.cbr:1) fired once, in epoch 1: print "1"; dropped in epoch 2' in told


@pytest.mark.usefixtures("edit")
def test_without_the_option_the_file_is_left_alone(folder: Path, digits_dir: Path) -> None:
    done = train(OLD, "--data-dir", digits_dir, "--batch-size", "500", "--epochs", "2")
    assert done.exit_code == 0, done.output
    assert "edited" not in done.stderr
    assert (folder / "runs" / "r-1" / "rules.cbr").read_text() == OLD


def test_what_the_model_reports_is_known_of_an_edit_too(
    folder: Path, digits_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit_to("on epoch_end if val_acc > 0.9 stop\n", folder, monkeypatch)
    options = ["--data-dir", digits_dir, "--batch-size", "500", "--epochs", "2"]
    done = train(OLD, *options, "--watch")
    assert "did you mean `val_accuracy`" in done.stderr
    journal = read(folder / "runs" / "r-1")
    assert [type(entry).__name__ for entry in journal.entries].count("Refused") == 1


@pytest.mark.parametrize("verb", [["train", "-"], ["run", "-", "--", "x.py"]])
def test_standard_input_cannot_be_watched(folder: Path, verb: list[str]) -> None:
    done = CliRunner().invoke(main, [verb[0], "--watch", *verb[1:]], input=OLD)
    assert done.exit_code == 2
    assert "--watch needs a file, and standard input is none" in done.stderr


@pytest.mark.usefixtures("edit")
def test_each_fit_of_a_script_takes_the_edit_over(folder: Path) -> None:
    (folder / "r.cbr").write_text(OLD)
    (folder / "s.py").write_text(
        "import keras\n"
        "import numpy as np\n"
        "x = np.ones((8, 2), 'float32')\n"
        "for _ in range(2):\n"
        "    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])\n"
        "    model.compile('sgd', 'mse')\n"
        "    model.fit(x, x[:, :1], epochs=3, verbose=0)\n"
    )
    done = CliRunner().invoke(main, ["run", "--watch", "r.cbr", "--", "s.py"])
    assert done.exit_code == 0, done.output
    assert done.stderr.count("its rules take over with epoch 2") == 1
    assert done.stderr.count("its rules take over with epoch 1") == 1
    assert done.stderr.count("Training ended after epoch 2 of 3: enough") == 2
    assert (folder / "runs" / "r-1" / "fit-2" / "rules.cbr").read_text() == NEW
