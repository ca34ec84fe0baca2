"""Rules and derived metrics to callback classes."""

from __future__ import annotations

from cbdsl.catalog.hooks import EVENTS, INTERRUPT, Hook
from cbdsl.checks.context import Context
from cbdsl.codegen.actions import asked, bases
from cbdsl.codegen.emitter import Emitter
from cbdsl.codegen.feeding import constructor
from cbdsl.codegen.literals import literal
from cbdsl.codegen.methods import MetricMethod, Needs, RuleMethod
from cbdsl.plan.model import BlockPlan, MetricPlan, Named, Plan, RulePlan
from cbdsl.plan.naming import argument


def rule_class(
    planned: RulePlan | MetricPlan, plan: Plan, context: Context, out: Emitter, needs: Needs
) -> None:
    """Write the class of a rule or of a derived metric."""
    _Class(planned, plan, context, out, needs).write()


class _Class:
    def __init__(
        self,
        planned: RulePlan | MetricPlan,
        plan: Plan,
        context: Context,
        out: Emitter,
        needs: Needs,
    ) -> None:
        self.planned = planned
        self.plan = plan
        self.context = context
        self.out = out
        self.needs = needs

    def write(self) -> None:
        planned, out = self.planned, self.out
        kinds = ["Rule"] if isinstance(planned, MetricPlan) else bases(planned, self.plan)
        self.needs.helpers.update(kinds)
        out.span = planned.named.span
        out.line(f"class {planned.class_name}({', '.join(kinds)}, keras.callbacks.Callback):")
        with out.indented():
            out.docstring(written(planned.named, self.context))
            out.blank()
            out.line(f"name = {literal(planned.named.label)}")
            out.line(f"place = {literal(planned.named.place)}")
            out.line(f"key = {literal(planned.named.key)}")
            if planned.slots:
                out.line(f"memory = {literal(tuple(slot.name for slot in planned.slots))}")
            if isinstance(planned, RulePlan):
                for name, values in asked(planned).items():
                    out.line(f"{name} = {literal(values)}")
            if planned.params or planned.shared:
                constructor_of(planned, out)
            if planned.slots:
                self._reset()
            for hook in self._hooks():
                self._method(hook)
        out.span = None

    def _reset(self) -> None:
        self.out.blank()
        self.out.line("def reset(self):")
        with self.out.indented():
            self.out.line("super().reset()")
            for slot in self.planned.slots:
                kind, arguments = constructor(slot, self.context)
                self.needs.helpers.add(kind)
                self.out.line(f"self.{slot.name} = {kind}({', '.join(arguments)})")

    def _hooks(self) -> list[Hook]:
        """The hooks it needs, in the order of the catalog."""
        planned = self.planned
        needed = {"batch_end"} if planned.counts_steps else set()
        if isinstance(planned, MetricPlan):
            needed.add("epoch_end")
        else:
            needed |= {planned.acts.name, *(hook.name for hook in planned.notes)}
            if planned.slots:
                needed.add(planned.feeds.name)
        return [hook for name, hook in EVENTS.items() if name in needed]

    def _method(self, hook: Hook) -> None:
        argument = f"{hook.argument}, " if hook.argument else ""
        self.out.blank()
        if hook == INTERRUPT:
            self.out.line("# Not Keras but cbdsl calls it, where a signal is answered.")
        self.out.line(f"def {hook.method}(self, {argument}logs=None):")
        with self.out.indented():
            arguments = (self.plan, self.context, self.out, self.needs, hook)
            if isinstance(self.planned, MetricPlan):
                MetricMethod(self.planned, *arguments).write()
            else:
                RuleMethod(self.planned, *arguments).write()


def constructor_of(planned: RulePlan | MetricPlan | BlockPlan, out: Emitter) -> None:
    """`__init__`: what it shares with others, then its parameters."""
    values = {argument(p.name): p.value for p in planned.params}
    arguments = [f"{name}={literal(value)}" for name, value in values.items()]
    given = ["self", *planned.shared, *(["*", *arguments] if arguments else [])]
    out.blank()
    out.line(f"def __init__({', '.join(given)}):")
    with out.indented():
        # First the arguments: what `reset` makes may be made of them.
        for name in (*planned.shared, *values):
            out.line(f"self.{name} = {name}")
        out.line("super().__init__()")


def written(named: Named, context: Context) -> str:
    """A statement as it was written, its lines moved to the left as far as its first one."""
    first, *rest = named.text.split("\n")
    column = context.source.position(named.span).column - 1
    moved = (line[:column].lstrip() + line[column:] for line in map(str.expandtabs, rest))
    return "\n".join([first, *moved])
