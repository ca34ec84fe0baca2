"""docs/make_picture.py draws what happened; the training itself is left out here."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

import cbdsl

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def make_picture() -> ModuleType:
    pytest.importorskip("matplotlib")
    spec = importlib.util.spec_from_file_location("make_picture", ROOT / "docs" / "make_picture.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
    return module


def test_the_picture_shows_every_rule_in_both_themes(make_picture: ModuleType) -> None:
    names = cbdsl.load(make_picture.RULES).rules
    assert list(make_picture.texts()) == names
    assert set(names) < set(make_picture.LIGHT) == set(make_picture.DARK)

    fired = {"good_enough": [3], "slower": [3], "keep_best": [1, 2], "plateau": [3]}
    training = make_picture.Training([0.9, 0.95, 0.96], [0.3, 0.2, 0.2], [0.1] * 3, fired, "why")
    svg = make_picture.svg(make_picture.draw(training, make_picture.LIGHT))
    ElementTree.fromstring(svg)
    drawn = svg[: svg.index("<style>@media")] + svg[svg.index("</style>", svg.index("@media")) :]
    used = set(re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})", drawn))
    assert used == set(make_picture.LIGHT.values())
    assert all(dark in svg for dark in make_picture.DARK.values())


def test_the_picture_is_there_and_whole() -> None:
    svg = (ROOT / "docs" / "run.svg").read_text("utf-8")
    ElementTree.fromstring(svg)
    assert "prefers-color-scheme: dark" in svg
