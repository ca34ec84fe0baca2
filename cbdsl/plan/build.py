"""Builds the plan of a checked program."""

from __future__ import annotations

from dataclasses import replace

from cbdsl.catalog.hooks import ALIASES, EVENTS, HOOKS, INTERRUPT, Hook
from cbdsl.catalog.keras_callbacks import KERAS_CALLBACKS
from cbdsl.checks import CheckedProgram
from cbdsl.checks.actions import acts_at_start
from cbdsl.checks.context import Context
from cbdsl.checks.metrics import better
from cbdsl.checks.paths import below, filled, shape_of
from cbdsl.checks.schedules import by_batch, spans_batches
from cbdsl.checks.use import value_of
from cbdsl.checks.when import is_schedule
from cbdsl.plan.model import (
    BlockPlan,
    Count,
    Gate,
    MetricPlan,
    Plan,
    RulePlan,
    Schedule,
    Shared,
    SnapshotsPlan,
    UsePlan,
)
from cbdsl.plan.naming import Identifiers, Keys, argument, camel, snake, snake_case, variable
from cbdsl.plan.reading import (
    COUNTERS,
    Reader,
    count_of,
    counter_of,
    number_of,
    sets_rate,
    slots_of,
)
from cbdsl.syntax import nodes as n

RATE_FUNCTION = "learning_rate"


def plan(program: CheckedProgram) -> Plan:
    """The callbacks and schedules of a checked program."""
    context = program.context
    keys = Keys(context)
    # In `callbacks()` the parameters stand beside the classes.
    free = Identifiers(argument(name) for name in context.params)
    schedules: list[Schedule] = []
    blocks: list[BlockPlan] = []
    metrics: list[MetricPlan] = []
    callbacks: list[RulePlan | UsePlan] = []
    for statement in context.file.statements:
        if isinstance(statement, n.Use):
            callbacks.append(_use(context, statement, keys, free))
        elif isinstance(statement, n.Metric):
            metrics.append(_metric(context, statement, keys, free))
        elif isinstance(statement, n.Schedule):
            blocks.append(_block(context, statement, keys, free))
        elif isinstance(statement, n.Rule):
            builder = _Rule(context, statement)
            if is_schedule(context, statement):
                schedules.append(builder.schedule(keys, free))
            else:
                callbacks.append(builder.plan(keys, free))
    return Plan(
        source=context.source,
        params=context.params,
        variables={name: let.value.value for name, let in context.variables.items()},
        outside=tuple(context.outside),
        recorded=tuple(sorted(context.file.recorded)),
        snapshots=_snapshots(context, callbacks),
        limit=next(iter(context.file.limits), None),
        schedules=tuple(schedules),
        blocks=tuple(blocks),
        metrics=tuple(metrics),
        callbacks=_following(callbacks),
        sets_rate=any(map(sets_rate, context.file.statements)),
        expected=context.file.expected,
        reads_clock=any(_reads_clock(context, s) for s in context.file.computing),
        resume=next((shape_of(r.folder) for r in context.file.resumes), None),
        leaves=any(_leaves(context, rule) for rule in context.file.rules),
    )


def _leaves(context: Context, rule: n.Rule) -> bool:
    """Whether a rule saves beside the run directory, where the caller allows it."""
    paths = [filled(context, action.path) for action in rule.actions if isinstance(action, n.Save)]
    return any(path != below(context, path) for path in paths)


def _metric(context: Context, metric: n.Metric, keys: Keys, free: Identifiers) -> MetricPlan:
    reader = Reader(context, metric)
    slots = slots_of(context, metric)
    named = keys.named(metric)
    return MetricPlan(
        named=named,
        class_name=free.free(camel(variable(metric.name.name))),
        params=reader.params,
        metric=metric.name.name,
        reads=reader.metrics,
        value=metric.value,
        slots=slots,
        counts_steps=bool({"batch", "step"} & reader.values)
        or any(slot.counter == "step" for slot in slots),
        shared=reader.shared,
    )


def _block(context: Context, schedule: n.Schedule, keys: Keys, free: Identifiers) -> BlockPlan:
    target = schedule.target
    is_rate = sets_rate(schedule)
    wanted = "LearningRate" if is_rate else f"{camel(variable(target.name))}Schedule"
    reader = Reader(context, schedule)
    return BlockPlan(
        named=keys.named(schedule),
        # No file has this name: it is one that generated modules use themselves.
        class_name=wanted if is_rate else free.free(wanted),
        params=reader.params,
        target=target,
        by_batch=by_batch(context, schedule),
        spans_batches=spans_batches(context, schedule),
        phases=schedule.phases,
        shared=reader.shared,
    )


def _snapshots(context: Context, callbacks: list[RulePlan | UsePlan]) -> SnapshotsPlan | None:
    """The weights that rules go back to, if any do."""
    rules = [rule for rule in callbacks if isinstance(rule, RulePlan)]
    actions = [(rule, a) for rule in rules for a in rule.actions if "snapshots" in rule.shared]
    if not actions:
        return None
    kept = [a.best_of for _, a in actions if isinstance(a, n.Restore | n.RollBack) and a.best_of]
    return SnapshotsPlan(
        best={metric.name: better(context, metric) or "lower" for metric in kept},
        rolled_to=frozenset(
            m.name
            for m in kept
            if any(isinstance(a, n.RollBack) and a.best_of == m for _, a in actions)
        ),
        good=any(isinstance(a, n.RollBack) and a.best_of is None for _, a in actions),
        batches=any(
            isinstance(a, n.RollBack) and (rule.acts.is_batch or rule.acts == INTERRUPT)
            for rule, a in actions
        ),
    )


def _following(callbacks: list[RulePlan | UsePlan]) -> tuple[RulePlan | UsePlan, ...]:
    """The rules, with those marked that stand below one that rolls back at an epoch's end.

    What they see of that epoch is missing.
    """
    marked: list[RulePlan | UsePlan] = []
    rolls = False
    for each in callbacks:
        if isinstance(each, RulePlan):
            at_end = HOOKS["epoch_end"] in (each.acts, each.feeds, *each.notes)
            if rolls and at_end and each.reads_logs:
                shared: tuple[Shared, ...] = (*each.shared, "snapshots")
                each = replace(each, shared=tuple(dict.fromkeys(shared)), follows_roll_back=True)
            rolls = rolls or (
                each.acts.name == "epoch_end"
                and any(isinstance(action, n.RollBack) for action in each.actions)
            )
        marked.append(each)
    return tuple(marked)


def _reads_clock(context: Context, statement: n.Computing) -> bool:
    """Whether a statement asks for the time, by name or by a unit."""
    if "elapsed" in Reader(context, statement).values:
        return True
    return any(context.unit_of(duration) == "time" for duration in n.durations(statement))


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
        self.reader = Reader(context, rule)

    def schedule(self, keys: Keys, free: Identifiers) -> Schedule:
        action = self.rule.actions[0]
        assert isinstance(action, n.Assign)
        gates = tuple(g for g in (self._window(), self._gate()) if g)
        return Schedule(
            named=keys.named(self.rule),
            function=free.free(snake(self.rule)),
            params=self.reader.params,
            gates=gates,
            condition=self.condition,
            action=action,
            needs_epochs="epochs" in self.reader.values
            or any(c.is_share for g in gates for c in g.counts),
        )

    def plan(self, keys: Keys, free: Identifiers) -> RulePlan:
        acts = self._acts()
        slots = slots_of(self.context, self.rule)
        feeds = acts if acts.is_batch or acts.metrics != "last" else HOOKS["epoch_end"]
        waits = [action.duration for action in self.rule.actions if isinstance(action, n.Wait)]
        wait = count_of(self.context, waits[0]) if waits else None
        times = self.rule.times
        once = None if times is None else Count(1.0)
        rule = RulePlan(
            named=keys.named(self.rule),
            class_name=free.free(camel(snake(self.rule))),
            params=self.reader.params,
            acts=acts,
            feeds=feeds,
            notes=self._notes(acts),
            keeps_notes=isinstance(self.rule.trigger, n.On) or acts.is_batch,
            reads=self.reader.metrics,
            reads_logs=self._reads_metrics(),
            gate=self._gate(),
            window=self._window(),
            most=number_of(self.context, times.count) if times and times.count else once,
            wait=wait,
            wait_by=counter_of(self.context, waits[0]) if waits else "epoch",
            condition=self.condition,
            slots=slots,
            actions=self.rule.actions,
            counts_steps=False,
            shared=self.reader.shared,
        )
        return replace(rule, counts_steps=self._counts_steps(rule))

    # ----------------------------------------------------------------------------- details

    def _acts(self) -> Hook:
        trigger = self.rule.trigger
        if isinstance(trigger, n.On):
            return EVENTS[ALIASES.get(trigger.hook, trigger.hook)]
        unit = self.context.trigger_unit(trigger)
        if unit == "time":
            return HOOKS["batch_end"]
        return HOOKS[f"{unit}_{'begin' if acts_at_start(self.context, self.rule) else 'end'}"]

    def _counts_steps(self, rule: RulePlan) -> bool:
        """Whether it must know how many batches are done."""
        # Of a validation's batches Keras itself tells which one it is.
        asked = {"step"} if rule.acts.is_batch and not rule.acts.trains else {"batch", "step"}
        if rule.acts.argument != "epoch" and rule.acts.name not in ("train_begin", "train_end"):
            asked.add("progress")
        counters = [gate.counter for gate in (rule.gate, rule.window) if gate]
        counters += [slot.counter for slot in rule.slots] + [rule.wait_by]
        batches = any(
            isinstance(slot.node, n.Call) and slot.node.function == "per_batch"
            for slot in rule.slots
        )
        return bool(asked & self.reader.values) or "step" in counters or batches

    def _notes(self, acts: Hook) -> tuple[Hook, ...]:
        """Where the metrics are remembered for a hook whose logs hold none."""
        if acts.metrics != "last" or not self._reads_metrics():
            return ()
        within_epoch = acts.name in ("batch_begin", "test_begin", "test_batch_begin", "interrupt")
        return (HOOKS["batch_end"], HOOKS["epoch_end"]) if within_epoch else (HOOKS["epoch_end"],)

    def _reads_metrics(self) -> bool:
        exprs = n.expressions(self.rule)
        asked = any(self.context.metrics_in(expr) or _lists_logs(expr) for expr in exprs)
        # A function that is called is given the metrics.
        return asked or any(isinstance(action, n.Invoke) for action in self.rule.actions)

    def _gate(self) -> Gate | None:
        trigger = self.rule.trigger
        match trigger:
            case n.Each(unit="batch") if acts_at_start(self.context, self.rule):
                return Gate("each", "step", (), trigger.span)
            case n.Every(period=period):
                counts = (count_of(self.context, period),)
                return Gate("every", counter_of(self.context, period), counts, trigger.span)
            case n.At():
                positions = tuple(number_of(self.context, p) for p in trigger.positions)
                return Gate("at", COUNTERS[trigger.unit], positions, trigger.span)
            case _:
                return None

    def _window(self) -> Gate | None:
        window = self.rule.window
        if window is None:
            return None
        bounds = tuple(b for b in (window.start, window.end) if b)
        counts = tuple(count_of(self.context, b) for b in bounds)
        return Gate(window.kind, counter_of(self.context, bounds[0]), counts, window.span)


def _lists_logs(expr: n.Expr) -> bool:
    return isinstance(expr, n.Text) and any(isinstance(p.value, str) for p in expr.placeholders)
