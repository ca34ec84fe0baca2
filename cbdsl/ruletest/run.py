"""Runs the tests of a program."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from cbdsl.checks.leave import ANYTHING
from cbdsl.diagnostics import CbrError, Diagnostic
from cbdsl.program import Program
from cbdsl.ruletest.expect import Failure, failures, plain
from cbdsl.ruletest.given import Given, given_by
from cbdsl.runtime.record import Record
from cbdsl.simulate import Simulated, simulate
from cbdsl.simulate.drive import Silent
from cbdsl.simulate.seen import Seen, WholeRecord, seen_rules
from cbdsl.source import SourceFile
from cbdsl.syntax import nodes as n


@dataclass(frozen=True)
class Outcome:
    """A test that was run.

    Attributes:
        source: the file that the test stands in, with those it includes.
        program: the rules with the parameters that the test sets.
        test: the test itself.
        given: what it gives.
        done: what happened.
        failures: what was not as expected, in the order of the lines.
        problems: what is wrong with the rules under the parameters that the test sets; where
            there is something, nothing was run.
        seconds: how long it took.
    """

    source: SourceFile
    program: Program
    test: n.Test
    given: Given
    done: Simulated
    failures: list[Failure]
    problems: list[Diagnostic]
    seconds: float

    @property
    def name(self) -> str:
        return name_of(self.test)

    @property
    def passed(self) -> bool:
        return not self.failures and not self.problems

    @property
    def file(self) -> str:
        """The file that the test stands in."""
        return self.source.part(self.test.span).name

    @property
    def line(self) -> int:
        """The line that it begins in."""
        return self.source.position(self.test.span).line

    @cached_property
    def rules(self) -> list[Seen]:
        """What each rule saw and did, in the order of the file."""
        return seen_rules(self.program.plan, self.done)


class Tests:
    """The tests of a program, to be run."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._changed: dict[str, Program] = {}
        self._without_tests = _without_tests(program)

    def matching(self, pattern: str) -> Iterator[n.Test]:
        """Those whose names hold what a regular expression matches, in the order of the file."""
        asked = re.compile(pattern)
        return (test for test in self.program.tests if asked.search(name_of(test)))

    def run(self, test: n.Test) -> Outcome:
        """Run one test."""
        begun = time.perf_counter()
        given, program = given_by(test, self.program.plan.outside), self.program
        done = Simulated(Record(), [], [], [])
        wrong: list[Failure] = []
        problems: list[Diagnostic] = []
        try:
            program = self._with(given)
            done = _simulated(program, given)
            wrong = failures(test, given, program.plan, done)
        except CbrError as e:
            problems = e.diagnostics
        spent = time.perf_counter() - begun
        return Outcome(self.program.source, program, test, given, done, wrong, problems, spent)

    def _with(self, given: Given) -> Program:
        """The rules with the parameters that a test sets; raises `CbrError`."""
        if not given.params:
            return self.program
        params = self.program.params | given.params
        key = repr(sorted(params.items()))
        if key not in self._changed:
            # What each test says is known already: a file of many tests would be slow.
            self._changed[key] = Program(self._without_tests, params=params, leave=ANYTHING)
        return self._changed[key]


def run_tests(program: Program, pattern: str = "") -> Iterator[Outcome]:
    """Run the tests of a file whose names hold what `pattern` matches, in their order.

    Args:
        program: the rules with their tests.
        pattern: a regular expression.
    """
    tests = Tests(program)
    return map(tests.run, tests.matching(pattern))


def name_of(test: n.Test) -> str:
    """What a test is called."""
    return plain(test.name)


def _without_tests(program: Program) -> SourceFile:
    """The text of the rules with blanks in the place of tests, so that all else stays in place."""
    source, pieces, position = program.source, [], 0
    for test in sorted(program.tests, key=lambda test: test.span):
        pieces += [source.text[position : test.span.start], _blank(source.slice(test.span))]
        position = test.span.end
    return replace(source, text="".join([*pieces, source.text[position:]]))


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _simulated(program: Program, given: Given) -> Simulated:
    effects = Silent()
    # A test may ask for any firing.
    effects.record = WholeRecord()
    return simulate(
        program.plan,
        program.probed,
        given.series,
        epochs=given.epochs,
        batches=given.batches,
        batch_series=given.batch_series,
        lr=given.rate,
        given=given.held,
        epoch_seconds=given.epoch_seconds,
        interrupt=given.interrupt,
        effects=effects,
    )
