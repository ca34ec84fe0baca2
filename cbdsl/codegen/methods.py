"""One hook of a generated class: it counts, notes, feeds and acts, whichever belong there."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from cbdsl.catalog.hooks import Hook
from cbdsl.checks.context import Context
from cbdsl.codegen.actions import Actions, bases
from cbdsl.codegen.emitter import Emitter, mentions
from cbdsl.codegen.expressions import Expressions, all_of, python
from cbdsl.codegen.feeding import feed
from cbdsl.codegen.gates import gate
from cbdsl.codegen.literals import literal
from cbdsl.codegen.printing import code
from cbdsl.codegen.scope import Scope
from cbdsl.formatter import expression
from cbdsl.plan.model import Gate, MetricPlan, Plan, RulePlan, Slot
from cbdsl.source import Span
from cbdsl.syntax import nodes as n

# Hooks that `Rule` itself has something to do at.
_INHERITED = {"train_begin", "epoch_begin"}
# The kinds of rules that have something to do when training ends.
_ENDING = {"SetsOptimizer"}


@dataclass
class Needs:
    """What the classes of a module import, and whether they tell what parts of conditions are."""

    helpers: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)
    probes: bool = False


Planned = TypeVar("Planned", bound=RulePlan | MetricPlan)


class _Method(Generic[Planned]):
    """What the hooks of rules and of derived metrics have in common."""

    def __init__(
        self,
        planned: Planned,
        plan: Plan,
        context: Context,
        out: Emitter,
        needs: Needs,
        hook: Hook,
    ) -> None:
        self.planned = planned
        self.plan = plan
        self.slots = planned.slots
        self.place = planned.named.place
        self.out = out
        self.needs = needs
        self.hook = hook
        self.scope = Scope(
            context,
            hook,
            planned.slots,
            planned.counts_steps,
            helpers=needs.helpers,
            modules=needs.modules,
        )
        self.expressions = Expressions(self.scope)

    def _feed_all(self, behind: Emitter) -> None:
        """Feed the memories; what a series answers is kept where something `behind` asks for it."""
        fed = [(slot, *feed(slot, self.expressions)) for slot in self.slots]
        for number, (slot, method, arguments) in enumerate(fed):
            later = [argument for _, _, given in fed[number + 1 :] for argument in given]
            kept = self._kept(slot, later, behind)
            call = f"{kept}self.{slot.name}.{method}({', '.join(arguments)})"
            self.out.line(call, span=slot.node.span, place=self.place)

    def _kept(self, slot: Slot, later: list[str], behind: Emitter) -> str:
        if not slot.is_series or slot.name not in self.scope.series:
            return ""
        variable = self.scope.series[slot.name]
        asked = mentions(later, variable) or behind.mentions(variable)
        return f"{variable} = " if asked else ""

    def _count(self, body: Emitter) -> None:
        """Count the batch, and keep where training was and is if something asks for it."""
        counter = "self.advance(batch)" if self.hook.name == "batch_end" else "self.begin()"
        self._pair(("before", "step"), counter, body)

    def _pair(self, names: tuple[str, str], call: str, body: Emitter) -> None:
        asked = [name if body.mentions(name) else "_" for name in names]
        self.out.line(call if asked == ["_", "_"] else f"{', '.join(asked)} = {call}")

    def _read(self, values: list[str], metrics: str) -> None:
        """Read into variables what the body asks for."""
        calls = {"progress": self.scope.progress}
        for name in _VALUES:
            if name in values:
                self.out.line(f"{name} = {calls.get(name, f'self.{name}')}")
        for name in self.scope.settings:
            self.out.line(self._read_setting(name))
        for name in self.scope.outside:
            self.out.line(self._read_outside(name))
        for metric, variable in self.scope.metrics.items():
            self.out.line(f"{variable} = {metrics}.get({literal(metric)})")

    def _read_setting(self, name: str) -> str:
        return f"{self.scope.settings[name]} = self.setting({literal(name)})"

    def _read_outside(self, name: str) -> str:
        return f"{self.scope.outside[name]} = self.outside.value({literal(name)})"


_VALUES = ("elapsed", "epochs", "batches", "steps", "progress")


class MetricMethod(_Method[MetricPlan]):
    """A hook of a derived metric."""

    def write(self) -> None:
        if self.hook.name != "epoch_end":
            self._count(Emitter())
            return
        value = self.expressions.guarded(self.planned.value, set())
        reported = code(self.expressions.help("reported", value))
        outer, self.out = self.out, self.out.fork()
        last, span = self.out.fork(), self.planned.named.span
        last.line(f"logs[{literal(self.planned.metric)}] = {reported}", span=span, place=self.place)
        self._feed_all(last)
        self.out.append(last)
        body, self.out = self.out, outer
        self.out.line("logs = {} if logs is None else logs")
        self._read(sorted(self.scope.locals), "logs")
        self.out.append(body)


class RuleMethod(_Method[RulePlan]):
    """A hook of a rule."""

    @property
    def rule(self) -> RulePlan:
        return self.planned

    @property
    def acts(self) -> bool:
        return self.hook == self.rule.acts

    @property
    def feeds(self) -> bool:
        return self.hook == self.rule.feeds and bool(self.slots)

    def write(self) -> None:
        if self.hook.name in _INHERITED:
            own = f"{self.hook.argument}, " if self.hook.argument else ""
            self.out.line(f"super().{self.hook.method}({own}logs)")
        if self.hook in self.rule.notes:
            logs = "self.snapshots.left(logs)" if self._follows() else "logs"
            keep = ", keep=True" if self.rule.keeps_notes else ""
            self.out.line(f"self.note({logs}{keep})")
        # The body is made first: it says what it reads.
        outer, self.out = self.out, self.out.fork()
        self._body()
        body, self.out = self.out, outer
        if self.scope.counts_here:
            self._count(body)
        if self._ticks():
            self._pair(("earlier", "elapsed"), "self.tick()", body)
            self.scope.locals.discard("elapsed")
        self._locals()
        self.out.append(body)
        if self.hook.name == "train_end" and _ENDING.intersection(bases(self.rule, self.plan)):
            # What a rule sets here is put back with all else.
            self.out.line("super().on_train_end(logs)")

    def _ticks(self) -> bool:
        gate = self.rule.gate
        return self.acts and gate is not None and gate.counter == "time"

    def _body(self) -> None:
        outer, self.out = self.out, self.out.fork()
        if self.acts:
            self._act()
        elif self.feeds and self._clocks() and self.rule.wait:
            self._rest()
        acting, self.out = self.out, outer
        if self.feeds and self.rule.window:
            self._leave(self.rule.window)
        if self.feeds:
            self._feed_all(acting)
        self.out.append(acting)

    def _locals(self) -> None:
        own_logs = self.hook.metrics != "last"
        if own_logs and (self.scope.metrics or self._lists_logs()):
            self.out.line(
                "logs = self.snapshots.left(logs)" if self._follows() else "logs = logs or {}"
            )
        self._read(sorted(self.scope.locals), "logs" if own_logs else "self.known")
        if self.feeds:
            return
        for slot in self.slots:
            if slot.name in self.scope.series:
                self.out.line(f"{self.scope.series[slot.name]} = self.{slot.name}.value")

    def _follows(self) -> bool:
        """Whether a rule above may have taken back the metrics of this event."""
        return self.rule.follows_roll_back and self.hook.name == "epoch_end"

    def _lists_logs(self) -> bool:
        if not self.acts:
            return False
        if any(isinstance(action, n.Invoke) for action in self.rule.actions):
            return True
        texts = (expr for expr in n.expressions_of(self.rule.actions) if isinstance(expr, n.Text))
        return any(isinstance(p.value, str) for text in texts for p in text.placeholders)

    def _leave(self, window: Gate) -> None:
        """Outside its window a rule remembers nothing."""
        closed = code(_negated(gate(window, self.scope)))
        self.out.line(f"if {closed}:", span=window.span, place=self.place)
        with self.out.indented():
            self.out.line("return", span=window.span)

    def _clocks(self) -> list[Slot]:
        return [slot for slot in self.slots if slot.is_clock]

    def _rest(self) -> None:
        """While a rule waits its clocks stand at zero."""
        self.out.line("if self.waiting():", span=self.rule.named.span, place=self.place)
        with self.out.indented():
            self._restart()

    def _restart(self) -> None:
        for slot in self._clocks():
            self.out.line(f"self.{slot.name}.restart()", span=slot.node.span)

    def _probe(self) -> None:
        """Tell what each part of the condition is, for tests and replays."""
        condition = self.rule.condition
        assert condition is not None
        asked = [*(gate(self.rule.gate, self.scope) if self.rule.gate else [])]
        if self.rule.window and not self.feeds:
            asked += gate(self.rule.window, self.scope)
        parts = [
            f"({code(all_of(self.expressions.true(part, set())))}, "
            f"{code(all_of(self.expressions.false(part, set())))})"
            for part in n.parts(condition)
        ]
        values = ", ".join(f"{literal(k)}: {v}" for k, v in self._values([condition]).items())
        sides = [f"({''.join(f'{s}, ' for s in self._sides(p))})" for p in n.parts(condition)]
        given = f"{code(all_of(unique(asked)))}, {{{values}}}, [{', '.join(parts)}]"
        given += f", [{', '.join(sides)}]"
        self.out.line(f"self.effects.probe(self, {given})", span=self._condition_span())

    def _sides(self, part: n.Expr) -> list[str]:
        """The numbers that decide a part of a condition.

        The sides of a comparison, or how long something has lasted and how long it must;
        behind these the sides of a comparison that must last.
        """
        match part:
            case n.Compare() | n.Crosses():
                sides = n.children(part)
                beside = zip(sides, (sides[1], *sides), strict=False)
                return [code(self.expressions.beside(a, b, set())) for a, b in beside]
            case n.Stalls() | n.Held():
                slot = self.scope.slot(part)
                assert slot.span is not None
                lasted = [f"self.{slot.name}.passed()", self.scope.amount(slot.span)]
                inner = part.operand if isinstance(part, n.Held) else None
                return [*lasted, *(self._sides(inner) if isinstance(inner, n.Compare) else [])]
            case _:
                return []

    def _act(self) -> None:
        if self.needs.probes and self.rule.condition is not None:
            self._probe()
        known: set[str] = set()
        conditions: list[ast.expr] = []
        if self.rule.window and not self.feeds:
            conditions += gate(self.rule.window, self.scope)
        rests = self.rule.wait is not None and self.feeds and bool(self._clocks())
        if rests:
            self._rest()
        elif self.rule.wait:
            conditions.append(python("not self.waiting()"))
        if self.rule.gate:
            conditions += gate(self.rule.gate, self.scope)
        if any(code(c) == "epochs is not None" for c in conditions):
            known.add("epochs")
        if self.rule.most is not None:
            most = self.scope.amount(self.rule.most)
            conditions.append(
                python("self.firings == 0" if most == "1" else f"self.firings < {most}")
            )
        if self.rule.condition is not None:
            conditions += self.expressions.true(self.rule.condition, known)
        if not conditions and not rests:
            self._fire(known)
            return
        test, span = code(all_of(unique(conditions))), self._condition_span()
        head = f"if {test}:" if not rests else f"elif {test}:" if conditions else "else:"
        self.out.line(head, span=span, place=self.place)
        with self.out.indented():
            self._fire(known)

    def _condition_span(self) -> Span:
        if self.rule.condition is not None:
            return self.rule.condition.span
        asked = self.rule.gate or self.rule.window
        return asked.span if asked else self.rule.named.span

    def _fire(self, known: set[str]) -> None:
        acting = Actions(self.expressions, self.plan, self.rule)
        actions = [acting.action(action, known) for action in self.rule.actions]
        values = ", ".join(f"{literal(name)}: {value}" for name, value in self._seen().items())
        self.out.line(f"self.fired({{{values}}})", span=self.rule.named.span)
        for number, (action, statement) in enumerate(zip(self.rule.actions, actions, strict=True)):
            self.out.line(statement, span=action.span, place=self.place)
            self._read_again(action, actions[number + 1 :])
        # Behind the actions, which may still ask for how long something has been so.
        self._restart()

    def _read_again(self, action: n.Action, later: list[str]) -> None:
        """What an action has set, for those behind it that ask for it."""
        match action:
            case n.Assign(target=n.Setting(name=name)) if name in self.scope.settings:
                if mentions(later, self.scope.settings[name]):
                    self.out.line(self._read_setting(name), span=action.span)
            case n.Assign(target=n.Name(name=name)) if name in self.scope.outside:
                if mentions(later, self.scope.outside[name]):
                    self.out.line(self._read_outside(name), span=action.span)
            case _:
                pass

    def _seen(self) -> dict[str, str]:
        """The metrics and series that a firing is about, and their variables."""
        exprs = [] if self.rule.condition is None else [self.rule.condition]
        return self._values([*exprs, *n.expressions_of(self.rule.actions)])

    def _values(self, exprs: list[n.Expr]) -> dict[str, str]:
        """The metrics and series of some expressions, and their variables."""
        parts = [part for expr in exprs for part in n.walk(expr)]
        metrics = [m.name for expr in exprs for m in self.scope.context.metrics_in(expr)]
        seen = {name: self.scope.metric(name) for name in dict.fromkeys(metrics)}
        for part in parts:
            if isinstance(part, n.Call) and any(part == slot.node for slot in self.slots):
                seen[expression(part)] = code(self.expressions.value(part))
        return seen


_OPPOSITE: dict[type[ast.cmpop], ast.cmpop] = {ast.Gt: ast.LtE(), ast.GtE: ast.Lt()}
_OPPOSITE |= {ast.Lt: ast.GtE(), ast.LtE: ast.Gt()}


def _negated(parts: list[ast.expr]) -> ast.expr:
    """That not all of some conditions on counters hold; these are never nan."""
    match parts:
        case [ast.Compare(left=left, ops=[op], comparators=[right])] if type(op) in _OPPOSITE:
            return ast.Compare(left, [_OPPOSITE[type(op)]], [right])
        case [part]:
            return ast.UnaryOp(ast.Not(), part)
        case _:
            return ast.UnaryOp(ast.Not(), ast.BoolOp(ast.And(), parts))


def unique(parts: list[ast.expr]) -> list[ast.expr]:
    """Without what is asked twice, such as whether the number of epochs is known."""
    return list({ast.dump(part): part for part in parts}.values())
