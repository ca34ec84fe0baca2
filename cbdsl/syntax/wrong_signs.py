"""Characters and signs that cannot stand where they do.

Each function looks for one kind of mistake and gives its diagnostic, or None if it is another.
"""

from __future__ import annotations

import re
import unicodedata

from cbdsl.catalog.functions import FUNCTIONS, SERIES, Function
from cbdsl.catalog.values import VALUES
from cbdsl.catalog.words import (
    FOREIGN_ACTIONS,
    FOREIGN_FUNCTIONS,
    FOREIGN_SIGNS,
    WORDS,
)
from cbdsl.diagnostics import Diagnostic, Fix
from cbdsl.source import Span
from cbdsl.syntax.expected import (
    ASSIGN,
    COMPARE,
    VERBS,
    expected,
)
from cbdsl.syntax.trouble import Trouble, Word
from cbdsl.syntax.wrong_numbers import ARGUMENTS


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
        put = " " if sign.isspace() else None
        return t.says(
            "CBR110", message, word.span, why, "write a plain space, or delete it", put=put
        )
    if word.kind == "name" and not word.text.isascii():
        first = t.before[-1].span if t.before else word.span
        name_span = first.to(word.span) if first.end == word.span.start else word.span
        message = f"`{t.source.slice(name_span)}` is no plain name"
        why = "names are made of the letters a to z, digits and `_`"
        help = "a metric of that name is written in backticks"
        return t.says("CBR110", message, name_span, why, help)
    return None


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
        return t.says("CBR109", "`<>` is no comparison", at, help="write `!=`", put="!=")
    if t.at > t.span.start and t.source.text[t.at - 1] == "=":
        at = Span(t.at - 1, t.at + 1)
        if t.source.text[at.start - 1] in "=!" and t.source.text[t.at] == "=":
            at, ours = Span(at.start - 1, at.end), t.source.text[at.start - 1] + "="
            message = f"`{t.source.slice(at)}` is no comparison"
            return t.says("CBR109", message, at, help=f"write `{ours}`", put=ours)
        good = t.reads(t.with_fix(Fix(at, "=")))
        if not good and t.in_condition and t.before[-2:][0].kind == "name":
            name = t.before[-2]
            message, help = "two conditions that are not joined", "write `and` or `or` between them"
            return t.says("CBR109", message, name.span, help=help)
        message, help = "`==` compares; it does not set", "write one `=`"
        return t.says("CBR109", message, at, help=help, put="=" if good else None)
    if "<" not in t.accepted:
        return None
    behind = t.source.text[t.at + 1 : t.at + 2]
    if behind in ("<", ">", "!"):
        at, help = Span(t.at, t.at + 2), f"write `{behind}=`"
        put = f"{behind}="
        return t.says("CBR109", f"`={behind}` is no comparison", at, help=help, put=put)
    since = next((i for i, w in enumerate(reversed(t.before)) if w.text in _JOINTS), 0)
    is_chain = COMPARE & {w.text for w in t.before[len(t.before) - since :]}
    fix = None if is_chain else Fix(word.span, "==")
    return t.says("CBR109", "`=` sets; it does not compare", word.span, help="write `==`", fix=fix)


_JOINTS = frozenset({"if", "and", "or", "not"})


# ------------------------------------------------------------------- functions and their signs


def named_argument(t: Trouble) -> Diagnostic | None:
    """`mean(loss, n=3)`."""
    if t.found is None or t.found.text != "=" or not t.called or t.before[-1].kind != "name":
        return None
    if t.before[-2].text not in ("(", ","):
        return None
    message = "the values of a function have no names"
    given = f"`{t.next}` alone" if t.next else "the value alone"
    at = t.before[-1].span.to(t.found.span)
    return t.says("CBR109", message, at, help=f"write {given}", put="")


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
            end = t.before[-1].span.end
            fix = (
                Fix(Span(end, end), ",") if asked and asked.most and word.kind == "number" else None
            )
            return t.cannot_stand(word, f"put a comma between two values{form}", fix=fix)
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
    if t.next in FOREIGN_FUNCTIONS and name.text in {*_MODULES, "self"}:
        inner = re.match(r"\.\w+\([ ]*([A-Za-z_]\w*)[ ]*\)", t.source.text[t.at : t.span.end])
        help, fix = f"write {FOREIGN_FUNCTIONS[t.next]}", None
        if inner and (ours := of_state(t.next, inner[1])):
            help, fix = f"write `{ours}`", Fix(Span(name.span.start, t.at + inner.end()), ours)
        return t.says("CBR109", "a name has no `.`", word.span, help=help, fix=fix)
    if ours := of_state(t.next, name.text):
        empty = re.match(r"\.\w+\([ ]*\)", t.source.text[t.at : t.span.end])
        fix = Fix(Span(name.span.start, t.at + empty.end()), ours) if empty else None
        return t.says("CBR109", "a name has no `.`", word.span, help=f"write `{ours}`", fix=fix)
    if called := known(t.next):
        first = called.arguments[0][0] if name.text in _MODULES else name.text
        help = f"write `{_called(called, first)}`"
    else:
        help = "only a setting of the optimizer has one, as in `optimizer.momentum`"
    return t.says("CBR109", "a name has no `.`", word.span, help=help)


def of_state(function: str, name: str) -> str:
    """`loss is nan` for `isnan(loss)`; empty for other functions."""
    form = FOREIGN_FUNCTIONS.get(function, "").strip("`")
    return form.replace("loss", name) if form.startswith("loss is ") else ""


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
        help = ARGUMENTS if t.is_use else ""
        return t.says("CBR109", f"{what} cannot stand here", word.span, expected(t.accepted), help)
    if text == ";" and t.called:
        help = "put a comma between two values"
        return t.says("CBR110", "`;` is no sign of the language", word.span, help=help, put=",")
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
        help = FOREIGN_SIGNS.get(text, "")
        return t.says("CBR110", message, word.span, help=help, fix=_of_sign(t, word, help))
    return t.cannot_stand(word)


_CLOSING = {"'": "'", "\u2018": "\u2019", "“": "”", "„": "“”", "”": "”", "\u2019": "\u2019"}


def _of_sign(t: Trouble, word: Word, help: str) -> Fix | None:
    """What puts a sign of another language right, where it has one meaning."""
    text, at = t.source.text, word.span
    if word.text in _CLOSING:
        quoted = re.compile(rf"([^\"\\\n]*?)[{_CLOSING[word.text]}\"](?!\w)").match(
            text, at.end, t.span.end
        )
        return Fix(Span(at.start, quoted.end()), f'"{quoted[1]}"') if quoted else None
    ours = re.fullmatch(r"write `([^`]+)`", help)
    if ours is None or word.text in "[]":
        return None
    is_word, put = ours[1].isalpha(), ours[1]
    if is_word:
        # Words stand apart from their neighbours.
        put = f"{' ' * (not text[at.start - 1].isspace())}{put}"
        put += " " * (not text[at.end : at.end + 1].isspace())
    if put.strip() == "not" and not re.match(r"[ ]*[(\w`]", text[at.end : t.span.end]):
        return None
    return Fix(at, put)
