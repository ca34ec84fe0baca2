"""Runs the tests in a text of rules."""

from __future__ import annotations

import cbdsl
from cbdsl.program import Program
from cbdsl.ruletest import Outcome, run_tests
from cbdsl.ruletest.why import whys


def program(text: str) -> Program:
    return cbdsl.compile(text, filename="rules.cbr")


def outcome(rules: str, *lines: str) -> Outcome:
    """The outcome of a test of these lines."""
    test = "\n".join(['test "it":', *(f"    {line}" for line in lines)])
    (found,) = run_tests(program(f"{rules}\n{test}\n"))
    return found


def sentences(rules: str, *lines: str) -> list[str]:
    """What was not as expected, a sentence each."""
    return [failure.sentence for failure in outcome(rules, *lines).failures]


def reasons(rules: str, *lines: str) -> list[str]:
    """Why the last line of a test was not met."""
    found = outcome(rules, *lines)
    return whys(found, found.failures[-1])
