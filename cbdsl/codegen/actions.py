"""Actions to calls of the runtime."""

from __future__ import annotations

import ast

from cbdsl.codegen.expressions import Expressions
from cbdsl.codegen.feeding import truth
from cbdsl.codegen.literals import literal
from cbdsl.codegen.printing import code
from cbdsl.codegen.texts import text
from cbdsl.plan.model import COUNTED
from cbdsl.plan.naming import argument
from cbdsl.plan.reading import count_of, counter_of
from cbdsl.syntax import nodes as n


class Actions:
    """Translates the actions of one function; the rate is kept within `limit`."""

    def __init__(self, expressions: Expressions, limit: n.Limit | None) -> None:
        self.expressions = expressions
        self.scope = expressions.scope
        self.limit = limit

    def action(self, action: n.Action, known: set[str]) -> str:
        """The statement that does it; `known` are the variables that are not None there."""
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
            case n.Wait():
                return self._wait(action)
            case n.Assign() if action.target.name == "lr":
                return self._rate(action, known)
            case n.Assign():
                return self._variable(action, known)
            case _:
                raise TypeError(type(action).__name__)

    def _wait(self, action: n.Wait) -> str:
        count = count_of(self.scope.context, action.duration)
        counter = counter_of(self.scope.context, action.duration)
        return f"self.wait({self.scope.amount(count)}, {literal(COUNTED[counter])})"

    def _rate(self, action: n.Assign, known: set[str]) -> str:
        expr = action.value
        plain = all(name in known for name in self.scope.optional(expr))
        by_number = isinstance(expr, n.Number) and expr.value != 0
        if self.limit is None and plain and (action.op != "/=" or by_number):
            return f"self.lr {action.op} {code(self.expressions.value(expr))}"
        new = self.expressions.guarded(changed(action), known)
        return f"self.lr = {code(within(new, self.limit, self.expressions))}"

    def _variable(self, action: n.Assign, known: set[str]) -> str:
        name = literal(argument(action.target.name))
        let = self.scope.context.variables[action.target.name]
        if isinstance(let.value, n.Truth):
            values = truth(action.value, self.expressions)
        else:
            values = [code(self.expressions.guarded(changed(action), known))]
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
