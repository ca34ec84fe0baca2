"""What is shown of a test that failed: which rules, which epochs, and what was seen there."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.checks.context import target_name
from cbdsl.formatter import expression
from cbdsl.plan import RulePlan
from cbdsl.ruletest.expect import Failure, last_batch, value_of
from cbdsl.ruletest.given import is_held
from cbdsl.ruletest.run import Outcome
from cbdsl.ruletest.table import Row, Table
from cbdsl.ruletest.why import MOST_RULES, those_that
from cbdsl.runtime.arithmetic import float32
from cbdsl.runtime.words import text
from cbdsl.simulate.places import Place, matches
from cbdsl.simulate.seen import Moment, Seen
from cbdsl.syntax import nodes as n

MOST = 10
"""How many epochs, or batches, a table has."""

_BEFORE = 7
"""How many of them stand before the one in question."""


def table(outcome: Outcome, failure: Failure) -> Table:
    """The epochs around an expectation that was not met, or the batches of one epoch."""
    return _Shown(outcome, failure).table()


class _Shown:
    def __init__(self, outcome: Outcome, failure: Failure) -> None:
        self.outcome = outcome
        self.given, self.done = outcome.given, outcome.done
        self.failure = failure
        line = failure.line
        self.value = line.name if isinstance(line, n.ExpectValue) else None
        """What a value is expected of, if one is."""
        self.rules = self._rules()
        self.named: set[str] = set()
        """The rows that are there."""

    def table(self) -> Table:
        """The whole table."""
        (epoch, batch), in_epoch = self._focus()
        last = last_batch(self.given, self.done, epoch) if in_epoch else self.done.epochs
        focus = max(1, min((batch or last) if in_epoch else epoch, last))
        first = max(1, min(focus - _BEFORE, last - MOST + 1))
        columns = list(range(first, min(last, first + MOST - 1) + 1))
        shown = Table(epoch if in_epoch else None, columns, focus, [])
        shown.rows.extend(self._rows(shown.places))
        return shown

    # ------------------------------------------------------------------- what it is about

    def _rules(self) -> list[Seen]:
        """The rules in question, some of them where there are many."""
        line, every = self.failure.line, self.outcome.rules
        match line:
            case n.ExpectRule():
                found = [s for s in every if s.named.name == line.rule.name]
            case n.ExpectAction():
                found = those_that(self.outcome, line)
            case n.ExpectValue():
                found = [s for s in every if _sets(s, line.name)]
                found = [s for s in found if s.fired] or found
        place = self.failure.at
        first = sorted(found, key=lambda s: not any(place and matches(p, place) for p in s.fired))
        return [s for s in found if s in first[:MOST_RULES]]

    def _focus(self) -> tuple[Place, bool]:
        """The place in question, and whether the batches of its epoch are shown."""
        place = self.failure.at
        if place is None:
            telling = next((s.telling for s in self.rules if s.telling), None)
            place = telling.place if telling else (self.done.epochs, None)
        epoch, batch = place
        by_batches = self.rules and all(_acts_on_batches(s) for s in self.rules)
        if self.value or not by_batches:
            return place, False
        if not 1 <= epoch <= self.done.epochs or not self.given.batches:
            return place, False
        if batch is None:
            near = next((m for s in self.rules if (m := s.near(place))), None)
            return (near.place if near else place), True
        return place, True

    # ------------------------------------------------------------------- the rows

    def _rows(self, places: list[Place]) -> Iterator[Row]:
        relevant = self._relevant()
        if places[0][1] is None:
            plan = self.outcome.program.plan
            derived = [*(metric.metric for metric in plan.metrics), *plan.recorded]
            asked = [] if self.value is None or self._is_held(self.value) else [self.value.name]
            for name in dict.fromkeys([*self.given.series, *derived, *asked]):
                if name in relevant:
                    yield self._row(name, [self._logged(name, p) for p in places])
            if self._shows_rate():
                yield self._row("lr", [self._rate(p) for p in places])
            if self.value is not None and self._is_held(self.value) and not _is_rate(self.value):
                yield self._row(target_name(self.value), [self._held(p) for p in places])
        else:
            for name, series in self.given.batch_series.items():
                if name in relevant:
                    values = [_at(series, batch) for _, batch in places]
                    yield self._row(name, list(map(number, values)))
        for seen in self.rules:
            yield from self._of_rule(seen, [seen.near(place) for place in places], places)

    def _row(self, name: str, cells: list[str]) -> Row:
        self.named.add(name)
        return Row(name, cells)

    def _of_rule(
        self, seen: Seen, moments: list[Moment | None], places: list[Place]
    ) -> Iterator[Row]:
        """What a rule saw, what the parts of its condition were, and whether it fired."""
        probes = [moment.probe if moment else None for moment in moments]
        names = dict.fromkeys(name for probe in probes if probe for name in probe.values)
        for name in names:
            if name not in self.named:
                cells = ["" if p is None else number(p.values.get(name), 4) for p in probes]
                yield self._row(name, cells)
        condition = seen.rule.condition
        parts = n.parts(condition) if condition is not None and any(probes) else ()
        for index, part in enumerate(parts):
            truths = ["" if p is None else _TRUTH[p.parts[index]] for p in probes]
            yield Row(expression(part), truths)
        yield Row(
            seen.named.label, [_done(seen, m, p) for m, p in zip(moments, places, strict=True)]
        )

    def _relevant(self) -> set[str]:
        """The metrics that are asked for, and those of which they are computed."""
        names = {self.value.name} if self.value else set()
        for seen in self.rules:
            names.update(seen.rule.reads if isinstance(seen.rule, RulePlan) else ())
        for metric in reversed(self.outcome.program.plan.metrics):
            if metric.metric in names:
                names.update(metric.reads)
        return names

    def _shows_rate(self) -> bool:
        if self.value and _is_rate(self.value):
            return True
        return any(_sets_rate(seen) or _reads_rate(seen) for seen in self.rules)

    def _logged(self, name: str, place: Place) -> str:
        return number(self.done.logs[place[0] - 1].get(name))

    def _is_held(self, target: n.Target) -> bool:
        """Whether something is set by rules, and no metric."""
        return _is_rate(target) or is_held(target, self.outcome.program.plan.outside)

    def _held(self, place: Place) -> str:
        assert self.value is not None
        return number(value_of(self.done, self.value, place[0]), 4)

    def _rate(self, place: Place) -> str:
        return number(self.done.rates[place[0] - 1], 4)


# ------------------------------------------------------------------------------ rules


_RATE = "lr"


def _is_rate(target: n.Target) -> bool:
    return target_name(target) == _RATE and not (isinstance(target, n.Name) and target.quoted)


def _sets(seen: Seen, target: n.Target) -> bool:
    """Whether a rule sets something."""
    rule = seen.rule
    actions = rule.actions if isinstance(rule, RulePlan) else (rule.action,)
    return any(isinstance(a, n.Assign) and a.target == target for a in actions)


def _sets_rate(seen: Seen) -> bool:
    return _sets(seen, n.Name(_RATE, span=seen.named.span))


def _reads_rate(seen: Seen) -> bool:
    condition = seen.rule.condition
    parts = n.walk(condition) if condition is not None else ()
    return any(isinstance(part, n.Name) and _is_rate(part) for part in parts)


def _acts_on_batches(seen: Seen) -> bool:
    rule = seen.rule
    return isinstance(rule, RulePlan) and rule.acts.is_batch and rule.acts.trains


# ------------------------------------------------------------------------------ cells

_TRUTH = {True: "true", False: "false", None: "?"}


def _done(seen: Seen, moment: Moment | None, place: Place) -> str:
    """Whether a rule fired, how often, or what kept it."""
    count = sum(matches(fired, place) for fired in seen.fired)
    if count > 1:
        return f"{count} times"
    return moment.mark if moment else ""


def number(value: float | None, digits: int = 6) -> str:
    """A value in as many digits as tell people something."""
    if value is None or float(value).is_integer():
        return text(value)
    return text(float(f"{value:.{digits}g}"))


def _at(series: list[float | None], batch: int | None) -> float | None:
    if batch is None or batch > len(series):
        return None
    value = series[batch - 1]
    return None if value is None else float32(value)
