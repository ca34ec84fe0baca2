"""Runs the tests of a program."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

from cbdsl.checks.params import Given, declared, seconds
from cbdsl.diagnostics import visible
from cbdsl.program import Program
from cbdsl.runtime.arithmetic import float32
from cbdsl.runtime.record import Done, Firing
from cbdsl.runtime.words import text32
from cbdsl.simulate import Simulated, simulate
from cbdsl.syntax import nodes as n

TOLERANCE = 1e-6
"""How far a value may be from the expected one, relative to it."""

_RATE = 0.001


@dataclass(frozen=True)
class Failure:
    """An expectation that was not met: the line, what was expected, and what was instead."""

    line: n.Line
    expected: str
    instead: str


@dataclass(frozen=True)
class Outcome:
    """A test that was run.

    Attributes:
        program: the rules with the parameters that the test sets.
        test: the test itself.
        name: its name.
        done: what happened.
        planned: how many epochs were planned.
        failures: what was not as expected, in the order of the lines.
        seconds: how long it took.
    """

    program: Program
    test: n.Test
    name: str
    done: Simulated
    planned: int
    failures: list[Failure]
    seconds: float

    @property
    def given(self) -> list[str]:
        """The metrics that the test gives a value an epoch."""
        lines = (line for line in self.test.lines if isinstance(line, n.Given))
        return [line.name.name for line in lines if not line.per_batch and line.name.name != "lr"]

    @property
    def passed(self) -> bool:
        return not self.failures

    @property
    def place(self) -> str:
        return self.program.source.place(self.test.span)


def run_tests(program: Program, pattern: str = "") -> Iterator[Outcome]:
    """Run the tests of a file whose names hold what `pattern` matches, in their order.

    Args:
        program: the rules with their tests.
        pattern: a regular expression.
    """
    asked = re.compile(pattern)
    for test in program.tests:
        if asked.search(name_of(test)):
            yield run_test(program, test)


def name_of(test: n.Test) -> str:
    """What a test is called."""
    return _plain(test.name)


def run_test(program: Program, test: n.Test) -> Outcome:
    """Run one test of a program."""
    begun = time.perf_counter()
    changed = {line.name.name: _literal(line) for line in test.lines if isinstance(line, n.Set)}
    if changed:
        program = program.changed(changed)
    given = _Given(test)
    done = simulate(
        program.plan,
        program.probed,
        given.series,
        epochs=given.epochs,
        batches=given.batches,
        batch_series=given.batch_series,
        lr=given.rate,
        epoch_seconds=given.epoch_seconds,
    )
    expectations = _Expectations(program, done)
    failures = [failure for line in test.lines if (failure := expectations.failure(line))]
    planned = given.epochs or max((len(s) for s in given.series.values()), default=0)
    spent = time.perf_counter() - begun
    return Outcome(program, test, name_of(test), done, planned, failures, spent)


def _plain(text: n.Text) -> str:
    return "".join(part for part in text.parts if isinstance(part, str))


def _literal(line: n.Set) -> Given:
    return declared(line.name.name, line.value).value


class _Given:
    """What the lines of a test give."""

    def __init__(self, test: n.Test) -> None:
        self.series: dict[str, list[float | None]] = {}
        self.batch_series: dict[str, list[float | None]] = {}
        self.epochs: int | None = None
        self.batches: int | None = None
        self.rate = _RATE
        self.epoch_seconds = 0.0
        for line in test.lines:
            self._take(line)

    def _take(self, line: n.Line) -> None:
        match line:
            case n.Given(name=n.Name(name="lr", quoted=False), items=(item,)):
                self.rate = next(item.values()) or 0.0
            case n.Given():
                into = self.batch_series if line.per_batch else self.series
                into[line.name.name] = [value for item in line.items for value in item.values()]
            case n.GivenSize(what="epochs", item=item):
                self.epochs = int(next(item.values()) or 0)
            case n.GivenSize(item=item):
                self.batches = int(next(item.values()) or 0)
            case n.GivenTime():
                self.epoch_seconds = seconds(line.duration)
            case _:
                pass


class _Expectations:
    """Compares the lines of a test with what happened."""

    def __init__(self, program: Program, done: Simulated) -> None:
        self.program = program
        self.done = done

    def failure(self, line: n.Line) -> Failure | None:
        """What is not as a line expects; None if it is, or if it expects nothing."""
        match line:
            case n.ExpectRule():
                firings = [f for f in self.done.record.firings if f.rule == line.rule.name]
                return self._happened(line, line.rule.name, firings, "fired")
            case n.ExpectAction():
                return self._action(line)
            case n.ExpectValue():
                return self._value(line)
            case _:
                return None

    def _action(self, line: n.ExpectAction) -> Failure | None:
        wanted = None if line.text is None else _plain(line.text)
        told = line.verb if wanted is None else f'{line.verb} "{visible(wanted)}"'
        all_of_them = [f for f in self.done.record.firings if _did(f, line.verb)]
        firings = [f for f in all_of_them if wanted is None or wanted in _did(f, line.verb)]
        failure = self._happened(line, told, firings, "happened")
        if failure and not line.negated and not firings and all_of_them:
            said = dict.fromkeys(t for f in all_of_them for t in _did(f, line.verb))
            listed = ", ".join(f'"{visible(str(text))}"' for text in list(said)[:5])
            return Failure(line, failure.expected, f"what it said was {listed}")
        return failure

    def _happened(
        self,
        line: n.ExpectRule | n.ExpectAction,
        what: str,
        firings: list[Firing],
        verb: str,
    ) -> Failure | None:
        """Whether something happened where it was expected, or did not where it was not."""
        wanted = _places(line.where)
        found = [(f.epoch, f.batch) for f in firings]
        if line.negated:
            wrong = [p for p in found if not wanted or any(_matches(p, w) for w in wanted)]
            if not wrong:
                return None
            return Failure(line, f"no {what}{_at(wanted)}", f"it {verb} {_listed(wrong)}")
        missed = [w for w in wanted if not any(_matches(p, w) for p in found)]
        if not missed and (found or wanted):
            return None
        instead = f"it {verb} {_listed(found)}" if found else f"it never {verb}"
        late = [epoch for epoch, _ in missed if epoch > self.done.epochs]
        if late:
            instead += f"; training ended after epoch {self.done.epochs}"
        return Failure(line, f"{what}{_at(missed)}", instead)

    def _value(self, line: n.ExpectValue) -> Failure | None:
        (wanted,) = line.value.values()
        for number in line.where.epochs:
            epoch = int(number.value)
            told = f"{line.name.name} {line.value.text} at epoch {epoch}"
            if epoch > self.done.epochs:
                ended = f"training ended after epoch {self.done.epochs}"
                return Failure(line, told, ended)
            got = self._got(line.name, epoch)
            if not _same(got, wanted):
                return Failure(line, told, f"it was {text32(got)}")
        return None

    def _got(self, name: n.Name, epoch: int) -> float | None:
        if name.name == "lr" and not name.quoted:
            return self.done.rates[epoch - 1]
        return self.done.logs[epoch - 1].get(name.name)


Place = tuple[int, int | None]


def _did(firing: Firing, verb: str) -> list[object]:
    """What a firing gave to an action of some verb, each time it was done."""
    return [done.detail for done in firing.actions if _is_done(done, verb)]


def _is_done(done: Done, verb: str) -> bool:
    return done.verb == verb and done.error is None


def _places(where: n.Where | None) -> list[Place]:
    if where is None:
        return []
    batch = None if where.batch is None else int(where.batch.value)
    return [(int(epoch.value), batch) for epoch in where.epochs]


def _matches(place: Place, wanted: Place) -> bool:
    return place[0] == wanted[0] and wanted[1] in (None, place[1])


def _at(places: list[Place]) -> str:
    return f" {_listed(places)}" if places else ""


def _listed(places: list[Place]) -> str:
    """`at epoch 3, 5`, `at epoch 3 batch 2, epoch 4 batch 1`."""
    told = list(dict.fromkeys(places))
    words = [str(e) if b is None else f"epoch {e} batch {b}" for e, b in told[:10]]
    more = f" and {len(told) - 10} more" if len(told) > 10 else ""
    epoch = "" if told[0][1] is not None else "epoch " if len(told) == 1 else "epochs "
    return f"at {epoch}{', '.join(words)}{more}"


def _same(got: float | None, wanted: float | None) -> bool:
    if got is None or wanted is None:
        return got is wanted
    if math.isnan(wanted) or math.isnan(got):
        return math.isnan(wanted) and math.isnan(got)
    return math.isclose(got, wanted, rel_tol=TOLERANCE) or got == float32(wanted)
