"""Actions to calls of the runtime."""

from __future__ import annotations

import ast

from cbdsl.checks.metrics import better
from cbdsl.codegen.expressions import Expressions
from cbdsl.codegen.feeding import truth
from cbdsl.codegen.literals import literal
from cbdsl.codegen.printing import code
from cbdsl.codegen.texts import text
from cbdsl.plan.model import COUNTED, Plan, RulePlan
from cbdsl.plan.naming import argument
from cbdsl.plan.reading import count_of, counter_of, number_of
from cbdsl.syntax import nodes as n


def bases(rule: RulePlan, plan: Plan) -> list[str]:
    """The runtime's classes that a rule is made of: what it can do."""
    found = {_base(action, plan) for action in rule.actions} - {""}
    return [name for name in _BASES if name in found] or ["Rule"]


_BASES = (
    "SetsRate", "ScalesRate", "SetsOptimizer", "SetsVariable", "Freezes", "Restores", "Keeps",
    "Records", "Notifies", "Calls", "Fails",
)  # fmt: skip


def _base(action: n.Action, plan: Plan) -> str:
    match action:
        case n.Assign(target=n.Name(name="lr")):
            return "ScalesRate" if plan.schedules_rate else "SetsRate"
        case n.Assign(target=n.Setting()):
            return "SetsOptimizer"
        case n.Assign(target=target):
            return "SetsVariable" if target.name in plan.outside else ""
        case n.Freeze() | n.Unfreeze():
            return "Freezes"
        case n.Restore() | n.RollBack() | n.Snapshot():
            return "Restores"
        case n.Save(keep=n.Keep()):
            return "Keeps"
        case n.Record():
            return "Records"
        case n.Notify():
            return "Notifies"
        case n.Invoke():
            return "Calls"
        case n.Fail():
            return "Fails"
        case _:
            return ""


def asked(rule: RulePlan) -> dict[str, tuple[str, ...]]:
    """What a rule's actions are about, where that is looked at before training."""
    names: dict[str, list[str]] = {"settings": [], "frozen": [], "unfrozen": [], "calls": []}
    for action in rule.actions:
        match action:
            case n.Assign(target=n.Setting(name=name)):
                names["settings"].append(name)
            case n.Freeze(layers=n.Text(parts=(str() as pattern,))):
                names["frozen"].append(pattern)
            case n.Unfreeze(layers=n.Text(parts=(str() as pattern,))):
                names["unfrozen"].append(pattern)
            case n.Unfreeze():
                names["unfrozen"].append("*")
            case n.Invoke(function=function):
                names["calls"].append(function)
    return {name: tuple(dict.fromkeys(values)) for name, values in names.items() if values}


class Actions:
    """Translates the actions of one function; the rate is kept within the limit."""

    def __init__(self, expressions: Expressions, plan: Plan, rule: RulePlan) -> None:
        self.expressions = expressions
        self.scope = expressions.scope
        self.plan = plan
        self.rule = rule

    def action(self, action: n.Action, known: set[str]) -> str:
        """The statement that does it; `known` are the variables that are not None there."""
        match action:
            case n.Stop(why=None):
                return "self.stop()"
            case n.Stop(why=n.Text() as given) | n.Fail(why=given):
                return self._of_text(action, given, known)
            case n.Print(text=given) | n.Warn(text=given) | n.Notify(text=given):
                return self._of_text(action, given, known)
            case n.Freeze(layers=given) | n.Unfreeze(layers=given):
                return self._of_text(action, given, known)
            case n.Save():
                return self._save(action, known)
            case n.Restore():
                return f"self.restore({literal(action.best_of.name)})"
            case n.RollBack():
                return self._roll_back(action)
            case n.Snapshot():
                return "self.snapshot()"
            case n.Record():
                value = code(self.expressions.guarded(action.value, known))
                return f"self.record({literal(action.metric.name)}, {value})"
            case n.Wait():
                return self._wait(action)
            case n.Invoke():
                logs = self._logs()
                return f"self.call({literal(action.function)}, {logs})"
            case n.Assign(target=n.Name(name="lr")) if self.plan.schedules_rate:
                return self._factor(action, known)
            case n.Assign(target=n.Name(name="lr")):
                return self._rate(action, known)
            case n.Assign(target=n.Setting(name=name)):
                return f"self.set_setting({literal(name)}, {self._changed(action, known)})"
            case n.Assign(target=n.Name(name=name)) if name in self.plan.outside:
                return f"self.set_outside({literal(name)}, {self._changed(action, known)})"
            case n.Assign():
                return self._variable(action, known)
            case _:
                raise TypeError(type(action).__name__)

    def _of_text(self, action: n.Action, given: n.Text, known: set[str]) -> str:
        return f"self.{type(action).__name__.lower()}({text(given, self.expressions, known)})"

    def _save(self, action: n.Save, known: set[str]) -> str:
        path = text(action.path, self.expressions, known)
        if action.keep is None:
            return f"self.save({path})"
        count = self.scope.amount(number_of(self.scope.context, action.keep.count))
        metric = action.keep.best_of
        if metric is None:
            return f"self.save_newest({path}, {count})"
        value = code(self.expressions.guarded(metric, known))
        direction = literal(better(self.scope.context, metric))
        return f"self.save_best({path}, {count}, {value}, {direction})"

    def _roll_back(self, action: n.RollBack) -> str:
        to = [] if action.best_of is None else [literal(action.best_of.name)]
        # `at most` says how often instead.
        limit = [] if self.rule.most is None else ["limit=None"]
        return f"self.roll_back({', '.join([*to, *limit])})"

    def _logs(self) -> str:
        hook = self.scope.hook
        return "logs" if hook and hook.metrics != "last" else "self.known"

    def _changed(self, action: n.Assign, known: set[str]) -> str:
        return code(self.expressions.guarded(changed(action), known))

    def _factor(self, action: n.Assign, known: set[str]) -> str:
        """What a schedule of the rate is multiplied by."""
        factor = action.value
        if action.op == "/=":
            one = n.Number(1.0, "1", span=action.span)
            factor = n.Binary("/", one, factor, span=action.span)
        return f"self.scale_lr({code(self.expressions.guarded(factor, known))})"

    def _wait(self, action: n.Wait) -> str:
        count = count_of(self.scope.context, action.duration)
        counter = counter_of(self.scope.context, action.duration)
        return f"self.wait({self.scope.amount(count)}, {literal(COUNTED[counter])})"

    def _rate(self, action: n.Assign, known: set[str]) -> str:
        expr = action.value
        plain = all(name in known for name in self.scope.optional(expr))
        by_number = isinstance(expr, n.Number) and expr.value != 0
        limit = self.plan.limit
        if limit is None and plain and (action.op != "/=" or by_number):
            return f"self.lr {action.op} {code(self.expressions.value(expr))}"
        new = self.expressions.guarded(changed(action), known)
        return f"self.lr = {code(within(new, limit, self.expressions))}"

    def _variable(self, action: n.Assign, known: set[str]) -> str:
        name = literal(argument(action.target.name))
        let = self.scope.context.variables[action.target.name]
        if isinstance(let.value, n.Truth):
            values = truth(action.value, self.expressions)
        else:
            values = [self._changed(action, known)]
        return f"self.set({', '.join([name, *values])})"


def changed(action: n.Assign) -> n.Expr:
    """What a target is set to: with `*=` its product with the value."""
    if action.op == "=":
        return action.value
    return n.Binary(action.op[0], action.target, action.value, span=action.span)


def within(new: ast.expr, limit: n.Limit | None, expressions: Expressions) -> ast.expr:
    """A rate, kept within its limit."""
    if limit is None:
        return new
    low, high = expressions.value(limit.low), expressions.value(limit.high)
    return expressions.help("limited", new, low, high)
