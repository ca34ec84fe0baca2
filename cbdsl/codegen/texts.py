"""Templates to f-strings."""

from __future__ import annotations

import ast

from cbdsl.checks.types import kind_of
from cbdsl.codegen.expressions import COUNTS, Expressions
from cbdsl.codegen.literals import escaped, literal, quote_of
from cbdsl.codegen.printing import code
from cbdsl.syntax import nodes as n

_TO_TEXT = ("text(", "text32(", "time_text(", "span_text(", "names(", "listed(")


def text(node: n.Text, expressions: Expressions, known: set[str]) -> str:
    """A text as a Python literal, an f-string where something is filled in."""
    plain = "".join(part for part in node.parts if isinstance(part, str))
    if not node.placeholders:
        return literal(plain)
    if len(node.parts) == 1:
        alone = _filled(node.placeholders[0], expressions, known, '"')
        if alone.endswith(")") and alone.startswith(_TO_TEXT):
            return alone
    quote = quote_of(plain)
    other = "'" if quote == '"' else '"'
    parts = [
        escaped(part, quote).replace("{", "{{").replace("}", "}}")
        if isinstance(part, str)
        else "{" + _filled(part, expressions, known, other) + "}"
        for part in node.parts
    ]
    return f"f{quote}{''.join(parts)}{quote}"


def _filled(
    placeholder: n.Placeholder, expressions: Expressions, known: set[str], quote: str
) -> str:
    """A placeholder as Python, its texts in `quote`."""
    value, spec, scope = placeholder.value, placeholder.spec, expressions.scope
    if isinstance(value, str):
        function = "names" if value == "metrics" else "listed"
        scope.helpers.add(function)
        logs = "logs" if scope.hook and scope.hook.metrics != "last" else "self.known"
        return f"{function}({logs})"
    python = expressions.guarded(value, known)
    present = all(name in known for name in scope.optional(value))
    if not spec and (written := _span(value, python, expressions)):
        return code(written, quote=quote)
    if present and _prints_itself(value, expressions, spec):
        return code(python, quote=quote) + (f":{spec}" if spec else "")
    function = "text32" if scope.is_32_bit(value) and not spec else "text"
    args = [python, ast.Constant(spec)] if spec else [python]
    return code(expressions.help(function, *args), quote=quote)


def _span(value: n.Expr, python: ast.expr, expressions: Expressions) -> ast.expr | None:
    """A time, or a number of epochs or batches, with its units; None for what is neither."""
    context = expressions.scope.context
    if kind_of(context, value) == "time":
        return expressions.help("time_text", python)
    param = context.params.get(value.name) if isinstance(value, n.Name) else None
    if param is None or param.kind != "span" or not param.unit:
        return None
    return expressions.help("span_text", python, ast.Constant(param.unit))


def _prints_itself(value: n.Expr, expressions: Expressions, spec: str) -> bool:
    """Whether Python formats the value as the language does: with a format, whole, or a text."""
    if spec:
        return True
    if not isinstance(value, n.Name) or value.quoted:
        return False
    kind = expressions.scope.context.kind_of(value)
    if kind == "param":
        return expressions.scope.context.params[value.name].kind == "text"
    return kind == "value" and value.name in COUNTS
