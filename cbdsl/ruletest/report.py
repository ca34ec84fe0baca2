"""The outcomes of tests, for people."""

from __future__ import annotations

from itertools import groupby

from cbdsl.diagnostics import render, visible
from cbdsl.diagnostics.text import excerpt
from cbdsl.ruletest.coverage import Coverage
from cbdsl.ruletest.expect import Failure
from cbdsl.ruletest.run import Outcome
from cbdsl.ruletest.shown import table
from cbdsl.ruletest.why import whys


def as_text(outcome: Outcome) -> str:
    """A test that failed: where it stands, and its details."""
    place = f"{visible(outcome.file)}:{outcome.line}"
    return f'FAILED {place} "{visible(outcome.name)}"\n\n{details(outcome)}'


def details(outcome: Outcome) -> str:
    """Each expectation that was not met, why, and what the rules saw."""
    if outcome.problems:
        head = "with what this test says, the rules have errors:"
        return "\n\n".join([head, *map(render, outcome.problems)])
    blocks: list[list[str]] = []
    # Expectations of the same rules have the same table, which is shown once.
    shown = [(failure, table(outcome, failure).lines()) for failure in outcome.failures]
    for rows, some in groupby(shown, key=lambda pair: pair[1]):
        blocks += [_failure(outcome, failure) for failure, _ in some]
        blocks.append([f"    {row}" for row in rows])
    return "\n\n".join("\n".join(block) for block in blocks)


def _failure(outcome: Outcome, failure: Failure) -> list[str]:
    source, span = outcome.source, failure.line.span
    line, column = source.position(span)
    margin = " " * len(str(line))
    written, carets = excerpt(source, span)
    return [
        f"{visible(source.part(span).name)}:{line}:{column}: {failure.sentence}",
        f"{margin} |",
        f"{line} | {written}",
        f"{margin} | {carets}",
        *(f"{margin} = why: {why}" for why in whys(outcome, failure)),
    ]


def coverage_text(seen: Coverage) -> str:
    """What the tests have seen, and what not."""
    rules, parts = len(seen.rules), len(seen.parts)
    told = [f"{seen.fired} of {rules} rule{'s' if rules != 1 else ''} fired"]
    if parts:
        of = f"{parts} part{'s' if parts != 1 else ''} of conditions"
        told.append(f"{seen.seen} of {of} {'were' if parts != 1 else 'was'} seen true and false")
    return "\n".join([", ".join(told), *(f"  {line}" for line in seen.missing)])
