"""The outcomes of tests, for people, for programs and for CI servers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from xml.etree import ElementTree

from cbdsl.diagnostics import visible
from cbdsl.ruletest.coverage import Coverage
from cbdsl.ruletest.run import Failure, Outcome
from cbdsl.ruletest.table import table

FORMAT = 1
"""The number of the JSON's format."""


def as_text(outcome: Outcome) -> str:
    """A test that failed: each expectation that was not met, and what the rules saw."""
    lines = [f'FAILED {outcome.place} "{visible(outcome.name)}"']
    for failure in outcome.failures:
        lines += ["", *_failure(outcome, failure)]
    return "\n".join(lines)


def _failure(outcome: Outcome, failure: Failure) -> list[str]:
    source, span = outcome.program.source, failure.line.span
    line, column = source.position(span)
    number = str(line)
    margin = " " * len(number)
    written = visible(source.slice(span))
    return [
        f"{visible(source.part(span).name)}:{line}:{column}: "
        f"expected {failure.expected}; {failure.instead}",
        f"{margin} |",
        f"{number} | {' ' * (column - 1)}{written}",
        f"{margin} | {' ' * (column - 1)}{'^' * len(written)}",
        *(f"{margin}   {row}" for row in table(outcome, failure)),
    ]


def coverage_text(seen: Coverage) -> str:
    """What the tests have seen, and what not."""
    first = (
        f"{seen.fired} of {len(seen.rules)} rules fired, "
        f"{seen.seen} of {len(seen.parts)} parts of conditions were seen true and false"
    )
    return "\n".join([first, *(f"  {line}" for line in seen.missing)])


def as_json(outcomes: Sequence[Outcome], coverages: dict[str, Coverage]) -> str:
    """All outcomes, and the coverage of each file where it was asked for."""
    tests = [
        {
            "file": outcome.program.source.name,
            "place": outcome.place,
            "name": outcome.name,
            "passed": outcome.passed,
            "seconds": round(outcome.seconds, 6),
            "failures": [_as_data(outcome, failure) for failure in outcome.failures],
        }
        for outcome in outcomes
    ]
    data: dict[str, Any] = {"format": FORMAT, "tests": tests}
    if coverages:
        data["coverage"] = {name: _coverage(seen) for name, seen in coverages.items()}
    return json.dumps(data, indent=2, ensure_ascii=False)


def _as_data(outcome: Outcome, failure: Failure) -> dict[str, Any]:
    line, column = outcome.program.source.position(failure.line.span)
    return {
        "line": line,
        "column": column,
        "expected": failure.expected,
        "instead": failure.instead,
        "table": table(outcome, failure),
    }


def _coverage(seen: Coverage) -> dict[str, Any]:
    return {
        "rules": [
            {
                "rule": rule.label,
                "place": rule.place,
                "fired": rule.fired,
                "parts": [vars(part) for part in rule.parts],
            }
            for rule in seen.rules
        ]
    }


def as_junit(outcomes: Iterable[Outcome]) -> str:
    """JUnit's XML, one suite a file."""
    suites: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        suites.setdefault(outcome.program.source.name, []).append(outcome)
    root = ElementTree.Element("testsuites")
    for name, tests in suites.items():
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=name,
            tests=str(len(tests)),
            failures=str(sum(not test.passed for test in tests)),
            time=f"{sum(test.seconds for test in tests):.6f}",
        )
        for test in tests:
            case = ElementTree.SubElement(
                suite, "testcase", name=test.name, classname=name, time=f"{test.seconds:.6f}"
            )
            if not test.passed:
                first = test.failures[0]
                message = f"expected {first.expected}; {first.instead}"
                failure = ElementTree.SubElement(case, "failure", message=visible(message))
                failure.text = as_text(test)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode")
