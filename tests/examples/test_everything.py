"""The example that has every construct of the language, and what it becomes."""

from __future__ import annotations

from pathlib import Path

import pytest
from example_runs import EXAMPLES, script
from lark import Token, Tree

import cbdsl
from cbdsl.catalog.functions import FUNCTIONS, SERIES
from cbdsl.catalog.values import VALUES
from cbdsl.checks.actions import verb
from cbdsl.syntax import nodes as n
from cbdsl.syntax import parser

FOLDER = EXAMPLES / "everything"
# What needs more than a file of callbacks, to which the other one is compiled.
RESUME = EXAMPLES / "resume" / "rules.cbr"
PROGRAM = cbdsl.load(FOLDER / "rules.cbr")

# Second forms of what is there, for which it has one.
OTHER_FORMS = {"minus_number", "minus_percent", "true", "false", "none", "string"}


def parts() -> list[object]:
    """All nodes of the file, tests too."""
    found: list[object] = []

    def walk(node: object) -> None:
        if isinstance(node, tuple):
            for each in node:
                walk(each)
        elif isinstance(node, n.Node):
            found.append(node)
            for each in vars(node).values():
                walk(each)

    walk(PROGRAM._checked.context.file.statements)
    return found


def test_it_uses_the_whole_grammar(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[str] = set()
    parse = parser._parse

    def recorded(*args: object) -> Tree[Token]:
        tree = parse(*args)
        seen.update(str(part.data) for part in tree.iter_subtrees())
        return tree

    monkeypatch.setattr(parser, "_parse", recorded)
    for file in (FOLDER / "rules.cbr", RESUME):
        cbdsl.load(file)
    named = {rule.alias for rule in parser._lark().rules if rule.alias}
    assert named - seen <= OTHER_FORMS


def test_it_uses_all_actions_functions_and_values() -> None:
    found = parts()
    actions = {verb(a) for part in found if isinstance(part, n.Rule) for a in part.actions}
    assert actions == set(cbdsl.catalog.actions.ACTIONS)
    calls = {part.function for part in found if isinstance(part, n.Call)}
    assert calls == {*FUNCTIONS, *SERIES}
    names = {part.name for part in found if isinstance(part, n.Name)}
    assert set(VALUES) <= names


def test_its_python_is_current() -> None:
    assert (FOLDER / "callbacks.py").read_text("utf-8") == PROGRAM.python


def test_it_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    main = script("everything", "with_rules")
    monkeypatch.setattr(main, "EPOCHS", 4)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(FOLDER)
    model = main.main(str(tmp_path / "run"))
    files = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert "log.csv" in files
    assert "models" in files
    assert sum(name.endswith(".weights.h5") for name in files) == 2
    # Its weights are those of the best epoch; the layer that was frozen at first was trained.
    assert model.get_layer("block_1").trainable
    assert not model.get_layer("head").trainable
