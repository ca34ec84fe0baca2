"""What kept a rule from firing in a run, or how near it came."""

from __future__ import annotations

from cbdsl.catalog.hooks import INTERRUPT
from cbdsl.diagnostics import did_you_mean
from cbdsl.formatter import expression
from cbdsl.journal import Journal
from cbdsl.plan import RulePlan
from cbdsl.plan.model import Schedule
from cbdsl.runtime.words import time_text
from cbdsl.simulate.kept import kept, when
from cbdsl.syntax import nodes as n
from cbdsl.why.conditions import Nearness, number
from cbdsl.why.replayed import Past, Replayed
from cbdsl.why.segments import Stay

NOTHING = "nothing that the journal holds tells what kept it"


class Kept:
    """Says of the rules of a journal what kept them.

    Args:
        journal: of the run.
        replayed: what its rules saw.
    """

    def __init__(self, journal: Journal, replayed: Replayed) -> None:
        self.journal = journal
        self.replayed = replayed

    def words(self, stay: Stay) -> str:
        """What kept a rule that did not fire."""
        past = self.replayed.past.get(stay.rule.key)
        if past is None:
            return NOTHING if stay.last else _untrained(stay)
        rule = past.seen.rule
        begins = min(plan.named.begins for plan in past.plans)
        if stay.last and begins > stay.last:
            window = isinstance(rule, Schedule) or rule.window
            what = "its window" if window else "it"
            return f"{what} begins with epoch {begins}, {self._so_far(stay)}"
        return self._no_event(stay, past) or _missing(stay, rule) or self._by_epochs(stay, past)

    def _so_far(self, stay: Stay) -> str:
        if stay.dropped is not None:
            return f"and epoch {stay.last} was its last"
        ended = "the run ended after" if self.journal.end else "the run has come to"
        return f"{ended} epoch {stay.last}"

    # ------------------------------------------------------------------ what never happened

    def _no_event(self, stay: Stay, past: Past) -> str:
        """That what it waits for did not happen, or is not in a journal."""
        rule, untrained = past.seen.rule, "" if stay.last else _untrained(stay)
        if not isinstance(rule, RulePlan):
            return untrained
        hook = rule.acts
        if hook.name.startswith("predict"):
            return "it waits for predictions, of which a journal tells nothing"
        if hook == INTERRUPT and rule.condition is None:
            return "nothing interrupted the training"
        if hook.name == "train_begin" and stay.came is not None:
            return f"the training had begun when it came, with epoch {stay.came}"
        if hook.name == "train_end" and stay.dropped is not None:
            return "the training had not come to its end when it was dropped"
        if hook.name == "train_end" and self.journal.end is None:
            return "the training has not come to its end"
        if hook.name.startswith("test") and not any(x.startswith("val_") for x in stay.logged):
            return untrained or "no validation was reported"
        if told := self._not_reached(stay, past):
            return told
        if hook.is_batch:
            return self._on_batches(stay, past, rule)
        is_early = hook.name in ("train_begin", "epoch_begin", INTERRUPT.name)
        return "" if is_early else untrained

    def _not_reached(self, stay: Stay, past: Past) -> str:
        """That a trigger counts more batches, or more time, than there were."""
        gates = [plan.gate for plan in past.plans if isinstance(plan, RulePlan) and plan.gate]
        counters = {gate.counter for gate in gates}
        if len(counters) != 1 or gates[-1].kind in ("each", "until"):
            return ""
        least = min((count.value for gate in gates for count in gate.counts), default=0.0)
        what = f"`{' '.join(past.source.slice(gates[-1].span).split())}`"
        if counters == {"time"}:
            lasted = stay.parts[-1].time
            return (
                f"{what} did not come: {time_text(lasted)} were trained" if lasted < least else ""
            )
        sizes = {part.batches for part in self.replayed.parts}
        batches = sizes.pop() if len(sizes) == 1 else None
        end = self.journal.end
        is_over = end is not None or stay.dropped is not None
        if counters == {"step"} and batches is not None and is_over:
            whole = stay.last * batches
            is_cut = stay.dropped is None and end is not None and end.how not in ("done", "stopped")
            # Of an epoch that was not trained to its end nobody knows how far it came.
            if whole + (batches if is_cut else 0) < least:
                return f"{what} did not come: {stay.last} epochs of {batches} batches are {whole:,}"
        return ""

    def _on_batches(self, stay: Stay, past: Past, rule: RulePlan) -> str:
        """Of batches a journal holds no metrics: what the epochs tell all the same."""
        condition = rule.condition
        if condition is None:
            return NOTHING
        if rule.acts.trains and (never := _never(stay, rule, "")):
            return never
        # Where it asks about some of the batches, nothing is known of the others.
        some = any(gate is not None and gate.kind != "each" for gate in (rule.gate, rule.window))
        which = (
            f"true on none of the batches that {when(rule, past.source)} names"
            if some
            else "never true on a batch"
        )
        told = f"its condition was {which}, of which a journal holds no metrics"
        match condition:
            case n.Compare(ops=(op,), operands=(n.Name(name=name) as left, _)):
                values = [(e.logs[name], e.epoch) for e in stay.epochs if name in e.logs]
                values = [(v, e) for v, e in values if isinstance(v, int | float) and v == v]
                if values and op[0] in "<>":
                    best, epoch = (max if op[0] == ">" else min)(values, key=lambda each: each[0])
                    most = "highest" if op[0] == ">" else "lowest"
                    at_end = f"{expression(left)} at an epoch's end"
                    return f"{told}; the {most} {at_end} was {number(best)}, in epoch {epoch}"
        return told

    # --------------------------------------------------------------------------- conditions

    def _by_epochs(self, stay: Stay, past: Past) -> str:
        """What the epochs tell of its trigger and its condition."""
        seen = past.seen
        gates = when(seen.rule, past.source)
        while_there = " while it was among the rules" if stay.is_partial else ""
        not_come = f"{gates} never came{while_there}" if gates else NOTHING
        if seen.rule.condition is None:
            return not_come
        if isinstance(seen.rule, Schedule):
            return "its condition was never true"
        if doubt := self.replayed.doubt(stay.rule.key):
            return f"its condition was never true; how near it came is not known: {doubt}"
        if seen.telling is not None and (told := kept(seen, seen.telling, past.source)):
            return told
        probes = [m.probe for m in seen.moments if m.probe is not None and m.asked]
        return Nearness(seen.rule, probes).words() if probes else not_come


def _untrained(stay: Stay) -> str:
    while_there = " while it was among the rules" if stay.is_partial else ""
    return f"no epoch was trained to its end{while_there}"


def _missing(stay: Stay, rule: RulePlan | Schedule) -> str:
    """That the logs of the epochs never held what it asks for."""
    if not isinstance(rule, RulePlan) or not stay.last:
        return ""
    return _never(stay, rule, "val_" if rule.acts.metrics == "validation" else "")


def _never(stay: Stay, rule: RulePlan, prefix: str) -> str:
    """That the logs never held what it asks for."""
    logged = stay.logged
    never = [prefix + name for name in rule.reads if prefix + name not in logged]
    if not never or not logged:
        return ""
    near = did_you_mean(never[0], logged)
    return f"the logs never held {' and '.join(never)}{f'; {near}' if near else ''}"
