"""Expression trees as code that a person would write.

`ast.unparse` puts brackets around every second operand of an `and`, and single quotes everywhere;
here `and` and `or` are printed plainly, one inside the other in brackets.
"""

from __future__ import annotations

import ast

from cbdsl.codegen.literals import escaped


def code(node: ast.expr, *, quote: str = '"') -> str:
    """An expression as Python; `quote` stands around its texts, which hold none."""
    match node:
        case ast.BoolOp():
            joiner = " and " if isinstance(node.op, ast.And) else " or "
            return joiner.join(map(_operand, node.values))
        case ast.UnaryOp(op=ast.Not(), operand=ast.BoolOp() as operand):
            return f"not ({code(operand)})"
        case ast.IfExp():
            parts = (code(part, quote=quote) for part in (node.body, node.test, node.orelse))
            return "{} if {} else {}".format(*parts)
        case ast.Call(keywords=[]):
            arguments = ", ".join(code(argument, quote=quote) for argument in node.args)
            return f"{ast.unparse(node.func)}({arguments})"
        case ast.Constant(value=str() as text):
            return f"{quote}{escaped(text, quote)}{quote}"
        case _:
            # No text is left in it; formatters write exponents without a plus.
            return ast.unparse(node).replace("e+", "e")


def _operand(node: ast.expr) -> str:
    """An operand of an `and` or `or`, in brackets if it is one itself."""
    return f"({code(node)})" if isinstance(node, ast.BoolOp) else code(node)
