"""`cbdsl train` goes on with a run that was broken off."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_train_options import train

from cbdsl.attach import Rules
from cbdsl.cli import main

RULES = (
    'resume from "state"\n'
    "slower: every epoch after 1 lr *= 0.5\n"
    'stuck: on epoch_end if val_loss stalls for 2 epochs print "{epoch}"\n'
    'kept: on epoch_end if val_loss improves save "best.weights.h5"\n'
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Killed(BaseException):
    """Stands for a process that is killed."""


@pytest.fixture
def options(digits_dir: Path) -> list[str | Path]:
    return ["--data-dir", digits_dir, "--dataset", "mnist_5k", "--batch-size", "500"]


def decisions(folder: Path) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    kept = [line for line in lines if line["kind"] not in ("run", "resumed")]
    return [{k: v for k, v in line.items() if k != "time"} for line in kept]


def test_the_same_command_goes_on(
    folder: Path, options: list[str | Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(RULES, *options, "--epochs", "3", "--run-dir", "whole")
    assert whole.exit_code == 0, whole.output
    save = Rules._save

    def killed(self: Rules, position: int | None) -> None:
        save(self, position)
        if self.trained == 2:
            raise Killed

    monkeypatch.setattr(Rules, "_save", killed)
    with pytest.raises(Killed):
        train(RULES, *options, "--epochs", "3")
    monkeypatch.setattr(Rules, "_save", save)

    done = train(RULES, *options, "--epochs", "3")
    assert done.exit_code == 0, done.output
    assert "this training goes on behind epoch 2, from" in done.stderr
    assert done.stderr.endswith("the run is in runs/r-1\n")
    run = folder / "runs" / "r-1"
    assert decisions(run) == decisions(folder / "whole")
    assert (run / "history.csv").read_text() == (folder / "whole" / "history.csv").read_text()
    told = [line for line in done.stdout.splitlines() if " fired " in line]
    assert told == [line for line in whole.stdout.splitlines() if " fired " in line]

    finished = train(RULES, *options, "--epochs", "3")
    assert finished.exit_code == 0
    assert finished.stderr == (
        "runs/r-1 is finished: Training ended: all 3 epochs are done; --again begins afresh\n"
    )
    again = train(RULES, *options, "--epochs", "1", "--again")
    assert again.stderr.endswith("the run is in runs/r-2\n")
    same = train(RULES, *options, "--epochs", "1", "--again", "--run-dir", run)
    assert same.exit_code == 0, same.output
    assert len((run / "history.csv").read_text().splitlines()) == 2


def test_what_is_no_state_is_said(folder: Path, options: list[str | Path]) -> None:
    state = folder / "runs" / "r-4" / "state"
    state.mkdir(parents=True)
    (state / "state.npz").write_text("mine")
    done = train(RULES, *options, "--epochs", "1")
    assert done.exit_code == 2
    assert "state.npz cannot be read: it is damaged, or no state of a run; to begin" in done.stderr


def test_a_compiled_file_cannot_be_resumed(folder: Path) -> None:
    (folder / "r.cbr").write_text(RULES)
    done = CliRunner().invoke(main, ["compile", "r.cbr"])
    assert done.exit_code == 2
    assert "`resume` cannot be compiled to a file" in done.stderr
