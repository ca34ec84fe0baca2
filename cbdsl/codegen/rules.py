"""A rule to a callback class."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from cbdsl.catalog.hooks import HOOKS, Hook
from cbdsl.checks.context import Context
from cbdsl.codegen.emitter import Emitter
from cbdsl.codegen.expressions import Expressions, all_of
from cbdsl.codegen.gates import gate
from cbdsl.codegen.literals import literal
from cbdsl.codegen.printing import code
from cbdsl.codegen.scope import Scope
from cbdsl.codegen.texts import text
from cbdsl.plan.model import Gate, RulePlan, Slot
from cbdsl.plan.naming import argument
from cbdsl.source import Span
from cbdsl.syntax import nodes as n

# Hooks that `Rule` itself has something to do at.
_INHERITED = {"train_begin", "epoch_begin"}


@dataclass
class Needs:
    """What the classes of a module must import."""

    helpers: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)


def rule_class(rule: RulePlan, context: Context, out: Emitter, needs: Needs) -> None:
    """Write the class of a rule."""
    _Class(rule, context, out, needs).write()


class _Class:
    def __init__(self, rule: RulePlan, context: Context, out: Emitter, needs: Needs) -> None:
        self.rule = rule
        self.context = context
        self.out = out
        self.needs = needs
        self.place = rule.named.place

    def write(self) -> None:
        rule, out = self.rule, self.out
        out.span = rule.named.span
        out.line(f"class {rule.class_name}(Rule, keras.callbacks.Callback):")
        with out.indented():
            out.docstring(_dedented(rule.named.text))
            out.line()
            out.line(f"name = {literal(rule.named.label)}")
            out.line(f"place = {literal(rule.named.place)}")
            out.line(f"key = {literal(rule.named.key)}")
            if rule.slots:
                names = ", ".join(literal(slot.name) for slot in rule.slots)
                out.line(f"memory = ({names}{',' if len(rule.slots) == 1 else ''})")
            if rule.params:
                self._init()
            if rule.slots:
                self._reset()
            for hook in self._hooks():
                self._method(hook)
        out.span = None

    def _init(self) -> None:
        values = {argument(p.name): p.value for p in self.rule.params}
        arguments = ", ".join(f"{name}={literal(value)}" for name, value in values.items())
        self.out.line()
        self.out.line(f"def __init__(self, *, {arguments}):")
        with self.out.indented():
            self.out.line("super().__init__()")
            for name in values:
                self.out.line(f"self.{name} = {name}")

    def _reset(self) -> None:
        self.out.line()
        self.out.line("def reset(self):")
        with self.out.indented():
            self.out.line("super().reset()")
            for slot in self.rule.slots:
                kind = type(slot.node).__name__
                self.needs.helpers.add(kind)
                self.out.line(f"self.{slot.name} = {kind}({literal(slot.better)})")

    def _hooks(self) -> list[Hook]:
        """The hooks this rule needs, in the order of the catalog."""
        rule = self.rule
        needed = {rule.acts.name, *(hook.name for hook in rule.notes)}
        if rule.slots:
            needed.add(rule.feeds.name)
        if rule.counts_steps:
            needed.add("batch_end")
        return [hook for name, hook in HOOKS.items() if name in needed]

    def _method(self, hook: Hook) -> None:
        argument = f"{hook.argument}, " if hook.argument else ""
        self.out.line()
        self.out.line(f"def {hook.method}(self, {argument}logs=None):")
        with self.out.indented():
            _Method(self, hook).write()


class _Method:
    """One hook of a rule: counts, notes, feeds and acts, whichever of them belong there."""

    def __init__(self, owner: _Class, hook: Hook) -> None:
        self.rule = owner.rule
        self.out = owner.out
        self.place = owner.place
        self.hook = hook
        self.acts = hook == self.rule.acts
        self.feeds = hook == self.rule.feeds and bool(self.rule.slots)
        self.scope = Scope(
            owner.context,
            hook,
            self.rule.slots,
            self.rule.counts_steps,
            helpers=owner.needs.helpers,
            modules=owner.needs.modules,
        )
        self.expressions = Expressions(self.scope)

    def write(self) -> None:
        if self.hook.name in _INHERITED:
            argument = f"{self.hook.argument}, " if self.hook.argument else ""
            self.out.line(f"super().{self.hook.method}({argument}logs)")
        if self.hook in self.rule.notes:
            self.out.line(
                "self.note(logs, keep=True)" if self.rule.keeps_notes else "self.note(logs)"
            )
        # The body is made first: it says which metrics it reads.
        outer, self.out = self.out, self.out.fork()
        if self.feeds and self.rule.window:
            self._leave(self.rule.window)
        if self.feeds:
            for slot in self.rule.slots:
                self._feed(slot)
        if self.acts:
            self._act()
        body, self.out = self.out, outer
        if self.scope.counts_here:
            self._count(body)
        self._locals()
        self.out.append(body)

    def _count(self, body: Emitter) -> None:
        counter = "self.advance(batch)" if self.hook.name == "batch_end" else "self.begin()"
        names = {name: name if body.mentions(name) else "_" for name in ("before", "step")}
        if set(names.values()) == {"_"}:
            self.out.line(counter)
        else:
            self.out.line(f"{names['before']}, {names['step']} = {counter}")

    def _locals(self) -> None:
        own_logs = self.hook.metrics != "last"
        for name in self._optional_values():
            self.out.line(f"{name} = self.{name}")
        if not self.scope.metrics and not self._lists_logs():
            return
        if own_logs:
            self.out.line("logs = logs or {}")
        logs = "logs" if own_logs else "self.known"
        for metric, variable in self.scope.metrics.items():
            self.out.line(f"{variable} = {logs}.get({literal(metric)})")

    def _optional_values(self) -> list[str]:
        here = self.acts or self.feeds
        gates = [g for g in (self.rule.gate, self.rule.window) if g and here]
        names = {"epochs"} if any(c.is_share for g in gates for c in g.counts) else set()
        for expr in self._own():
            names |= {name for name in self.scope.optional(expr) if name in _OPTIONAL}
        return [name for name in _OPTIONAL if name in names]

    def _own(self) -> list[n.Expr]:
        """The expressions that this function evaluates."""
        own: list[n.Expr] = []
        if self.acts:
            own += self._acting()
        if self.feeds:
            own += [slot.node for slot in self.rule.slots]
        return own

    def _lists_logs(self) -> bool:
        texts = (expr for expr in self._own() if isinstance(expr, n.Text))
        return any(isinstance(p.value, str) for text in texts for p in text.placeholders)

    def _leave(self, window: Gate) -> None:
        """Outside its window a rule remembers nothing."""
        closed = _negated(gate(window, self.scope))
        self.out.condition(closed, span=window.span, place=self.place)
        with self.out.indented():
            self.out.line("return", span=window.span)

    def _feed(self, slot: Slot) -> None:
        value = code(self.expressions.guarded(slot.node.operand, set()))
        args = [value]
        if slot.node.by is not None:
            args.append(code(self.expressions.guarded(slot.node.by, set())))
        method = "feed"
        if isinstance(slot.node, n.Stalls):
            method = "observe"
            args.insert(0, self.scope.epoch if slot.counter == "epoch" else self.scope.step)
        call = f"self.{slot.name}.{method}({', '.join(args)})"
        self.out.line(call, span=slot.node.span, place=self.place)

    def _act(self) -> None:
        known: set[str] = set()
        conditions: list[ast.expr] = []
        if self.rule.window and not self.feeds:
            conditions += gate(self.rule.window, self.scope)
        if self.rule.gate:
            conditions += gate(self.rule.gate, self.scope)
        if any(code(c) == "epochs is not None" for c in conditions):
            known.add("epochs")
        if self.rule.once:
            conditions.append(ast.parse("self.firings == 0", mode="eval").body)
        if self.rule.condition is not None:
            conditions += self.expressions.true(self.rule.condition, known)
        if not conditions:
            self._fire(known)
            return
        span = self._condition_span()
        self.out.condition(all_of(unique(conditions)), span=span, place=self.place)
        with self.out.indented():
            self._fire(known)

    def _condition_span(self) -> Span:
        if self.rule.condition is not None:
            return self.rule.condition.span
        asked = self.rule.gate or self.rule.window
        return asked.span if asked else self.rule.named.span

    def _fire(self, known: set[str]) -> None:
        actions = [self._action(action, known) for action in self.rule.actions]
        asked = [m.name for e in self._acting() for m in self.scope.context.metrics_in(e)]
        seen = {name: self.scope.metric(name) for name in dict.fromkeys(asked)}
        values = ", ".join(f"{literal(name)}: {variable}" for name, variable in seen.items())
        self.out.line(f"self.fired({{{values}}})", span=self.rule.named.span)
        for slot in self.rule.slots:
            if isinstance(slot.node, n.Stalls):
                self.out.line(f"self.{slot.name}.restart()", span=slot.node.span)
        for action, line in zip(self.rule.actions, actions, strict=True):
            self.out.statement(line, span=action.span, place=self.place)

    def _acting(self) -> list[n.Expr]:
        own = [] if self.rule.condition is None else [self.rule.condition]
        return own + [expr for action in self.rule.actions for expr in _of_action(action)]

    def _action(self, action: n.Action, known: set[str]) -> str:
        match action:
            case n.Stop(why=None):
                return "self.stop()"
            case n.Stop(why=n.Text() as why):
                return f"self.stop({text(why, self.expressions, known)})"
            case n.Print():
                return f"self.print({text(action.text, self.expressions, known)})"
            case n.Warn():
                return f"self.warn({text(action.text, self.expressions, known)})"
            case n.Save():
                return f"self.save({text(action.path, self.expressions, known)})"
            case n.Assign():
                return self._assign(action, known)
            case _:
                raise TypeError(type(action).__name__)

    def _assign(self, action: n.Assign, known: set[str]) -> str:
        expr: n.Expr = action.value
        plain = all(name in known for name in self.scope.optional(expr))
        by_number = isinstance(expr, n.Number) and expr.value != 0
        if plain and (action.op != "/=" or by_number):
            return f"self.lr {action.op} {code(self.expressions.value(expr))}"
        if action.op != "=":
            rate = n.Name("lr", span=action.target.span)
            expr = n.Binary(action.op[0], rate, expr, span=action.span)
        return f"self.lr = {code(self.expressions.guarded(expr, known))}"


_OPTIONAL = ("epochs", "batches", "steps")


def _of_action(action: n.Action) -> list[n.Expr]:
    match action:
        case n.Stop():
            return [] if action.why is None else [action.why]
        case n.Print() | n.Warn():
            return [action.text]
        case n.Save():
            return [action.path]
        case n.Assign():
            return [action.value]


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


def _dedented(text: str) -> str:
    """A rule as it was written, the lines of its block indented by four."""
    first, *rest = text.split("\n")
    return "\n".join([first.strip(), *(f"    {line.strip()}" for line in rest if line.strip())])
