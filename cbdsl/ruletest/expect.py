"""Compares what a test expects with what happened."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cbdsl.checks.context import target_name
from cbdsl.diagnostics import visible
from cbdsl.plan import Plan
from cbdsl.ruletest.given import Given
from cbdsl.runtime.arithmetic import float32
from cbdsl.runtime.record import Done, Firing
from cbdsl.runtime.words import text, text32
from cbdsl.simulate import Simulated
from cbdsl.simulate.places import Place, among, at, listed, wanted_places
from cbdsl.syntax import nodes as n

TOLERANCE = 1e-6
"""How far a value may be from the expected one, relative to it."""

_MOST_TEXTS = 2
_MOST_TEXT = 60
"""How many texts that were not expected a sentence shows, and how much of each."""


@dataclass(frozen=True)
class Failure:
    """An expectation that was not met.

    Attributes:
        line: the line of the test.
        expected: what was expected.
        instead: what was instead.
        at: the first place where it was not as expected; None if there is no such place.
    """

    line: n.ExpectRule | n.ExpectAction | n.ExpectValue
    expected: str
    instead: str
    at: Place | None

    @property
    def sentence(self) -> str:
        """What is wrong, in one line."""
        return f"expected {self.expected}; {self.instead}"


def failures(test: n.Test, given: Given, plan: Plan, done: Simulated) -> list[Failure]:
    """What is not as a test expects, in the order of its lines."""
    compared = _Compared(given, plan, done)
    return [failure for line in test.lines if (failure := compared.failure(line))]


def texts_of(firing: Firing, verb: str) -> list[object]:
    """What a firing gave to an action of some verb, each time it was done."""
    return [done.detail for done in firing.actions if _is_done(done, verb)]


def _is_done(done: Done, verb: str) -> bool:
    return done.verb == verb and done.error is None


class _Compared:
    def __init__(self, given: Given, plan: Plan, done: Simulated) -> None:
        self.given = given
        self.plan = plan
        self.done = done

    def failure(self, line: n.Line) -> Failure | None:
        match line:
            case n.ExpectRule():
                named = [f for f in self.done.record.firings if f.rule == line.rule.name]
                return self._happened(line, line.rule.name, named, "fired")
            case n.ExpectAction():
                return self._action(line)
            case n.ExpectValue():
                return self._value(line)
            case _:
                return None

    def _action(self, line: n.ExpectAction) -> Failure | None:
        every = [f for f in self.done.record.firings if texts_of(f, line.verb)]
        if line.text is None:
            return self._happened(line, line.verb, every, "came")
        wanted = plain(line.text)
        firings = [f for f in every if wanted in texts_of(f, line.verb)]
        told = f'{line.verb} "{visible(wanted)}"'
        failure = self._happened(line, told, firings, "came")
        if failure is None or line.negated or firings or not every:
            return failure
        instead = f"it came with {self._texts(line, every)}{self._ending(line.where)}"
        return Failure(line, failure.expected, instead, failure.at or _place(every[0]))

    def _texts(self, line: n.ExpectAction, firings: list[Firing]) -> str:
        """What was said instead; first that in the places where something else was expected."""
        wanted = set(wanted_places(line.where))
        firings = sorted(firings, key=lambda f: not among(_place(f), wanted))
        places: dict[object, list[Place]] = {}
        for firing in firings:
            for said in texts_of(firing, line.verb):
                places.setdefault(said, []).append(_place(firing))
        shown = [f"{_shown(t)} {listed(p)}" for t, p in list(places.items())[:_MOST_TEXTS]]
        more = len(places) - _MOST_TEXTS
        return ", ".join(shown) + (f" and {more} more" if more > 0 else "")

    def _happened(
        self,
        line: n.ExpectRule | n.ExpectAction,
        what: str,
        firings: list[Firing],
        verb: str,
    ) -> Failure | None:
        """Whether something happened where it was expected, or did not where it was not."""
        wanted, found = wanted_places(line.where), [_place(f) for f in firings]
        if line.negated:
            asked = set(wanted)
            wrong = [p for p in found if not wanted or among(p, asked)]
            if not wrong:
                return None
            told = f"no {what}{f' {listed(wanted)}' if wanted else ''}"
            return Failure(line, told, f"it {verb} {listed(wrong)}", wrong[0])
        happened = {*found, *((epoch, None) for epoch, _ in found)}
        missed = [place for place in wanted if place not in happened]
        if not missed and (found or wanted):
            return None
        told = f"{what}{f' {listed(missed)}' if missed else ''}"
        instead = f"it {verb} {listed(found)}" if found else f"it never {verb}"
        stopped = self.done.record.stopped
        if stopped in firings and any(not self._has_run(place) for place in missed):
            instead += "" if what.startswith("stop") else " and stopped training"
        else:
            instead += self._ending(line.where)
        return Failure(line, told, instead, missed[0] if missed else None)

    def _has_run(self, place: Place) -> bool:
        return has_run(self.given, self.done, place)

    def _ending(self, where: n.Where | None) -> str:
        """Why some of the places did not come, if they did not."""
        lost = [place for place in wanted_places(where) if not self._has_run(place)]
        if not lost:
            return ""
        batches = self.given.batches
        if all(epoch <= self.done.epochs and (batch or 0) > batches for epoch, batch in lost):
            told = f"{batches} batches" if batches != 1 else "one batch"
            return f"; an epoch has {told if batches else 'no batches'} here"
        return f"; {self._ended(max(epoch for epoch, _ in lost))}"

    def _ended(self, wanted: int) -> str:
        """Why there is no such epoch."""
        stopped, last = self.done.record.stopped, self.done.epochs
        if stopped is not None:
            return f"{stopped.rule} stopped training {at(_place(stopped))}"
        told = f"{last} epochs" if last != 1 else "one epoch"
        return f"the test has {told}, and more with `given epochs: {wanted}`"

    def _value(self, line: n.ExpectValue) -> Failure | None:
        (wanted,) = line.value.values()
        for place in wanted_places(line.where):
            told = f"{target_name(line.name)} {line.value.text} {at(place)}"
            if place[0] > self.done.epochs:
                return Failure(line, told, self._ended(place[0]), place)
            got = self._got(line.name, place[0])
            if not _same(got, wanted):
                return Failure(line, told, f"it was {_number(got)}", place)
        return None

    def _got(self, target: n.Target, epoch: int) -> float | None:
        return value_of(self.done, target, epoch)


def value_of(done: Simulated, target: n.Target, epoch: int) -> float | None:
    """The value of a metric at an epoch's end, or of what rules set at its beginning."""
    if isinstance(target, n.Setting) or not target.quoted:
        if target.name == "lr":
            return done.rates[epoch - 1]
        held = done.held[epoch - 1]
        if target_name(target) in held:
            return held[target_name(target)]
    return None if isinstance(target, n.Setting) else done.logs[epoch - 1].get(target.name)


def has_run(given: Given, done: Simulated, place: Place) -> bool:
    """Whether an epoch, or a batch of it, was run."""
    epoch, batch = place
    return epoch <= done.epochs and (batch or 0) <= last_batch(given, done, epoch)


def last_batch(given: Given, done: Simulated, epoch: int) -> int:
    """How many batches of an epoch were run."""
    stopped = done.record.stopped
    if stopped is not None and stopped.epoch == epoch and stopped.batch:
        return stopped.batch
    return given.batches


def plain(text: n.Text) -> str:
    """A text into which nothing is filled."""
    return "".join(part for part in text.parts if isinstance(part, str))


def _number(value: float | None) -> str:
    """A value in the fewest digits that tell it from one that would not do."""
    if value is not None:
        for digits in range(1, 9):
            short = float(f"{value:.{digits}g}")
            if _same(short, value, TOLERANCE / 10):
                return text(short)
    return text32(value)


def _place(firing: Firing) -> Place:
    return (firing.epoch, firing.batch)


def _shown(text: object) -> str:
    if text is None:
        return "no text"
    words = visible(str(text))
    return f'"{words if len(words) <= _MOST_TEXT else words[:_MOST_TEXT] + "…"}"'


def _same(got: float | None, wanted: float | None, tolerance: float = TOLERANCE) -> bool:
    if got is None or wanted is None:
        return got is wanted
    if math.isnan(wanted) or math.isnan(got):
        return math.isnan(wanted) and math.isnan(got)
    return math.isclose(got, wanted, rel_tol=tolerance) or got == float32(wanted)
