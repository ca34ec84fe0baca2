"""Names and directions are the ones that were meant, as far as common sense tells."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

from cbdsl.catalog.keras_callbacks import KERAS_CALLBACKS
from cbdsl.catalog.metrics import COMMON, SCALED, direction, words_of
from cbdsl.checks.context import Context
from cbdsl.checks.use import given
from cbdsl.diagnostics import Diagnostic
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    yield from _directions(context)
    if context.metrics is None:
        yield from _names(context)


def _directions(context: Context) -> Iterator[Diagnostic]:
    for said in context.file.directions:
        yield from _against(context, said.metric, said.better, said)
    for use in context.file.uses:
        argument = next((a for a in use.arguments if a.name.name == "mode"), None)
        if argument is None or use.callback.name not in KERAS_CALLBACKS:
            continue
        better = {"min": "lower", "max": "higher"}.get(str(given(context, use, "mode")))
        if better:
            name = str(given(context, use, "monitor"))
            yield from _against(context, n.Name(name, span=argument.span), better, argument)


def _against(context: Context, metric: n.Name, said: str, at: n.Node) -> Iterator[Diagnostic]:
    usual = context.directions.get(metric.name) if isinstance(at, n.Argument) else None
    usual = usual or direction(metric.name)
    # Some words turn a name around: the negative of a loss, the change of an accuracy.
    if usual is None or usual == said or not SCALED.isdisjoint(words_of(metric.name)):
        return
    what = "more" if usual == "higher" else "less"
    yield context.problem(
        "CBR425",
        f"of `{metric.name}` {what} is better, by its name",
        at,
        why="what improves, stalls and is best would be turned around",
        help=_turned(at, said),
    )


def _turned(at: n.Node, said: str) -> str:
    if isinstance(at, n.Argument):
        return f'write `mode="{"max" if said == "lower" else "min"}"`, or leave it out'
    return "delete the line, if that is not what you mean"


def _names(context: Context) -> Iterator[Diagnostic]:
    """A metric whose name is almost a common one; each once, where it is first asked for."""
    elsewhere = context.expected | context.made | context.lost
    seen: set[str] = set()
    for statement in context.file.computing:
        for expr in n.expressions(statement):
            for part in n.walk(expr):
                match part:
                    case n.Binary(op="-", left=n.Name(name="val") as val, right=n.Name() as name):
                        if context.kind_of(val) == "metric" and val.name not in elsewhere:
                            yield _dash(context, part, name)
                    case n.Name(quoted=False) if context.kind_of(part) == "metric":
                        if part.name in seen or part.name in elsewhere:
                            continue
                        if near := _near(part.name):
                            yield _misspelt(context, part, near)
                        seen.add(part.name)
                    case _:
                        pass


def _dash(context: Context, part: n.Node, name: n.Name) -> Diagnostic:
    return context.problem(
        "CBR427",
        f"this is a metric `val` minus `{name.name}`",
        part,
        why="in a name, words are joined by `_`",
        help=f"write `val_{name.name}`, or `expects val` above if there is such a metric",
    )


def _misspelt(context: Context, name: n.Name, near: str) -> Diagnostic:
    return context.problem(
        "CBR427",
        f"`{name.name}` looks misspelt",
        name,
        why="a metric that never comes is missing in every epoch, and its rule never fires",
        help=f"write `{near}`, or `expects {name.name}` above if the model reports it so",
    )


def _near(name: str) -> str:
    """The common name that a metric's name is a slip of; empty where it is none."""
    plain = name.removeprefix("val_")
    if name in COMMON or plain in COMMON or any(letter.isdigit() for letter in plain):
        return ""
    for common in COMMON:
        if len(common) > 3 and _is_slip(plain, common):
            return name.removesuffix(plain) + common
    return ""


def _is_slip(name: str, meant: str) -> bool:
    """Whether one letter is left out, doubled, wrong or swapped with the next, within the word."""
    if name[:1] != meant[:1] or abs(len(name) - len(meant)) > 1 or name.startswith(meant):
        return False
    if len(name) == len(meant):
        wrong = [i for i, (a, b) in enumerate(zip(name, meant, strict=True)) if a != b]
        if len(wrong) == 2:
            first, second = wrong
            swapped = (name[first], name[second]) == (meant[second], meant[first])
            return second == first + 1 and swapped
        return len(wrong) == 1 and len(meant) > 4
    common = sum(block.size for block in SequenceMatcher(None, name, meant).get_matching_blocks())
    return common == min(len(name), len(meant))
