"""Expressions to text, with brackets only where they are needed or tell the reader something."""

from __future__ import annotations

from cbdsl.catalog.units import PLURAL
from cbdsl.syntax import nodes as n

# How tightly an expression holds together, loosest first; an operand that holds less tightly than
# its place asks for stands in brackets.
OR, AND, HELD, NOT, COMPARE, SUM, TERM, SIGN, POWER, ATOM = range(10)

_BINARY = {"+": SUM, "-": SUM, "*": TERM, "/": TERM, "%": TERM}

_ESCAPES = str.maketrans(
    {"\n": "\\n", "\t": "\\t", '"': '\\"', "\\": "\\\\", "{": "\\{", "}": "\\}"}
)

Operand = tuple[str, n.Expr, int]
"""The sign or word that stands before an operand (`""` at the first), the operand, its place."""


def expression(node: n.Expr) -> str:
    """An expression on one line."""
    return placed(node, OR)


def placed(node: n.Expr, place: int) -> str:
    """An expression on one line, in brackets if it holds less tightly than its place asks for."""
    found, strength = _printed(node)
    return f"({found})" if strength < place else found


def strength(node: n.Expr) -> int:
    """How tightly an expression holds together."""
    return _printed(node)[1]


def operands(node: n.Expr) -> list[Operand]:
    """What `and`, `or` and arithmetic join; any other expression alone."""
    match node:
        case n.All():
            # `a and b for 3 epochs` would leave the reader in doubt: `for` stands in brackets.
            return _joined("and", [(o, NOT) for o in node.operands])
        case n.Any():
            places = (ATOM if isinstance(o, n.Held) else AND for o in node.operands)
            return _joined("or", list(zip(node.operands, places, strict=True)))
        case n.Binary(op="+" | "-" | "*" | "/" | "%"):
            own = _BINARY[node.op]
            left = node.left
            is_chain = isinstance(left, n.Binary) and _BINARY.get(left.op) == own
            before: list[Operand] = operands(left) if is_chain else [("", left, own)]
            return [*before, (node.op, node.right, own + 1)]
        case _:
            return [("", node, OR)]


def _joined(word: str, parts: list[tuple[n.Expr, int]]) -> list[Operand]:
    return [(word if index else "", *part) for index, part in enumerate(parts)]


def _printed(node: n.Expr) -> tuple[str, int]:
    match node:
        case n.Number():
            return node.text, ATOM if node.value >= 0 else SIGN
        case n.Truth():
            return str(node.value).lower(), ATOM
        case n.Text():
            return text(node), ATOM
        case n.Name():
            return f"`{node.name}`" if node.quoted else node.name, ATOM
        case n.Duration():
            return duration(node), ATOM
        case n.Setting():
            return f"optimizer.{node.name}", ATOM
        case n.Call():
            return f"{node.function}({', '.join(expression(a) for a in node.arguments)})", ATOM
        case n.Minus():
            return f"-{placed(node.operand, SIGN)}", SIGN
        case n.Binary(op="**"):
            return f"{placed(node.left, ATOM)} ** {placed(node.right, SIGN)}", POWER
        case n.Binary():
            return _chain(node), _BINARY[node.op]
        case n.Compare():
            first, *others = (placed(o, SUM) for o in node.operands)
            pairs = [f" {op} {o}" for op, o in zip(node.ops, others, strict=True)]
            return first + "".join(pairs), COMPARE
        case n.All():
            return _chain(node), AND
        case n.Any():
            return _chain(node), OR
        case n.Not():
            return f"not {placed(node.operand, NOT)}", NOT
        case n.State():
            negated = "not " if node.negated else ""
            return f"{placed(node.operand, SUM)} is {negated}{node.state}", COMPARE
        case n.Improves():
            return f"{placed(node.operand, SUM)} improves{_by(node.by)}", COMPARE
        case n.Stalls():
            lasting = duration(node.duration)
            return f"{placed(node.operand, SUM)} stalls for {lasting}{_by(node.by)}", COMPARE
        case n.Held():
            return f"{placed(node.operand, HELD)} for {duration(node.duration)}", HELD
        case n.Moves():
            return f"{placed(node.operand, SUM)} {node.direction}", COMPARE
        case n.Crosses():
            level = placed(node.level, SUM)
            return f"{placed(node.operand, SUM)} crosses {node.side} {level}", COMPARE


def _chain(node: n.Expr) -> str:
    return " ".join(f"{sign} {placed(o, place)}".lstrip() for sign, o, place in operands(node))


def _by(node: n.Expr | None) -> str:
    return "" if node is None else f" by {placed(node, SUM)}"


def duration(node: n.Duration) -> str:
    """`3 epochs`, `1 hour 30 minutes`, or what stands for a span."""
    count = placed(node.count, ATOM)
    if node.unit is None:
        return count
    first = f"{count} {node.unit if is_one(node.count) else PLURAL[node.unit]}"
    return " ".join([first, *map(duration, node.more)])


def is_one(count: n.Number | n.Name) -> bool:
    """Whether the word behind a count is singular."""
    return isinstance(count, n.Number) and count.value == 1


def text(node: n.Text) -> str:
    """A text in quotes."""
    return '"' + "".join(_part(p) for p in node.parts) + '"'


def _part(part: str | n.Placeholder) -> str:
    if isinstance(part, str):
        return part.translate(_ESCAPES)
    value = part.value if isinstance(part.value, str) else expression(part.value)
    return f"{{{value}:{part.spec}}}" if part.spec else f"{{{value}}}"
