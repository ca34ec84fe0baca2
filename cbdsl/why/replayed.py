"""What the rules of a run saw, as far as the epochs of its journal tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from cbdsl.checks.leave import ANYTHING
from cbdsl.diagnostics import CbrError
from cbdsl.journal import Journal
from cbdsl.plan import RulePlan
from cbdsl.plan.model import Schedule
from cbdsl.program import Program
from cbdsl.runtime.record import Firing, Record
from cbdsl.simulate import Probe, Simulated
from cbdsl.simulate.seen import Seen
from cbdsl.source import SourceFile
from cbdsl.syntax import nodes as n
from cbdsl.syntax import read_source
from cbdsl.why.again import Again, first_rate
from cbdsl.why.segments import Segment

MOST_BATCHES = 100_000
"""How many batches are gone through; of more, rules that count them are not known."""

MOST_EPOCHS = 100_000
"""Over how many epochs rules are run once more: more of them, or an epoch 0, nobody trained."""

MOST_CHANGES = 100
"""How often other rules may have taken over: all of them are compiled once more."""

MOST_TEXT = 1_000_000
"""How long all those rules may be, in characters."""

RuleOrSchedule = RulePlan | Schedule


@dataclass(frozen=True)
class Past:
    """A rule of a run, and what it saw.

    Attributes:
        plans: what it was in each segment in which it was in force.
        source: what the last of them stands in.
        seen: what it saw in all of them.
    """

    plans: tuple[RuleOrSchedule, ...]
    source: SourceFile
    seen: Seen


class Replayed:
    """What the rules of a journal saw, as far as its epochs tell.

    Args:
        journal: of the run.
        parts: its segments.
        beside: the text of its rules, where the journal has none.

    Attributes:
        past: what each rule was and saw, by its key; nothing where that is not known.
        trouble: why it is not known; empty where it is.
    """

    def __init__(self, journal: Journal, parts: Sequence[Segment], beside: str) -> None:
        self.parts = parts
        self.past: dict[str, Past] = {}
        self.fired: dict[str, list[tuple[int, None]]] = defaultdict(list)
        """Where the journal says that a rule fired, but for batches."""
        last = max(part.last for part in parts)
        for firing in journal.firings:
            if firing.batch is None and firing.epoch <= last:
                self.fired[firing.key].append((firing.epoch, None))
        size = sum(len(part.epochs) * (part.batches or 0) for part in parts)
        self.counts_batches = size <= MOST_BATCHES and all((p.batches or 0) > 0 for p in parts)
        self.trouble = self._trouble(journal)
        if not self.trouble:
            try:
                programs = [_compiled(part, beside) for part in parts]
            except CbrError:
                self.trouble = _of_rules("do not compile with this version of cbdsl")
                return
            there = [program for program in programs if program is not None]
            if len(there) < len(parts):
                self.trouble = _of_rules("are not there")
                return
            try:
                self._look(there, first_rate(journal.header.lr, parts))
            except CbrError:
                # A schedule that does not fit: the journal is not of these rules.
                self.past = {}

    def _trouble(self, journal: Journal) -> str:
        """What keeps the rules from being run once more."""
        texts = [part.source for part in self.parts]
        if len(texts) > MOST_CHANGES or sum(map(len, texts[1:])) > MOST_TEXT:
            return _of_rules("were changed too often")
        if not all(0 < epoch.epoch <= MOST_EPOCHS for epoch in journal.epochs):
            what = f"epochs that are not between 1 and {MOST_EPOCHS:,}"
            return f"the journal has {what}: how near its rules came is not known"
        return ""

    def _look(self, programs: Sequence[Program], lr: float) -> None:
        again = Again(self.parts, programs, lr, self.counts_batches)
        done = again.done()
        self.rates_differ, self.differing = again.rates_differ, again.differing
        firings: dict[str, list[Firing]] = defaultdict(list)
        for firing in done.record.firings:
            firings[firing.key].append(firing)
        probes: dict[str, list[Probe]] = defaultdict(list)
        for probe in done.probes:
            probes[probe.rule].append(probe)
        plans: dict[str, list[RuleOrSchedule]] = defaultdict(list)
        sources: dict[str, SourceFile] = {}
        for program in programs:
            rules: list[RuleOrSchedule] = [*program.plan.schedules, *program.plan.rules]
            for rule in rules:
                plans[rule.named.key].append(rule)
                sources[rule.named.key] = program.source
        for key, each in plans.items():
            one = Simulated(Record(firings[key]), [], [], [], probes[key])
            self.past[key] = Past(tuple(each), sources[key], Seen(each[-1], one))
        self.outside = {name for program in programs for name in program.plan.outside}
        self.variables = {name for program in programs for name in program.plan.variables}
        self.lost = {name for key, past in self.past.items() for name in self._loses(key, past)}

    def doubt(self, key: str) -> str:
        """Why what a rule saw cannot be told from the epochs alone; empty where it can."""
        past = self.past[key]
        seen = past.seen
        parts = n.walk(seen.rule.condition) if seen.rule.condition is not None else ()
        names = {part.name for part in parts if isinstance(part, n.Name) and not part.quoted}
        reads = seen.rule.reads if isinstance(seen.rule, RulePlan) else ()
        remembers = isinstance(seen.rule, RulePlan) and seen.rule.slots
        if any(isinstance(part, n.Setting) for part in parts):
            return "a journal does not hold the settings of the optimizer"
        if held := sorted(names & self.outside):
            return f"a journal does not hold the variable `{held[0]}`"
        if names & {"batch", "batches", "step", "steps"} and not self.counts_batches:
            return "it counts batches, and the journal does not tell how many there were"
        if "lr" in names and self.rates_differ:
            return "the learning rate was changed in ways that the epochs do not tell"
        if changed := sorted(names & self.lost):
            return f"the epochs do not tell what the variable `{changed[0]}` was"
        if made := sorted(self.differing.intersection(reads)):
            return f"the epochs alone do not tell how `{made[0]}` came about"
        if (remembers or names & self.variables) and not all(p.is_whole for p in self.parts):
            return "the journal does not hold all epochs"
        if len({_measures(plan) for plan in past.plans}) > 1:
            return "what it is measured by was changed while it was there"
        if [p for p in seen.fired if p[1] is None] != self.fired[key]:
            return "the epochs alone do not tell what it saw"
        return ""

    def _loses(self, key: str, past: Past) -> set[str]:
        """The variables that a rule may have set otherwise than it does here."""
        on_batches = any(isinstance(r, RulePlan) and r.acts.is_batch for r in past.plans)
        if not on_batches and past.seen.fired == self.fired[key]:
            return set()
        return self.variables.intersection(name for rule in past.plans for name in _sets(rule))


def _compiled(part: Segment, beside: str) -> Program | None:
    """The rules of a segment; None where they are not there. Raises `CbrError`."""
    if not (part.source or beside):
        return None
    source = read_source(part.source or beside, "rules.cbr")
    program = Program(source, params=part.params, leave=ANYTHING)
    # What stands beside the journal may be the rules of another segment.
    keys = {named.key for named in program.plan.named}
    return program if part.source or keys == {rule.key for rule in part.rules} else None


def _of_rules(what: str) -> str:
    return f"the rules of this run {what}: how near they came is not known"


def _measures(rule: RuleOrSchedule) -> tuple[object, ...]:
    """The units that a rule counts and compares in, of which a parameter may tell."""
    slots = rule.slots if isinstance(rule, RulePlan) else ()
    return (*(slot.counter for slot in slots), *((p.name, p.kind) for p in rule.params))


def _sets(rule: RuleOrSchedule) -> set[str]:
    """The variables that a rule sets."""
    actions = rule.actions if isinstance(rule, RulePlan) else (rule.action,)
    targets = [action.target for action in actions if isinstance(action, n.Assign)]
    return {t.name for t in targets if isinstance(t, n.Name) and not t.quoted}
