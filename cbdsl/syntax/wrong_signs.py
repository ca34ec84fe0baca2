"""Numbers, characters and signs that cannot stand where they do.

Each function looks for one kind of mistake and gives its diagnostic, or None if it is another.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from cbdsl.catalog.words import FOREIGN_FUNCTIONS, FOREIGN_SIGNS
from cbdsl.diagnostics import Diagnostic
from cbdsl.source import Span
from cbdsl.syntax.expected import UNITS, expected
from cbdsl.syntax.trouble import Trouble


def loose_percent(t: Trouble) -> Diagnostic | None:
    """`90 %`, read as the beginning of a remainder or not at all."""
    around = [*t.before[-2:], *t.behind[:2]]
    for number, sign in pairwise(around):
        if number.kind == "number" and sign.text == "%" and sign.span.end >= t.at - 1:
            help = f"write `{number.text}%`; with a space it is the remainder of a division"
            at = number.span.to(sign.span)
            return t.says("CBR109", "the sign of a percent touches its number", at, help=help)
    return None


def character(t: Trouble) -> Diagnostic | None:
    """A character that cannot be seen, or that names cannot hold."""
    word = t.found
    if word is None:
        return None
    sign = word.text[0]
    if word.kind == "sign" and not sign.isprintable():
        message = f"the character U+{ord(sign):04X} cannot stand here"
        name = unicodedata.name(sign, "").lower()
        why = f"it is a {name}" if name else ""
        return t.says("CBR110", message, word.span, why, "write a plain space, or delete it")
    if word.kind == "name" and not word.text.isascii():
        first = t.before[-1].span if t.before else word.span
        name_span = first.to(word.span) if first.end == word.span.start else word.span
        message = f"`{t.source.slice(name_span)}` is no plain name"
        why = "names are made of the letters a to z, digits and `_`"
        help = "a metric of that name is written in backticks"
        return t.says("CBR110", message, name_span, why, help)
    return None


def number(t: Trouble) -> Diagnostic | None:
    """A number that is none, or one where none can stand."""
    word = t.found
    if word is None or word.kind != "number":
        return None
    text = word.text
    if not re.fullmatch(r"([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?%?", text):
        return t.says("CBR111", f"`{text}` is no number", word.span, help=_mended(text))
    help = _ARGUMENTS if t.is_use else ""
    if t.last == "at" and "epoch" in t.accepted:
        help = f"write `at epoch {text}` or `at {text}%`"
    elif "," in t.accepted:
        help = "put a comma between two numbers"
    elif t.last in UNITS:
        help = "the unit stands behind its number, as in `3 epochs`"
    elif t.last == "stalls":
        help = f"write `stalls for {text} epochs`"
    return t.cannot_stand(word, help)


_ARGUMENTS = "arguments are written `name=value`"


def _mended(text: str) -> str:
    """What to write instead of a bad number."""
    if re.fullmatch(r"[0-9][0-9_]*", text):
        return f"write `{text.replace('_', '')}`"
    if parts := re.fullmatch(r"([0-9]+)([kKmM])", text):
        return f"write `{parts[1]}{'000' if parts[2] in 'kK' else '000000'}`"
    if parts := re.fullmatch(r"([0-9.]+)%(\w+)", text):
        return f"write `{parts[1]}%` and a space, or `{parts[1]} % {parts[2]}` for the remainder"
    if parts := re.fullmatch(r"([0-9.]+%?)([a-z]{2,})", text):
        return f"write `{parts[1]} {parts[2]}`"
    return "write digits with at most one point, and a space before a unit"


def equals(t: Trouble) -> Diagnostic | None:
    """`=` for `==`, `=>` for `>=`, `<>` for `!=`, `==` for `=`."""
    word = t.found
    if word is None or word.text not in ("=", "==", ">"):
        return None
    if word.text == ">":
        at = Span(t.at - 1, t.at + 1)
        if t.source.slice(at) != "<>":
            return None
        return t.says("CBR109", "`<>` is no comparison", at, help="write `!=`")
    if t.at > t.span.start and t.source.text[t.at - 1] == "=":
        at = Span(t.at - 1, t.at + 1)
        return t.says("CBR109", "`==` compares; it does not set", at, help="write one `=`")
    if "<" not in t.accepted:
        return None
    behind = t.source.text[t.at + 1 : t.at + 2]
    if behind in ("<", ">"):
        at, help = Span(t.at, t.at + 2), f"write `{behind}=`"
        return t.says("CBR109", f"`={behind}` is no comparison", at, help=help)
    return t.says("CBR109", "`=` sets; it does not compare", word.span, help="write `==`")


def call(t: Trouble) -> Diagnostic | None:
    """A function, of which this version has none."""
    if t.found is None or t.found.text != "(" or not t.before or t.before[-1].kind != "name":
        return None
    name = t.before[-1]
    if name.text in FOREIGN_FUNCTIONS:
        help = f"write {FOREIGN_FUNCTIONS[name.text]}"
        return t.says("CBR109", f"`{name.text}` is no function of cbr", name.span, help=help)
    message = f"`{name.text}(…)`: functions are not in this version of cbdsl"
    return t.says("CBR115", message, name.span)


def sign(t: Trouble) -> Diagnostic | None:
    """A sign of another language, or one in a wrong place."""
    word = t.found
    if word is None:
        return None
    text = word.text
    if word.kind == "metric" and text == "``":
        return t.says("CBR109", "the backticks hold no name", word.span)
    if word.kind == "metric" and t.is_rule and "=" not in t.accepted and not t.accepts_value:
        why = "it is always a metric, which a rule can read and not set"
        return t.says("CBR109", "a name in backticks cannot stand here", word.span, why)
    if word.kind in ("metric", "text"):
        what = "a name in backticks" if word.kind == "metric" else "a text"
        help = _ARGUMENTS if t.is_use else ""
        return t.says("CBR109", f"{what} cannot stand here", word.span, expected(t.accepted), help)
    if text == ":" and t.start == "statement":
        help = "write the actions without `:`, or indented on the lines below it"
        return t.says("CBR109", "nothing stands behind a `:` on its line", word.span, help=help)
    if t.is_use and text == ".":
        help = "write the callback's name alone, without its module"
        return t.says("CBR110", f"`{text}` cannot stand here", word.span, help=help)
    if t.start == "expr" and text in {".", "[", "!"}:
        why = "between braces stands an expression: no attributes, indexing or conversions"
        return t.says("CBR110", f"`{text}` cannot stand here", word.span, why)
    if text not in t.words:
        message = f"`{text}` is no sign of the language"
        return t.says("CBR110", message, word.span, help=FOREIGN_SIGNS.get(text, ""))
    return t.cannot_stand(word)
