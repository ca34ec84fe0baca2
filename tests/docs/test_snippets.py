"""Every block of code in the documentation is what it says it is."""

from __future__ import annotations

import ast
import csv
import importlib
import json
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from doc_pages import PAGES, Block, blocks

import cbdsl
from cbdsl.ruletest import run_tests

KINDS = {"cbr", "console", "csv", "json", "python", "sh", "text", "toml", "yaml"}

ALL = [block for page in PAGES for block in blocks(page)]


def named(blocks: list[Block]) -> list[Any]:
    return [pytest.param(block, id=block.place) for block in blocks]


def of(*languages: str) -> list[Any]:
    return named([block for block in ALL if block.language in languages])


@pytest.mark.parametrize("block", named(ALL))
def test_a_block_says_what_it_is(block: Block) -> None:
    assert block.language in KINDS


# ---------------------------------------------------------------- rules


# The rules of codes.md are those of the explanations, which tests/checks looks at: they stand
# beside other files there, and say what is known of the training.
RULES = [block for block in ALL if block.language == "cbr" and block.page.name != "codes.md"]


@pytest.mark.parametrize("block", named(RULES))
def test_rules_are_sound(block: Block) -> None:
    """`cbdsl check` says nothing of them, or the codes behind the fence."""
    file = excerpted(block)
    program = cbdsl.load(file) if file else None
    found = program.diagnostics if program else cbdsl.check(block.text)
    assert {one.code for one in found} == block.codes, [one.message for one in found]
    if not program and not block.codes and not block.file:
        # Those of a file that the page names are run there, and one of them is to fail.
        outcomes = run_tests(cbdsl.compile(block.text))
        assert [failure for outcome in outcomes for failure in outcome.failures] == []


def excerpted(block: Block) -> Path | None:
    """The file of an example that a block shows, or shows a part of."""
    files = sorted(block.page.parent.glob("*.cbr"))
    return next((path for path in files if block.text in path.read_text("utf-8")), None)


# ---------------------------------------------------------------- Python


@pytest.mark.parametrize("block", of("python"))
def test_python_compiles_and_names_what_there_is(block: Block) -> None:
    tree = ast.parse(textwrap.dedent(block.text))
    compile(tree, block.place, "exec")
    for name in names_of_cbdsl(tree):
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), name
    for rules in rules_in(tree, block.page):
        assert cbdsl.check(rules) == []


def names_of_cbdsl(tree: ast.AST) -> Iterator[str]:
    """What a text takes from cbdsl: `cbdsl.callbacks`, `cbdsl.runtime.Rule`."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="cbdsl"), attr=name):
                yield f"cbdsl.{name}"
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] == "cbdsl":
                yield from (f"{module}.{alias.name}" for alias in node.names)


def rules_in(tree: ast.AST, page: Path) -> Iterator[str]:
    """The texts of rules that are passed to cbdsl; a name is looked up in the whole page."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="cbdsl")), args=[rules, *_]):
                match rules:
                    case ast.Constant(value=str(text)):
                        yield text
                    case ast.Name(id=name):
                        yield from texts_named(name, page)


def texts_named(name: str, page: Path) -> Iterator[str]:
    for block in blocks(page, "python"):
        for node in ast.walk(ast.parse(textwrap.dedent(block.text))):
            match node:
                case ast.Assign(targets=[ast.Name(id=target)], value=ast.Constant(value=str(text))):
                    if target == name:
                        yield text


# The examples are programs, and run by tests of their own.
SCRIPTS = [
    block
    for block in ALL
    if block.language == "python" and "import cbdsl\n" in block.text
    if block.page.parent.parent.name != "examples"
]


@pytest.mark.parametrize("block", named(SCRIPTS))
def test_a_script_runs(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """With a model that takes its callbacks and does not train, beside the files of the page."""
    if ".fit(" in block.text:
        pytest.importorskip("keras")
    monkeypatch.chdir(tmp_path)
    files = {one.file: one.text for one in blocks(block.page) if one.file}
    for name, text in files.items():
        Path(name).write_text(text, "utf-8")
    fits: list[dict[str, Any]] = []
    around = {
        "model": SimpleNamespace(fit=lambda *args, **options: fits.append(options)),
        "x": None,
        "y": None,
        "rules": next(iter(files.values()), ""),
        "history": SimpleNamespace(history={"val_loss": [0.5, 0.4, 0.6, 0.6, 0.6]}),
    }
    exec(compile(block.text, block.place, "exec"), around)
    assert len(fits) == block.text.count(".fit(")
    assert all(fit["callbacks"] for fit in fits)


# ---------------------------------------------------------------- data


@pytest.mark.parametrize("block", of("csv", "json", "toml", "yaml"))
def test_data_can_be_read(block: Block) -> None:
    match block.language:
        case "csv":
            assert len({len(row) for row in csv.reader(block.text.splitlines())}) == 1
        case "json":
            json.loads(block.text)
        case "toml":
            tomllib.loads(block.text)
        case _:
            yaml.safe_load(block.text)
