"""Runs the generated callbacks without metrics, and notes when rules fire and when they could."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from cbdsl.catalog.hooks import HOOKS, Hook
from cbdsl.forecast.model import Change, Ending, Event, Forecast, Foreseen, LeftOut, Planned
from cbdsl.forecast.unknown import Lacking, Unknown
from cbdsl.formatter import expression
from cbdsl.formatter.layout import action
from cbdsl.plan import BlockPlan, Gate, Plan, RulePlan, Schedule
from cbdsl.program import Program
from cbdsl.runtime.words import span_text
from cbdsl.simulate import simulate
from cbdsl.simulate.drive import Silent
from cbdsl.source import SourceFile
from cbdsl.syntax import nodes as n


def forecast(program: Program, planned: Planned) -> Forecast:
    """What a program will do in a training, as far as that is known before it."""
    plan = program.plan
    unknown = Unknown(plan, planned, with_rate=True)
    # The rate is foreseen without what nobody knows, and so known to all that depends on it.
    without = Unknown(plan, planned, with_rate=False)
    held = {rule.named.key for rule in plan.rules if without.sets_rate(rule)}
    lacking_batches = [block.named for block in plan.blocks if _lacks_batches(block, planned)]
    hidden = {named.key for named in lacking_batches}
    if hidden:
        hidden |= {rule.named.key for rule in plan.rules if "learning_rate" in rule.shared}
    seen = _Foresight(plan, unknown, held | hidden)
    done = simulate(
        plan,
        program.probed,
        # Keras validates where there is a metric of it.
        {"val_": [0.0] * planned.epochs},
        epochs=planned.epochs,
        batches=planned.batches or 1,
        lr=planned.lr,
        epoch_seconds=planned.epoch_seconds or 0.0,
        effects=seen,
    )
    lacking = Lacking(plan, planned, with_rate=True)
    rules = tuple(_foreseen(r, plan.source, planned, unknown, lacking, seen) for r in _rules(plan))
    return Forecast(
        name=plan.source.name,
        planned=planned,
        params=plan.params,
        rules=rules,
        rates=tuple(done.rates),
        changes=tuple(seen.changes),
        left_out=(
            *(LeftOut(named.label, ("--batches",)) for named in lacking_batches),
            *_left_out(plan, planned, held),
            *map(LeftOut, unknown.reducers),
        ),
        sets_rate=plan.sets_rate,
        ending=_ending(plan, rules, seen),
    )


def _lacks_batches(block: BlockPlan, planned: Planned) -> bool:
    """Whether a schedule of the rate has spans that only the number of batches gives a length."""
    return block.is_rate and block.spans_batches and planned.batches is None


class _Foresight(Silent):
    """Notes the events of rules. No stop ends training; some rules do not set the rate.

    Attributes:
        held: the keys of the rules that set the rate in ways that nobody knows: they leave it.
        fires: the events at which each rule fires, by its key.
        could: the events at which its condition, as far as it is known, is not false.
        changes: the rates that are set within epochs.
        stops: the keys of the rules that stop training, and the epochs.
        trouble: why the rate could not be set, by the key of the rule.
    """

    def __init__(self, plan: Plan, unknown: Unknown, held: set[str]) -> None:
        super().__init__()
        self.held = held
        self.fires: dict[str, list[Event]] = defaultdict(list)
        self.could: dict[str, list[Event]] = defaultdict(list)
        self.changes: list[Change] = []
        self.stops: dict[str, int] = {}
        self.trouble: dict[str, str] = {}
        self._begins = {rule.named.key: rule.acts.begins for rule in plan.rules}
        self._open = {
            rule.named.key: (rule.condition, parts)
            for rule in plan.rules
            if rule.condition is not None and any(parts := unknown.parts(rule))
        }

    def fired(self, rule: Any, values: dict[str, Any]) -> None:
        self.fires[rule.key].append(Event(rule.epoch, self.batch))

    def probe(
        self,
        rule: Any,
        asked: bool,
        values: dict[str, float | None],
        parts: list[tuple[bool, bool]],
        sides: list[tuple[float | None, ...]],
    ) -> None:
        if not asked or rule.key not in self._open:
            return
        condition, unknown = self._open[rule.key]
        known = (
            None if open else True if holds else False if fails else None
            for open, (holds, fails) in zip(unknown, parts, strict=True)
        )
        if _verdict(condition, known) is not False:
            self.could[rule.key].append(Event(rule.epoch, self.batch))

    def stop(self, rule: Any, why: str | None) -> None:
        self.stops.setdefault(rule.key, rule.epoch)

    def set_rate(self, rule: Any, new: float | None) -> None:
        if rule.key in self.held:
            return
        super().set_rate(rule, new)
        if self.batch is not None:
            # A schedule acts at the start of its batches.
            done = self.batch - self._begins.get(rule.key, True)
            self.changes.append(Change(rule.epoch, done, self.rate(rule)))

    def scale_rate(self, rule: Any, new: float, factor: float) -> None:
        if rule.key not in self.held:
            super().scale_rate(rule, new, factor)

    def failed(self, rule: Any, verb: str, detail: Any, error: Exception) -> None:
        if verb == "lr":
            self.trouble.setdefault(rule.key, str(error))


def _verdict(condition: n.Expr, parts: Iterator[bool | None]) -> bool | None:
    """A condition whose parts are true, false or not known."""
    match condition:
        case n.All():
            found = [_verdict(operand, parts) for operand in condition.operands]
            return False if False in found else None if None in found else True
        case n.Any():
            found = [_verdict(operand, parts) for operand in condition.operands]
            return True if True in found else None if None in found else False
        case n.Not():
            inner = _verdict(condition.operand, parts)
            return None if inner is None else not inner
        case _:
            return next(parts)


def _rules(plan: Plan) -> list[RulePlan | Schedule]:
    return sorted((*plan.schedules, *plan.rules), key=lambda rule: rule.named.order)


def _left_out(plan: Plan, planned: Planned, held: set[str]) -> Iterator[LeftOut]:
    """The rules that leave the rate, each with the options that would change that."""
    lacking = Lacking(plan, planned, with_rate=False)
    for rule in plan.rules:
        if rule.named.key in held:
            yield LeftOut(rule.named.label, lacking.options(Unknown.sets_rate, rule))


def _ending(plan: Plan, rules: tuple[Foreseen, ...], seen: _Foresight) -> Ending | None:
    """The first stop that is certain, in an epoch."""
    stops = (
        Ending(rule.label, seen.stops[planned.named.key])
        for planned, rule in zip(_rules(plan), rules, strict=True)
        if rule.certain and rule.hook.name != "train_end" and planned.named.key in seen.stops
    )
    return min(stops, key=lambda ending: ending.epoch, default=None)


def _foreseen(
    rule: RulePlan | Schedule,
    source: SourceFile,
    planned: Planned,
    unknown: Unknown,
    lacking: Lacking,
    seen: _Foresight,
) -> Foreseen:
    key, condition = rule.named.key, rule.condition
    needs: tuple[str, ...] = ()
    actions: tuple[n.Action, ...]
    most = None
    if isinstance(rule, Schedule):
        hook, actions = HOOKS["epoch_begin"], (rule.action,)
        gates = tuple(rule.gates)
        certain = placed = condition is None or not unknown.is_open(condition)
    else:
        hook, actions = rule.acts, rule.actions
        gates = tuple(gate for gate in (rule.gate, rule.window) if gate)
        opened = lacking.options(Unknown.has_condition, rule)
        needs = tuple(dict.fromkeys((*unknown.needs(rule), *opened)))
        placed = unknown.is_placed(rule)
        certain = placed and not unknown.has_condition(rule)
        if rule.most is not None:
            most = (
                "once" if rule.most.value == 1 else f"at most {span_text(rule.most.value, 'time')}"
            )
    events = (seen.fires if certain else seen.could)[key] if placed else []
    return Foreseen(
        label=rule.named.label,
        place=rule.named.place,
        hook=hook,
        # The one batch that stands for all of an epoch has no number.
        events=tuple(events) if planned.batches else tuple(Event(e.epoch) for e in events),
        certain=certain,
        placed=placed,
        needs=needs,
        trigger=_written(source, hook, gates),
        condition=None if condition is None else expression(condition),
        most=most,
        actions=tuple(action(each) for each in actions),
        trouble=seen.trouble.get(key) if certain and key not in seen.held else None,
    )


_WHENEVER = {
    "train": "{} of training",
    "epoch": "{} of every epoch",
    "batch": "{} of every batch",
    "test": "{} of every validation",
    "test_batch": "{} of every validation batch",
    "predict": "{} of every prediction",
    "predict_batch": "{} of every prediction batch",
    "": "needs an interrupt",
}


def _written(source: SourceFile, hook: Hook, gates: tuple[Gate, ...]) -> str:
    """A trigger and a window, as they are written; for a hook, what it is."""
    what, _, moment = hook.name.rpartition("_")
    windows = [gate for gate in gates if gate.kind in ("after", "until", "from")]
    triggers = [gate for gate in gates if gate not in windows]
    first = [] if triggers else [_WHENEVER[what].format("start" if moment == "begin" else "end")]
    spans = [gate.span for gate in (*triggers, *windows)]
    return " ".join([*first, *(" ".join(source.slice(span).split()) for span in spans)])
