"""Says why a rule did not fire, in sentences."""

from __future__ import annotations

from cbdsl.catalog.hooks import INTERRUPT
from cbdsl.diagnostics import did_you_mean
from cbdsl.formatter import expression
from cbdsl.plan import RulePlan
from cbdsl.plan.model import Schedule
from cbdsl.ruletest.expect import Failure, has_run, plain
from cbdsl.ruletest.run import Outcome
from cbdsl.runtime.effects import to_do
from cbdsl.simulate.kept import kept, order, times, when
from cbdsl.simulate.places import Place, at, listed, that
from cbdsl.simulate.seen import Moment, Seen
from cbdsl.syntax import nodes as n

_MOST_NAMES = 3

MOST_RULES = 3
"""Of how many rules it is said why they did not do what was expected."""


def whys(outcome: Outcome, failure: Failure) -> list[str]:
    """Sentences about the rules that did not do what was expected; often none is needed."""
    line = failure.line
    match line:
        case n.ExpectRule(negated=False):
            seen = [s for s in outcome.rules if s.named.name == line.rule.name]
            return [text for s in seen if (text := _why(outcome, s, failure.at))]
        case n.ExpectAction(negated=False):
            seen = those_that(outcome, line)
            if not seen:
                return [f"no rule has a `{line.verb}`"]
            if line.text is not None and not any(s.does(line.verb, plain(line.text)) for s in seen):
                return [f"no rule has a `{line.verb}` that can say this"]
            found = [(s, _why(outcome, s, failure.at)) for s in seen[:MOST_RULES]]
            return [f"{s.named.label}: {text}" for s, text in found if text]
        case n.ExpectValue(name=n.Name(name="lr", quoted=False)):
            return [text for s in outcome.rules for text in _failed(s, failure.at)]
        case n.ExpectValue(value=n.Item(text=wanted)) if wanted != "_":
            told = _not_given(outcome, None, [line.name.name])
            return [told] if told else []
        case _:
            return []


def those_that(outcome: Outcome, line: n.ExpectAction) -> list[Seen]:
    """The rules with an action of some verb; where a text is expected, those that could say it."""
    doing = [seen for seen in outcome.rules if seen.does(line.verb)]
    if line.text is None:
        return doing
    wanted = plain(line.text)
    return [seen for seen in doing if seen.does(line.verb, wanted)] or doing


def _failed(seen: Seen, place: Place | None) -> list[str]:
    """What it tried to set the rate to in vain, before some place."""
    found = [
        f"{seen.named.label} could not {to_do(done.verb)} {at((firing.epoch, None))}: "
        f"{done.error.partition(': ')[2] or done.error}"
        for firing in seen.firings
        for done in firing.actions
        if done.error and done.verb == "lr" and place and firing.epoch <= place[0]
    ]
    return found[-1:]


def _why(outcome: Outcome, seen: Seen, place: Place | None) -> str:
    """Why a rule did not fire at a place, or, without one, never; empty if nothing tells."""
    if place is not None and not has_run(outcome.given, outcome.done, place):
        return ""
    moment = seen.near(place) if place else seen.telling
    if moment is not None:
        return _at_moment(outcome, seen, moment)
    if not seen.moments and (hint := _no_event(outcome, seen.rule)):
        return hint
    if place is not None:
        return _no_moment(outcome, seen, place)
    missing = _never_there(outcome, seen)
    if missing:
        return missing
    return "its condition is never true" if seen.rule.condition is not None else ""


def _at_moment(outcome: Outcome, seen: Seen, moment: Moment) -> str:
    if moment.mark == "fired":
        return ""
    told = kept(seen, moment, outcome.program.source)
    return _parts(outcome, seen.rule, moment) if told is None else told


def _parts(outcome: Outcome, rule: RulePlan | Schedule, moment: Moment) -> str:
    """Which parts of a condition that asks for all of them were not true."""
    condition, probe = rule.condition, moment.probe
    if condition is None or probe is None:
        return ""
    parts = list(zip(n.parts(condition), probe.parts, strict=True))
    where = at(moment.place)
    unknown = [expression(part) for part, was in parts if was is None]
    missing = [name for name, value in probe.values.items() if value is None]
    if unknown and missing:
        metrics = [name for name in missing if isinstance(rule, RulePlan) and name in rule.reads]
        told = _not_given(outcome, rule, metrics)
        told = told or f"{_quoted(missing)} {_has(missing)} no value"
        return f"{_quoted(unknown)} {_is(unknown)} not known {where}: {told}"
    if isinstance(condition, n.Any) or any(isinstance(p, n.Any | n.Not) for p in n.walk(condition)):
        return ""
    false = [expression(part) for part, was in parts if was is False]
    return f"{_quoted(false)} {_is(false)} false {where}" if false else ""


def _no_moment(outcome: Outcome, seen: Seen, place: Place) -> str:
    """Why a rule was not even looked at, or, if it has no condition, did not fire."""
    rule = seen.rule
    if isinstance(rule, RulePlan) and rule.condition is None:
        before = [p for p in seen.fired if order(p) < order(place)]
        if rule.most is not None and len(before) >= rule.most.value:
            return f"{times(rule)} and did so {listed(before)}"
        if rule.wait is not None and before and rule.wait_by == "epoch":
            last, _ = before[-1]
            if place[0] <= last + rule.wait.value:
                return f"{at(place)} it waits: it fired {at(before[-1])}"
    gates = when(rule, outcome.program.source)
    if gates:
        return f"{gates} leaves {that(place)} out"
    return f"its condition is not true {at(place)}" if rule.condition is not None else ""


def _no_event(outcome: Outcome, rule: RulePlan | Schedule) -> str:
    """Why what a rule is waiting for does not occur in a test at all."""
    if not isinstance(rule, RulePlan):
        return ""
    given, hook = outcome.given, rule.acts
    if hook.name.startswith("predict"):
        return "a test runs no predictions"
    if hook == INTERRUPT:
        return "" if given.interrupt else "nothing interrupts: write `given interrupt at epoch 3`"
    if hook.name.startswith("test"):
        has_validation = any(name.startswith("val_") for name in given.series)
        return "" if has_validation else "no validation runs: the test gives no `val_…` metric"
    if hook.is_batch and not given.batches:
        return "no batches run: write `given batches: 100`"
    if rule.gate is not None and rule.gate.counter == "time" and not given.epoch_seconds:
        return "no time passes: write `given epoch takes 10 minutes`"
    return ""


def _never_there(outcome: Outcome, seen: Seen) -> str:
    """That a rule asks for metrics which the test does not give."""
    reads = seen.rule.reads if isinstance(seen.rule, RulePlan) else ()
    values = [moment.probe.values for moment in seen.moments if moment.probe]
    missing = [name for name in reads if values and all(v.get(name) is None for v in values)]
    return _not_given(outcome, seen.rule, missing)


def _not_given(outcome: Outcome, rule: RulePlan | Schedule | None, missing: list[str]) -> str:
    """That a test does not give metrics, or not where a rule asks for them."""
    given = outcome.given
    known, other = {*given.series, *given.held}, "epochs"
    if isinstance(rule, RulePlan) and rule.acts.name.startswith("test"):
        # There the metrics of the validation go without `val_`.
        missing = [f"val_{name}" for name in missing]
    elif isinstance(rule, RulePlan) and rule.acts.metrics == "last":
        known |= set(given.batch_series)
    elif isinstance(rule, RulePlan) and rule.acts.is_batch:
        known, other = set(given.batch_series), "batches"
    lost = [name for name in missing if name not in known | outcome.program.plan.made]
    if not lost:
        return ""
    if lost[0] in given.metrics:
        return f"the test does not give `{lost[0]}` for {other}"
    meant = did_you_mean(lost[0], given.metrics)
    return f"the test does not give {_quoted(lost)}{f'; {meant}' if meant else ''}"


# ------------------------------------------------------------------------------ words


def _quoted(names: list[str]) -> str:
    return " and ".join(f"`{name}`" for name in list(dict.fromkeys(names))[:_MOST_NAMES])


def _is(names: list[str]) -> str:
    return "is" if len(set(names)) == 1 else "are"


def _has(names: list[str]) -> str:
    return "has" if len(set(names)) == 1 else "have"
