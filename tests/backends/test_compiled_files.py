"""Compiled files, used with plain Keras, do what the rules do."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("apprise")

import backend_cases as cases
from backend_commands import cbdsl
from backend_expected import CHECKS
from backend_runs import elsewhere

HANDFUL = "freeze_nested roll_back_best call variable weight_decay schedule_lr notify".split()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    names = ("plain", "plain_adam")
    return {name: cases.run(name, tmp_path_factory.mktemp(name)) for name in names}


@pytest.mark.parametrize("form", ["compiled", "standalone"])
@pytest.mark.parametrize("name", HANDFUL)
def test_on_tensorflow(name: str, form: str, plain: dict[str, Any], tmp_path: Path) -> None:
    """By way of the command, and of a module that is imported."""
    file = tmp_path / f"{name}_{form}.py"
    flags = ["--standalone"] if form == "standalone" else []
    done = cbdsl("compile", cases.ACTIONS / f"{name}.cbr", "-o", file, *flags)
    assert (done.exit_code, done.stderr) == (0, "")

    def make(text: str, **given: Any) -> list[Any]:
        spec = importlib.util.spec_from_file_location(file.stem, file)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[file.stem] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return cases.made_by(module, **given)

    (tmp_path / "run").mkdir()
    facts = json.loads(json.dumps(cases.run(name, tmp_path / "run", make)))
    CHECKS[name](facts, plain)


BY_KERAS = ("rate_of_keras",)
"""What a compiled file leaves to Keras's own words."""


@pytest.mark.slow
@pytest.mark.parametrize("form", ["compiled", "standalone"])
@pytest.mark.parametrize("name", [name for name in CHECKS if name not in BY_KERAS])
def test_all_of_them_on_torch(name: str, form: str) -> None:
    """There because it is quick: nothing is traced."""
    if importlib.util.find_spec("torch") is None:
        pytest.skip("needs torch")
    runs = elsewhere("torch", CHECKS, form)
    facts = dict(runs[name])
    if (facts["error"] or "").startswith("ValueError: "):
        # A host says it in its own words, and puts the place before it.
        where = "" if name == "no_variable" else "<rules>:1: "
        facts["error"] = facts["error"].replace("ValueError: ", f"Refused: {where}")
    CHECKS[name](facts, runs)
