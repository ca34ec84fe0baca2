"""SIGTERM, sent to a process that trains: in training, in a validation, in a save, and twice."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def sent(moment: str, run_dir: Path, *, signals: int = 1) -> tuple[int, list[str], str]:
    """Exit status, lines and errors of a training that is sent SIGTERM at some moment."""
    paths = os.pathsep.join(map(str, (HERE, HERE.parent, HERE.parent.parent)))
    with subprocess.Popen(
        [sys.executable, str(HERE / "interrupted.py"), moment, str(run_dir)],
        env=os.environ | {"PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        before: list[str] = []
        for _ in range(signals):
            while (line := process.stdout.readline()) != "now\n":
                assert line
                before.append(line)
            process.send_signal(signal.SIGTERM)
            (run_dir / "sent").touch()
        rest, errors = process.communicate(timeout=120)
    return process.returncode, "".join([*before, rest]).splitlines(), errors


@pytest.mark.parametrize(
    ("moment", "answered"),
    [
        pytest.param("training", "epoch 2, batch 5", marks=pytest.mark.slow),
        pytest.param("validation", "epoch 2, batch 8", marks=pytest.mark.slow),
        ("save", "epoch 3, batch 1"),
    ],
)
def test_the_rules_answer_and_the_script_goes_on(
    moment: str, answered: str, tmp_path: Path
) -> None:
    status, said, errors = sent(moment, tmp_path)
    left = answered.split(",")[0]
    assert said == [f"answered in {answered}", f"left after {left}", "the script goes on"]
    assert status == 0
    files = {path.name for path in tmp_path.iterdir()}
    assert files == {"last.weights.h5", "big.weights.h5"}
    assert errors.count("SIGTERM: the rules answer it") == 1


def test_a_second_signal_ends_the_process_as_it_would_without_rules(tmp_path: Path) -> None:
    status, said, _ = sent("twice", tmp_path, signals=2)
    assert status == -signal.SIGTERM
    assert said == ["answered in epoch 2, batch 5"]
    assert {path.name for path in tmp_path.iterdir()} == {"last.weights.h5", "sent"}
