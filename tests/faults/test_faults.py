"""What a machine that fails costs: no training, no half-written file, and a word in the journal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from faulty_training import EPOCHS, FAULTS, Outcome

SCRIPT = Path(__file__).with_name("faulty_training.py")

pytestmark = [
    pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork"),
    pytest.mark.timeout(400),  # for all trainings of a fixture, one after the other
]

DISKS = [name for name in FAULTS if name.startswith("full disk")]


def run(*names: str) -> dict[str, Outcome]:
    command = [sys.executable, str(SCRIPT), "--json", *names]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return {name: Outcome(**found) for name, found in json.loads(done.stdout).items()}


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    return run(*(name for name in FAULTS if name not in DISKS))


@pytest.fixture(scope="module")
def disks() -> dict[str, Outcome]:
    found = run(*DISKS)
    if any("PermissionError" in each.raised for each in found.values()):
        pytest.skip("a disk of its own needs the right to mount one")
    return found


def is_over(found: Outcome) -> bool:
    """Whether training went on to its end, and nothing half-written is left."""
    whole = not found.broken and not any("/." in f"/{file}" for file in found.files)
    return not found.raised and found.epochs == EPOCHS and found.end == "done" and whole


def prints(found: Outcome) -> list[str]:
    return [line for line in found.said.splitlines() if line.startswith("epoch ")]


ALL_EPOCHS = [f"epoch {n}" for n in range(1, EPOCHS + 1)]


# ------------------------------------------------------------------------------------ disks


def test_a_full_disk(disks: dict[str, Outcome]) -> None:
    found = disks["full disk"]
    assert is_over(found), found
    errors = found.failed("save")
    assert 5 <= len(errors) < EPOCHS
    assert "No space left on device" in errors[0]
    saved = [file for file in found.files if file.endswith(".weights.h5")]
    assert len(saved) == EPOCHS - len(errors)
    # What stands behind it is done all the same.
    assert prints(found) == ALL_EPOCHS
    assert "could not save 'best-" in found.said


def test_a_disk_that_is_full_for_a_while(disks: dict[str, Outcome]) -> None:
    found = disks["full disk for all"]
    assert is_over(found), found
    # What could not be written was written as soon as it could be.
    assert len(found.failed("save")) == len(found.faults("the state")) == 8
    assert found.said.count("the state cannot be saved: No space left on device") == 1
    assert "journal.jsonl: cannot be written: No space left on device" in found.said
    assert {"state/state.npz", "state/finished.json", "best-12.weights.h5"} <= {*found.files}


def test_a_full_disk_under_a_callback_of_keras(disks: dict[str, Outcome]) -> None:
    found = disks["full disk of Keras's"]
    assert (found.raised, found.epochs, found.end) == ("", EPOCHS, "done")
    # After ten in a row it is given up. What it writes it writes in place, as Keras does.
    assert len(found.faults("Keras's ModelCheckpoint")) == 10
    assert found.said.count("Keras's ModelCheckpoint is given up for this training") == 1


def test_a_limit_of_the_size_of_files(outcomes: dict[str, Outcome]) -> None:
    found = outcomes["file size"]
    assert is_over(found), found
    errors = found.failed("save")
    assert [("too large" in error) for error in errors] == [True] * 10 + [False] * 2
    assert errors[-1] == "given up after ten failures in a row"
    assert found.said.count("save is given up for this training") == 1
    assert not [file for file in found.files if file.endswith(".weights.h5")]
    assert prints(found) == ALL_EPOCHS


def test_a_folder_that_is_away_for_a_while(outcomes: dict[str, Outcome]) -> None:
    found = outcomes["folder away"]
    assert is_over(found), found
    assert len(found.failed("save")) == 3
    assert sum(file.endswith(".weights.h5") for file in found.files) == EPOCHS - 3


def test_a_folder_that_is_deleted(outcomes: dict[str, Outcome]) -> None:
    found = outcomes["folder deleted"]
    assert is_over(found), found
    # It is made again for what comes then.
    assert {"state/state.npz", "state/finished.json", "best-12.weights.h5"} <= {*found.files}
    assert not found.failed("save")


# --------------------------------------------------------------------- servers, metrics, clocks


def test_a_server_that_never_answers(outcomes: dict[str, Outcome]) -> None:
    found = outcomes["silent server"]
    assert is_over(found), found
    lines = [line for line in found.journal if line["kind"] == "failed"]
    late = [line["error"] for line in lines] + found.failed("notify")
    assert late
    assert all("answer in time" in e or "given up" in e or "not sent" in e for e in late)
    # Nobody waits for it but the end, which does for ten seconds at most.
    assert found.more["seconds"] < 20
    assert "127.0.0.1" not in json.dumps(found.journal) + found.said


def test_a_metric_that_vanishes(outcomes: dict[str, Outcome]) -> None:
    found = outcomes["metric vanishes"]
    assert is_over(found), found
    (error,) = found.faults("the metric `mae`")
    assert error == "ValueError: the logs of epoch 5 do not hold it any more"
    assert found.said.count("the metric `mae` is gone") == 1
    fired = [line["epoch"] for line in found.journal if line.get("rule") == "low"]
    assert fired == [1, 2, 3, 4]


def test_nan_everywhere(outcomes: dict[str, Outcome]) -> None:
    found = outcomes["nan everywhere"]
    assert not found.raised
    assert not found.broken
    # The third roll back in a row without a good epoch ends it, unless the rule says more.
    assert found.end == "done"
    assert len(found.failed("lr")) == EPOCHS
    assert found.failed("lr")[-1] == "given up after ten failures in a row"
    assert not any(line.get("rule") in ("better", "mean") for line in found.journal)
    assert "nan missing nan" in found.said


def test_a_clock_that_jumps(outcomes: dict[str, Outcome]) -> None:
    found = outcomes["clock jumps"]
    assert is_over(found), found
    times = [line["time"] for line in found.journal if "time" in line]
    assert times == sorted(times)
    assert min(times) >= 0
    assert 86_000 < max(times) < 90_000
    fired = {
        rule: [line["epoch"] for line in found.journal if line.get("rule") == rule]
        for rule in ("hourly", "late", "rests", "held")
    }
    # A day is over at once, then the clock stands for a week.
    assert fired == {
        "hourly": [4],
        "late": [*range(4, 13)],
        "rests": [1, 4],
        "held": [4],
    }


# --------------------------------------------------------------------------------- processes


def test_two_runs_in_one_directory(outcomes: dict[str, Outcome]) -> None:
    found = outcomes["two runs"]
    assert not found.raised
    assert found.more["trained"] == EPOCHS
    # The journal is the first one's, and whole; the second has none.
    kinds = [line["kind"] for line in found.journal]
    assert kinds == ["run", "firing", "firing", "epoch"]
    assert "journal.jsonl: is not written: another process writes it" in found.said
    assert not found.broken
    assert not any("/." in f"/{file}" for file in found.files)


def test_two_runs_that_resume(outcomes: dict[str, Outcome]) -> None:
    found = outcomes["two runs that resume"]
    assert "Refused: the process" in found.raised
    assert "wait for it, or choose another run directory" in found.raised
    assert not found.broken


def test_a_terminal_that_is_gone(outcomes: dict[str, Outcome]) -> None:
    found = outcomes["nobody listens"]
    assert is_over(found), found
    assert sum("Broken pipe" in error for error in found.failed("print")) == 10
    assert sum("Broken pipe" in error for error in found.failed("warn")) == 10
    assert not found.failed("save")


# ------------------------------------------------------------------------- strict, and calls


def test_strict_ends_the_run_in_order(outcomes: dict[str, Outcome]) -> None:
    found = outcomes["strict"]
    # It raised; the same process went on with the run, to its end.
    assert "taken.keras is there, and is no .keras file" in found.more["error"]
    assert found.more["handlers"]
    assert not found.raised
    assert found.said.count("this training goes on behind epoch 2") == 1
    assert (found.epochs, found.end) == (EPOCHS, "done")
    assert "taken.keras" in found.files
    assert not found.broken


def test_a_call_that_raises_ends_forks_or_sleeps(outcomes: dict[str, Outcome]) -> None:
    found = outcomes["calls"]
    assert is_over(found), found
    errors = found.failed("call")
    assert sum(error == "LookupError: nothing here" for error in errors) == 10
    ended = "RuntimeError: it would have ended Python, with the status enough"
    assert sum(error == ended for error in errors) == 10
    assert sum(error.startswith("RecursionError") for error in errors) == 10
    assert len(errors) == 3 * EPOCHS
    for rule in "abcdef":
        assert found.said.count(f"after {rule}\n") == EPOCHS
    # The child of a fork trains nothing, and a change of the working directory moves no file.
    assert not found.more["children"]
    assert sum(line["kind"] == "run" for line in found.journal) == 1
    assert sum(file.startswith("here-") for file in found.files) == EPOCHS
