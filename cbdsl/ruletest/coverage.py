"""What tests have seen of the rules: which fired, and what the parts of their conditions were."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from cbdsl.formatter import expression
from cbdsl.program import Program
from cbdsl.ruletest.run import Outcome
from cbdsl.syntax import nodes as n


@dataclass
class PartSeen:
    """A part of a condition, and whether it was seen true and seen false."""

    text: str
    true: bool = False
    false: bool = False


@dataclass
class RuleSeen:
    """A rule, whether it fired, and the parts of its condition."""

    label: str
    place: str
    fired: bool = False
    parts: list[PartSeen] = field(default_factory=list)


@dataclass(frozen=True)
class Coverage:
    """What some tests have seen of the rules of a file."""

    rules: list[RuleSeen]

    @property
    def fired(self) -> int:
        return sum(rule.fired for rule in self.rules)

    @property
    def parts(self) -> list[PartSeen]:
        return [part for rule in self.rules for part in rule.parts]

    @property
    def seen(self) -> int:
        """How many parts were seen both true and false."""
        return sum(part.true and part.false for part in self.parts)

    @property
    def missing(self) -> list[str]:
        """What no test has seen, a sentence each."""
        lines: list[str] = []
        for rule in self.rules:
            if not rule.fired:
                label = "this rule" if rule.label == rule.place else rule.label
                lines.append(f"{rule.place}: {label} never fired")
            for part in rule.parts:
                seen = (("true", part.true), ("false", part.false))
                unseen = [f"never {word}" for word, was in seen if not was]
                if unseen:
                    lines.append(f"{rule.place}: `{part.text}` was {' and '.join(unseen)}")
        return lines


def coverage(program: Program, outcomes: Iterable[Outcome]) -> Coverage:
    """What the tests of a program have seen of its rules."""
    rules = {
        named.key: RuleSeen(named.label, named.place, parts=_parts(program, named.key))
        for named in program.plan.named
    }
    for outcome in outcomes:
        for key, count in outcome.done.record.counts.items():
            rules[key].fired |= count > 0
        for probe in outcome.done.probes:
            if probe.asked:
                for part, was in zip(rules[probe.rule].parts, probe.parts, strict=True):
                    part.true |= was is True
                    part.false |= was is False
    return Coverage(list(rules.values()))


def _parts(program: Program, key: str) -> list[PartSeen]:
    conditions = {rule.named.key: rule.condition for rule in program.plan.rules}
    condition = conditions.get(key)
    return [] if condition is None else [PartSeen(expression(p)) for p in n.parts(condition)]
