"""Nodes to text: the layout that `cbdsl` itself would write, without comments.

A rule's key is made of this text, so two rules have the same key when they say the same.
"""

from __future__ import annotations

from cbdsl.catalog.hooks import ALIASES
from cbdsl.catalog.units import PLURAL
from cbdsl.syntax import nodes as n

# How tightly an expression holds together, loosest first; an operand that holds less tightly than
# its place asks for stands in brackets.
_OR, _AND, _NOT, _COMPARE, _SUM, _TERM, _SIGN, _POWER, _ATOM = range(9)

_BINARY = {"+": _SUM, "-": _SUM, "*": _TERM, "/": _TERM, "%": _TERM, "**": _POWER}

_ESCAPES = str.maketrans(
    {"\n": "\\n", "\t": "\\t", '"': '\\"', "\\": "\\\\", "{": "\\{", "}": "\\}"}
)


def statement(node: n.Statement) -> str:
    """A statement in canonical layout, on one line."""
    match node:
        case n.Language():
            return f"language {node.version.text}"
        case n.Param():
            return f"param {node.name.name} = {_literal(node.value)}"
        case n.Direction():
            verb = "minimize" if node.better == "lower" else "maximize"
            return f"{verb} {expression(node.metric)}"
        case n.Use():
            arguments = ", ".join(_argument(a) for a in node.arguments)
            return f"use {node.callback.name}({arguments})"
        case n.Rule():
            name = f"{node.name.name}: " if node.name else ""
            return name + rule_text(node)


def rule_text(rule: n.Rule) -> str:
    """A rule without its name."""
    parts = [_trigger(rule.trigger)]
    if rule.window:
        parts.append(_window(rule.window))
    if rule.condition:
        parts.append(f"if {expression(rule.condition.test)}")
    if rule.times:
        parts.append("then once" if rule.condition else "once")
    parts.append(", ".join(_action(a) for a in rule.actions))
    return " ".join(parts)


def expression(node: n.Expr) -> str:
    """An expression, with brackets only where they are needed."""
    return _expr(node, _OR)


def _expr(node: n.Expr, place: int) -> str:
    text, strength = _printed(node)
    return f"({text})" if strength < place else text


def _printed(node: n.Expr) -> tuple[str, int]:
    match node:
        case n.Number():
            return node.text, _ATOM if node.value >= 0 else _SIGN
        case n.Truth():
            return str(node.value).lower(), _ATOM
        case n.Text():
            return _text(node), _ATOM
        case n.Name():
            return f"`{node.name}`" if node.quoted else node.name, _ATOM
        case n.Minus():
            return f"-{_expr(node.operand, _SIGN)}", _SIGN
        case n.Binary(op="**"):
            return f"{_expr(node.left, _ATOM)} ** {_expr(node.right, _SIGN)}", _POWER
        case n.Binary():
            strength = _BINARY[node.op]
            left, right = _expr(node.left, strength), _expr(node.right, strength + 1)
            return f"{left} {node.op} {right}", strength
        case n.Compare():
            operands = [_expr(o, _SUM) for o in node.operands]
            pairs = [f" {op} {o}" for op, o in zip(node.ops, operands[1:], strict=True)]
            return operands[0] + "".join(pairs), _COMPARE
        case n.All():
            return " and ".join(_expr(o, _NOT) for o in node.operands), _AND
        case n.Any():
            return " or ".join(_expr(o, _AND) for o in node.operands), _OR
        case n.Not():
            return f"not {_expr(node.operand, _NOT)}", _NOT
        case n.State():
            negated = "not " if node.negated else ""
            return f"{_expr(node.operand, _SUM)} is {negated}{node.state}", _COMPARE
        case n.Improves():
            return f"{_expr(node.operand, _SUM)} improves{_by(node.by)}", _COMPARE
        case n.Stalls():
            lasting = _amount(node.duration)
            return f"{_expr(node.operand, _SUM)} stalls for {lasting}{_by(node.by)}", _COMPARE


def _by(node: n.Expr | None) -> str:
    return "" if node is None else f" by {_expr(node, _SUM)}"


def _trigger(node: n.Trigger) -> str:
    match node:
        case n.On():
            return f"on {ALIASES.get(node.hook, node.hook)}"
        case n.Every(count=None):
            return f"every {node.unit}"
        case n.Every():
            assert node.count is not None
            return f"every {_expr(node.count, _ATOM)} {PLURAL[node.unit]}"
        case n.At():
            positions = ", ".join(_expr(p, _ATOM) for p in node.positions)
            percents = all(isinstance(p, n.Number) and p.is_percent for p in node.positions)
            percents = percents and node.unit == "epoch"
            return f"at {positions}" if percents else f"at {node.unit} {positions}"


def _window(node: n.Window) -> str:
    if node.kind == "from":
        assert node.start
        assert node.end
        return f"from {_amount(node.start)} to {_amount(node.end)}"
    amount = node.start or node.end
    assert amount is not None
    return f"{node.kind} {_amount(amount)}"


def _amount(node: n.Amount | n.Duration | n.SpanLiteral) -> str:
    count = _expr(node.count, _ATOM)
    if node.unit is None:
        return count
    one = isinstance(node.count, n.Number) and node.count.value == 1
    return f"{count} {node.unit if one else PLURAL[node.unit]}"


def _action(node: n.Action) -> str:
    match node:
        case n.Stop():
            return "stop" if node.why is None else f"stop {_text(node.why)}"
        case n.Print():
            return f"print {_text(node.text)}"
        case n.Warn():
            return f"warn {_text(node.text)}"
        case n.Save():
            return f"save {_text(node.path)}"
        case n.Assign():
            return f"{node.target.name} {node.op} {expression(node.value)}"


def _argument(node: n.Argument) -> str:
    return f"{node.name.name}={'none' if node.value is None else _literal(node.value)}"


def _literal(node: n.ParamLiteral) -> str:
    return _amount(node) if isinstance(node, n.SpanLiteral) else expression(node)


def _text(node: n.Text) -> str:
    return '"' + "".join(_part(p) for p in node.parts) + '"'


def _part(part: str | n.Placeholder) -> str:
    if isinstance(part, str):
        return part.translate(_ESCAPES)
    value = part.value if isinstance(part.value, str) else expression(part.value)
    return f"{{{value}:{part.spec}}}" if part.spec else f"{{{value}}}"
