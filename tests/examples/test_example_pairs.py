"""Each example does with rules what its twin does with callbacks written by hand."""

from __future__ import annotations

import ast
import gc
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("keras")
pytest.importorskip("mlxtend")

import keras
import numpy as np
from click.testing import CliRunner
from example_pages import assert_shown
from example_runs import EXAMPLES, Run, run, script

import cbdsl
from cbdsl.cli import main as cbdsl_command
from cbdsl.simulate import simulate

ROOT = EXAMPLES.parent


def pair(example: str, tmp_path: Path, *args: str, saves: bool = False) -> tuple[Run, Run]:
    """The runs of both versions."""
    runs = []
    for version in ("with_rules", "by_hand"):
        folder = tmp_path / version
        main = script(example, version).main
        named = {"folder": str(folder)} if saves else {}
        runs.append(run(lambda main=main, named=named: main(*args, **named), folder))
        command = " ".join(["python", f"examples/{example}/{version}.py", *args])
        assert_shown(EXAMPLES / example / "README.md", command, runs[-1].printed)
    return runs[0], runs[1]


def assert_same(rules: Run, hand: Run) -> None:
    """The same in all that a training does; what is printed may need some words first."""
    assert rules.rates == hand.rates
    assert rules.files == hand.files
    assert rules.weights == hand.weights
    assert rules.printed == hand.printed
    assert rules.weights


def reworded(lines: list[str], change: Callable[[str], str]) -> list[str]:
    return [line for line in map(change, lines) if line]


# ------------------------------------------------------------------------- one rule each


def test_checkpoint_every_epoch(tmp_path: Path) -> None:
    rules, hand = pair("checkpoint_every_epoch", tmp_path, saves=True)
    assert_same(rules, hand)
    assert list(rules.files[-1]) == [f"weights-0{n}.weights.h5" for n in (1, 2, 3)]
    assert len(set(rules.files[-1].values())) == 3


def test_checkpoint_best(tmp_path: Path) -> None:
    rules, hand = pair("checkpoint_best", tmp_path, saves=True)
    hand.printed = reworded(hand.printed, in_the_words_of_checkpoint_best)
    assert_same(rules, hand)
    assert "did not improve" in rules.messages[-2]
    assert rules.files[-1] == rules.files[-2]
    assert rules.files[-2] != rules.files[-3]


def in_the_words_of_checkpoint_best(line: str) -> str:
    """What ModelCheckpoint says, as the rules of this example say it."""
    line = re.sub(r"improved from \S+ to (\S+), saving model to .*", r"improved to \1", line)
    line = re.sub(r"(improved to .*)", r"\1, saving the weights", line)
    line = re.sub(r"(did not improve) from .*", r"\1", line)
    return "" if "finished saving model to" in line else line


def test_learning_rate(tmp_path: Path) -> None:
    rules, hand = pair("learning_rate", tmp_path)
    for version in (rules, hand):
        version.printed = [in_32_bits(line) for line in version.printed]
    assert_same(rules, hand)
    first = np.float32(0.001)
    third = np.float32(float(first) * 0.99)
    assert rules.rates[:3] == [first, first, third]
    assert rules.rates[4] < rules.rates[3] < rules.rates[2]


def in_32_bits(line: str) -> str:
    """Both versions' words for a rate; Keras prints more digits than the rate has."""
    told = re.fullmatch(
        r"(Epoch \d+: )(?:LearningRateScheduler setting learning rate to|the learning rate is) "
        r"([\d.e-]+?)\.?",
        line,
    )
    return f"{told[1]}{np.float32(told[2])}" if told else line


def test_names_in_logs(tmp_path: Path) -> None:
    rules, hand = pair("names_in_logs", tmp_path)
    assert_same(rules, hand)
    assert rules.messages == [
        f"End of epoch {n}; the logs hold: accuracy, loss, val_accuracy, val_loss" for n in (1, 2)
    ]


@pytest.mark.parametrize("where", ["training", "validation", "batch"])
def test_stop_on_accuracy(where: str, tmp_path: Path) -> None:
    rules, hand = pair("stop_on_accuracy", tmp_path, where)
    assert_same(rules, hand)
    assert 1 < rules.epochs < 10
    (message,) = rules.messages
    assert message.startswith(f"Epoch {rules.epochs}")


def test_every_hook(tmp_path: Path) -> None:
    rules, hand = pair("every_hook", tmp_path)
    assert_same(rules, hand)
    rule_file = cbdsl.load(EXAMPLES / "every_hook" / "rules.cbr")
    said = [re.sub(r"\d+", "N", line).split(";")[0] for line in rules.printed]
    assert len(rule_file.rules) == len({s for s in said if not s.startswith("--")}) == 14


# ----------------------------------------------------------------------------- several


def test_together(tmp_path: Path) -> None:
    rules, hand = pair("together", tmp_path, saves=True)
    assert_same(rules, hand)
    assert 2 < rules.epochs < 10
    assert rules.rates[0] == rules.rates[1] > rules.rates[2]
    assert list(rules.files[-1]) == ["best.weights.h5"]


def test_together_differs_at_the_very_threshold() -> None:
    """Metrics are 32-bit numbers: at exactly 93 % the rule is right, `> 0.93` in Python is not."""
    exactly = float(np.float32(0.93))
    rules = cbdsl.compile(script("together", "with_rules").RULES)
    good_enough = script("together", "by_hand").GoodEnough()
    stopped = []

    class Model:
        stop_training = False

    for value in (exactly, 0.9301):
        good_enough._model = Model()
        good_enough.on_epoch_end(0, {"accuracy": value})
        simulated = simulate(rules.plan, rules.module, {"accuracy": [value]})
        stopped.append((simulated.record.stopped is not None, good_enough._model.stop_training))
    assert stopped == [(False, True), (True, True)]


# ---------------------------------------------------------------------------- compiled


def test_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    standalone = cbdsl.load(EXAMPLES / "compiled" / "rules.cbr").standalone
    assert "cbdsl" not in imported(standalone)
    (tmp_path / "standalone.py").write_text(standalone, "utf-8")
    monkeypatch.syspath_prepend(EXAMPLES / "compiled")
    monkeypatch.syspath_prepend(tmp_path)
    rules, hand = pair("compiled", tmp_path, saves=True)
    assert_same(rules, hand)
    assert 2 < rules.epochs < 10
    folder = tmp_path / "alone"
    main = script("compiled", "with_rules").main
    assert run(lambda: main(str(folder), "standalone"), folder) == rules


def test_compiled_is_current(golden: Callable[[Path, str], None]) -> None:
    folder = EXAMPLES / "compiled"
    golden(folder / "callbacks.py", cbdsl.load(folder / "rules.cbr").python)


def test_compiled_needs_no_compiler() -> None:
    for name in ("callbacks", "with_rules", "by_hand"):
        modules = imported((EXAMPLES / "compiled" / f"{name}.py").read_text("utf-8"))
        assert {m for m in modules if m.startswith("cbdsl")} <= {"cbdsl.runtime"}


def imported(text: str) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


# -------------------------------------------------------------------- from the command line


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for data sets that stays empty until the first command."""
    return tmp_path_factory.mktemp("data")


def by_command(
    example: str,
    arguments: list[str],
    folder: Path,
    data_dir: Path,
    patch: pytest.MonkeyPatch,
    *,
    status: int = 0,
    time: int = 1,
) -> Run:
    """`cbdsl train rules.cbr ARGUMENTS`, in the folder of the example, without a network.

    Args:
        example: the name of the folder.
        arguments: of the command.
        folder: that of the run.
        data_dir: that of the data sets.
        patch: undone by the test.
        status: what the command exits with.
        time: which time its page shows it.
    """
    pytest.importorskip("tensorflow_datasets")

    def unreachable(*args: Any, **named: Any) -> Any:
        raise OSError("no network in tests")

    patch.setattr(socket, "create_connection", unreachable)
    patch.chdir(EXAMPLES / example)
    folders = ["--data-dir", str(data_dir), "--run-dir", str(folder)]

    def main() -> None:
        done = CliRunner().invoke(cbdsl_command, ["train", "rules.cbr", *arguments, *folders])
        assert done.exit_code == status, done.output
        sys.stdout.write(done.stdout)

    seen = run(main, folder)
    path = "rules.cbr" if example == "own_model" else f"examples/{example}/rules.cbr"
    command = " ".join(["cbdsl", "train", path, *arguments])
    assert_shown(EXAMPLES / example / "README.md", command, seen.printed, time)
    return seen


def ending(seen: Run) -> int:
    """Where the lines after the training begin."""
    words = ("Training ended", "Training was interrupted")
    return next(i for i, line in enumerate(seen.printed) if line.startswith(words))


def without_rule(line: str) -> str:
    return re.sub(r"(good_enough|leave), rules\.cbr:\d+, stopped it: ", "", line)


def without_rate(line: str) -> str:
    """Rules that change the rate have Keras show it."""
    return re.sub(r" - learning_rate: .*", "", line)


def test_command_line(tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = by_command("command_line", ["--epochs", "6"], tmp_path / "a", data_dir, monkeypatch)
    main = script("command_line", "by_hand").main
    hand = run(lambda: main("mnist_5k", str(data_dir), str(tmp_path / "b")), tmp_path / "b")
    # Only the command says what each rule did.
    said = rules.printed[ending(rules) + 1 :]
    assert [line.split()[0] for line in said] == ["good_enough", "slower", "keep_best"]
    rules.printed = [without_rule(line) for line in rules.printed[: ending(rules) + 1]]
    assert_same(rules, hand)
    assert 2 < rules.epochs < 6


def test_own_model(tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["--model", "network:build", "--epochs", "8"]
    rules = by_command("own_model", arguments, tmp_path / "a", data_dir, monkeypatch)
    main = script("own_model", "by_hand").main
    hand = run(lambda: main("mnist_5k", str(data_dir), str(tmp_path / "b")), tmp_path / "b")
    said = rules.printed[ending(rules) + 1 :]
    assert [line.split()[0] for line in said] == ["good_enough", "keep_best", "smaller_steps"]
    rules.printed = [without_rule(line) for line in rules.printed[: ending(rules) + 1]]
    rules.printed = [without_rate(line) for line in rules.printed]
    assert_same(rules, hand)
    assert 2 < rules.epochs < 8


class CtrlC(keras.callbacks.Callback):
    """Presses it in a batch of an epoch, both counted from 0, and never again."""

    def __init__(self, epoch: int, batch: int) -> None:
        super().__init__()
        self.at: tuple[int, int] | None = (epoch, batch)
        self.epoch = -1

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if (self.epoch, batch) == self.at:
            self.at = None
            signal.raise_signal(signal.SIGINT)


def test_resume(tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted once, and gone on with: under rules, by hand, and as if nothing had been."""

    def command(folder: str, **more: int) -> Run:
        arguments = ["--epochs", "8"]
        return by_command("resume", arguments, tmp_path / folder, data_dir, monkeypatch, **more)

    def by_hand(time: int) -> Run:
        folder, main = tmp_path / "b", script("resume", "by_hand").main

        def once() -> None:
            left = pytest.raises(SystemExit, match="130") if time == 1 else nullcontext()
            with left:
                main("mnist_5k", str(data_dir), str(folder))

        seen = run(once, folder)
        page = EXAMPLES / "resume" / "README.md"
        assert_shown(page, "python examples/resume/by_hand.py", seen.printed, time)
        return seen

    fit = keras.Model.fit

    def interrupted(*args: Any, callbacks: Any = (), **named: Any) -> Any:
        return fit(*args, callbacks=[*callbacks, CtrlC(5, 29)], **named)

    with monkeypatch.context() as patch:
        patch.setattr(keras.Model, "fit", interrupted)
        first = command("a", status=130), by_hand(1)
    # What they left in the middle of an epoch would be waited for later, and longer.
    gc.collect(1)
    second = command("a", time=2), by_hand(2)
    for rules, hand in (first, second):
        said = rules.printed[ending(rules) + 1 :]
        assert [line.split()[0] for line in said] == ["begin", "plateau", "keep_best", "leave"]
        rules.printed = rules.printed[: ending(rules) + 1]
        rules.printed = [without_rate(without_rule(line)) for line in rules.printed]
        assert_same(rules, hand)
    assert (first[0].epochs, second[0].epochs) == (6, 3)
    assert list(second[0].files[-1]) == ["best.weights.h5", "last.weights.h5"]

    whole = command("whole", time=3)
    assert whole.weights == second[0].weights
    assert whole.rates == first[0].rates[:5] + second[0].rates
    assert whole.files[-1].items() < second[0].files[-1].items()
    # What was counted before it was broken off.
    assert whole.rates[6] < whole.rates[5] == whole.rates[0]


# -------------------------------------------------------------------------------- on JAX


@pytest.mark.slow
def test_on_jax() -> None:
    """In a process of its own: a process has one backend."""
    pytest.importorskip("jax")
    file = Path(__file__).with_name("jax_cases.py")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", file]
    # Keras turns JAX's arrays into NumPy's in the way that NumPy 2 calls old.
    command += ["-W", "ignore:__array__ implementation doesn:DeprecationWarning"]
    env = os.environ | {"KERAS_BACKEND": "jax"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
