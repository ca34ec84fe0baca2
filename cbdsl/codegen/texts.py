"""Templates to f-strings."""

from __future__ import annotations

import ast

from cbdsl.codegen.expressions import Expressions
from cbdsl.codegen.literals import escaped
from cbdsl.codegen.printing import code
from cbdsl.syntax import nodes as n

_TO_TEXT = ("text(", "text32(", "names(", "listed(")


def text(node: n.Text, expressions: Expressions, known: set[str]) -> str:
    """A text as a Python literal, an f-string where something is filled in."""
    if not node.placeholders:
        return '"' + "".join(escaped(p) for p in node.parts if isinstance(p, str)) + '"'
    if len(node.parts) == 1:
        alone = _filled(node.placeholders[0], expressions, known)
        if alone.endswith(")") and alone.startswith(_TO_TEXT):
            return alone.replace("'", '"')
    parts = [
        escaped(part).replace("{", "{{").replace("}", "}}")
        if isinstance(part, str)
        else "{" + _filled(part, expressions, known) + "}"
        for part in node.parts
    ]
    return 'f"' + "".join(parts) + '"'


def _filled(placeholder: n.Placeholder, expressions: Expressions, known: set[str]) -> str:
    value, spec, scope = placeholder.value, placeholder.spec, expressions.scope
    if isinstance(value, str):
        function = "names" if value == "metrics" else "listed"
        scope.helpers.add(function)
        logs = "logs" if scope.hook and scope.hook.metrics != "last" else "self.known"
        return f"{function}({logs})"
    python = expressions.guarded(value, known)
    present = all(name in known for name in scope.optional(value))
    if present and _prints_itself(value, expressions, spec):
        return code(python, quote="'") + (f":{spec}" if spec else "")
    function = "text32" if scope.is_32_bit(value) and not spec else "text"
    args = [python, ast.Constant(spec)] if spec else [python]
    return code(expressions.help(function, *args), quote="'")


def _prints_itself(value: n.Expr, expressions: Expressions, spec: str) -> bool:
    """Whether Python formats the value as the language does: with a format, whole, or a text."""
    if spec:
        return True
    if not isinstance(value, n.Name) or value.quoted:
        return False
    kind = expressions.scope.context.kind_of(value)
    if kind == "param":
        return expressions.scope.context.params[value.name].kind == "text"
    return kind == "value" and value.name != "lr"
