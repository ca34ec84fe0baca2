"""`cbdsl test`: runs the tests in rule files."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import click

from cbdsl.checks.params import Literal
from cbdsl.cli.files import FAILED, FINDINGS, Unreadable, complain, open_file, set_option, show
from cbdsl.diagnostics import CbrError
from cbdsl.program import Program
from cbdsl.ruletest import Coverage, Outcome, coverage, run_tests
from cbdsl.ruletest.report import as_json, as_junit, as_text, coverage_text

_LOOK_EVERY = 0.3
"""How often `--watch` looks at the files, in seconds."""


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

    Exits with 1 if a test fails or the rules have errors, and with 2 if a file cannot be read or
    there is no test to run. `-` is standard input.
    """
    try:
        re.compile(pattern)
    except re.error as e:
        raise click.BadParameter(f"{pattern!r} is no regular expression: {e}") from None
    if watch and "-" in files:
        raise click.UsageError("--watch needs files, and standard input is none")
    session = _Session(files, pattern, wants_coverage, form, params)
    status = session.run()
    while watch:
        try:
            session.wait()
        except KeyboardInterrupt:
            break
        click.echo(f"\n{time.strftime('%H:%M:%S')}", err=True)
        status = session.run()
    sys.exit(status)


class _Session:
    def __init__(
        self,
        files: tuple[str, ...],
        pattern: str,
        wants_coverage: bool,
        form: str,
        params: Mapping[str, Literal],
    ) -> None:
        self.files = files
        self.pattern = pattern
        self.wants_coverage = wants_coverage
        self.form = form
        self.params = params
        self.looked_at: dict[str, float] = {}

    def run(self) -> int:
        """Run all tests once and report; returns the exit status."""
        begun, status = time.perf_counter(), 0
        outcomes: list[Outcome] = []
        coverages: dict[str, Coverage] = {}
        self.looked_at = {file: _changed(file) for file in self.files}
        for file in self.files:
            try:
                program = Program(open_file(file), params=self.params)
            except CbrError as e:
                show(e.diagnostics)
                status = max(status, FINDINGS)
                continue
            except Unreadable as e:
                complain(str(e))
                status = FAILED
                continue
            self.looked_at |= {part.name: _changed(part.name) for part in program.source.parts}
            done = list(run_tests(program, self.pattern))
            outcomes += done
            if self.wants_coverage:
                coverages[file] = coverage(program, done)
        if not outcomes and not status:
            named = f" named like `{self.pattern}`" if self.pattern else ""
            complain(f"no tests{named} in {', '.join(self.files)}")
            return FAILED
        self._report(outcomes, coverages, time.perf_counter() - begun)
        failed = any(not outcome.passed for outcome in outcomes)
        return max(status, FINDINGS if failed else 0)

    def _report(
        self, outcomes: list[Outcome], coverages: dict[str, Coverage], seconds: float
    ) -> None:
        if self.form == "json":
            click.echo(as_json(outcomes, coverages))
            return
        if self.form == "junit":
            click.echo(as_junit(outcomes))
            return
        for outcome in outcomes:
            if not outcome.passed:
                click.echo(as_text(outcome) + "\n")
        for file, seen in coverages.items():
            click.echo(f"{file}: {coverage_text(seen)}")
        failed = sum(not outcome.passed for outcome in outcomes)
        passed = len(outcomes) - failed
        counts = [f"{failed} failed"] * bool(failed) + [f"{passed} passed"] * bool(passed)
        if counts:
            click.echo(f"{', '.join(counts)} in {seconds:.2f} s")

    def wait(self) -> None:
        """Return when one of the files has changed."""
        while all(_changed(file) == when for file, when in self.looked_at.items()):
            time.sleep(_LOOK_EVERY)


def _changed(file: str) -> float:
    """When a file was changed last; 0 while it is not there."""
    try:
        return os.stat(Path(file)).st_mtime
    except OSError:
        return 0.0
