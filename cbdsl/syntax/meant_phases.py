"""What a line of a schedule means, in whatever words, and how cbr writes it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import zip_longest
from typing import Literal

from cbdsl.catalog.words import FOREIGN_LAWS, FOREIGN_PHASES, FOREIGN_UNITS, WORDS
from cbdsl.syntax.expected import PHASES, TIMES, UNITS
from cbdsl.syntax.trouble import Word
from cbdsl.syntax.wrong_numbers import converted

Part = Literal[
    "power", "from", "to", "at", "law", "by", "every", "span", "last", "times", "scaling",
    "stretching", "other",
]  # fmt: skip

RAMPS = ("linear", "cosine", "exponential", "sqrt", "polynomial")
"""The phases that lead from one value to another."""

PARTS: dict[str, tuple[Part, ...]] = {
    **dict.fromkeys(RAMPS, ("from", "to", "span")),
    "polynomial": ("power", "from", "to", "span"),
    "hold": ("at", "span"),
    "step": ("by", "every", "span"),
    "decay": ("law", "by", "every", "span"),
    "cycle": ("from", "to", "every", "span"),
    "repeat": ("last", "times", "scaling", "stretching"),
}
"""What each phase is made of, in the order of its words."""

_LAWS = FOREIGN_LAWS | {law: law for law in ("exponential", "inverse", "inverse_sqrt")}

_LEADS: dict[str, Part] = {
    "from": "from", "between": "from", "starting": "from", "start": "from",
    "to": "to", "towards": "to", "reaching": "to", "until": "to", "and": "to",
    "at": "at", "value": "at",
    "by": "by", "factor": "by", "rate": "by", "gamma": "by",
    "over": "span", "for": "span", "in": "span", "within": "span", "during": "span",
    "across": "span", "lasting": "span",
    "every": "every", "each": "every", "per": "every",
    "scaling": "scaling", "scale": "scaling", "scaled": "scaling",
    "stretching": "stretching", "stretch": "stretching", "stretched": "stretching",
    "last": "last", "power": "power",
    "after": "other", "before": "other",
}  # fmt: skip
"""Words before a part of a phase, those of cbr and others."""

_SPANS = frozenset({"every", "span"})
_REST = frozenset({"rest", "remainder", "remaining", "everything", "ever", "forever"})
_ENDS = frozenset({"end", "whole", "all", "entire"})
_COUNTS = {"once": "1", "twice": "2", "thrice": "3"}
_POWERS = {"quadratic": "2", "square": "2", "cubic": "3"}
_FACTORS = frozenset({"scaling", "stretching"})
_ARITHMETIC = frozenset({"+", "-", "*", "/", "**"})
_UNITS = UNITS | set(FOREIGN_UNITS)


@dataclass(frozen=True)
class Meant:
    """A phase and its parts, each as text and the place where it begins.

    The kind is empty where nothing tells which phase it is.
    """

    kind: str
    parts: dict[Part, tuple[str, int]] = field(default_factory=dict)

    def written(self) -> str:
        """The phase as cbr writes it, with `…` for what the line does not say."""
        kind = self.kind
        by_part = {part: text for part, (text, _) in self.parts.items()}
        given = by_part.get
        span = given("span", "…")
        if kind in RAMPS:
            power = f"({given('power', '2')})" if kind == "polynomial" else ""
            start = f" from {by_part['from']}" if "from" in by_part else ""
            return f"{kind}{power}{start} to {given('to', '…')} over {span}"
        if kind == "hold":
            level = f" at {by_part['at']}" if "at" in by_part else ""
            return f"hold{level} for {span}"
        every = given("every", "…")
        if kind == "step":
            return f"step by {given('by', '…')} every {every} for {span}"
        if kind == "decay":
            law = given("law", "exponential")
            return f"decay {law} by {given('by', '…')} per {every} for {span}"
        if kind == "cycle":
            return f"cycle from {given('from', '…')} to {given('to', '…')} every {every} for {span}"
        return self._repeat(by_part)

    def _repeat(self, given: dict[Part, str]) -> str:
        written = "repeat"
        for part, form in (
            ("last", "last {} phases"),
            ("times", "{} times"),
            ("scaling", "scaling by {}"),
            ("stretching", "stretching by {}"),
        ):
            if part in given:
                said = form.format(given[part])
                written += " " + (said.removesuffix("s") if given[part] == "1" else said)
        return written


def meant(words: Sequence[Word]) -> Meant:
    """What the words of a line mean as a phase."""
    items = _items(words)
    kind = _kind(words, items) if words else ""
    if not kind:
        return Meant("")
    asked = PARTS[kind]
    parts = _law(words) if kind == "decay" else {}
    if kind == "polynomial":
        parts, words = _power(words)
        items = _items(words)
    left = [item for item in items if not _takes(parts, asked, item.part, item)]
    for item in (item for item in left if item.kind == "span" and item.part != "other"):
        # Of two spans without a word before them the first is the shorter one.
        free = [part for part in asked if part in _SPANS and part not in parts]
        _takes(parts, asked, free[0] if free else None, item)
    loose = [item for item in left if item.kind == "value" and item.part in _LOOSE]
    free = [part for part in asked if part in _FOR_VALUES and part not in parts]
    if kind in RAMPS and len(loose) < len(free):
        free = ["to"] if "to" in free else free
    for part, item in zip(free, loose, strict=False):
        parts[part] = (item.text, item.at)
    if kind == "repeat" and "scaling" not in parts:
        by = next((item for item in left if item.part == "by"), None)
        parts |= {"scaling": (by.text, by.at)} if by else {}
    return Meant(kind, parts)


_LOOSE = (None, "at", "from", "to", "last")
_FOR_VALUES = ("from", "to", "at", "by", "times")


def _takes(
    parts: dict[Part, tuple[str, int]], asked: tuple[Part, ...], part: Part | None, item: _Item
) -> bool:
    """Whether a part is one of the phase and takes the item, which is then its own."""
    if part not in asked or part in parts or (item.kind == "span") != (part in _SPANS):
        return False
    parts[part] = (item.text, item.at)
    return True


@dataclass
class _Item:
    """A number, a span or a count of a line, and the part that a word before it names."""

    kind: Literal["value", "span", "count"]
    part: Part | None
    text: str
    at: int


def _items(words: Sequence[Word]) -> list[_Item]:
    found: list[_Item] = []
    part: Part | None = None
    joined = led = False
    skip = 0
    for word, behind in zip_longest(words, words[1:]):
        text, at, following = word.text, word.span.start, behind.text if behind else ""
        if skip:
            skip -= 1
            continue
        item: _Item | None = None
        if word.kind == "number":
            item, skip = _number(text, following, part, at)
        elif text in _LEADS:
            # `scaling by 0.5` is about the scaling.
            part = part if text == "by" and part in _FACTORS else _LEADS[text]
            joined = False
        elif text in _REST or (text in _ENDS and part in ("to", "span")):
            item = _Item("span", "span", "the rest", at)
        elif text in _COUNTS:
            item = _Item("count", "times", _COUNTS[text], at)
        elif text in _UNITS and word is not words[0] and behind and behind.kind == "number":
            # `until epoch 5`; `over epochs 5`.
            skip = 1
            item = _Item("span", part, converted(following, text), at) if part in _SPANS else None
        elif text in _UNITS and part in _SPANS:
            # `every epoch` is a span; in `over the remaining epochs` there is one already.
            given = any(other.kind == "span" and other.part == part for other in found)
            item = None if given else _Item("span", part, converted("1", text), at)
        elif text == "phase" and part == "last":
            item = _Item("count", "last", "1", at)
        elif text == "-" and following == ">":
            part, skip = "to", 1
        elif text in _ARITHMETIC and found and found[-1].kind == "value":
            found[-1].text += f" {text}"
            joined = True
        elif word.kind == "name" and part and text not in (WORDS if led else _NO_NAMES):
            given = not joined and any(other.part == part for other in found)
            item = None if given else _Item("span" if part in _SPANS else "value", part, text, at)
        led = text in _LEADS
        if item and joined and item.kind == "value":
            found[-1].text += f" {item.text}"
        elif item and not (item.text == "the rest" and item.text in [o.text for o in found]):
            found.append(item)
        joined = joined and item is None
    return found


_NO_NAMES = WORDS | set(FOREIGN_PHASES) | {"lr", "training", "a", "an", "of", "its", "then"}


def _number(text: str, following: str, part: Part | None, at: int) -> tuple[_Item, int]:
    """A number, alone or as a span or count, and how many words behind it belong to it."""
    glued = re.fullmatch(r"([0-9.]+)([a-z]+)", text)
    number, unit = glued.groups() if glued else (text, following)
    behind = 0 if glued else 1
    if number.endswith("%"):
        return _Item("span" if part in _SPANS else "value", part, number, at), 0
    if unit in _UNITS:
        return _Item("span", part, converted(number, unit), at), behind
    if unit in TIMES or unit == "x":
        return _Item("count", "times", number, at), behind
    if unit in ("phase", "phases"):
        return _Item("count", "last", number, at), behind
    return _Item("value", part, text, at), 0


def _kind(words: Sequence[Word], items: list[_Item]) -> str:
    names = [word.text.lower() for word in words if word.kind == "name"]
    parts = {item.part for item in items}
    ramp = next((name for name in names if name in RAMPS), "")
    first = names[0] if names else ""
    kind = first if first in PHASES else FOREIGN_PHASES.get(first, "")
    if not kind and first not in WORDS:
        kind = next(iter(get_close_matches(first[:30], PHASES, n=1, cutoff=0.65)), "")
    if not kind:
        kind = next((name for name in names if name in PHASES), "")
    if kind == "decay" and "step" in names:
        return "step"
    if kind == "decay" and ramp and not parts & {"by", "every"}:
        return ramp
    if kind == "decay" and ramp and not _LAWS.keys() & set(names):
        return ramp
    if kind == "decay" and "to" in parts and not parts & {"by", "every"}:
        return ramp or "cosine"
    if kind == "exponential" and "by" in parts and "to" not in parts:
        return "decay"
    if kind == "step" and "to" in parts and not parts & {"by", "every"}:
        return "hold"
    leads = first in _LEADS or words[0].kind == "number"
    if not kind and leads and any(item.kind == "span" for item in items):
        return "linear" if "to" in parts else "hold"
    return kind


def _law(words: Sequence[Word]) -> dict[Part, tuple[str, int]]:
    """By what law something decays."""
    names = [(word.text.lower(), word.span.start) for word in words if word.kind == "name"]
    for name, at in names:
        if name in _LAWS:
            law = _LAWS[name]
            root = law == "inverse" and any(other in ("sqrt", "root") for other, _ in names)
            return {"law": ("inverse_sqrt" if root else law, at)}
    return {}


def _power(words: Sequence[Word]) -> tuple[dict[Part, tuple[str, int]], Sequence[Word]]:
    """The power of a polynomial, and the words without it."""
    first, *rest = words
    at = first.span.start
    if first.text.lower() in _POWERS:
        return {"power": (_POWERS[first.text.lower()], at)}, rest
    if rest and rest[0].kind == "number":
        return {"power": (rest[0].text, at)}, rest[1:]
    if len(rest) > 2 and rest[0].text == "(" and rest[1].kind != "sign":
        close = next((i for i, word in enumerate(rest) if word.text == ")"), 1)
        return {"power": (rest[1].text, at)}, rest[close + 1 :]
    return {}, rest
