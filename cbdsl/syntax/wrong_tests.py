"""What cannot stand in tests.

Each function looks for one kind of mistake and gives its diagnostic, or None if it is another.
"""

from __future__ import annotations

import re

from cbdsl.catalog.words import FOREIGN_LINES, FOREIGN_VALUES
from cbdsl.diagnostics import Diagnostic, Fix, did_you_mean
from cbdsl.source import SourceFile, Span
from cbdsl.syntax.expected import COUNT_UNITS, PHASES, VERBS
from cbdsl.syntax.trouble import STATEMENTS, TRIGGERS, Trouble
from cbdsl.syntax.wrong_expectations import at_epoch, expectation, setting

_LINES = ("set", "given", "expect")
_LINES_ARE = "the lines of a test begin with `set`, `given` or `expect`"
_QUOTES = "'\"` \u201c\u201d\u201e\u2018\u2019"
_NOTATION = "`0.7+0.05x5` is 0.7 and five more, each 0.05 higher; `_` is a missing value"


# ------------------------------------------------------------------------------ the first line


def head(t: Trouble) -> Diagnostic | None:
    """The line that begins a test."""
    whole = t.source.slice(t.span)
    if t.start == "statement" and not t.before and t.found and t.found.text == "test":
        return _one_line(t, whole)
    if t.start != "head" or not t.before or t.before[0].text != "test":
        return None
    if t.is_in_word:
        word = whole.partition(" ")[0].rstrip(":")
        at = Span(t.span.start, t.span.start + len(word))
        help = f"write `test{whole[len(word) :]}`"
        return t.says("CBR109", f"`{word}` begins no statement", at, help=help)
    name = whole.removeprefix("test").strip().rstrip(":").strip(_QUOTES)
    if len(t.before) > 1 and t.last != ":":
        return t.cannot_stand(t.found, "a test has one name, a text in quotes") if t.found else None
    if not name:
        help = 'say in its name what it is about: `test "stops when accurate":`'
        return t.says("CBR109", "this test has no name", t.before[0].span, help=help)
    help = f'write `test "{name}":`' if '"' not in name else ""
    return t.says("CBR109", "the name of a test is a text in quotes", t.here, help=help)


def _one_line(t: Trouble, whole: str) -> Diagnostic:
    """A test on a line that does not end in a colon."""
    why = "a test owns the indented lines below it"
    if opened := re.match(r'test\s*("[^"]*")\s*:', whole):
        at = Span(t.span.start + opened.end() - 1, t.span.start + opened.end())
        help = f"write what stands behind it on lines of its own, indented below `{opened[0]}`"
        message = "nothing stands behind the `:` of a test on its line"
        return t.says("CBR109", message, at, why, help)
    help = f"write `{whole}:`" if re.fullmatch(r'test\s*"[^"]*"', whole) else 'write `test "…":`'
    fix = Fix(Span(t.end.end, t.end.end), ":") if help == f"write `{whole}:`" else None
    return t.says("CBR109", "`:` is missing at the end of this line", t.end, why, help, fix=fix)


def outside(t: Trouble) -> Diagnostic | None:
    """A line of a test that stands alone."""
    if t.start not in ("statement", "head") or t.before or t.found is None:
        return None
    word = t.found
    pattern = _LINE if _TEST.search(t.source.text) else _ONLY_A_LINE
    if not pattern.match(t.source.slice(t.span)):
        return None
    why, help = "it is a line of a test", 'indent it below `test "NAME":`'
    return t.says("CBR109", f"`{word.text}` cannot stand here", word.span, why, help)


_TEST = re.compile(r"^[ ]*test\b", re.MULTILINE)
_LINE = re.compile(r"(given|expect|set)\b")
_ONLY_A_LINE = re.compile(
    r"given\b|expect[ ]+(no|not|lr|stop|print|warn|save)\b|expect\b.*\bepoch\b"
)


# ------------------------------------------------------------------------------ lines


def line(t: Trouble) -> Diagnostic | None:
    """A line inside a test."""
    if t.start != "test_line":
        return None
    if not t.before:
        return _first(t)
    return {"given": _given, "expect": expectation, "set": _set}[t.before[0].text](t)


def _first(t: Trouble) -> Diagnostic | None:
    word = t.found
    if word is None:
        return None
    text, rest = word.text, t.source.text[word.span.end : t.span.end].strip()
    why = _LINES_ARE
    if text == "interrupt" and t.next == "at":
        help = f"write `given {text} {rest}`"
    elif t.next == ":" and not re.match(r":\s*(on|every|at)\b", rest) and text != "test":
        help = f"write `given {text}{rest}`"
    elif text in TRIGGERS or t.next == ":":
        help = "a rule stands outside tests: begin it in the first column"
    elif text in ("param", "let") and rest:
        help = f"a test sets a parameter of the rules: `set {rest}`"
    elif text in STATEMENTS and text != "expects":
        help = f"`{text} …` stands outside tests: begin it in the first column"
    elif text == "test":
        help = "begin it in the column of the other test"
    elif text in VERBS or text in ("no", "lr"):
        help = f"write `expect {text}{f' {rest}' if rest else ''}`"
    elif text in PHASES or text == "schedule":
        help = "a schedule stands outside tests: begin it in the first column"
    elif text in FOREIGN_LINES:
        help = _instead(text, rest)
    elif text.lower() in _LINES:
        help = f"the language's words are written small: `{text.lower()}`"
    else:
        help = did_you_mean(text, _LINES)
    return t.says("CBR109", f"`{text}` begins no line of a test", word.span, why, help)


def _instead(text: str, rest: str) -> str:
    """What to write for a line that begins as others begin it."""
    ours = FOREIGN_LINES[text]
    if ours == "given":
        return "write the values that the metrics have, as in `given loss: 0.5 0.4`"
    return f"write `expect {rest}`" if rest else "write `expect stop`"


def glued(text: str, source: SourceFile, span: Span) -> Diagnostic | None:
    """`expects` for `expect`, which is read as the two of them."""
    if text not in FOREIGN_LINES:
        return None
    at = Span(span.start, span.start + len(text))
    help = _instead(text, source.text[at.end : span.end].strip())
    message = f"`{text}` begins no line of a test"
    return Diagnostic("CBR109", message, source, at, _LINES_ARE, help)


# ------------------------------------------------------------------------------ given


def _given(t: Trouble) -> Diagnostic | None:
    words = [word.text for word in t.before]
    found, rest = t.found, _rest(t)
    if problem := setting(t, words):
        return problem
    if words[1:2] == ["interrupt"]:
        return _interrupt(t, words)
    if words == ["given"]:
        help = "write a metric and its values, as in `given loss: 0.5 0.4 0.3`"
        if found and found.kind == "number" and t.next in COUNT_UNITS:
            help = f"write `given {_plural(t.next)}: {found.text}`"
        if found is None:
            return t.says("CBR109", "this ends too early", t.end, help=help)
        return t.cannot_stand(found, help)
    if found is not None and words[1] in ("epochs", "batches") and t.complete:
        help = f"`given {words[1]}: …` takes one number"
        return t.says("CBR109", f"`{found.text}` cannot stand here", found.span, help=help)
    if words[1] in ("epoch", "epochs") and "SERIES" not in t.accepted:
        return _epochs(t, words)
    if t.accepted == {":"} or (t.accepted == {"NAME", "BACKTICK"} and words[1:] == ["batch"]):
        return _no_colon(t, words, rest)
    if "SERIES" in t.accepted:
        return _value(t, words)
    return None


def _interrupt(t: Trouble, words: list[str]) -> Diagnostic | None:
    if t.accepted != {"at"}:
        if t.complete and t.found is not None and not t.is_in_word:
            return t.cannot_stand(t.found, "a training is interrupted once")
        return at_epoch(t, words)
    if t.found is not None and t.found.text == ":":
        why = "it says when a training is interrupted, as in `given interrupt at epoch 3`"
        help = "for a metric of that name write `interrupt` in backticks"
        return t.says("CBR109", "`:` cannot stand here", t.found.span, why, help)
    number = next((word.text for word in t.behind if word.kind == "number"), "3")
    help = f"write `given interrupt at epoch {number}`"
    if t.found is None:
        return t.says("CBR109", "when it comes is missing", t.end, help=help)
    return t.cannot_stand(t.found, help)


def _epochs(t: Trouble, words: list[str]) -> Diagnostic | None:
    found = t.found
    if "takes" in words:
        message = "how long an epoch takes is a number and a unit"
        at = t.here if t.found else t.before[-1].span
        return t.says("CBR109", message, at, help="write `given epoch takes 10 minutes`")
    if found and found.text in ("take", "takes", "lasts", "need", "needs"):
        return t.cannot_stand(found, "write `given epoch takes 10 minutes`")
    number = next((word.text for word in t.behind if word.kind == "number"), "10")
    help = f"write `given epochs: {number}`, or `given epoch takes 10 minutes`"
    if found is None or words[1] == "epoch":
        return t.says("CBR109", "this is not complete", t.here, help=help)
    return t.says("CBR109", "`:` is missing behind `epochs`", t.here, help=help.split(",")[0])


def _no_colon(t: Trouble, words: list[str], rest: str) -> Diagnostic:
    name = t.last
    if name == "batch":
        help = f"write `given batch loss: …`, or `given batches: {rest or 100}`"
        return t.says("CBR109", "which metric it is, is missing", t.here, help=help)
    if name == "takes":
        help = "its batches share the time of an epoch: `given epoch takes 10 minutes`"
        return t.says("CBR109", "no time is given for a batch", t.before[-1].span, help=help)
    if t.found and t.found.text == "at":
        why = "a series begins with epoch 1"
        help = f"write `given {' '.join(words[1:])}: _x2 …`; `_` is an epoch without a value"
        return t.says("CBR109", "a series has no place", t.found.span, why, help)
    if name == "batches" and t.found and t.found.kind in ("name", "metric"):
        help = f"write `given batch {t.source.text[t.at : t.span.end]}`"
        return t.says("CBR109", f"`{t.found.text}` cannot stand here", t.found.span, help=help)
    help = f"write `given {' '.join(words[1:])}: {rest or '…'}`"
    return t.says("CBR109", f"`:` is missing behind `{name.strip('`')}`", t.here, help=help)


def _value(t: Trouble, words: list[str]) -> Diagnostic:
    """What stands where a value of a series should."""
    if t.found is None:
        help = "write them behind the `:`, as in `given loss: 0.5 0.4 0.3`"
        return t.says("CBR109", "no values are given", t.end, _NOTATION, help)
    raw = re.match(r"[^\s#]+", t.source.text[t.at : t.span.end])
    text = raw[0] if raw else t.found.text
    at = Span(t.at, t.at + len(text))
    if re.search(r"[\d\]),;.]", text) and re.search(r"[\[\](),;]", text):
        start = next(word.span.end for word in t.before if word.text == ":")
        named = " ".join(words[: words.index(":")])
        help = f"write `{named}: {_values(t.source.text[start : t.span.end])}`"
        return t.says("CBR109", "nothing but blanks stands between values", at, help=help)
    if text.lower() in FOREIGN_VALUES:
        help = f"write {FOREIGN_VALUES[text.lower()]}"
    elif text in ("+", "-", "*", "x"):
        help = "write it without blanks, as in `0.7+0.05x5`"
    elif times := re.fullmatch(r"([\d.]+)\*(\d+)", text):
        more = max(int(times[2][:9]) - 1, 0)
        help = f"write `{times[1]}x{more}`, which is {times[1]} and {more} more of it"
    elif re.fullmatch(r"[-+\d.eE%]*x|x\d*", text):
        help = "a value stands before the `x`, and behind it how many more, as in `0.5x3`"
    elif ".." in text or text == "…":
        help = "write it as `0.1+0.1x4`, which is 0.1 and four more, each 0.1 higher"
    else:
        help = "values are numbers, `_`, `nan` and `inf`"
    code = "CBR111" if text[0].isdigit() else "CBR109"
    return t.says(code, f"`{text}` is no value", at, _NOTATION, help)


def _rest(t: Trouble) -> str:
    """What stands from the trouble on, as values of a series."""
    return _values(t.source.text[t.at : t.span.end])


def _values(text: str) -> str:
    """A text with blanks instead of the signs that others put around and between values."""
    values = re.sub(r"[=:,;\[\]()]", " ", text).split()
    return " ".join([*values[:_MOST_SHOWN], *(["…"] if len(values) > _MOST_SHOWN else [])])


_MOST_SHOWN = 10
"""How many values a message repeats."""


# ------------------------------------------------------------------------------ set


def _set(t: Trouble) -> Diagnostic | None:
    if len(t.before) == 1:
        help = "write a parameter and its value, as in `set target = 0.9`"
        message = "what is set, is missing"
        return t.says("CBR109", message, t.here, help=help)
    if t.accepted != {"="} or (t.found and t.found.text == "=="):
        return None
    value = re.sub(r"^(to|as|is|:)\s*", "", t.source.text[t.at : t.span.end]) or "…"
    help = f"write `set {t.last} = {value}`"
    return t.says("CBR109", f"`=` is missing behind `{t.last}`", t.here, help=help)


def _plural(unit: str) -> str:
    return "epochs" if unit.startswith("epoch") else "batches"
