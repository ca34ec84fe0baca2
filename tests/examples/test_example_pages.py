"""The pages of the examples and the tutorial show what there is."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
from example_pages import blocks, shown

import cbdsl
from cbdsl.diagnostics import render

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
TUTORIAL = ROOT / "docs" / "tutorial.md"
FOLDERS = sorted(
    path for path in EXAMPLES.iterdir() if path.is_dir() and not path.name.startswith("__")
)
LINK = re.compile(r"\[[^]]+\]\(([^)#]+)\)")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_page_shows_the_code_of_its_folder(folder: Path) -> None:
    page = folder / "README.md"
    files = [path.read_text("utf-8") for path in folder.glob("*.*") if path.suffix != ".md"]
    files += [cbdsl.load(path).python for path in folder.glob("*.cbr")]
    code = [block.text for block in blocks(page) if block.language != "console"]
    assert code
    for text in code:
        assert any(text in file or textwrap.indent(text, "    ") in file for file in files), text
    links = LINK.findall(page.read_text("utf-8"))
    assert links
    assert all((folder / link).exists() for link in links)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_rules_of_an_example_are_sound(folder: Path) -> None:
    for file in folder.glob("*.cbr"):
        assert cbdsl.load(file).diagnostics == []


def test_the_index_lists_every_example() -> None:
    index = (ROOT / "docs" / "examples.md").read_text("utf-8")
    links = LINK.findall(index)
    assert all((ROOT / "docs" / link).exists() for link in links)
    assert [f"../examples/{folder.name}/README.md" for folder in FOLDERS] == sorted(
        link for link in links if link.endswith("README.md")
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
    """The rule files of the tutorial, which stand in blocks without a language."""
    first, wrong, second = (block.text for block in blocks(TUTORIAL) if not block.language)
    return {"first.cbr": first, "wrong.cbr": wrong, "second.cbr": second}


def test_the_tutorial_shows_the_error_and_its_mend() -> None:
    rules = rules_of_tutorial()
    metrics = ["loss", "accuracy", "val_loss", "val_accuracy"]
    (found,) = cbdsl.check(rules["wrong.cbr"], filename="wrong.cbr", metrics=metrics)
    lines = shown(TUTORIAL, "cbdsl train wrong.cbr")
    assert lines is not None
    assert render(found) in "\n".join(lines)
    for name in ("first.cbr", "second.cbr"):
        assert cbdsl.check(rules[name], filename=name, metrics=metrics, epochs=10) == []
    assert rules["wrong.cbr"].replace("acuracy", "accuracy") == rules["first.cbr"]


def test_the_tutorial_shows_the_generated_python() -> None:
    second = cbdsl.compile(rules_of_tutorial()["second.cbr"], filename="second.cbr")
    code = [block.text for block in blocks(TUTORIAL) if block.language == "python"]
    assert len(code) == 3
    for text in code[:2]:
        assert text in second.python
    compile(code[2], "tutorial.md", "exec")
