"""What kept a rule from firing in a run, or how near it came."""

from __future__ import annotations

from cbdsl.catalog.hooks import INTERRUPT
from cbdsl.diagnostics import did_you_mean
from cbdsl.formatter import expression
from cbdsl.journal import Journal, RuleText
from cbdsl.plan import RulePlan
from cbdsl.plan.model import Gate, Schedule
from cbdsl.runtime.words import time_text
from cbdsl.simulate.kept import kept, when
from cbdsl.simulate.seen import Seen
from cbdsl.source import SourceFile
from cbdsl.syntax import nodes as n
from cbdsl.why.conditions import Nearness, number
from cbdsl.why.replayed import Replayed

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
        self.last = replayed.last
        self.logged = {name: None for epoch in journal.epochs for name in epoch.logs}

    def words(self, rule: RuleText) -> str:
        """What kept a rule that did not fire."""
        seen = self.replayed.seen.get(rule.key)
        if seen is None:
            return "no epoch was trained to its end" if not self.last else NOTHING
        begins = seen.named.begins
        if self.last and begins > self.last:
            window = isinstance(seen.rule, RulePlan) and seen.rule.window
            what = "its window" if window or isinstance(seen.rule, Schedule) else "it"
            return f"{what} begins with epoch {begins}, {self._so_far()}"
        return self._no_event(seen) or self._missing(seen) or self._by_epochs(rule, seen)

    def _so_far(self) -> str:
        ended = "the run ended after" if self.journal.end else "the run has come to"
        return f"{ended} epoch {self.last}"

    # ------------------------------------------------------------------ what never happened

    def _no_event(self, seen: Seen) -> str:
        """That what it waits for did not happen, or is not in a journal."""
        rule = seen.rule
        if not isinstance(rule, RulePlan):
            return "" if self.last else "no epoch was trained to its end"
        hook = rule.acts
        if hook.name.startswith("predict"):
            return "it waits for predictions, of which a journal tells nothing"
        if hook == INTERRUPT and rule.condition is None:
            return "nothing interrupted the training"
        if hook.name == "train_end" and self.journal.end is None:
            return "the training has not come to its end"
        if hook.name.startswith("test") and not any(x.startswith("val_") for x in self.logged):
            return "no validation was reported" if self.last else "no epoch was trained to its end"
        if rule.gate is not None and (told := self._not_reached(rule.gate)):
            return told
        if hook.is_batch:
            return self._on_batches(rule)
        is_early = hook.name in ("train_begin", "epoch_begin", INTERRUPT.name)
        return "" if self.last or is_early else "no epoch was trained to its end"

    def _not_reached(self, gate: Gate) -> str:
        """That a trigger counts more batches, or more time, than there were."""
        least = min((count.value for count in gate.counts), default=0.0)
        if gate.kind in ("each", "until"):
            return ""
        source = self._source
        what = f"`{' '.join(source.slice(gate.span).split())}`"
        if gate.counter == "time":
            spent = self.journal.entries[-1] if self.journal.entries else None
            lasted = getattr(spent, "time", 0.0)
            return (
                f"{what} did not come: {time_text(lasted)} were trained" if lasted < least else ""
            )
        batches = self.journal.header.batches
        if gate.counter == "step" and batches is not None and self.journal.end is not None:
            whole = self.last * batches
            # Of an epoch that was not trained to its end nobody knows how far it came.
            if whole + (0 if self.journal.end.how in ("done", "stopped") else batches) < least:
                return f"{what} did not come: {self.last} epochs of {batches} batches are {whole:,}"
        return ""

    @property
    def _source(self) -> SourceFile:
        assert self.replayed.program is not None
        return self.replayed.program.source

    def _on_batches(self, rule: RulePlan) -> str:
        """Of batches a journal holds no metrics: what the epochs tell all the same."""
        condition = rule.condition
        if condition is None:
            return NOTHING
        if rule.acts.trains and (never := self._never(rule, "")):
            return never
        told = "its condition was never true on a batch, of which a journal holds no metrics"
        match condition:
            case n.Compare(ops=(op,), operands=(n.Name(name=name) as left, _)):
                values = [(e.logs[name], e.epoch) for e in self.journal.epochs if name in e.logs]
                values = [(v, e) for v, e in values if isinstance(v, int | float) and v == v]
                if values and op[0] in "<>":
                    best, epoch = (max if op[0] == ">" else min)(values, key=lambda each: each[0])
                    most = "highest" if op[0] == ">" else "lowest"
                    which = f"{expression(left)} at an epoch's end"
                    return f"{told}; the {most} {which} was {number(best)}, in epoch {epoch}"
        return told

    def _missing(self, seen: Seen) -> str:
        rule = seen.rule
        if not isinstance(rule, RulePlan) or not self.last:
            return ""
        return self._never(rule, "val_" if rule.acts.metrics == "validation" else "")

    def _never(self, rule: RulePlan, prefix: str) -> str:
        """That the logs never held what it asks for."""
        never = [prefix + name for name in rule.reads if prefix + name not in self.logged]
        if not never or not self.logged:
            return ""
        near = did_you_mean(never[0], self.logged)
        return f"the logs never held {' and '.join(never)}{f'; {near}' if near else ''}"

    # --------------------------------------------------------------------------- conditions

    def _by_epochs(self, rule: RuleText, seen: Seen) -> str:
        """What the epochs tell of its trigger and its condition."""
        gates = when(seen.rule, self._source)
        if seen.rule.condition is None or isinstance(seen.rule, Schedule):
            if seen.rule.condition is not None:
                return "its condition was never true"
            return f"{gates} never came" if gates else NOTHING
        if doubt := self.replayed.doubt(rule.key):
            return f"its condition was never true; how near it came is not known: {doubt}"
        if seen.telling is not None and (told := kept(seen, seen.telling, self._source)):
            return told
        probes = [m.probe for m in seen.moments if m.probe is not None and m.asked]
        if not probes:
            return f"{gates} never came" if gates else NOTHING
        return Nearness(seen.rule, probes).words()
