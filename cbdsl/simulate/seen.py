"""What a rule saw and did in a simulation, moment by moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cbdsl.checks.actions import verb as verb_of
from cbdsl.plan import Plan, RulePlan
from cbdsl.plan.model import Named, Schedule
from cbdsl.runtime.record import MAX_FIRINGS, Firing, Record
from cbdsl.simulate import Probe, Simulated
from cbdsl.simulate.places import Place, matches
from cbdsl.syntax import nodes as n

Mark = Literal["fired", "left out", "used up", "waits", ""]
"""What a rule did at a moment, or what kept it although its condition held.

It was left out by its trigger or window, had fired as often as it may, or was waiting.
"""


@dataclass(frozen=True)
class Moment:
    """One event at which a rule was looked at; without a condition only its firings are known."""

    place: Place
    mark: Mark
    probe: Probe | None

    @property
    def asked(self) -> bool:
        """Whether trigger and window named the event."""
        return self.probe is None or self.probe.asked


class Seen:
    """What a rule saw and did.

    Attributes:
        rule: its plan.
        moments: in their order.
    """

    def __init__(self, rule: RulePlan | Schedule, done: Simulated) -> None:
        self.rule = rule
        self.firings = [f for f in done.record.firings if f.key == rule.named.key]
        probes = [probe for probe in done.probes if probe.rule == rule.named.key]
        self.moments = list(_moments(rule, self.firings, probes))

    @property
    def named(self) -> Named:
        return self.rule.named

    @property
    def fired(self) -> list[Place]:
        """Where it fired."""
        return [(f.epoch, f.batch) for f in self.firings]

    def does(self, verb: str, text: str | None = None) -> bool:
        """Whether it has an action of some verb, and of some text, whatever is filled in there."""
        actions = self.rule.actions if isinstance(self.rule, RulePlan) else ()
        return any(
            verb_of(action) == verb and (text is None or _could_say(action, text))
            for action in actions
        )

    def near(self, place: Place) -> Moment | None:
        """The moment at a place; where it is a whole epoch, the most telling one in it."""
        found = [moment for moment in self.moments if matches(moment.place, place)]
        telling = [moment for moment in found if moment.mark]
        return next(iter(telling or found[-1:]), None)

    @property
    def telling(self) -> Moment | None:
        """The first moment at which its condition held and it did not fire."""
        kept = (m for m in self.moments if m.mark and m.mark != "fired")
        return next(kept, None)


class WholeRecord(Record):
    """A record that keeps every firing, for a `Seen` of all moments."""

    def add(self, firing: Firing) -> None:
        super().add(firing)
        if self.counts[firing.key] > MAX_FIRINGS:
            self.firings.append(firing)


def _could_say(action: n.Action, text: str) -> bool:
    match action:
        case n.Restore(best_of=metric):
            return metric.name == text
        case n.RollBack(best_of=metric):
            return text == (metric.name if metric else "last good")
        case n.Invoke(function=function):
            return function == text
        case n.Snapshot() | n.Assign() | n.Wait() | n.Record():
            return False
        case _:
            says = [expr for expr in n.expressions_of((action,)) if isinstance(expr, n.Text)]
            return any(_fits(each.parts, text) for each in says)


def _fits(parts: tuple[str | n.Placeholder, ...], text: str) -> bool:
    """Whether a text can come of some parts, whatever is filled in."""
    if all(isinstance(part, str) for part in parts):
        return text == "".join(part for part in parts if isinstance(part, str))
    first = parts[0] if isinstance(parts[0], str) else ""
    last = parts[-1] if isinstance(parts[-1], str) else ""
    position, end = len(first), len(text) - len(last)
    if position > end or not text.startswith(first) or not text.endswith(last):
        return False
    for part in parts[1:-1]:
        if isinstance(part, str):
            found = text.find(part, position, end)
            if found < 0:
                return False
            position = found + len(part)
    return True


def seen_rules(plan: Plan, done: Simulated) -> list[Seen]:
    """What every rule saw and did, in the order of the file."""
    rules: list[RulePlan | Schedule] = [*plan.schedules, *plan.rules]
    return [Seen(rule, done) for rule in sorted(rules, key=lambda rule: rule.named.order)]


def _moments(
    rule: RulePlan | Schedule, firings: list[Firing], probes: list[Probe]
) -> Iterator[Moment]:
    if not probes:
        yield from (Moment((f.epoch, f.batch), "fired", None) for f in firings)
        return
    places = {(f.epoch, f.batch) for f in firings}
    count, last = 0, 0
    for probe in probes:
        place = (probe.epoch, probe.batch)
        if place in places:
            count, last = count + 1, probe.epoch
            yield Moment(place, "fired", probe)
        else:
            assert isinstance(rule, RulePlan)
            yield Moment(place, _kept(rule, probe, count, last), probe)


def _kept(rule: RulePlan, probe: Probe, count: int, last: int) -> Mark:
    """What kept a rule that did not fire; `last` is the epoch in which it did before."""
    assert rule.condition is not None
    if holds(rule.condition, iter(probe.parts)):
        if not probe.asked:
            return "left out"
        is_used_up = rule.most is not None and count >= rule.most.value
        return "used up" if is_used_up else "waits"
    # While a rule waits its clocks stand at zero: that is why a condition may not hold.
    by_epochs = rule.wait is not None and rule.wait_by == "epoch"
    return "waits" if by_epochs and count and probe.epoch <= last + _span(rule) else ""


def _span(rule: RulePlan) -> float:
    return rule.wait.value if rule.wait else 0.0


def holds(condition: n.Expr, parts: Iterator[bool | None]) -> bool | None:
    """Whether a condition is true, from what its parts are; None if that is not known."""
    match condition:
        case n.All() | n.Any():
            values = [holds(operand, parts) for operand in condition.operands]
            settled = isinstance(condition, n.Any)
            if settled in values:
                return settled
            return None if None in values else not settled
        case n.Not():
            value = holds(condition.operand, parts)
            return None if value is None else not value
        case _:
            return next(parts)
