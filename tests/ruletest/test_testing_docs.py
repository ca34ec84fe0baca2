"""docs/testing.md shows what there is."""

from __future__ import annotations

import math
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

import cbdsl
from cbdsl.cli import main
from cbdsl.source import Span
from cbdsl.syntax.nodes import Item

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "testing.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
RULES, TESTS, MORE = (text for kind, text in BLOCKS if not kind)
ROWS = [[cell.strip() for cell in row.split("|")[1:-1]] for row in re.findall(r"^\|.*\|$", PAGE, re.M)]  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("rules.cbr").write_text(RULES)
    Path("rules_test.cbr").write_text(TESTS)
    return tmp_path


def mended() -> str:
    (right,) = re.findall(r"`(expect slower at epoch 4, 8)`\.", PAGE)
    return TESTS.replace("expect slower at epoch 4, 7", right)


def shown(command: str) -> str:
    (block,) = (text for _, text in BLOCKS if text.startswith(f"$ {command}\n"))
    return block.split("\n", 1)[1]


def without_time(text: str) -> str:
    return re.sub(r"in \d\.\d\d s", "in … s", text)


def test_the_failing_test_is_shown_as_it_is() -> None:
    done = CliRunner().invoke(main, ["test", "rules_test.cbr"])
    assert without_time(done.output) == without_time(shown("cbdsl test rules_test.cbr"))


def test_the_mended_one_passes_and_its_coverage_is_shown() -> None:
    Path("rules_test.cbr").write_text(mended())
    done = CliRunner().invoke(main, ["test", "rules_test.cbr", "--coverage"])
    expected = shown("cbdsl test rules_test.cbr --coverage")
    assert without_time(done.output) == without_time(expected)


def test_the_other_tests_pass() -> None:
    Path("rules_test.cbr").write_text('include "rules.cbr"\n' + MORE)
    done = CliRunner().invoke(main, ["test", "rules_test.cbr"])
    assert done.output.startswith("2 passed")


def test_junit() -> None:
    assert shown("cbdsl test rules_test.cbr --format junit > report.xml") == ""
    done = CliRunner().invoke(main, ["test", "rules_test.cbr", "--format", "junit"])
    assert ElementTree.fromstring(done.stdout).tag == "testsuites"


def test_series_are_what_the_table_says() -> None:
    (start,) = (i for i, row in enumerate(ROWS) if row == ["written", "values"])
    rows = [row for row in ROWS[start + 2 : start + 8]]
    assert len(rows) == 6
    for written, told in rows:
        items = [Item(text, span=Span(0, 0)) for text in written.strip("`").split()]
        values = [value for item in items for value in item.values()]
        expected = [None if text == "missing" else float(text) for text in told.split(", ")]
        assert [None if v is not None and math.isnan(v) else v for v in values] == [
            None if v is not None and math.isnan(v) else v for v in expected
        ]


LINES = [line for cells in ROWS for line in re.findall(r"`((?:set|given|expect) [^`]+)`", cells[0])]


@pytest.mark.parametrize("line", LINES)
def test_every_line_of_the_tables_can_be_written(line: str) -> None:
    line = line.replace("NAME: VALUES", "loss: 0.5 0.4")
    test = f'test "it":\n    {line}\n    expect no stop\n'
    assert cbdsl.check(f"metric gap = val_loss - loss\n{RULES}{test}") == []


def test_there_is_an_example_of_each_line() -> None:
    assert len(LINES) >= 16
    assert {line.split()[0] for line in LINES} == {"set", "given", "expect"}
