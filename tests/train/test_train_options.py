"""`cbdsl train` with its options, in this process: TensorFlow is slow to start."""

from __future__ import annotations

import csv
import importlib
import os
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from other_process import another_process

from cbdsl.cli import main
from cbdsl.journal import read

MODEL = """
import keras

def build(image_shape, classes):
    model = keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Flatten(),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["acc", {second}])
    return model

def fails(image_shape):
    class Bad(keras.Model):
        def call(self, x):
            return x
        def train_step(self, data):
            raise RuntimeError("no step")
    model = Bad()
    model.compile(loss="mse")
    return model
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return tmp_path / "work"


def train(rules: str, *options: str | Path) -> Result:
    Path("r.cbr").write_text(rules)
    command = ["train", "r.cbr", *options]
    if "--data-dir" not in command and "--idx" not in command:
        command += ["--dataset", "mnist_5k"]
    return CliRunner().invoke(main, list(map(str, command)))


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_the_folder_of_a_run(folder: Path, digits_dir: Path) -> None:
    rules = (
        'kept: on epoch_end if val_loss improves save "best.weights.h5"\n'
        "every epoch after 1 lr *= 0.5\n"
        'broken: at epoch 2 save "best.weights.h5/x.keras"\n'
    )
    options = ["--epochs", "2", "--data-dir", digits_dir, "--dataset", "mnist_5k"]
    done = train(rules, *options, "--batch-size", "500")
    assert done.exit_code == 0, done.output
    assert done.stderr.endswith("the run is in runs/r-1\n")
    run = folder / "runs" / "r-1"
    assert {path.name for path in run.iterdir()} == {
        "best.weights.h5",
        "callbacks.py",
        "history.csv",
        "journal.jsonl",
        "rules.cbr",
    }
    assert (run / "rules.cbr").read_text() == rules
    compile((run / "callbacks.py").read_text(), "callbacks.py", "exec")
    names, *epochs = rows(run / "history.csv")
    assert names == ["epoch", "accuracy", "loss", "val_accuracy", "val_loss", "learning_rate"]
    assert [(row[0], float(row[5])) for row in epochs] == [
        ("1", pytest.approx(1e-3)),
        ("2", pytest.approx(5e-4)),
    ]
    assert f"val_loss: {float(epochs[1][4]):.4f}" in done.stdout
    fired = read(run).firings
    assert [(firing.rule, firing.epoch) for firing in fired] == [
        ("kept", 1),
        ("r.cbr:2", 2),
        ("kept", 2),
        ("broken", 2),
    ]
    assert fired[0].values["val_loss"] == float(epochs[0][4])
    assert fired[3].actions[0].error

    again = train(rules, *options, "--run-dir", run)
    assert again.exit_code == 2
    assert again.stderr.endswith(
        f"cbdsl: {run} holds history.csv already, maybe of another run: choose another --run-dir\n"
    )


def test_a_model_of_ones_own_and_the_names_it_reports(
    folder: Path, digits_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = MODEL.format(second='keras.metrics.SparseTopKCategoricalAccuracy(2, name="top2")')
    Path("cbdsl_test_own.py").write_text(text)
    options = ["--data-dir", digits_dir, "--dataset", "mnist_5k", "--epochs", "1"]
    options += ["--batch-size", "2000", "--model", "cbdsl_test_own:build"]
    # Known before TensorFlow is: nothing but the rules is looked at.
    done = train("on epoch_ned stop", *options)
    assert (done.exit_code, "did you mean `epoch_end`" in done.stderr) == (1, True)
    # Known once the model is there, and before it is trained.
    done = train('on epoch_end if val_top3 > 0.5 stop\nat epoch 9 print "x"', *options)
    assert done.exit_code == 1
    assert "the model does not report `val_top3`" in done.stderr
    assert "it reports `acc`, `loss`, `top2`, `val_acc`" in done.stderr
    assert "did you mean `val_top2`" in done.stderr
    assert done.stderr.count("CBR404") == 1  # A warning is not said twice.
    assert not (folder / "runs").exists()
    done = train('on epoch_end if val_top2 > 0 print "{metrics}"', *options)
    assert done.exit_code == 0, done.output
    assert "acc, loss, top2, val_acc, val_loss, val_top2" in done.stdout


def test_a_training_that_fails_shows_the_users_code(folder: Path, digits_dir: Path) -> None:
    Path("cbdsl_test_bad.py").write_text(MODEL.format(second="'acc'"))
    options = ["--data-dir", digits_dir, "--dataset", "mnist_5k", "--batch-size", "1000"]
    done = train("on epoch_end stop", *options, "--model", "cbdsl_test_bad:nothing")
    assert done.exit_code == 2
    assert done.stderr.endswith("cbdsl_test_bad.py has no `nothing`\n")
    done = train("on epoch_end stop", *options, "--model", "cbdsl_test_bad:fails")
    assert done.exit_code == 2
    assert 'raise RuntimeError("no step")' in done.stderr
    assert "cbdsl/train/run.py" not in done.stderr
    assert "cbdsl: training failed in epoch 1: RuntimeError: " in done.stderr


def test_a_folder_that_another_process_trains_in(folder: Path) -> None:
    # As a training that has just begun and written nothing yet.
    holds = (
        "from pathlib import Path; from cbdsl.saving.lock import hold_to_write\n"
        "hold_to_write(Path(sys.argv[1]))"
    )
    (folder / "x").mkdir()
    with another_process(holds, "x/journal.jsonl"):
        done = train("on epoch_end stop", "--epochs", "1", "--run-dir", "x")
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-2:] == [
        "x/journal.jsonl: is not written: another process writes it",
        "cbdsl: another process trains in x: choose another --run-dir",
    ]
    assert os.listdir("x") == ["journal.jsonl"]


def test_with_strict_an_action_that_fails_is_a_sentence(folder: Path, digits_dir: Path) -> None:
    rules = 'first: on train_begin save "a.keras"\non epoch_end save "a.keras/b.keras"'
    options = ["--data-dir", digits_dir, "--dataset", "mnist_5k", "--batch-size", "1000"]
    done = train(rules, *options, "--strict", "--epochs", "1")
    assert done.exit_code == 2
    assert "Traceback" not in done.stderr
    assert "cbdsl: training failed in epoch " in done.stderr
    journal = read(folder / "runs" / "r-1")
    assert journal.firings
    assert journal.end is not None
    assert journal.end.how == "error"
    assert "a.keras" in str(journal.end.why)


def test_what_is_asked_for_wrongly_comes_before_anything_slow(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = importlib.import_module("cbdsl.train.data")
    monkeypatch.setattr(data, "load_data", lambda **options: 1 / 0)
    done = train("on epoch_end stop", "--idx", folder, "--dataset", "mnist")
    assert done.exit_code == 2
    assert "--dataset and --idx are two data sets" in done.stderr
    done = train("on epoch_end stop", "--model", "model.py")
    assert done.exit_code == 2
    assert done.stderr == "cbdsl: --model model.py is not module:function, such as model:build\n"
    (folder / "history.csv").write_text("x")
    done = train("on epoch_end stop", "--run-dir", ".")
    assert done.exit_code == 2
    assert "holds history.csv already" in done.stderr
    assert sorted(os.listdir(folder)) == ["history.csv", "r.cbr"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--idx", "none"], "cannot read IDX files in none: there is no such folder"),
        (["--idx", "."], "cannot train on .: there is no train-images-idx3-ubyte[.gz], "),
        (["--dataset", "cifr10"], "TensorFlow Datasets has no data set `cifr10`: did you mean"),
    ],
)
def test_data_that_cannot_be_had(folder: Path, options: list[str], said: str) -> None:
    done = train("on epoch_end stop", *options, "--data-dir", folder / "data")
    assert done.exit_code == 2
    assert done.stderr.startswith(f"cbdsl: {said}")
    assert done.stderr.count("\n") == 1
    assert sorted(os.listdir(folder)) == ["r.cbr"]


def test_the_rules_of_init_train(folder: Path, digits_dir: Path) -> None:
    assert CliRunner().invoke(main, ["init"]).exit_code == 0
    options = ["--data-dir", str(digits_dir), "--dataset", "mnist_5k", "--batch-size", "500"]
    done = CliRunner().invoke(main, ["train", "rules.cbr", *options, "--epochs", "5"])
    assert done.exit_code == 0, done.output
    assert "CBR" not in done.stderr
    assert re.search(r"^keep_best +fired [2-5] times, last in epoch ", done.stdout, re.MULTILINE)
    assert re.search(r"^slower +fired 2 times, last in epoch 5$", done.stdout, re.MULTILINE)
