"""The outcomes of tests, for programs and for CI servers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from cbdsl.diagnostics import Diagnostic, render, visible
from cbdsl.diagnostics.json_text import dumped
from cbdsl.ruletest.coverage import Coverage
from cbdsl.ruletest.expect import Failure
from cbdsl.ruletest.report import as_text
from cbdsl.ruletest.run import Outcome
from cbdsl.ruletest.shown import table
from cbdsl.ruletest.why import whys

FORMAT = 1
"""The number of the JSON's format."""

Problems = Mapping[str, Sequence[Diagnostic]]
"""What is wrong with the files whose tests could not be run."""


def as_json(
    outcomes: Sequence[Outcome], problems: Problems, coverages: Mapping[str, Coverage]
) -> str:
    """All outcomes, the errors of files, and the coverage of each file where it was asked for."""
    data: dict[str, Any] = {"format": FORMAT, "tests": list(map(_test, outcomes))}
    data["errors"] = [_diagnostic(d) for found in problems.values() for d in found]
    if coverages:
        data["coverage"] = {name: _coverage(seen) for name, seen in coverages.items()}
    return dumped(data).removesuffix("\n")


def _test(outcome: Outcome) -> dict[str, Any]:
    return {
        "file": outcome.file,
        "line": outcome.line,
        "name": outcome.name,
        "passed": outcome.passed,
        "seconds": round(outcome.seconds, 6),
        "failures": [_failure(outcome, failure) for failure in outcome.failures],
        "errors": list(map(_diagnostic, outcome.problems)),
    }


def _failure(outcome: Outcome, failure: Failure) -> dict[str, Any]:
    line, column = outcome.source.position(failure.line.span)
    shown = table(outcome, failure)
    return {
        "line": line,
        "column": column,
        "expected": failure.expected,
        "instead": failure.instead,
        "why": whys(outcome, failure),
        "table": {
            "in_epoch": shown.in_epoch,
            "columns": shown.columns,
            "rows": [vars(row) for row in shown.rows],
        },
    }


def _diagnostic(diagnostic: Diagnostic) -> dict[str, Any]:
    source, span = diagnostic.source, diagnostic.span
    line, column = source.position(span) if span else (None, None)
    return {
        "file": source.part(span).name if span else source.name,
        "line": line,
        "column": column,
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
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


def as_junit(outcomes: Iterable[Outcome], problems: Problems) -> str:
    """JUnit's XML, one suite a file; a file with errors is a case of its own."""
    suites: dict[str, list[ElementTree.Element]] = {}
    for outcome in outcomes:
        suites.setdefault(outcome.source.name, []).append(_case(outcome))
    for name, found in problems.items():
        place = visible(name)
        case = ElementTree.Element("testcase", name="the rules", classname=place, time="0")
        _add(case, "error", found[0].message, "\n\n".join(map(render, found)))
        suites.setdefault(name, []).append(case)
    root = ElementTree.Element("testsuites")
    for name, cases in suites.items():
        seconds = sum(float(case.get("time", "0")) for case in cases)
        counts = {
            "tests": len(cases),
            "failures": sum(case.find("failure") is not None for case in cases),
            "errors": sum(case.find("error") is not None for case in cases),
        }
        suite = ElementTree.SubElement(
            root, "testsuite", {"name": visible(name)} | {k: str(v) for k, v in counts.items()}
        )
        suite.set("time", f"{seconds:.6f}")
        suite.extend(cases)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode")


def _case(outcome: Outcome) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase",
        name=visible(outcome.name),
        classname=visible(outcome.source.name),
        file=visible(outcome.file),
        line=str(outcome.line),
        time=f"{outcome.seconds:.6f}",
    )
    if outcome.failures:
        _add(case, "failure", outcome.failures[0].sentence, as_text(outcome))
    elif outcome.problems:
        _add(case, "error", outcome.problems[0].message, as_text(outcome))
    return case


def _add(case: ElementTree.Element, kind: str, message: str, text: str) -> None:
    ElementTree.SubElement(case, kind, message=visible(message)).text = text
