"""`schedule` blocks, and what else rules share, to classes."""

from __future__ import annotations

import ast

from cbdsl.catalog.hooks import HOOKS
from cbdsl.checks.context import Context
from cbdsl.codegen.actions import within
from cbdsl.codegen.emitter import Emitter
from cbdsl.codegen.expressions import Expressions
from cbdsl.codegen.literals import exact, literal, number
from cbdsl.codegen.methods import Needs
from cbdsl.codegen.printing import code
from cbdsl.codegen.rules import constructor_of, written
from cbdsl.codegen.scope import Scope
from cbdsl.plan.model import BlockPlan, Plan
from cbdsl.plan.naming import argument
from cbdsl.plan.reading import count_of, counter_of, number_of
from cbdsl.syntax import nodes as n

# A method of a class: parameters are attributes there.
_METHOD = HOOKS["train_begin"]


def shared_classes(plan: Plan, out: Emitter, needs: Needs) -> None:
    """What rules share, but for the schedules: a class each."""
    if plan.variables:
        values = [f"{literal(argument(k))}: {exact(v)}" for k, v in plan.variables.items()]
        doc = "The variables of the rules, set again whenever training begins."
        lines = [f"start = {{{', '.join(values)}}}"]
        _shared("Variables", "Shared", doc, lines, out, needs)
    if plan.outside:
        doc = "The variables of the caller's, which rules read and set."
        lines = [f"names = {literal(plan.outside)}"]
        _shared("Outside", "OutsideVariables", doc, lines, out, needs)
    if plan.recorded:
        doc = "The metrics that rules record: in the logs of every epoch, nan where none did."
        lines = [f"names = {literal(plan.recorded)}"]
        _shared("Recorded", "RecordedMetrics", doc, lines, out, needs)
    if plan.snapshots is not None:
        doc = "The weights that rules go back to."
        kept = [f"{literal(k)}: {literal(v)}" for k, v in plan.snapshots.best.items()]
        lines = [f"best = {{{', '.join(kept)}}}"] if kept else []
        rolled = sorted(plan.snapshots.rolled_to)
        lines += [f"rolled_to = frozenset({{{', '.join(map(literal, rolled))}}})"] if rolled else []
        lines += ["good = True"] if plan.snapshots.good else []
        made = sorted(plan.made)
        lines += [f"made = frozenset({{{', '.join(map(literal, made))}}})"] if made else []
        base = "BatchSnapshots" if plan.snapshots.batches else "WeightSnapshots"
        _shared("Snapshots", base, doc, lines, out, needs)
    if "notices" in plan.shared:
        doc = "Sends the messages of rules to the addresses that the caller gives."
        _shared("Messages", "Notices", doc, [], out, needs)
    if "failures" in plan.shared:
        doc = "Raises what a rule has the training fail with, when everything else is done."
        _shared("Failures", "TrainingFailures", doc, [], out, needs)


def _shared(name: str, base: str, doc: str, lines: list[str], out: Emitter, needs: Needs) -> None:
    needs.helpers.add(base)
    out.blank(2)
    out.line(f"class {name}({base}, keras.callbacks.Callback):")
    with out.indented():
        out.docstring(doc)
        if lines:
            out.blank()
        for line in lines:
            out.line(line)


def block_class(block: BlockPlan, plan: Plan, context: Context, out: Emitter, needs: Needs) -> None:
    """Write the class of a `schedule` block."""
    _Block(block, plan, context, out, needs).write()


class _Block:
    def __init__(
        self, block: BlockPlan, plan: Plan, context: Context, out: Emitter, needs: Needs
    ) -> None:
        self.block = block
        self.plan = plan
        self.context = context
        self.out = out
        self.needs = needs
        self.scope = Scope(context, _METHOD, helpers=needs.helpers, modules=needs.modules)
        self.expressions = Expressions(self.scope)

    def write(self) -> None:
        block, out = self.block, self.out
        kinds = [*(["EveryBatch"] if block.by_batch else []), self._kind()]
        self.needs.helpers.update(kinds)
        out.span = block.named.span
        out.line(f"class {block.class_name}({', '.join(kinds)}, keras.callbacks.Callback):")
        with out.indented():
            out.docstring(written(block.named, self.context))
            out.blank()
            out.line(f"name = {literal(block.named.label)}")
            out.line(f"place = {literal(block.named.place)}")
            out.line(f"key = {literal(block.named.key)}")
            if not self._is_rate():
                attribute = "setting_name" if self._kind() == "SettingSchedule" else "variable_name"
                out.line(f"{attribute} = {literal(block.target.name)}")
            if block.params or block.shared:
                constructor_of(block, out)
            self._phases()
            if self.plan.limit is not None and self._is_rate():
                self._within()
        out.span = None

    def _is_rate(self) -> bool:
        return self._kind() == "RateSchedule"

    def _kind(self) -> str:
        target = self.block.target
        if isinstance(target, n.Setting):
            return "SettingSchedule"
        return "RateSchedule" if target.name == "lr" else "VariableSchedule"

    def _phases(self) -> None:
        self.out.blank()
        self.out.line("def phases(self):")
        with self.out.indented():
            self.out.line("return [")
            with self.out.indented():
                for phase in self.block.phases:
                    place = self.context.source.place(phase.span)
                    self.out.line(f"{self._phase(phase)},", place=place)
            self.out.line("]")

    def _phase(self, phase: n.Phase) -> str:
        name, arguments = self._made(phase)
        self.needs.helpers.add(name)
        return f"{name}({', '.join(arguments)})"

    def _made(self, phase: n.Phase) -> tuple[str, list[str]]:
        """The runtime's class of a phase, and what it is made with."""
        levels = [code(self.expressions.value(level)) for level in n.levels(phase)]
        spans = [self._span(span) for span in n.stretches(phase)]
        match phase:
            case n.Ramp(start=start):
                if start is None:
                    # Where the phase above ended.
                    levels.insert(len(levels) - 1, "None")
                return phase.shape.capitalize(), levels + spans
            case n.Hold():
                return "Hold", (levels or ["None"]) + spans
            case n.Decay():
                return "Decay", [literal(phase.law), *levels, *spans]
            case n.Repeat():
                return "Repeat", self._repeat(phase)
            case _:
                return type(phase).__name__, levels + spans

    def _repeat(self, phase: n.Repeat) -> list[str]:
        given = []
        for name, count in (("last", phase.last), ("times", phase.times)):
            if count is not None:
                given.append(f"{name}={self.scope.amount(number_of(self.context, count))}")
        for name, level in (("scaling", phase.scaling), ("stretching", phase.stretching)):
            if level is not None:
                given.append(f"{name}={code(self.expressions.value(level))}")
        return given

    def _span(self, span: n.Stretch) -> str:
        if isinstance(span, n.Rest):
            self.needs.helpers.add("REST")
            return "REST"
        self.needs.helpers.add("Span")
        count = count_of(self.context, span)
        unit = "batch" if counter_of(self.context, span) == "step" else "epoch"
        amount = number(count.value) if count.param is None else self.scope.amount(count)
        return f"Span({amount}, {literal('share' if count.is_share else unit)})"

    def _within(self) -> None:
        self.out.blank()
        self.out.line("def within(self, rate):")
        with self.out.indented():
            rate = within(ast.Name("rate"), self.plan.limit, self.expressions)
            self.out.line(f"return {code(rate)}")
