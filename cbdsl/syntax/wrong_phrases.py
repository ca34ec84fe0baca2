"""Phrases of several words that a condition has one sign or one word for, and `before`.

Each function looks for one kind of mistake and gives its diagnostic, or None if it is another.
"""

from __future__ import annotations

import re
from itertools import pairwise

from cbdsl.catalog.values import VALUES
from cbdsl.catalog.words import WORDS
from cbdsl.diagnostics import Diagnostic, Fix
from cbdsl.source import Span
from cbdsl.syntax.expected import COMPARE, COUNTED, TIMES, UNITS
from cbdsl.syntax.trouble import Trouble, Word
from cbdsl.syntax.wrong_habits import NUMBER
from cbdsl.syntax.wrong_order import ordered

_MORE = r"greater|higher|larger|bigger|more|above|over"
_LESS = r"less|lower|smaller|fewer|below|under"
_OR_EQUAL = r"(?:[ ]+than)?[ ]+or[ ]+equals?(?:[ ]+(?:to|than))?"
_SIGNS = {
    ">=": rf"(?:{_MORE}){_OR_EQUAL}|at[ ]+least|no[ ]+(?:{_LESS})[ ]+than",
    "<=": rf"(?:{_LESS}){_OR_EQUAL}|at[ ]+most|no[ ]+(?:{_MORE})[ ]+than",
    ">": r"(?:greater|higher|larger|bigger|more)[ ]+than",
    "<": r"(?:less|lower|smaller|fewer)[ ]+than",
    "==": r"equal[ ]+to|exactly|the[ ]+same[ ]+as",
}
_DENIED = {
    **{sign: f"{words}" for sign, words in _SIGNS.items() if sign not in (">", "<")},
    ">": rf"(?:{_MORE})(?:[ ]+than)?",
    "<": rf"(?:{_LESS})(?:[ ]+than)?",
}
_OPPOSITE = {">": "<=", "<": ">=", ">=": "<", "<=": ">", "==": "!="}
_NOT = r"(?:is[ ]+not|(?:is|was)n['\u2019]t|not)[ ]+"
_VALUE = r"(?=[ ]*(?:[-(`.0-9]|[A-Za-z_]))"


def _patterns(lead: str, table: dict[str, str]) -> dict[str, re.Pattern[str]]:
    return {sign: re.compile(rf"{lead}(?:{words})(?!\w){_VALUE}") for sign, words in table.items()}


# A simple `is less than` is looked at with the other words behind `is`.
_SAID = {
    **_patterns(r"(?:is[ ]+)?", _SIGNS),
    **_patterns(r"(?:is[ ]+(?!greater|higher|less|lower))?", {s: _SIGNS[s] for s in "<>"}),
}
_SAID_NOT = _patterns(_NOT, _DENIED)


def _begins(t: Trouble) -> list[Word]:
    """The words near the trouble with a value before them: where a phrase can begin."""
    if t.found is None or not t.in_condition:
        return []
    words = [*t.before[-4:], t.found]
    return [word for lead, word in pairwise(words) if word.kind == "name" and _ends_value(lead)]


def _ends_value(word: Word) -> bool:
    if word.kind in ("name", "metric"):
        return word.text not in WORDS - set(VALUES)
    return word.kind == "number" or word.text == ")"


def subject(t: Trouble) -> Diagnostic | None:
    """`loss > 3 or < 1`: a comparison without its left side."""
    word = t.found
    if word is None or word.text not in COMPARE or t.last not in ("if", "and", "or", "not"):
        return None
    why = "both sides of a comparison are written out"
    help, fix = "say of what, on each side of it", None
    if (left := _left_side(t)) and len(left) <= _LONGEST_SIDE:
        rest = re.match(rf"[ ]*(-?(?:{NUMBER})%?)", t.source.text[word.span.end : t.span.end])
        help = f"write `{left} {word.text} {rest[1] if rest else t.next}`"
        # `for` would be said of the last condition alone.
        lasts = re.search(r"\bfor\b", t.source.text[t.at : t.span.end].partition('"')[0])
        fix = Fix(Span(t.at, t.at), f"{left} ") if not lasts else None
    return t.says("CBR109", f"`{word.text}` cannot stand here", word.span, why, help, fix=fix)


_LONGEST_SIDE = 60


def _left_side(t: Trouble) -> str:
    """What is compared with a number directly before the `and` or `or` at the trouble.

    Empty where that is not plain: behind `not`, in a chain, or where `and` and `or` meet.
    """
    words = t.before[:-1]
    depth, index, texts = 0, len(words), [word.text for word in words]
    begin = sign = None
    while index and begin is None:
        index -= 1
        text = texts[index]
        depth += {")": 1, "(": -1}.get(text, 0)
        if depth < 0 or (depth == 0 and text in _BEFORE_CONDITIONS):
            begin = index
        elif depth == 0 and text in COMPARE:
            if sign is not None:
                return ""
            sign = index
        elif depth == 0 and words[index].kind == "name" and text in WORDS - _SIDE:
            return ""
    if begin is None or sign is None or sign == begin + 1 or texts[begin] == "not":
        return ""
    # The bracket may be that of a function.
    if depth < 0 and texts[begin - 1] not in _BEFORE_CONDITIONS | {"("}:
        return ""
    right = "".join(texts[sign + 1 :])
    if not re.fullmatch(rf"-?(?:{NUMBER})(?:[eE][+-]?[0-9]+)?%?", right):
        return ""
    if texts[begin] in ("and", "or") and texts[begin] != t.last:
        return ""
    return t.source.text[words[begin + 1].span.start : words[sign - 1].span.end]


_BEFORE_CONDITIONS = frozenset({"if", "and", "or", "not"})
_SIDE = frozenset({*VALUES, "best", "optimizer"})


def compared(t: Trouble) -> Diagnostic | None:
    """`is less than or equal to 3`, `is at least 3`, `is not above 3`."""
    for word in _begins(t):
        for patterns, denied in ((_SAID, False), (_SAID_NOT, True)):
            for said, pattern in patterns.items():
                found = pattern.match(t.source.text, word.span.start, t.span.end)
                if found is None or found.end() < t.at or (t.found and t.found.text in TIMES):
                    continue
                sign = _OPPOSITE[said] if denied else said
                at = Span(*found.span())
                why = "a comparison is written with its sign"
                # What is no number is neither above nor below another.
                fix = Fix(at, sign) if not denied or said == "==" else None
                message = f"`{t.source.slice(at)}` cannot stand here"
                help = f"write `{sign}`"
                if denied and said != "==":
                    help = f"write `{sign}` instead of `{t.source.slice(at)}`"
                return t.says("CBR109", message, at, why, help, fix=fix)
    return None


_STATE = {
    "improves": "improving|getting[ ]+better|better",
    "rises": "rising|increasing|growing|climbing|going[ ]+up",
    "falls": "falling|decreasing|dropping|shrinking|sinking|going[ ]+down",
}
_IS_NOT = re.compile(
    rf"(?:is[ ]+not|isn['\u2019]t)[ ]+"
    rf"(?:{'|'.join(f'(?P<{ours}>{words})' for ours, words in _STATE.items())})\b"
)
_GOES = re.compile(
    r"(?:(?:is[ ]+)?(?:goes|going|moves|moving)|keeps[ ]+going)[ ]+"
    r"(?:(?P<rises>up(?:wards?)?)|(?P<falls>down(?:wards?)?))\b"
    r"(?![ ]*[-0-9.(`]|[ ]+(?:to|by|from|past|above|below|over|under|beyond)\b)"
)
_IS_NO_STATE = re.compile(r"isn['\u2019]t(?=[ ]+(?:nan|finite|missing)\b)")


def moved(t: Trouble) -> Diagnostic | None:
    """`goes down`, `isn't improving`, `is not rising`, `isn't nan`."""
    text = t.source.text
    for word in _begins(t):
        if found := _GOES.match(text, word.span.start, t.span.end):
            ours = found.lastgroup or ""
            at = Span(*found.span())
            message = f"`{t.source.slice(at)}` cannot stand here"
            return t.says("CBR109", message, at, help=f"write `{ours}`", put=ours)
        if found := _IS_NO_STATE.match(text, word.span.start, t.span.end):
            at = Span(*found.span())
            message = f"`{t.source.slice(at)}` cannot stand here"
            return t.says("CBR109", message, at, help="write `is not`", put="is not")
        found = _IS_NOT.match(text, word.span.start, t.span.end)
        # How long it does not improve is said with `stalls`.
        if found is None or re.match(r"[ ]+(?:for|by)\b", text[found.end() : t.span.end]):
            continue
        index = t.before.index(word) if word in t.before else len(t.before)
        name, lead = t.before[index - 1], t.before[index - 2].text
        at = Span(word.span.start, found.end())
        whole = Fix(name.span.to(at), f"not {name.text} {found.lastgroup}")
        plain = name.kind in ("name", "metric") and lead in ("if", "and", "or", "(")
        message = f"`{t.source.slice(at)}` cannot stand here"
        why = "`not` stands before the whole condition"
        help = f"write `{whole.text}`" if plain else f"write `{found.lastgroup}`, and `not` first"
        return t.says("CBR109", message, at, why, help, fix=whole if plain else None)
    return None


def more_than(t: Trouble) -> Diagnostic | None:
    """`for more than 3 epochs`, `for at least 3 epochs`, `by more than 0.1`."""
    if t.found is None or not t.is_rule or not t.in_condition:
        return None
    words = [*t.before[-3:], t.found]
    lead = next((i for i, word in enumerate(words) if word.text in ("for", "by")), None)
    if lead is None:
        return None
    found = _AT_LEAST.match(t.source.text, words[lead].span.end, t.span.end)
    if found is None or t.at >= found.end():
        return None
    at = Span(*found.span("words"))
    how, unit = t.source.slice(at), (found["unit"] or "").strip()
    given = f"{found['n']} {unit}".strip() if unit in COUNTED else found["n"]
    put = Fix(Span(at.start, found.start("n")), "")
    message = f"`{how}` cannot stand here"
    if words[lead].text == "by":
        why = "it improves by more than what stands behind `by`"
        fix = put if how != "at least" and not given.endswith("%") else None
        return t.says("CBR109", message, at, why, f"write `by {given}`", fix=fix)
    if how == "at least":
        why = "`for` is so long, or longer"
        return t.says("CBR109", message, at, why, f"write `for {given}`", fix=put)
    why = "`for 3 epochs` is three of them, or more"
    help = f"write `for {given}`"
    if _is_count(found["n"]) and unit in COUNTED:
        unit = unit if unit.endswith("s") else f"{unit}{'es' if unit == 'batch' else 's'}"
        help = f"write `for {int(found['n']) + 1} {unit}`"
    return t.says("CBR109", message, at, why, help)


_AT_LEAST = re.compile(
    r"[ ]+(?P<words>(?:more|longer|greater|larger)[ ]+than|at[ ]+least)[ ]+"
    r"(?P<n>[0-9.]+(?:e-?[0-9]+)?%?)(?P<unit>[ ]+\w+)?"
)


# --------------------------------------------------------------------------------- windows


def _is_count(number: str) -> bool:
    """Whether it is a whole number that Python reads, which has its limits."""
    return number.isdigit() and len(number) < 20


def _stands(t: Trouble, word: Word, why: str, help: str, fix: Fix | None = None) -> Diagnostic:
    return t.says("CBR109", f"`{word.text}` cannot stand here", word.span, why, help, fix=fix)


def before(t: Trouble) -> Diagnostic | None:
    """`before 10`, which does not include the tenth, as `until 10` does."""
    near = [word for word in (*t.before[-1:], *t.behind[:1]) if word.text == "before"]
    if not near or not t.is_rule:
        return None
    word = near[0]
    found = _BOUND.match(t.source.text, word.span.start, t.span.end)
    if found is None or (not t.before and t.start not in ("statement", "head")):
        return None
    number, unit = found["n"], found["unit"] or ""
    why = "`until` is up to its bound, and with it"
    unit = found["of"] or unit.strip()
    if not _is_count(number) or (unit and unit.rstrip("es") not in ("epoch", "batch")):
        help = f"write `until {number}{f' {unit}' if unit in UNITS else ''}`"
        return _stands(t, word, why, help)
    if int(number) < 2:
        return _stands(t, word, "nothing is before the first", "leave the window out")
    many = {"epoch": "epochs", "batch": "batches"}.get(unit, unit)
    last = int(number) - 1
    put = f"until {last} {many}".strip() if last > 1 else f"until 1 {many.rstrip('s')}".strip()
    put = put.replace("1 batche", "1 batch")
    fix = Fix(Span(*found.span()), put)
    if not t.reads(t.with_fix(fix)):
        whole = ordered(t, t.with_fix(fix))
        fix_or_none = Fix(t.span, whole) if whole and t.before else None
        return _stands(t, word, why, f"write `{put}`", fix_or_none)
    return _stands(t, word, why, f"write `{put}`", fix)


_BOUND = re.compile(
    r"before[ ]+(?:the[ ]+)?(?:(?P<of>epoch|batch)[ ]+)?(?P<n>[0-9][0-9.]*%?)(?:st|nd|rd|th)?"
    r"(?P<unit>[ ]+(?:epoch|batch|second|minute|hour)(?:e?s)?\b)?"
)


def after(t: Trouble) -> Diagnostic | None:
    """`if epoch after 5`: a window in the place of a comparison."""
    word = t.found
    if word is None or word.text not in _SINCE or not t.in_condition or not t.before[1:]:
        return None
    name, lead = t.before[-1], t.before[-2].text
    if name.text not in VALUES or lead not in ("if", "and", "or", "not", "("):
        return None
    if not re.match(r"[0-9.]+%?$", t.next):
        return None
    sign = _SINCE[word.text]
    is_counted = len(t.behind) > 2 and t.behind[2].text in UNITS
    fix = Fix(word.span, sign) if name.text != "elapsed" and not is_counted else None
    why = f"behind `{lead}` stands a condition"
    return _stands(t, word, why, f"write `{name.text} {sign} {t.next}`", fix)


_SINCE = {"after": ">", "until": "<=", "before": "<"}
