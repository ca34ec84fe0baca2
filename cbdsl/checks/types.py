"""Numbers, times, truth values and texts do not mix, and formats fit what they format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cbdsl.catalog.functions import FUNCTIONS, SERIES
from cbdsl.catalog.units import SECONDS
from cbdsl.checks.context import WORDS, Context, Kind
from cbdsl.diagnostics import CbrError, Diagnostic
from cbdsl.syntax import nodes as n

MAX_WIDTH = 100
"""The largest width or precision of a format, in characters."""

_DIGITS = len(str(MAX_WIDTH))

# Python's format mini-language, without a fill that would be a quote, a brace or a backslash.
_SPEC = re.compile(
    r"""(?:[^{}"'\\]?[<>=^])?[-+ ]?z?\#?0?(?P<width>[0-9]+)?[_,]?
        (?:\.(?P<precision>[0-9]+))?[a-zA-Z%]?""",
    re.VERBOSE,
)


def check(context: Context) -> Iterator[Diagnostic]:
    typed = _Types(context)
    for limit in context.file.limits:
        yield from typed.expect(limit.low, "number")
        yield from typed.expect(limit.high, "number")
    for schedule in context.file.schedules:
        for phase in schedule.phases:
            for level in n.levels(phase):
                yield from typed.expect(level, "number")
    for metric in context.file.metrics:
        yield from typed.expect(metric.value, "number")
    for rule in context.file.rules:
        if rule.condition:
            yield from typed.expect(rule.condition.test, "truth")
        for action in rule.actions:
            if isinstance(action, n.Assign):
                yield from typed.expect(action.value, _assigned(context, action))
                continue
            for expr in n.expressions_of((action,)):
                if isinstance(expr, n.Text) and not isinstance(action, n.Record):
                    yield from typed.text(expr)
                else:
                    yield from typed.expect(expr, "number")


def kind_of(context: Context, expr: n.Expr) -> Kind:
    """The kind of an expression that has been checked."""
    return _Types(context).kind(expr)


def _assigned(context: Context, action: n.Assign) -> Kind:
    """What a setting or a variable takes."""
    target = action.target
    let = context.variables.get(target.name) if isinstance(target, n.Name) else None
    is_truth = let is not None and isinstance(let.value, n.Truth) and action.op == "="
    return "truth" if is_truth else "number"


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
        match expr:
            case n.Name():
                return self._name(expr)
            case n.Duration():
                return "time" if expr.unit in SECONDS else "span"
            case n.Number() | n.Setting():
                return "number"
            case n.Truth():
                return "truth"
            case n.Text():
                self._none_of(self.text(expr))
                return "text"
            case n.Minus():
                return self._numeric(expr.operand)
            case n.Binary():
                return self._binary(expr)
            case n.Call():
                return self._call(expr)
            case n.Compare():
                self._alike(expr.operands)
            case n.Crosses():
                self._alike((expr.operand, expr.level))
            case n.All() | n.Any():
                self._none_of(p for operand in expr.operands for p in self.expect(operand, "truth"))
            case n.Not() | n.Held():
                self._none_of(self.expect(expr.operand, "truth"))
            case n.State() | n.Moves():
                self._numeric(expr.operand)
            case n.Improves() | n.Stalls():
                kind = self._numeric(expr.operand)
                if expr.by is not None:
                    self._none_of([*self.expect(expr.by, kind), *self._by(expr.by)])
        return "truth"

    def _name(self, name: n.Name) -> Kind:
        match self.context.kind_of(name):
            case "param":
                return self.context.params[name.name].kind
            case "variable":
                value = self.context.variables[name.name].value
                return "truth" if isinstance(value, n.Truth) else "number"
            case "value" if name.name == "elapsed":
                return "time"
            case _:
                return "number"

    def _none_of(self, problems: Iterable[Diagnostic]) -> None:
        found = list(problems)
        if found:
            raise CbrError(found)

    def _numeric(self, expr: n.Expr) -> Kind:
        """A number or a time."""
        kind = self.kind(expr)
        if kind not in ("number", "time"):
            raise CbrError([self._mismatch(expr, kind, "number")])
        return kind

    def _alike(self, operands: tuple[n.Expr, ...]) -> Kind:
        """Several numbers, or several times."""
        kinds = self._kinds(operands)
        wanted: Kind = "time" if "time" in kinds else "number"
        self._none_of(
            self._mismatch(operand, kind, wanted)
            for operand, kind in zip(operands, kinds, strict=True)
            if kind != wanted
        )
        return wanted

    def _kinds(self, exprs: tuple[n.Expr, ...]) -> list[Kind]:
        """The kinds of several expressions; raises `CbrError` for what is wrong in any of them."""
        kinds: list[Kind] = []
        errors: list[CbrError] = []
        for expr in exprs:
            try:
                kinds.append(self.kind(expr))
            except CbrError as e:
                errors.append(e)
        if errors:
            raise CbrError(problem for error in errors for problem in error.diagnostics)
        return kinds

    def _binary(self, expr: n.Binary) -> Kind:
        """Times are added to times, multiplied and divided by numbers; their ratio is a number."""
        if expr.op in ("+", "-", "%"):
            return self._alike((expr.left, expr.right))
        sides = (expr.left, expr.right)
        kinds = self._kinds(sides)
        match expr.op, *kinds:
            case (_, "number", "number") | ("/", "time", "time"):
                return "number"
            case ("*" | "/", "time", "number") | ("*", "number", "time"):
                return "time"
        pairs = zip(sides, kinds, strict=True)
        raise CbrError(
            self._mismatch(side, kind, "number") for side, kind in pairs if kind != "number"
        )

    def _call(self, call: n.Call) -> Kind:
        """What a function gives; whether there is one, and of how many, is looked at elsewhere."""
        function = FUNCTIONS.get(call.function) or SERIES.get(call.function)
        if function is None:
            raise CbrError([])
        kinds = [kind for _, kind in function.arguments]
        kinds += kinds[-1:] * (len(call.arguments) - len(kinds))
        given = list(zip(call.arguments, kinds, strict=False))
        self._none_of(
            problem
            for argument, kind in given
            if kind not in ("number", "metric")
            for problem in self.expect(argument, "truth" if kind == "condition" else "number")
        )
        numbers = tuple(argument for argument, kind in given if kind in ("number", "metric"))
        if not function.same_kind:
            # A deviation from the mean has no unit, whatever it is of.
            kinds_of = [self._numeric(number) for number in numbers]
            if "time" in kinds_of and call.function in FUNCTIONS:
                place = numbers[kinds_of.index("time")]
                raise CbrError([self._mismatch(place, "time", "number")])
            return "number"
        return self._alike(numbers) if numbers else "number"

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
                yield from spec_problems(self.context, placeholder, kind)

    def _mismatch(self, expr: n.Expr, kind: Kind, wanted: Kind) -> Diagnostic:
        shown = self.context.source.slice(expr.span)
        help = put = ""
        if isinstance(expr, n.Text):
            help = "a metric's name stands without quotes"
            if re.fullmatch(r'"-?[0-9.]+%?"', shown):
                put = shown[1:-1]
                help = f"write `{put}` without quotes"
        if wanted == "truth" and kind in ("number", "time"):
            level = "2 hours" if kind == "time" else "0.5"
            help = f"compare it, as in `{shown} > {level}`" if len(shown) < 40 else "compare it"
        if (
            wanted in ("number", "time")
            and kind == "truth"
            and not isinstance(expr, n.Name | n.Truth)
        ):
            help = "conditions are joined with `and`, `or` and `not`"
        if wanted == "time" and kind == "number":
            help = "a time has a unit: `30 seconds`, `10 minutes`, `2 hours`"
        if wanted == "number" and kind == "time":
            help = "divide it by a time, such as `1 second`, to get a number"
        if wanted == "number" and kind == "span":
            help = "compare `epoch`, `batch` or `step` with a number alone"
        message = f"this is {WORDS[kind]}, where {WORDS[wanted]} is needed"
        return self.context.problem("CBR301", message, expr, help=help, put=put)


def spec_problems(context: Context, placeholder: n.Placeholder, kind: Kind) -> Iterator[Diagnostic]:
    """What is wrong with the format of what is filled in."""
    spec = placeholder.spec
    shape = _SPEC.fullmatch(spec)
    sizes = [size.lstrip("0") for size in shape.groups() if size] if shape else []
    # Python reads no number of thousands of digits.
    if any(len(size) > _DIGITS or int(size or 0) > MAX_WIDTH for size in sizes):
        message = f"the format `{spec}` is wider than {MAX_WIDTH} characters"
        yield context.problem("CBR304", message, placeholder)
        return
    # Only the names that count are whole numbers; the others are formatted as they are.
    whole = isinstance(placeholder.value, n.Name) and placeholder.value.name in _WHOLE
    sample: object = "a" if kind == "text" else 1 if whole else 0.5
    try:
        # `c` would write the character of that number.
        if shape is None or spec.endswith("c"):
            raise ValueError
        format(sample, spec)
    except ValueError:
        what = "a whole number" if whole else WORDS[kind]
        yield context.problem(
            "CBR304",
            f"the format `{spec}` does not fit {what}",
            placeholder,
            why="formats are those of Python: `.3f`, `.1%`, `>8.2e`, `03d`",
            help=_better(spec, kind),
        )


def _better(spec: str, kind: Kind) -> str:
    if spec.endswith("d") and kind == "number":
        return f"`d` is for counts such as `epoch`; write `{spec[:-1]}.0f`"
    return "write it without spaces" if spec != spec.strip() else ""


_WHOLE = {"epoch", "epochs", "batch", "batches", "step", "steps"}
