"""Statements as `ruff format` lays them out: over several lines where they are too long.

In brackets a line is broken before the operators that bind least, or behind the commas. Outside of
them it is broken inside its last brackets that help; where there are none, or where operators
outside of brackets would get lost among those inside, brackets are put around it. A comment behind
a statement counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from cbdsl.diagnostics.text import width_of

WIDTH = 100
INDENT = "    "

_TOKEN = re.compile(
    r"""
    "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*'
    | (?P<opens>[(\[{]) | (?P<closes>[)\]}]) | (?P<comma>,)
    | [ ](?P<operator>if|else|or|and|is[ ]not|is|in|[<>=!]=|[<>]|//?|[-+*%])(?=[ ])
    """,
    re.VERBOSE,
)
# How strongly operators bind; those that compare are left out.
_STRENGTH = {"if": 0, "else": 0, "or": 1, "and": 1, "+": 3, "-": 3, "*": 4, "/": 4, "//": 4, "%": 4}
_COMPARES = 2

_STATEMENT = re.compile(
    r'^((?:if |elif |return |[\w.]+(?:, \w+|\["\w+"\])? [-+*/]?= )?)(.*?)([:,]?)$'
)
"""What a statement begins with, its expression, and what stands behind that."""
# A name, a number or a text.
_SINGLE = re.compile(r'\w+|\d[\w.+-]*|".*"|\'.*\'')


def laid_out(statement: str, indent: str = "", comment: str = "") -> list[str]:
    """The lines of a statement or of the head of one, given on one line.

    Args:
        statement: Python with one space around each operator and behind each comma.
        indent: what its lines begin with.
        comment: what is said behind its last line.
    """
    end = f"  # {comment}" if comment else ""
    whole = f"{indent}{statement}{end}"
    if _fits(whole):
        return [whole]
    head, text, tail = _STATEMENT.findall(statement)[0]
    opened = _opened(head + text, indent, tail + end)
    outline = _Outline(text)
    if all(map(_fits, opened)) and (outline.may_be_opened or not outline.operators):
        return opened
    if _SINGLE.fullmatch(text) and not tail:
        # A name or value goes into brackets together with its comment.
        text, end = text + end, ""
    in_brackets = [f"{indent}{head}(", *_inside(text, indent + INDENT), f"{indent}){tail}{end}"]
    return in_brackets if outline.operators or all(map(_fits, in_brackets)) else opened


def imported(module: str, names: Iterable[str]) -> list[str]:
    """The lines of `from module import names`, in the order of import sorters.

    That is constants, then classes, then functions.
    """
    ordered = sorted(names, key=lambda name: (not name.isupper(), name[0].islower(), name))
    line = f"from {module} import {', '.join(ordered)}"
    if _fits(line):
        return [line]
    return [f"from {module} import (", *(f"{INDENT}{name}," for name in ordered), ")"]


class _Outline:
    """What of an expression stands outside of all its brackets.

    Attributes:
        pairs: where its brackets open and close.
        commas: where its commas are.
        operators: where those of its operators are that bind least.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.pairs: list[tuple[int, int]] = []
        self.commas: list[int] = []
        operators: dict[int, list[int]] = {}
        openings: list[int] = []
        for token in _TOKEN.finditer(text):
            at = token.start()
            if token["opens"]:
                openings.append(at)
            elif token["closes"]:
                opening = openings.pop()
                if not openings:
                    self.pairs.append((opening, at))
            elif not openings and token["comma"]:
                self.commas.append(at)
            elif not openings and (operator := token["operator"]):
                operators.setdefault(_STRENGTH.get(operator, _COMPARES), []).append(at)
        self.operators = operators[min(operators)] if operators else []

    @property
    def may_be_opened(self) -> bool:
        """Whether to try its operator outside of brackets, its own brackets opened.

        That reads well if it has one, and brackets at its end or at its beginning.
        """
        if len(self.operators) != 1 or not self.pairs:
            return False
        start, end = self.pairs[-1]
        return self.text[0] in "([{" or start + 1 < end == len(self.text) - 1


def _inside(text: str, indent: str, tail: str = "") -> list[str]:
    """The lines of an expression that stands in brackets."""
    whole = f"{indent}{text}{tail}"
    if _fits(whole):
        return [whole]
    operators = _Outline(text).operators
    if not operators:
        return _opened(text, indent, tail)
    *parts, last = _split(text, operators)
    lines = [line for part in parts for line in _inside(part, indent)]
    return lines + _inside(last, indent, tail)


def _opened(text: str, indent: str, tail: str) -> list[str]:
    """The lines of a text whose brackets are opened; the first ones only if they have to be."""
    pairs = [(start, end) for start, end in _Outline(text).pairs if start + 1 < end]
    whole = text + tail
    stops = [*(start + 1 for start, _ in pairs[1:]), len(whole)]
    lines, done = [], 0
    for (start, end), stop in zip(pairs, stops, strict=False):
        if not _fits(indent + whole[done:stop]):
            lines += [indent + text[done : start + 1], *_between(text, start, end, indent + INDENT)]
            done = end
    return [*lines, indent + whole[done:]]


def _between(text: str, start: int, end: int, indent: str) -> list[str]:
    """The lines of what stands in a pair of brackets."""
    body = text[start + 1 : end]
    before = text[start - 1 : start]
    is_call = text[start] == "(" and (before.isalnum() or before == "_")
    if is_call and _fits(indent + body):
        return [indent + body]
    commas = _Outline(body).commas
    items = [item.removeprefix(", ") for item in _split(body, commas) if item != ","]
    comma = "," if commas else ""
    return [line for item in items for line in _inside(item, indent, comma)]


def _split(text: str, places: list[int]) -> list[str]:
    """A text in parts that begin at some places."""
    return [text[a:b].strip() for a, b in pairwise([0, *places, len(text)])]


def _fits(line: str) -> bool:
    return width_of(line) <= WIDTH
