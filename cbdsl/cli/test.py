"""`cbdsl test`: runs the tests in rule files."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import click

from cbdsl.checks.leave import ANYTHING
from cbdsl.checks.params import Literal
from cbdsl.cli.files import (
    FAILED,
    FINDINGS,
    Unreadable,
    complain,
    count,
    open_file,
    set_option,
    show,
)
from cbdsl.diagnostics import CbrError, Diagnostic, visible
from cbdsl.program import Program
from cbdsl.ruletest import Coverage, Outcome, coverage, run_tests
from cbdsl.ruletest.formats import as_json, as_junit
from cbdsl.ruletest.report import as_text, coverage_text
from cbdsl.ruletest.watch import Watch


@click.command("test")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--run", "pattern", default="", metavar="PATTERN", help="Only tests of such names.")
@click.option("--coverage", "wants_coverage", is_flag=True, help="Say what no test has seen.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit"]),
    default="text",
    help="How to report.",
)
@click.option("--watch", is_flag=True, help="Run again whenever a file changes, until Ctrl-C.")
@set_option
def command(
    files: tuple[str, ...],
    pattern: str,
    wants_coverage: bool,
    form: str,
    watch: bool,
    params: Mapping[str, Literal],
) -> None:
    """Run the tests in rule files, without a training.

    PATTERN is a regular expression that a part of a test's name matches. `-` is standard input.

    Exits with 1 if a test fails or the rules have errors, and with 2 if a file cannot be read or
    there is no test to run.
    """
    try:
        re.compile(pattern)
    except re.error as e:
        raise click.BadParameter(
            f"{pattern!r} is no regular expression: {e}", param_hint="'--run'"
        ) from None
    if watch and "-" in files:
        raise click.UsageError("--watch needs files, and standard input is none")
    asked = _Asked(tuple(dict.fromkeys(files)), pattern, wants_coverage, form, params)
    if not watch:
        sys.exit(asked.run(Watch(files)))
    sys.exit(_watch(asked))


def _watch(asked: _Asked) -> int:
    """Run again whenever a file changes; the status of the last run when Ctrl-C ends it."""
    watch, status = Watch(asked.files), 0
    try:
        while True:
            status = asked.run(watch)
            click.echo("waiting for a file to change, Ctrl-C ends", err=True)
            watch.wait()
            click.echo(f"\n{time.strftime('%H:%M:%S')}", err=True)
    except KeyboardInterrupt:
        return status


@dataclass
class _Results:
    """What came of the files: outcomes of tests, errors, and what the tests have seen."""

    outcomes: list[Outcome] = field(default_factory=list)
    problems: dict[str, list[Diagnostic]] = field(default_factory=dict)
    coverages: dict[str, Coverage] = field(default_factory=dict)
    without: list[str] = field(default_factory=list)
    """The files that have no tests."""
    status: int = 0


@dataclass(frozen=True)
class _Asked:
    """What was asked for on the command line."""

    files: tuple[str, ...]
    pattern: str
    wants_coverage: bool
    form: str
    params: Mapping[str, Literal]

    def run(self, watch: Watch) -> int:
        """Run all tests once and report; returns the exit status."""
        begun = time.perf_counter()
        results = _Results()
        watch.begin()
        for file in self.files:
            self._file(file, results, watch)
        if not results.outcomes and not results.status:
            named = f" named like `{self.pattern}`" if self.pattern else ""
            complain(f"no tests{named} in {', '.join(self.files)}")
            return FAILED
        for file in results.without:
            complain(f"no tests in {file}")
        self._report(results, time.perf_counter() - begun)
        failed = any(not outcome.passed for outcome in results.outcomes)
        return max(results.status, FINDINGS if failed else 0)

    def _file(self, file: str, results: _Results, watch: Watch) -> None:
        try:
            program = Program(open_file(file), params=self.params, leave=ANYTHING)
        except CbrError as e:
            show(e.diagnostics)
            click.echo(count(e.diagnostics), err=True)
            results.problems[file] = e.diagnostics
            results.status = max(results.status, FINDINGS)
            watch.saw_errors(e.diagnostics)
            return
        except Unreadable as e:
            complain(str(e))
            results.status = FAILED
            return
        watch.saw(program.source)
        seen = coverage(program, self._run(program, results))
        if not program.tests:
            results.without.append(file)
        elif self.wants_coverage:
            results.coverages[file] = seen

    def _run(self, program: Program, results: _Results) -> Iterator[Outcome]:
        for outcome in run_tests(program, self.pattern):
            results.outcomes.append(outcome)
            yield outcome
            if outcome.passed:
                # Nobody asks any more, and many long tests would not fit into memory.
                outcome.done.probes.clear()
                outcome.done.record.firings.clear()

    def _report(self, results: _Results, seconds: float) -> None:
        coverages = results.coverages
        if self.form == "json":
            click.echo(as_json(results.outcomes, results.problems, coverages))
            return
        if self.form == "junit":
            click.echo(as_junit(results.outcomes, results.problems))
        else:
            _report_text(results.outcomes, seconds)
        for file, seen in coverages.items():
            # JUnit's XML has no place for it.
            told = f"{visible(file)}: {coverage_text(seen)}"
            click.echo(told, err=self.form == "junit")


def _report_text(outcomes: list[Outcome], seconds: float) -> None:
    for outcome in outcomes:
        if not outcome.passed:
            click.echo(as_text(outcome) + "\n")
    failed = sum(not outcome.passed for outcome in outcomes)
    passed = len(outcomes) - failed
    counts = [f"{failed} failed"] * bool(failed) + [f"{passed} passed"] * bool(passed)
    if counts:
        click.echo(f"{', '.join(counts)} in {seconds:.2f} s")
