"""What nobody knows before training, and which rules depend on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cbdsl.catalog.hooks import HOOKS, Hook
from cbdsl.catalog.values import VALUES
from cbdsl.checks.context import target_name
from cbdsl.forecast.model import Planned
from cbdsl.plan import Plan, RulePlan, Slot, UsePlan
from cbdsl.plan.model import Counter
from cbdsl.syntax import nodes as n

_CHANGES_RATE = "ReduceLROnPlateau"

_COUNTED: dict[str, Counter] = {"batch": "step", "batches": "step", "step": "step", "steps": "step"}


class Unknown:
    """What depends on metrics, and on batches and times that are not planned.

    It spreads: what a rule sets is unknown if it is unknown whether and to what it sets it.

    Args:
        plan: the rules.
        planned: what is known of the training.
        with_rate: whether the rate is unknown too once it has been set that way. Without it the
            rate counts as known, as if the rules that set it that way did not.
    """

    def __init__(self, plan: Plan, planned: Planned, *, with_rate: bool) -> None:
        self.plan = plan
        self.planned = planned
        self.derived = {metric.metric for metric in plan.metrics}
        self.names: set[str] = set()
        """The variables and derived metrics that are unknown; the rate too."""
        self.reducers = [
            callback.callback
            for callback in plan.callbacks
            if isinstance(callback, UsePlan) and callback.callback == _CHANGES_RATE
        ]
        """The callbacks of Keras that set the rate by a metric."""
        if with_rate and self.reducers:
            self.names.add("lr")
        known = -1
        while len(self.names) > known:
            known = len(self.names)
            self._spread(with_rate)

    def _spread(self, with_rate: bool) -> None:
        end = HOOKS["epoch_end"]
        self.names |= {
            metric.metric
            for metric in self.plan.metrics
            if self._is_unknown(metric.value, end, metric.slots)
        }
        for rule in self.plan.rules:
            spreading = self._set_by(rule)
            self.names |= spreading if with_rate else spreading - {"lr"}

    def _set_by(self, rule: RulePlan) -> set[str]:
        """What a rule sets where it is unknown when or to what."""
        found = (action for action in rule.actions if isinstance(action, n.Assign))
        return {target_name(action.target) for action in found if self._sets_unknown(rule, action)}

    def _sets_unknown(self, rule: RulePlan, action: n.Assign) -> bool:
        hook = rule.acts
        return (
            (hook.is_batch and bool(self.planned.missing("step", hook)))
            or not self.is_placed(rule)
            or self.has_condition(rule)
            or self._is_unknown(action.value, rule.acts, rule.slots)
        )

    def sets_rate(self, rule: RulePlan) -> bool:
        """Whether a rule sets the rate, and it is unknown when or to what."""
        return "lr" in self._set_by(rule)

    def has_condition(self, rule: RulePlan) -> bool:
        """Whether a rule has a condition that depends on something unknown."""
        return any(self.parts(rule))

    def parts(self, rule: RulePlan) -> list[bool]:
        """For each part of a condition, joined by `and`, `or` and `not`, whether it is unknown."""
        if rule.condition is None:
            return []
        return [self._is_unknown(part, rule.acts, rule.slots) for part in n.parts(rule.condition)]

    def needs(self, rule: RulePlan) -> tuple[str, ...]:
        """The options without which nobody knows what a rule's trigger and window name."""
        hook = rule.acts
        counters: list[Counter] = [g.counter for g in (rule.gate, rule.window) if g]
        if rule.wait is not None:
            counters.append(rule.wait_by)
        if rule.most is not None and hook.is_batch and hook.trains:
            # How often it fires in an epoch is unknown as well.
            counters.append("step")
        found = (option for c in counters for option in self.planned.missing(c, hook))
        return tuple(dict.fromkeys(found))

    def is_placed(self, rule: RulePlan) -> bool:
        """Whether it is known which events a rule's trigger and window name."""
        # Nobody says how many predictions there are, how many batches a validation has, and when
        # somebody interrupts.
        is_counted = not rule.acts.name.startswith(("predict_", "test_batch_", "interrupt"))
        return is_counted and not self.needs(rule)

    def is_open(self, expr: n.Expr) -> bool:
        """Whether the condition of a schedule depends on something unknown."""
        return self._is_unknown(expr, HOOKS["epoch_begin"], ())

    def _is_unknown(self, expr: n.Expr, hook: Hook, slots: tuple[Slot, ...]) -> bool:
        inside = n.walk(expr)
        counters: set[Counter] = {slot.counter for slot in slots if slot.node in inside}
        if counters and hook.is_batch:
            # What remembers takes in a value a batch.
            counters.add("step")
        if any(self.planned.missing(counter, hook) for counter in counters):
            return True
        names = (part for part in inside if isinstance(part, n.Name))
        settings = (part for part in inside if isinstance(part, n.Setting))
        return any(settings) or any(self._name(name, hook) for name in names)

    def _name(self, name: n.Name, hook: Hook) -> bool:
        """Whether what a name stands for is unknown at a hook."""
        called = name.name
        if name.quoted:
            return called not in self.derived or called in self.names
        if called in VALUES:
            return self._value(called, hook)
        if called in self.plan.params:
            return False
        return called in self.names or called not in {*self.plan.variables, *self.derived}

    def _value(self, value: str, hook: Hook) -> bool:
        if value == "lr":
            return "lr" in self.names
        if value == "progress" and hook.argument != "epoch" and not hook.name.startswith("train_"):
            return bool(self.planned.missing("step", hook))
        counter: Counter = "time" if value == "elapsed" else _COUNTED.get(value, "epoch")
        return bool(self.planned.missing(counter, hook))


class Lacking:
    """Which of the options that are not given would make something known."""

    def __init__(self, plan: Plan, planned: Planned, *, with_rate: bool) -> None:
        batches, seconds = planned.batches, planned.epoch_seconds
        whole = replace(planned, batches=batches or 1, epoch_seconds=seconds or 1.0)
        self.known = Unknown(plan, whole, with_rate=with_rate)
        self.without = {
            option: Unknown(plan, replace(whole, **lacking), with_rate=with_rate)
            for option, lacking in (
                ("--batches", {"batches": batches}),
                ("--epoch-seconds", {"epoch_seconds": seconds}),
            )
        }

    def options(
        self, is_unknown: Callable[[Unknown, RulePlan], bool], rule: RulePlan
    ) -> tuple[str, ...]:
        """Those without which something of a rule is unknown; none if it stays so with all."""
        if is_unknown(self.known, rule):
            return ()
        return tuple(option for option, each in self.without.items() if is_unknown(each, rule))
