"""Hosts with every action travel, before a training and after it, and then do the same."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("apprise")

import backend_cases as cases
from backend_expected import CHECKS

import cbdsl
from cbdsl.attach import Rules

# An import of apprise, harmless where there is an imghdr.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

WAYS: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda each: pickle.loads(pickle.dumps(each)),
    "cloudpickle": lambda each: pickle.loads(cloudpickle.dumps(each)),
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("file", sorted(cases.ACTIONS.iterdir()), ids=lambda path: path.stem)
def test_a_host_travels(file: Path, way: str, tmp_path: Path) -> None:
    given: dict[str, Any] = {"allow": ["call"], "run_dir": tmp_path, "strict": True}
    if file.stem == "notify":
        given["notify"] = ["json://127.0.0.1:1/hunter2"]
    callbacks = cbdsl.callbacks(file, **given)
    arrived = WAYS[way](callbacks)
    assert [type(each) for each in arrived] == [type(each) for each in callbacks]
    host = arrived[-1]
    assert isinstance(host, Rules)
    assert host.state() == callbacks[-1].state()
    assert (host.allow, host.run_dir, host.strict) == (("call",), tmp_path, True)
    assert host.notify == given.get("notify", ())
    assert "hunter2" not in repr(arrived)


TRAVELLERS = "roll_back_best call schedule_lr momentum".split()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    names = ("plain", "plain_adam")
    return {name: cases.run(name, tmp_path_factory.mktemp(name)) for name in names}


@pytest.mark.parametrize(
    ("name", "way"), [*zip(TRAVELLERS, [*WAYS, "pickle"], strict=True)], ids=TRAVELLERS
)
def test_what_arrives_does_the_same_and_travels_on(
    name: str, way: str, plain: dict[str, Any], tmp_path: Path
) -> None:
    made: list[Any] = []

    def travelled(text: str, **given: Any) -> list[Any]:
        made.extend(WAYS[way](cbdsl.callbacks(text, **given)))
        return made

    facts = json.loads(json.dumps(cases.run(name, tmp_path, travelled)))
    CHECKS[name](facts, plain)
    host = made[-1]
    for go in WAYS.values():
        again = go(host)
        assert again.state() == host.state()
        assert again.record == host.record
        assert again.trained == cases.EPOCHS
        assert again.model is None


@pytest.mark.parametrize("way", WAYS)
def test_a_variable_stays_where_it_is(way: str, plain: dict[str, Any], tmp_path: Path) -> None:
    """A copy of it would be another one, which no model reads: who unpickles passes it anew."""

    def travelled(text: str, **given: Any) -> list[Any]:
        callbacks: list[Any] = WAYS[way](cbdsl.callbacks(text, **given))
        return callbacks

    facts = cases.run("variable", tmp_path, travelled)
    if way == "deepcopy":
        CHECKS["variable"](facts, plain)
    else:
        words = "Refused: the rules set the variable `noise`, and nobody passed it (a pickle leav"
        assert facts["error"].startswith(words)
        assert facts["epochs"] == 0
