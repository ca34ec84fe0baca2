"""Builds the plan of a checked program."""

from __future__ import annotations

from cbdsl.catalog.hooks import ALIASES, HOOKS, Hook
from cbdsl.catalog.keras_callbacks import KERAS_CALLBACKS
from cbdsl.checks import CheckedProgram
from cbdsl.checks.actions import is_setting
from cbdsl.checks.context import Context, ParamValue
from cbdsl.checks.metrics import better
from cbdsl.checks.unused import params_in
from cbdsl.checks.use import value_of
from cbdsl.plan.model import Count, Counter, Gate, Plan, RulePlan, Schedule, Slot, UsePlan
from cbdsl.plan.naming import Identifiers, Keys, argument, camel, snake, snake_case, variable
from cbdsl.syntax import nodes as n

RATE_FUNCTION = "learning_rate"

# What the function of a schedule rule may read.
_OF_SCHEDULES = {"epoch", "epochs", "lr"}


def plan(program: CheckedProgram) -> Plan:
    """The callbacks and schedules of a checked program."""
    context = program.context
    keys = Keys(context)
    free = Identifiers()
    schedules: list[Schedule] = []
    callbacks: list[RulePlan | UsePlan] = []
    for statement in context.file.statements:
        if isinstance(statement, n.Use):
            callbacks.append(_use(context, statement, keys, free))
        elif isinstance(statement, n.Rule):
            builder = _Rule(context, statement)
            if builder.is_schedule():
                schedules.append(builder.schedule(keys, free))
            else:
                callbacks.append(builder.plan(keys, free))
    sets = any(is_setting(a) for r in context.file.rules for a in r.actions)
    return Plan(context.source, context.params, tuple(schedules), tuple(callbacks), sets)


def _use(context: Context, use: n.Use, keys: Keys, free: Identifiers) -> UsePlan:
    callback = use.callback.name
    known = {argument.name: argument for argument in KERAS_CALLBACKS[callback].arguments}
    values = {a.name.name: value_of(context, a.value) for a in use.arguments}
    # A path that is not given has its default below the run directory too.
    for name, known_argument in known.items():
        if known_argument.kind == "path" and isinstance(known_argument.default, str):
            values.setdefault(name, known_argument.default)
    return UsePlan(
        named=keys.named(use),
        function=free.free(snake_case(callback)),
        callback=callback,
        arguments=values,
        paths=frozenset(name for name in values if known[name].kind == "path"),
    )


class _Rule:
    """One rule on its way into the plan."""

    def __init__(self, context: Context, rule: n.Rule) -> None:
        self.context = context
        self.rule = rule
        self.condition = rule.condition.test if rule.condition else None
        names = [context.params[name] for name in params_in(rule) if name in context.params]
        self.params: tuple[ParamValue, ...] = tuple(names)

    def is_schedule(self) -> bool:
        """Whether it depends on the epoch and the rate alone (schedule rules of the language)."""
        trigger, actions = self.rule.trigger, self.rule.actions
        if isinstance(trigger, n.On) or trigger.unit != "epoch" or self.rule.times:
            return False
        if len(actions) != 1 or not is_setting(actions[0]):
            return False
        window = self.rule.window
        bounds = (window.start, window.end) if window else ()
        if any(self._unit(bound) == "batch" for bound in bounds if bound):
            return False
        return all(
            self._of_schedules(part) for expr in n.expressions(self.rule) for part in n.walk(expr)
        )

    def _of_schedules(self, part: n.Expr) -> bool:
        if isinstance(part, n.Improves | n.Stalls):
            return False
        if not isinstance(part, n.Name):
            return True
        kind = self.context.kind_of(part)
        return kind == "param" or (kind == "value" and part.name in _OF_SCHEDULES)

    def schedule(self, keys: Keys, free: Identifiers) -> Schedule:
        action = self.rule.actions[0]
        assert isinstance(action, n.Assign)
        gates = tuple(g for g in (self._window(), self._gate()) if g)
        return Schedule(
            named=keys.named(self.rule),
            function=free.free(snake(self.rule)),
            params=self.params,
            gates=gates,
            condition=self.condition,
            action=action,
            needs_epochs="epochs" in self._values()
            or any(c.is_share for g in gates for c in g.counts),
        )

    def plan(self, keys: Keys, free: Identifiers) -> RulePlan:
        acts = self._acts()
        slots = self._slots()
        feeds = acts if acts.is_batch or acts.metrics != "last" else HOOKS["epoch_end"]
        feeds = HOOKS["epoch_end"] if acts.name == "train_end" else feeds
        gate, window = self._gate(), self._window()
        return RulePlan(
            named=keys.named(self.rule),
            class_name=free.free(camel(snake(self.rule))),
            params=self.params,
            acts=acts,
            feeds=feeds,
            notes=self._notes(acts),
            keeps_notes=isinstance(self.rule.trigger, n.On) or acts.is_batch,
            reads=self._reads(),
            gate=gate,
            window=window,
            once=self.rule.times is not None,
            condition=self.condition,
            slots=slots,
            actions=self.rule.actions,
            counts_steps=bool(
                ({"step"} if acts.is_batch and not acts.trains else {"batch", "step"})
                & self._values()
                or any(g and g.counter == "step" for g in (gate, window))
                or any(s.counter == "step" for s in slots)
            ),
        )

    # ----------------------------------------------------------------------------- details

    def _acts(self) -> Hook:
        trigger = self.rule.trigger
        if isinstance(trigger, n.On):
            return HOOKS[ALIASES.get(trigger.hook, trigger.hook)]
        starts = any(is_setting(a) for a in self.rule.actions)
        return HOOKS[f"{trigger.unit}_{'begin' if starts else 'end'}"]

    def _notes(self, acts: Hook) -> tuple[Hook, ...]:
        """Where the metrics are remembered for a hook whose logs hold none."""
        if acts.metrics != "last" or not self._reads_metrics():
            return ()
        within_epoch = acts.name in ("batch_begin", "test_begin", "test_batch_begin")
        return (HOOKS["batch_end"], HOOKS["epoch_end"]) if within_epoch else (HOOKS["epoch_end"],)

    def _reads_metrics(self) -> bool:
        return any(
            self.context.metrics_in(expr) or _lists_logs(expr) for expr in n.expressions(self.rule)
        )

    def _reads(self) -> tuple[str, ...]:
        exprs = n.expressions(self.rule)
        return tuple(dict.fromkeys(m.name for e in exprs for m in self.context.metrics_in(e)))

    def _values(self) -> set[str]:
        return {
            part.name
            for expr in n.expressions(self.rule)
            for part in n.walk(expr)
            if isinstance(part, n.Name) and self.context.kind_of(part) == "value"
        }

    def _gate(self) -> Gate | None:
        trigger = self.rule.trigger
        match trigger:
            case n.Every(count=n.Number() | n.Name() as count):
                counts = (self._count(count),)
                return Gate("every", _counter(trigger.unit), counts, trigger.span)
            case n.At():
                positions = tuple(self._count(p) for p in trigger.positions)
                return Gate("at", _counter(trigger.unit), positions, trigger.span)
            case _:
                return None

    def _window(self) -> Gate | None:
        window = self.rule.window
        if window is None:
            return None
        bounds = tuple(b for b in (window.start, window.end) if b)
        counts = tuple(self._count(b.count) for b in bounds)
        return Gate(window.kind, _counter(self._unit(bounds[0])), counts, window.span)

    def _unit(self, amount: n.Amount | n.Duration) -> str:
        if amount.unit:
            return amount.unit
        if isinstance(amount.count, n.Name):
            unit = self.context.params[amount.count.name].unit
            if unit:
                return "epoch" if unit == "percent" else unit
        return "epoch"

    def _count(self, count: n.Number | n.Name) -> Count:
        if isinstance(count, n.Number):
            return Count(count.value, None, count.is_percent)
        param = self.context.params[count.name]
        return Count(float(param.value), count.name, param.is_percent)

    def _slots(self) -> tuple[Slot, ...]:
        taken = Identifiers(argument(p.name) for p in self.params)
        slots: dict[n.Expr, Slot] = {}
        for expr in n.expressions(self.rule):
            for part in n.walk(expr):
                if isinstance(part, n.Improves | n.Stalls) and part not in slots:
                    slots[part] = self._slot(part, taken)
        return tuple(slots.values())

    def _slot(self, part: n.Improves | n.Stalls, taken: Identifiers) -> Slot:
        stem = variable(part.operand.name) if isinstance(part.operand, n.Name) else "value"
        verb = "improves" if isinstance(part, n.Improves) else "stalls"
        direction = better(self.context, part.operand)
        assert direction is not None
        counter: Counter = "epoch"
        if isinstance(part, n.Stalls):
            counter = _counter(self._unit(part.duration))
        return Slot(taken.free(f"{stem}_{verb}"), part, direction, counter)


def _counter(unit: str) -> Counter:
    return "epoch" if unit == "epoch" else "step"


def _lists_logs(expr: n.Expr) -> bool:
    return isinstance(expr, n.Text) and any(isinstance(p.value, str) for p in expr.placeholders)
