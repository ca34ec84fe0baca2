"""The pages of the examples and the tutorial show what there is."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from doc_pages import ROOT, blocks, links
from example_pages import shown

import cbdsl
from cbdsl.diagnostics import render

EXAMPLES = ROOT / "examples"
TUTORIAL = ROOT / "docs" / "tutorial.md"
FOLDERS = sorted(
    path for path in EXAMPLES.iterdir() if path.is_dir() and not path.name.startswith("__")
)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_page_shows_the_code_of_its_folder(folder: Path) -> None:
    page = folder / "README.md"
    files = [path.read_text("utf-8") for path in folder.glob("*.*") if path.suffix != ".md"]
    files += [cbdsl.load(path).python for path in folder.glob("*.cbr")]
    code = [block.text for block in blocks(page) if block.language in ("cbr", "python")]
    assert code
    for text in code:
        assert any(text in file or textwrap.indent(text, "    ") in file for file in files), text
    assert links(page)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_rules_of_an_example_are_sound(folder: Path) -> None:
    for file in folder.glob("*.cbr"):
        assert cbdsl.load(file).diagnostics == []


def test_the_index_lists_every_example() -> None:
    assert [f"../examples/{folder.name}/README.md" for folder in FOLDERS] == sorted(
        link for link in links(ROOT / "docs" / "examples.md") if link.endswith("README.md")
    )


def test_the_command_line_page_shows_the_error_of_a_misspelt_parameter() -> None:
    folder = EXAMPLES / "command_line"
    file = "examples/command_line/rules.cbr"
    rules = (folder / "rules.cbr").read_text("utf-8")
    (found,) = cbdsl.check(rules, filename=file, params={"traget": 0.93})
    lines = shown(folder / "README.md", f"cbdsl train {file} --set traget=93%")
    assert lines is not None
    assert render(found) in "\n".join(lines)


def rules_of_tutorial() -> dict[str, str]:
    """The rule files of the tutorial by their names."""
    return {block.file: block.text for block in blocks(TUTORIAL, "cbr")}


def test_the_tutorial_shows_the_error_and_its_mend() -> None:
    rules = rules_of_tutorial()
    metrics = ["loss", "accuracy", "val_loss", "val_accuracy"]
    (found,) = cbdsl.check(rules["wrong.cbr"], filename="wrong.cbr", metrics=metrics)
    lines = shown(TUTORIAL, "cbdsl train wrong.cbr")
    assert lines is not None
    assert render(found) in "\n".join(lines)
    for name in ("first.cbr", "second.cbr"):
        assert cbdsl.check(rules[name], filename=name, metrics=metrics, epochs=10) == []
    assert list(rules) == ["first.cbr", "wrong.cbr", "second.cbr"]
    assert rules["wrong.cbr"].replace("acuracy", "accuracy") == rules["first.cbr"]


def test_the_tutorial_shows_the_generated_python() -> None:
    second = cbdsl.compile(rules_of_tutorial()["second.cbr"], filename="second.cbr")
    *code, script = (block.text for block in blocks(TUTORIAL, "python"))
    assert len(code) == 2
    for text in code:
        assert text in second.python
    assert "second.cbr" in script
