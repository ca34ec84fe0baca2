"""What cannot stand in statements that are no rule.

Each function looks for one kind of mistake and gives its diagnostic, or None if it is another.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from cbdsl.catalog.words import WORDS
from cbdsl.diagnostics import Diagnostic, Fix
from cbdsl.source import Span
from cbdsl.syntax.expected import UNITS
from cbdsl.syntax.meant_words import plainly
from cbdsl.syntax.trouble import TRIGGERS, Trouble

_CLAUSES = TRIGGERS | {"after", "until", "from", "if", "then", "once"}


def statement(t: Trouble) -> Diagnostic | None:
    """A statement that is no rule."""
    word = t.statement
    if not word:
        return None
    if len(t.before) == 2 and t.last == ":":
        help = "only a rule has a name with a colon; delete the `:`"
        message = f"no `:` stands behind `{word}`"
        return t.says("CBR109", message, t.before[1].span, help=help, put="")
    if t.accepted == {"="} and t.last != word:
        name = t.last.strip("`")
        return _no_equals(t, word, name)
    explain = _STATEMENTS.get(word)
    return explain(t) if explain else None


def _no_equals(t: Trouble, word: str, name: str) -> Diagnostic:
    """`param target 3`, `param target: 3`, `use EarlyStopping(patience 3)`."""
    text, end = t.source.text, t.before[-1].span.end
    sign = re.compile(r":=?|->|is\b|to\b").match(text, t.at, t.span.end)
    start = sign.end() if sign else t.at
    value = _LITERAL.match(text, start, t.span.end)
    if value is None and word == "metric":
        value = re.compile(r"[ ]*([^:=\n]+)$").match(text, start, t.span.end)
    shown, fix = value[1] if value else "…", None
    # Of `metric gap - loss` the name is missing, not the sign.
    if value and (sign or (t.found and not re.match(r"[-+*/%<>(]", value[1]))):
        blank = "" if t.is_use else " "
        fix = Fix(Span(end, value.start(1)), f"{blank}={blank}")
    if value and fix is None and word == "metric" and t.found:
        shown = f"{name} {shown}"
        return t.says(
            "CBR109", "its name is missing", t.here, help=f"write `metric NAME = {shown}`"
        )
    help = f"write `{name}={shown}`" if t.is_use else f"write `{word} {t.last} = {shown}`"
    return t.says("CBR109", f"`=` is missing behind `{name}`", t.here, help=help, fix=fix)


_LITERAL = re.compile(
    r"""[ ]*(-?(?:[0-9][0-9.]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?%?|"[^"\n]*"|true|false)
        [ ]*(?=[,)]|$)""",
    re.VERBOSE,
)


def _let(t: Trouble) -> Diagnostic | None:
    found = t.found
    if found and found.text in _NOTHING and t.last == "=":
        return t.cannot_stand(found, "a variable always has a value; begin with one, such as `0`")
    if found is None or "=" not in {word.text for word in t.before} or plainly(found.text):
        return None
    what, name = f"`{found.text}`", t.before[1].text
    if t.complete:
        spans = found.text in UNITS
        help = f"a span can be a parameter: `param {name} = 3 epochs`" if spans else ""
    elif found.kind == "text":
        what, help = "a text", f"a text can be a parameter: `param {name} = …`"
    elif found.kind in ("name", "metric"):
        help = f"for a number that is made of others write `metric {name} = {found.text} …`"
    else:
        return None
    why = "a variable begins as one number, `true` or `false`, written out"
    return t.says("CBR109", f"{what} cannot stand here", found.span, why, help)


_NOTHING = ("None", "none", "null", "nil")


def _param(t: Trouble) -> Diagnostic | None:
    found = t.found
    if found and found.text in _NOTHING and t.last == "=":
        return t.cannot_stand(found, "a parameter always has a value, such as `0`")
    if found and found.text in (",", ";") and t.complete and found.span.end == t.span.end:
        why = "a parameter is one value, written out"
        return t.says(
            "CBR109", f"`{found.text}` cannot stand here", found.span, why, "delete it", put=""
        )
    if found is None or not t.complete or (found.kind == "name" and found.text not in WORDS):
        return None
    why = "a parameter is one value, written out"
    return t.says("CBR109", f"`{found.text}` cannot stand here", found.span, why)


def _variable(t: Trouble) -> Diagnostic | None:
    found, last = t.found, t.last
    why = "it is a `keras.Variable` that the caller passes, and has its own value"
    if found is None:
        return t.says("CBR109", "its name is missing", t.end, why, "write `variable NAME`")
    help = "write one `variable` a line"
    if last == "variable":
        name = found.text.strip('"`')
        help = f"write `variable {name}`" if name.isidentifier() else "write `variable NAME`"
    elif found.text == "=":
        help = f"write `variable {last}`; for one of the rules' own `let {last} = {t.next or '…'}`"
    elif found.text == ".":
        why = "settings of the optimizer are there without it"
        help = f"a rule sets one with `optimizer.{t.next} = …`"
    elif found.kind == "name":
        why, help = "a name is one word", f"write `variable {last}_{found.text}`"
    what = {"text": "a text", "metric": "a name in backticks"}.get(found.kind, f"`{found.text}`")
    return t.says("CBR109", f"{what} cannot stand here", found.span, why, help)


def _metric(t: Trouble) -> Diagnostic | None:
    if t.found is None or t.found.text not in _CLAUSES:
        return None
    help = "a metric has one value at every epoch's end; conditions stand in rules"
    return t.says("CBR109", f"`{t.found.text}` cannot stand here", t.found.span, help=help)


def _expects(t: Trouble) -> Diagnostic | None:
    found = t.found
    if found is None:
        return None
    if found.kind == "text":
        name = found.text[1:-1]
        plain = name.isascii() and name.isidentifier()
        help = f"write `{name}` without quotes" if plain else "write it in backticks"
        put = name if plain else f"`{name}`"
        return t.says("CBR109", "a metric's name is no text", found.span, help=help, put=put)
    if found.kind in ("name", "metric") and "," in t.accepted:
        end = t.before[-1].span.end
        return t.cannot_stand(found, "put a comma between two names", fix=Fix(Span(end, end), ","))
    return None


def _limit(t: Trouble) -> Diagnostic | None:
    found = t.found.text if t.found else ""
    if t.accepted == {"from"}:
        low, high = ("0", t.next or "…") if found == "to" else ("…", "…")
        fix = None
        ends = _ENDS.match(t.source.text, t.at, t.span.end)
        if ends and (ends["high"] or found == "to"):
            low, high = (ends["low"], ends["high"]) if ends["high"] else ("0", ends["low"])
            fix = Fix(Span(t.at, t.span.end), f"from {low} to {high}")
        help = f"write `limit {t.last} from {low} to {high}`"
        return t.says("CBR109", f"`from` is missing behind `{t.last}`", t.here, help=help, fix=fix)
    if t.last == "limit":
        help = "write `limit lr from … to …`"
        return t.says("CBR109", "only the learning rate has limits", t.here, help=help)
    if "to" in t.accepted and not t.accepts_value:
        low = t.source.text[_behind(t, "from") : t.at].strip()
        help = f"a limit has two ends: write `limit lr from {low} to …`"
        return t.says("CBR109", "`to` is missing in this limit", t.here, help=help)
    return None


_ENDS = re.compile(
    r"""(?:between|within|in|to|:|=)?[ ]*(?P<low>[0-9][0-9.eE-]*)
        (?:[ ]*(?:to|and|,)[ ]*(?P<high>[0-9][0-9.eE-]*))?$""",
    re.VERBOSE,
)


def _behind(t: Trouble, text: str) -> int:
    return next(word.span.end for word in t.before if word.text == text)


def _include(t: Trouble) -> Diagnostic | None:
    if t.accepted == {"STRING"}:
        file = path(t) or "other.cbr"
        help, fix = f'write `include "{file}"`', None
        if path(t) and t.found:
            fix = Fix(Span(t.at, t.span.end), f'"{file}"')
            length = t.span.end - t.at
            fix = fix if length <= len(file) + 2 else None
        return t.says("CBR109", "a file's path is a text in quotes", t.here, help=help, fix=fix)
    if t.found and t.found.text in (",", "and") and t.complete:
        help = "write one `include` a file, each on a line of its own"
        return t.says("CBR109", f"`{t.found.text}` cannot stand here", t.found.span, help=help)
    return None


def _resume(t: Trouble) -> Diagnostic | None:
    folder = path(t) or "state"
    help = f'write `resume from "{folder}"`'
    if t.accepted == {"from"}:
        written = t.found.text.strip('"') if t.found and t.found.kind == "text" else folder
        help = f'write `resume from "{written}"`'
        fix = Fix(Span(t.at, t.at), "from ") if t.found and t.found.kind == "text" else None
        return t.says("CBR109", "`from` is missing behind `resume`", t.here, help=help, fix=fix)
    if t.accepted == {"STRING"}:
        return t.says("CBR109", "a folder's path is a text in quotes", t.here, help=help)
    return None


def _language(t: Trouble) -> Diagnostic | None:
    found = t.found
    if found is None or found.kind != "text" or not re.fullmatch(r'"[0-9]+"', found.text):
        return None
    number = found.text.strip('"')
    help = f"write `language {number}`"
    return t.says("CBR109", "the language's version is a number", found.span, help=help, put=number)


def _direction(t: Trouble) -> Diagnostic | None:
    found, word = t.found, t.statement
    if found is None or found.text not in (",", "and") or not t.complete:
        return None
    help = f"write one `{word}` a metric, each on a line of its own"
    return t.says("CBR109", f"`{found.text}` cannot stand here", found.span, help=help)


def path(t: Trouble) -> str:
    """What stands here up to the next blank, where it looks like a path in no or other quotes."""
    written = re.match(r"[^\w./\"]?([\w./-]+)", t.source.text[t.at : t.span.end])
    return written[1] if written else ""


_STATEMENTS: dict[str, Callable[[Trouble], Diagnostic | None]] = {
    "param": _param,
    "let": _let,
    "variable": _variable,
    "metric": _metric,
    "expects": _expects,
    "limit": _limit,
    "include": _include,
    "resume": _resume,
    "language": _language,
    "minimize": _direction,
    "maximize": _direction,
}
