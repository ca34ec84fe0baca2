"""Numbers, characters and signs that cannot stand where they do.

Each function looks for one kind of mistake and gives its diagnostic, or None if it is another.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from cbdsl.catalog.actions import ACTIONS
from cbdsl.catalog.functions import FUNCTIONS, SERIES, Function
from cbdsl.catalog.units import COUNTS, PLURAL, SECONDS, SINGULAR
from cbdsl.catalog.values import VALUES
from cbdsl.catalog.words import (
    FOREIGN_ACTIONS,
    FOREIGN_FUNCTIONS,
    FOREIGN_SIGNS,
    FOREIGN_UNITS,
    WORDS,
)
from cbdsl.diagnostics import Diagnostic, did_you_mean
from cbdsl.source import Span
from cbdsl.syntax.expected import (
    ASSIGN,
    COMPARE,
    COUNT_UNITS,
    COUNTED,
    TIME_UNITS,
    TIMES,
    UNITS,
    VERBS,
    expected,
)
from cbdsl.syntax.trouble import ORDER, Trouble, Word


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


# ------------------------------------------------------------------------- numbers and units


def unit(t: Trouble) -> Diagnostic | None:
    """A number without its unit, or with one of other languages."""
    if not t.before or t.before[-1].kind != "number":
        return None
    found, number = t.found, t.before[-1]
    if found and found.text in FOREIGN_UNITS:
        return no_unit(t, number, found)
    if not t.accepted or not t.accepted <= COUNTED:
        return None
    if found and found.kind == "name" and found.text not in WORDS | _VERBS:
        return no_unit(t, number, found)
    if t.complete:
        return None
    why = "a span is one of epochs, batches, seconds, minutes or hours"
    return t.says("CBR109", f"`{number.text}` needs a unit", number.span, why, _spans(t))


def times(t: Trouble) -> Diagnostic | None:
    """`at most` without its number, or without `times`."""
    if t.accepted == TIMES:
        message = f"`times` is missing behind `{t.last}`"
        return t.says("CBR109", message, t.here, help=f"write `at most {t.last} times`")
    if t.last == "most" and not _is_number(t.found):
        return t.says("CBR109", "`at most` needs a number", t.here, help="write `at most 3 times`")
    return None


def span(t: Trouble) -> Diagnostic | None:
    """A span that is not there, or that is said in another way."""
    text = t.found.text if t.found else ""
    since = next((word.span.end for word in t.before if word.text == "from"), None)
    if t.accepted == {"to"} and t.is_rule and since is not None:
        help = f"write `from {t.source.text[since : t.at].strip()} to …`, or `after …`"
        return t.says("CBR109", "`to` is missing in this window", t.here, ORDER, help)
    if t.last in ("wait", "for") and t.accepted == {"NUMBER", "NAME"} and text not in UNITS:
        if _is_number(t.found):
            return None
        message = f"`{t.last}` needs a number and a unit"
        return t.says("CBR109", message, t.here, help=f"write `{t.last} 3 epochs`")
    if t.last == "every" and text in TIME_UNITS:
        why = "only an epoch or a batch stands there without a number"
        help = f"write `every 1 {SINGULAR.get(text, text)}`"
        return t.says("CBR109", f"`every {text}` needs a number", t.here, why, help)
    around = [*t.before[-2:], *t.behind[:2]]
    for unit, joint, number in zip(around, around[1:], around[2:], strict=False):
        parts = unit.text in TIME_UNITS and joint.text in ("and", ",") and _is_number(number)
        if parts and t.at in (joint.span.start, number.span.start):
            message = f"`{joint.text}` cannot stand inside a time"
            help = "write the parts of a time one behind the other, as in `1 hour 30 minutes`"
            return t.says("CBR109", message, joint.span, help=help)
    return None


def _is_number(word: Word | None) -> bool:
    return word is not None and word.kind == "number"


_VERBS = frozenset({*ACTIONS, *FOREIGN_ACTIONS})


def _spans(t: Trouble) -> str:
    """How the number before the trouble is written with a unit."""
    number = t.last
    lead = [word.text for word in t.before[-3:-1]]
    if lead[-1:] and lead[-1] in TIME_UNITS:
        smaller = "minutes" if lead[-1].startswith("hour") else "seconds"
        return f"write `{number} {smaller}`"
    if lead == ["stalls", "for"]:
        return f"write `stalls for {number} epochs`"
    word = f"{lead[-1]} " if lead and lead[-1] in ("for", "every", "wait") else ""
    return f"write `{word}{number} epochs`"


def no_unit(t: Trouble, number: Word, word: Word) -> Diagnostic:
    """That a word behind a number is no unit of cbr."""
    why = "units are " + ", ".join(f"`{PLURAL[unit]}`" for unit in (*COUNTS, *SECONDS))
    help = f"write `{converted(number.text, word.text)}`" if word.text in FOREIGN_UNITS else ""
    help = help or did_you_mean(word.text, UNITS)
    return t.says("CBR109", f"`{word.text}` is no unit", word.span, why, help)


def converted(number: str, unit: str) -> str:
    """A number with a unit of others in one of cbr's: `2 days` is `48 hours`."""
    factor, known = FOREIGN_UNITS.get(unit, (1, SINGULAR.get(unit, unit)))
    if factor != 1 and re.fullmatch(r"[0-9]+(\.[0-9]+)?", number):
        number = f"{float(number) * factor:g}"
    return f"{number} {known if number == '1' else PLURAL[known]}"


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
        help = _at(text, t.next)
    elif "once" in t.accepted and "NUMBER" not in t.accepted and t.next in (*TIMES, "x"):
        help = f"write `at most {text} times`"
    elif "," in t.accepted and t.before[-1].kind == "number":
        help = "put a comma between two numbers"
    elif t.last in UNITS:
        help = "the unit stands behind its number, as in `3 epochs`"
    elif t.last == "stalls":
        help = f"write `stalls for {text} {t.next if t.next in UNITS else 'epochs'}`"
    return t.cannot_stand(word, help)


_ARGUMENTS = "arguments are written `name=value`"


def _at(number: str, unit: str) -> str:
    """What to write for `at 3`, `at 3 epochs` or `at 3 minutes`."""
    if unit in TIME_UNITS:
        span = f"{number} {unit}"
        once = f"on batch_end if elapsed > {span} then once …"
        return f"write `every {span}`, or for a single time `{once}`"
    if unit in COUNT_UNITS:
        return f"write `at {SINGULAR.get(unit, unit)} {number}`"
    return f"write `at epoch {number}` or `at {number}%`"


_ALL_UNITS = UNITS | set(FOREIGN_UNITS)


def _mended(text: str) -> str:
    """What to write instead of a bad number."""
    if re.fullmatch(r"[0-9][0-9_]*", text):
        return f"write `{text.replace('_', '')}`"
    if parts := re.fullmatch(r"([0-9]+)([kKM])", text):
        return f"write `{parts[1]}{'000' if parts[2] in 'kK' else '000000'}`"
    if parts := re.fullmatch(r"([0-9]+)m", text):
        return f"write `{converted(parts[1], 'm')}`, or `{parts[1]}000000`"
    if parts := re.fullmatch(r"([0-9]+)(st|nd|rd|th)", text):
        return f"write `{parts[1]}`"
    if parts := re.fullmatch(r"([0-9.]+)%(\w+)", text):
        return f"write `{parts[1]}%` and a space, or `{parts[1]} % {parts[2]}` for the remainder"
    if parts := re.fullmatch(r"([0-9]+)h([0-9]+)m?(?:in)?", text):
        return f"write `{converted(parts[1], 'h')} {converted(parts[2], 'm')}`"
    pieces = re.findall(r"([0-9.]+)([a-z]+)", text)
    if "".join(map("".join, pieces)) == text and _ALL_UNITS.issuperset(u for _, u in pieces):
        return f"write `{' '.join(converted(*piece) for piece in pieces)}`"
    if parts := re.fullmatch(r"([0-9.]+%?)([a-z]{2,})", text):
        return f"write `{parts[1]} {parts[2]}`"
    return "write digits with at most one point, and a space before a unit"


# ------------------------------------------------------------------------------------- signs


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


# ------------------------------------------------------------------- functions and their signs


def named_argument(t: Trouble) -> Diagnostic | None:
    """`mean(loss, n=3)`."""
    if t.found is None or t.found.text != "=" or not t.called or t.before[-1].kind != "name":
        return None
    if t.before[-2].text not in ("(", ","):
        return None
    message = "the values of a function have no names"
    given = f"`{t.next}` alone" if t.next else "the value alone"
    return t.says("CBR109", message, t.before[-1].span.to(t.found.span), help=f"write {given}")


def function(t: Trouble) -> Diagnostic | None:
    """A function without its brackets, or with a word between them that has no place there."""
    word = t.found
    if t.accepted == {"("} and t.last == "best":
        # `best` alone is a word of the language, so it is a function wherever it is read.
        return without_brackets(t, SERIES["best"], word)
    if word is None:
        return None
    function = None if t.accepted <= ASSIGN and t.last in FOREIGN_ACTIONS else known(t.last)
    is_value = word.kind == "metric" or (word.kind == "name" and word.text not in _NO_VALUES)
    if function and is_value and t.next not in ASSIGN:
        return without_brackets(t, function, word)
    if ")" in t.accepted and t.called and word.text in VERBS | {"then", "once"}:
        return t.cannot_stand(word, f"close the bracket of `{t.called}(` before it")
    if "," in t.accepted and t.called and word.kind in ("name", "metric", "number", "text"):
        asked = known(t.called)
        form = f", as in `{asked.form}`" if asked else ""
        if asked is None or asked.most != 1:
            return t.cannot_stand(word, f"put a comma between two values{form}")
    if t.next == "(" and word.text in WORDS and word.text in FOREIGN_FUNCTIONS:
        message = f"`{word.text}` is no function of cbr"
        help = f"write {FOREIGN_FUNCTIONS[word.text]}"
        return t.says("CBR109", message, word.span, help=help)
    return None


_NO_VALUES = WORDS - {"of", *VALUES}


def known(name: str) -> Function | None:
    """The function of that name, if there is one."""
    return FUNCTIONS.get(name) or SERIES.get(name)


def without_brackets(t: Trouble, function: Function, word: Word | None) -> Diagnostic:
    """That a function's values stand in brackets; `word` is what stood behind its name."""
    given = "loss"
    if word and word.text == "of" and t.next:
        given = t.next
    elif word and word.kind in ("name", "metric") and word.text not in _NO_VALUES:
        given = word.text
    at = next(w for w in reversed(t.before) if w.text == function.name)
    message = f"`{function.name}` is a function: its values stand in brackets"
    why = f"`{function.form}` is {function.doc}"
    return t.says("CBR109", message, at.span, why, f"write `{_called(function, given)}`")


def _called(function: Function, first: str) -> str:
    """A function as it could be written, its first value given."""
    rest = function.arguments[1 : function.least]
    return f"{function.name}({', '.join([first, *(_SAMPLES.get(k, a) for a, k in rest)])})"


_SAMPLES = {"window": "3", "lag": "1", "quantile": "0.9", "weight": "0.1"}


def point(t: Trouble) -> Diagnostic | None:
    """`optimizer` alone, `loss.mean(3)`, `loss[-1]`."""
    word = t.found
    if t.accepted == {"."}:
        why = "a rule can read the numbers that an optimizer is set to, each by its name"
        help = "write `optimizer.` and a name, as in `optimizer.momentum`"
        return t.says("CBR109", "`optimizer` alone is no value", t.before[-1].span, why, help)
    if word is None or word.text not in (".", "[") or t.is_use:
        return None
    if t.start == "expr" and not known(t.next):
        return None
    name = t.before[-1] if t.before and t.before[-1].kind in ("name", "metric") else None
    if name is None or not t.accepted & COMPARE:
        return None
    if word.text == "[":
        message = "values before the newest are asked for with `prev`"
        help = f"`{name.text}` is the newest value; write `prev({name.text})` for the one before"
        return t.says("CBR109", message, word.span, help=help)
    if called := known(t.next):
        first = called.arguments[0][0] if name.text in _MODULES else name.text
        help = f"write `{_called(called, first)}`"
    else:
        help = "only a setting of the optimizer has one, as in `optimizer.momentum`"
    return t.says("CBR109", "a name has no `.`", word.span, help=help)


_MODULES = frozenset({"np", "numpy", "math", "tf", "torch", "keras", "ops", "K"})


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
    if text == ";" and t.called:
        help = "put a comma between two values"
        return t.says("CBR110", "`;` is no sign of the language", word.span, help=help)
    if text == ":" and t.last.isdigit() and t.next[:1].isdigit():
        help = "write a time with its units, as in `1 hour 30 minutes`"
        return t.says("CBR109", "`:` cannot stand inside a time", word.span, help=help)
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
