"""What is shown of failing tests: goldens, and the formats for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from rule_tests import outcome

from cbdsl.cli import main
from cbdsl.diagnostics.text import width_of
from cbdsl.program import load
from cbdsl.ruletest import Outcome, coverage, run_tests
from cbdsl.ruletest.formats import as_json, as_junit
from cbdsl.ruletest.report import coverage_text
from cbdsl.ruletest.shown import MOST, number, table
from cbdsl.ruletest.table import LEAST, WIDTH, Row, Table

GOLDENS = Path(__file__).parent / "goldens"
FILES = sorted(GOLDENS.glob("*.cbr"))
each = pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)


def outcomes(file: Path) -> list[Outcome]:
    return list(run_tests(load(file)))


@each
def test_what_is_shown(
    file: Path, golden: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(GOLDENS)
    done = CliRunner().invoke(main, ["test", file.name, "--coverage"])
    assert (done.exit_code, done.stderr) == (1, "")
    text = "".join(
        line.partition(" in 0.")[0] + "\n" if " in 0." in line else line
        for line in done.stdout.splitlines(keepends=True)
    )
    golden(file.with_suffix(".txt"), text)


def test_every_golden_has_its_file() -> None:
    assert {path.stem for path in GOLDENS.glob("*.txt")} == {path.stem for path in FILES}


@each
def test_tables_are_readable(file: Path) -> None:
    for found in outcomes(file):
        for failure in found.failures:
            shown = table(found, failure)
            assert 1 <= len(shown.columns) <= MOST
            assert shown.focus in shown.columns
            assert all(len(row.cells) == len(shown.columns) for row in shown.rows)
            names = [row.name for row in shown.rows]
            assert len(set(names)) == len(names)
            lines = shown.lines()
            columns = len(lines[0].split()) - (4 if shown.in_epoch else 1)
            assert columns >= min(LEAST, len(shown.columns))
            assert max(map(width_of, lines)) <= WIDTH or columns == LEAST


def test_a_table_is_cut_around_its_focus() -> None:
    rows = [Row("a name", [f"{n}" * 10 for n in range(10)])]
    for focus, columns in ((0, "0 1 2 3 4 5 6"), (9, "3 4 5 6 7 8 9"), (5, "1 2 3 4 5 6 7")):
        first, *_ = Table(None, list(range(10)), focus, rows).lines()
        assert " ".join(first.split()) == f"epoch {columns}"


def test_a_long_name_is_cut() -> None:
    assert Table(None, [1], 1, [Row("x" * 90, ["1"])]).lines()[1] == "x" * 39 + "…  1"


def test_what_came_before_the_first_epoch_is_shown_from_there() -> None:
    found = outcome('on train_begin print "a"', 'expect print "b"', "given epochs: 3")
    (failure,) = found.failures
    assert failure.at == (0, None)
    assert table(found, failure).columns == [1, 2, 3]


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (None, 6, "missing"),
        (1.0, 6, "1"),
        (0.30000001192092896, 6, "0.3"),
        (0.000970299, 4, "0.0009703"),
        (float("nan"), 4, "nan"),
        (float("inf"), 4, "inf"),
        (7e-44, 4, "7e-44"),
        (123456.5, 4, "123500"),
    ],
)
def test_numbers(value: float | None, digits: int, text: str) -> None:
    assert number(value, digits) == text


# ------------------------------------------------------------------------------ formats


@each
def test_json(file: Path) -> None:
    found, program = outcomes(file), load(file)
    seen = coverage(program, found)
    data = json.loads(as_json(found, {}, {"f": seen}))
    assert data["format"] == 1
    assert data["errors"] == []
    assert [test["name"] for test in data["tests"]] == [one.name for one in found]
    assert [test["passed"] for test in data["tests"]] == [one.passed for one in found]
    for test, one in zip(data["tests"], found, strict=True):
        assert [(f["line"], f["expected"], f["instead"]) for f in test["failures"]] == [
            (one.program.source.position(f.line.span).line, f.expected, f.instead)
            for f in one.failures
        ]
        for failure in test["failures"]:
            shown = failure["table"]
            assert all(len(row["cells"]) == len(shown["columns"]) for row in shown["rows"])
        assert bool(test["errors"]) == bool(one.problems)
    assert [rule["fired"] for rule in data["coverage"]["f"]["rules"]] == [
        rule.fired for rule in seen.rules
    ]


@each
def test_junit(file: Path) -> None:
    found = outcomes(file)
    root = ElementTree.fromstring(as_junit(found, {}))
    (suite,) = root
    assert root.tag == "testsuites"
    counts = [int(suite.get(key) or "") for key in ("tests", "failures", "errors")]
    assert counts == [
        len(found),
        sum(bool(one.failures) for one in found),
        sum(bool(one.problems) for one in found),
    ]
    for case, one in zip(suite, found, strict=True):
        assert case.get("name") == one.name
        assert case.get("line") == str(one.line)
        assert float(case.get("time") or "") >= 0
        kinds = [child.tag for child in case]
        assert kinds == ["failure"] * bool(one.failures) + ["error"] * bool(one.problems)
        if one.failures:
            assert one.failures[0].sentence == case[0].get("message")
            assert one.failures[0].sentence in (case[0].text or "")


def test_names_that_formats_cannot_hold_are_shown() -> None:
    found = outcome("on epoch_end stop", "expect no stop")
    text = as_junit([found], {})
    assert ElementTree.fromstring(text)[0][0].get("name") == "it"


# ------------------------------------------------------------------------------ coverage


def test_coverage() -> None:
    rules = """
        param target = 0.9
        both: on epoch_end if accuracy > target and not (loss > 1) print "both"
        five: every 5 epochs if loss > 0 save "e.keras"
        fading: every epoch after 2 lr *= 0.99
        on epoch_end if loss is nan stop
    """
    found = outcome(
        dedent(rules), "given loss: 0.5 0.5", "given accuracy: 0.95 0.8", "expect both at epoch 1"
    )
    seen = coverage(found.program, [found])
    assert [(rule.label, rule.fired) for rule in seen.rules] == [
        ("both", True),
        ("five", False),
        ("fading", False),
        ("rules.cbr:6", False),
    ]
    assert [(part.text, part.true, part.false) for part in seen.parts] == [
        ("accuracy > target", True, True),
        ("loss > 1", False, True),
        # Its rule was left out, so what it was does not count.
        ("loss > 0", False, False),
        ("loss is nan", False, True),
    ]
    assert coverage_text(seen).splitlines() == [
        "1 of 4 rules fired, 1 of 4 parts of conditions were seen true and false",
        "  rules.cbr:3: `loss > 1` was never true",
        "  rules.cbr:4: five never fired",
        "  rules.cbr:4: `loss > 0` was never true and never false",
        "  rules.cbr:5: fading never fired",
        "  rules.cbr:6: this rule never fired",
        "  rules.cbr:6: `loss is nan` was never true",
    ]


def test_coverage_is_of_all_tests_and_whatever_they_set() -> None:
    rules = "param n = 3\nlate: on epoch_end if epoch > n stop"
    first = outcome(rules, "given epochs: 2", "expect no stop")
    second = outcome(rules, "set n = 1", "given epochs: 2", "expect stop at epoch 2")
    seen = coverage(first.program, [first, second])
    assert coverage_text(seen) == (
        "1 of 1 rule fired, 1 of 1 part of conditions was seen true and false"
    )
    unconditional = outcome("on epoch_end stop", "expect stop")
    assert coverage_text(coverage(unconditional.program, [unconditional])) == "1 of 1 rule fired"
