"""Every valid file of the corpus goes the whole way: check, format, compile, load, simulate."""

import ast
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from corpus_files import FOLDER, CorpusFile, files, name

from cbdsl import check
from cbdsl.formatter import statement
from cbdsl.formatter.flat import flattened
from cbdsl.loading import load
from cbdsl.program import Program
from cbdsl.simulate import keras, simulate
from cbdsl.source import SourceFile
from cbdsl.syntax import parse_source

VALID = files("valid")
each_valid = pytest.mark.parametrize("file", VALID, ids=name)

# Chosen so that each part of the generated code is in one of them.
COMPILED = (
    "actions",
    "backtick_names",
    "conditions",
    "every_hook",
    "include",
    "interrupts",
    "logic",
    "plateau",
    "plateau_in_batches",
    "positions",
    "rates",
    "schedule_blocks",
    "schedules",
    "spans",
    "stop_when_accurate",
    "templates",
    "use_keras_callbacks",
    "windows",
)


@cache
def program(file: CorpusFile) -> Program:
    return file.program()


def formatted(source: SourceFile) -> str:
    file, problems = parse_source(source)
    assert not problems
    return "".join(f"{statement(s)}\n" for s in file.statements)


@each_valid
def test_nothing_is_said(file: CorpusFile) -> None:
    assert program(file).diagnostics == []
    # Nor where metrics and epochs are not known:
    assert check(flattened(file.source), filename=file.path.name) == []


@each_valid
def test_format_keeps_what_it_says(file: CorpusFile) -> None:
    once = SourceFile(file.path.name, formatted(file.source))
    assert parse_source(once)[0].statements == parse_source(file.source)[0].statements
    assert formatted(once) == once.text
    again = Program(once)
    assert [n.key for n in again.plan.named] == [n.key for n in program(file).plan.named]


@each_valid
def test_compiles_to_python_that_loads_over_a_stand_in(file: CorpusFile) -> None:
    ast.parse(program(file).python)
    ast.parse(program(file).standalone)
    callbacks = vars(load(program(file).module, keras))["callbacks"]()
    assert callbacks or not program(file).rules


@each_valid
@pytest.mark.parametrize("validated", [True, False], ids=["validated", "trained alone"])
def test_simulates(file: CorpusFile, validated: bool) -> None:
    metrics = file.metrics or ["loss", "accuracy", "val_loss"]
    batch = [m for m in metrics if not m.startswith("val_")]
    series = {
        metric: [nan_now_and_then(number + epoch) for epoch in range(20)]
        for number, metric in enumerate(metrics if validated else batch)
    }
    compiled = program(file)
    run = simulate(
        compiled.plan,
        compiled.module,
        series,
        epochs=20,
        batches=6,
        batch_series={metric: [3.0, 2.0, 4.0, float("nan"), 1.0, 0.5] for metric in batch},
        interrupt=(7, 3),
        given={f"optimizer.{name}": 0.5 for name in compiled.plan.settings}
        | dict.fromkeys(compiled.plan.outside, 2.0),
    )
    failed = [done for firing in run.record.firings for done in firing.actions if done.error]
    expected = ("rate", "no best gap yet")
    assert all(any(e in str(done.error) for e in expected) for done in failed), failed


def nan_now_and_then(number: int) -> float | None:
    return {4: float("nan"), 9: None, 13: float("inf")}.get(number % 17, 5 / (number + 1))


@pytest.mark.parametrize("name", COMPILED)
def test_compiled(name: str, golden: Callable[[Path, str], None]) -> None:
    path = FOLDER / "valid" / f"{name}.cbr"
    golden(path.with_suffix(".py"), program(CorpusFile(path)).python)


def test_every_compiled_golden_is_compared() -> None:
    assert {path.stem for path in (FOLDER / "valid").glob("*.py")} == set(COMPILED)


def test_compiles_the_same_in_every_process() -> None:
    started = [digesting(seed) for seed in ("1", "2")]
    first, second = (process.communicate()[0].strip() for process in started)
    assert first == second == digest_of_all()


def digesting(seed: str) -> subprocess.Popen[str]:
    code = "from test_corpus_paths import digest_of_all; print(digest_of_all())"
    here = Path(__file__).parent
    paths = os.pathsep.join(map(str, (here, here.parent, here.parent.parent)))
    env = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": paths}
    command = [sys.executable, "-c", code]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)


def digest_of_all() -> str:
    texts = "".join(program(file).python for file in VALID)
    texts += "".join(program(file).standalone for file in VALID[::8])
    return hashlib.sha256(texts.encode()).hexdigest()
