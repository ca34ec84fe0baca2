"""Sentences on what kept a rule from firing although it was looked at."""

from __future__ import annotations

import re

from cbdsl.plan import RulePlan
from cbdsl.plan.model import Schedule
from cbdsl.simulate.places import Place, at, listed, that
from cbdsl.simulate.seen import Moment, Seen
from cbdsl.source import SourceFile


def kept(seen: Seen, moment: Moment, source: SourceFile) -> str | None:
    """What kept a rule at a moment; None where it is its condition, or nothing that is known."""
    place, rule = moment.place, seen.rule
    if moment.mark == "left out":
        return f"its condition holds {at(place)}, but {when(rule, source)} leaves that out"
    if moment.mark == "used up":
        return f"its condition holds {at(place)}, but {times(rule)} and did so {listed(seen.fired)}"
    if moment.mark == "waits":
        before = [p for p in seen.fired if order(p) < order(place)]
        return f"{at(place)} it waits: it fired {at(before[-1])}" if before else ""
    if not moment.mark and not moment.asked:
        return f"{when(rule, source)} leaves {that(place)} out"
    return None


def when(rule: RulePlan | Schedule, source: SourceFile) -> str:
    """Trigger and window of a rule as they stand in the file; empty where they name all events."""
    gates = rule.gates if isinstance(rule, Schedule) else (rule.gate, rule.window)
    spans = sorted(gate.span for gate in gates if gate)
    texts = [re.sub(r"\s+", " ", source.slice(span)) for span in spans]
    return f"`{' '.join(texts)}`" if texts else ""


def times(rule: RulePlan | Schedule) -> str:
    """How often a rule fires."""
    most = int(rule.most.value) if isinstance(rule, RulePlan) and rule.most else 1
    return "it fires once" if most == 1 else f"it fires at most {most} times"


def order(place: Place) -> tuple[int, float]:
    """The order of places: an epoch's end comes after its batches."""
    epoch, batch = place
    return (epoch, float("inf") if batch is None else batch)
