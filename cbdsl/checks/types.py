"""Numbers, truth values and texts do not mix, and formats fit what they format."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cbdsl.checks.context import WORDS, Context, Kind
from cbdsl.diagnostics import CbrError, Diagnostic
from cbdsl.syntax import nodes as n

MAX_WIDTH = 100
"""The largest width or precision of a format, in characters."""

# Python's format mini-language, without a fill that would be a quote, a brace or a backslash.
_SPEC = re.compile(
    r"""(?:[^{}"'\\]?[<>=^])?[-+ ]?z?\#?0?(?P<width>\d+)?[_,]?
        (?:\.(?P<precision>\d+))?[a-zA-Z%]?""",
    re.VERBOSE,
)


def check(context: Context) -> Iterator[Diagnostic]:
    typed = _Types(context)
    for rule in context.file.rules:
        if rule.condition:
            yield from typed.expect(rule.condition.test, "truth")
        for action in rule.actions:
            match action:
                case n.Assign():
                    yield from typed.expect(action.value, "number")
                case n.Stop(why=n.Text() as text) | n.Print(text=text) | n.Warn(text=text):
                    yield from typed.text(text)
                case n.Save(path=text):
                    yield from typed.text(text)
                case n.Stop():
                    pass


class _Types:
    def __init__(self, context: Context) -> None:
        self.context = context

    def expect(self, expr: n.Expr, wanted: Kind) -> Iterator[Diagnostic]:
        """What is wrong with an expression that should be of a kind."""
        try:
            kind = self.kind(expr)
        except CbrError as e:
            yield from e.diagnostics
            return
        if kind != wanted:
            yield self._mismatch(expr, kind, wanted)

    def kind(self, expr: n.Expr) -> Kind:
        """The kind of an expression; raises `CbrError` for what is wrong inside it."""
        problems: list[Diagnostic] = []
        for operand, wanted in self._operands(expr):
            problems += self.expect(operand, wanted)
        if isinstance(expr, n.Improves | n.Stalls) and expr.by is not None:
            problems += self._by(expr.by)
        if isinstance(expr, n.Text):
            problems += self.text(expr)
        if problems:
            raise CbrError(problems)
        match expr:
            case n.Name():
                param = None if expr.quoted else self.context.params.get(expr.name)
                is_param = self.context.kind_of(expr) == "param"
                return param.kind if param and is_param else "number"
            case n.Text():
                return "text"
            case n.Number() | n.Minus() | n.Binary():
                return "number"
            case _:
                return "truth"

    def _operands(self, expr: n.Expr) -> list[tuple[n.Expr, Kind]]:
        match expr:
            case n.All() | n.Any():
                return [(operand, "truth") for operand in expr.operands]
            case n.Not():
                return [(expr.operand, "truth")]
            case n.Text():
                return []
            case _:
                return [(child, "number") for child in n.children(expr)]

    def _by(self, by: n.Expr) -> Iterator[Diagnostic]:
        percent = isinstance(by, n.Number) and by.is_percent
        if isinstance(by, n.Name) and self.context.kind_of(by) == "param":
            percent = self.context.params[by.name].is_percent
        if percent:
            yield self.context.problem(
                "CBR305",
                "an improvement is given as a number, not in percent",
                by,
                why="`by` is the difference itself, in the metric's own unit",
                help="for one point of an accuracy write `by 0.01`",
            )

    def text(self, text: n.Text) -> Iterator[Diagnostic]:
        """What is wrong with what a text fills in."""
        for placeholder in text.placeholders:
            if isinstance(placeholder.value, str):
                continue
            try:
                kind = self.kind(placeholder.value)
            except CbrError as e:
                yield from e.diagnostics
                continue
            if kind == "truth":
                message = "a condition cannot be filled into a text"
                help = "fill in the numbers that it compares"
                yield self.context.problem("CBR301", message, placeholder, help=help)
            elif placeholder.spec:
                yield from self._spec(placeholder, kind)

    def _spec(self, placeholder: n.Placeholder, kind: Kind) -> Iterator[Diagnostic]:
        spec = placeholder.spec
        shape = _SPEC.fullmatch(spec)
        sizes = [int(s) for s in shape.groups() if s] if shape else []
        if max(sizes, default=0) > MAX_WIDTH:
            message = f"the format `{spec}` is wider than {MAX_WIDTH} characters"
            yield self.context.problem("CBR304", message, placeholder)
            return
        # Only the names that count are whole numbers; the others are formatted as they are.
        whole = isinstance(placeholder.value, n.Name) and placeholder.value.name in _WHOLE
        sample: object = {"number": 1 if whole else 0.5, "text": "a"}.get(kind)
        try:
            # `c` would write the character of that number.
            if shape is None or sample is None or spec.endswith("c"):
                raise ValueError
            format(sample, spec)
        except ValueError:
            what = "a whole number" if whole else WORDS[kind]
            yield self.context.problem(
                "CBR304",
                f"the format `{spec}` does not fit {what}",
                placeholder,
                why="formats are those of Python: `.3f`, `.1%`, `>8.2e`, `03d`",
                help=_better(spec, kind),
            )

    def _mismatch(self, expr: n.Expr, kind: Kind, wanted: Kind) -> Diagnostic:
        shown = self.context.source.slice(expr.span)
        help = ""
        if isinstance(expr, n.Text):
            help = "a metric's name stands without quotes"
        if wanted == "truth" and kind == "number":
            help = f"compare it, as in `{shown} > 0.5`" if len(shown) < 40 else "compare it"
        if wanted == "number" and kind == "truth" and not isinstance(expr, n.Name | n.Truth):
            help = "conditions are joined with `and`, `or` and `not`"
        return self.context.problem(
            "CBR301", f"this is {WORDS[kind]}, where {WORDS[wanted]} is needed", expr, help=help
        )


def _better(spec: str, kind: Kind) -> str:
    if spec.endswith("d") and kind == "number":
        return f"`d` is for counts such as `epoch`; write `{spec[:-1]}.0f`"
    return "write it without spaces" if spec != spec.strip() else ""


_WHOLE = {"epoch", "epochs", "batch", "batches", "step", "steps"}
