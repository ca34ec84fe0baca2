"""Signs and words of writing that rules do without, and numbers as people write them.

Each function looks for one kind of mistake and gives its diagnostic, or None if it is another.
"""

from __future__ import annotations

import re
from itertools import pairwise

from cbdsl.catalog.words import FOREIGN, WORDS
from cbdsl.diagnostics import Diagnostic, Fix
from cbdsl.source import Span
from cbdsl.syntax.expected import ASSIGN, COMPARE, PREDICATES, UNITS, VERBS
from cbdsl.syntax.trouble import Trouble, words_in
from cbdsl.syntax.wrong_python import spelled_hook

NUMBER = r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+"


def without(t: Trouble, at: Span) -> Fix:
    """A fix that deletes something, with the blanks before it."""
    start = at.start
    while start > t.span.start and t.source.text[start - 1] == " ":
        start -= 1
    return Fix(Span(start, at.end), "")


def behind(t: Trouble, text: str) -> Fix:
    """A fix that puts something directly behind the word before the trouble."""
    end = t.before[-1].span.end
    return Fix(Span(end, end), text)


def _good(t: Trouble, fix: Fix) -> bool:
    return t.reads(t.with_fix(fix))


# --------------------------------------------------------------------------------- signs


def mark(t: Trouble) -> Diagnostic | None:
    """`- on epoch_end …`: the mark of a list before a rule."""
    word = t.found
    if word is None or t.before or t.start not in ("statement", "head"):
        return None
    found = re.compile(r"(?:[-*•>]|[0-9]+[.)])[ ]*(?=\S)").match(t.source.text, *t.span)
    if found is None or word.text in ("/*", "//"):
        return None
    at = Span(*found.span())
    shown = Span(at.start, at.start + len(found[0].rstrip()))
    message = f"`{t.source.slice(shown)}` cannot stand here"
    return t.says("CBR109", message, shown, "a statement has no mark before it", "delete it",
                  fix=Fix(at, ""))  # fmt: skip


def needless(t: Trouble) -> Diagnostic | None:
    """A comma, a colon, an arrow between the clauses of a rule, or at its end."""
    word = t.found
    if word is None or not t.before or t.called or t.start not in ("statement", "actions"):
        return None
    if t.last.isdigit() and t.next[:1].isdigit():
        # It stands inside a number or a time.
        return None
    found: re.Match[str] | None
    found = re.compile(r"->|=>|→|:(?!=)|[,;?.](?![\w.])").match(t.source.text, t.at, t.span.end)
    if found is None and t.last == "-" and word.text == ">":
        found = re.compile("->").match(t.source.text, t.at - 1, t.span.end)
    if found is None:
        return None
    at, sign = Span(*found.span()), found[0]
    if sign == ";" and t.is_rule:
        fix = Fix(at, ",")
        if _good(t, fix):
            help = "begin a new line, or put a comma between actions"
            return t.says("CBR110", "`;` is no sign of the language", at, help=help, fix=fix)
    fix = without(t, at)
    if sign == "," and t.in_condition and _is_condition(t, at):
        help = "write `and` or `or` between two conditions"
        return t.says("CBR109", "`,` cannot stand here", at, help=help)
    if not _good(t, fix) or (sign == ":" and not t.is_rule) or _parts(t, at):
        return None
    if sign == ":":
        help = "write the actions without `:`, or indented on the lines below it"
        return t.says("CBR109", "nothing stands behind a `:` on its line", at, help=help, fix=fix)
    if not t.is_rule:
        return None
    why = "one comma stands between two actions, and none between clauses" if sign == "," else ""
    code = "CBR109" if sign in t.words or len(sign) > 1 else "CBR110"
    message = f"`{sign}` cannot stand here"
    if code == "CBR110":
        message = f"`{sign}` is no sign of the language"
    return t.says(code, message, at, why, "delete it", fix=fix)


def _parts(t: Trouble, at: Span) -> bool:
    """Whether a sign stands between two things that would be one without it."""
    behind = words_in(t.source.text, at.end, t.span.end, most=2)
    if not behind:
        # `call my_module.` is not finished.
        lead = t.source.text[t.span.start : at.start]
        return t.source.slice(at) == "." and re.search(r"\bcall\s+[\w.]*$", lead) is not None
    texts = [word.text for word in behind]
    is_set = texts[1:] and texts[1] in ASSIGN | {"."}
    return not (is_set or texts[0] in VERBS | _CLAUSES)


def _is_condition(t: Trouble, at: Span) -> bool:
    """Whether another condition stands behind a sign."""
    behind = words_in(t.source.text, at.end, t.span.end, most=2)
    return len(behind) > 1 and behind[1].text in COMPARE | PREDICATES


_CLAUSES = frozenset("if then once after until from at on every and or".split())


def comment(t: Trouble) -> Diagnostic | None:
    """`// too high`, `/* … */` and `-- …` for a comment."""
    word = t.found
    if word is None or (t.before and not t.complete):
        return None
    found = re.compile(r"//|/\*|--(?= )").match(t.source.text, t.at, t.span.end)
    if found is None or "<" in t.accepted:
        return None
    at = Span(*found.span())
    fix = Fix(at, "#") if found[0] != "/*" else None
    rest = t.source.text[at.end : t.span.end].rstrip()
    if found[0] == "/*" and rest.endswith("*/") and "\n" not in rest:
        fix = Fix(Span(at.start, t.span.end), f"#{rest[:-2].rstrip()}")
    code = "CBR110" if found[0] != "--" else "CBR109"
    message = f"`{found[0]}` is no sign of the language"
    return t.says(code, message, at, help="a comment begins with `#`", fix=fix)


def whole_part(t: Trouble) -> Diagnostic | None:
    """`epoch // 5`: a division without a rest."""
    at = t.at - 1
    if at < t.span.start or t.source.text[at : at + 2] != "//" or not t.accepts_value:
        return None
    why = "for a comment write `#`"
    help = "write `floor(a / b)` for the whole part of a quotient"
    return t.says("CBR109", "`//` is no sign of the language", Span(at, at + 2), why, help)


# --------------------------------------------------------------------------------- numbers


def digits(t: Trouble) -> Diagnostic | None:
    """`1,000`, `0,5`, `1e−3`: signs between digits that numbers do not have."""
    text = t.source.text
    line = text.rfind("\n", 0, t.at) + 1
    for found in re.compile(r"(?<![\w.,])(\d+)((?:,\d+)+)(?![\w.,])").finditer(
        text, max(line, t.span.start), t.span.end
    ):
        if not found.start() <= t.at <= found.end():
            continue
        at, groups = Span(*found.span()), found[2].split(",")[1:]
        thousands = all(len(group) == 3 for group in groups) and found[1].lstrip("0") != ""
        if not thousands and len(groups) > 1:
            return None
        put = found[0].replace(",", "" if thousands else ".")
        rest = re.compile(r"[ ]+(\w+)").match(text, found.end(), t.span.end)
        counted = rest is not None and rest[1] in UNITS
        help = f"write `{put}`"
        if thousands and not counted:
            help = f"write `{put}`, or `{found[0].replace(',', '.')}`"
        fix = Fix(at, put) if counted or not thousands else None
        why = "no sign stands between the digits, and a point before parts of one"
        return t.says("CBR111", f"`{found[0]}` is no number", at, why, help, fix=fix)
    minus = re.compile(r"([0-9.]+e)[−–](\d+)").match(text, t.at, t.span.end)
    if minus:
        put, at = f"{minus[1]}-{minus[2]}", Span(*minus.span())
        return t.says("CBR111", f"`{minus[0]}` is no number", at, help=f"write `{put}`", put=put)
    return None


def percent(t: Trouble) -> Diagnostic | None:
    """`50 percent`, `90% of target`."""
    word = t.found
    around = [*t.before[-2:], *([word] if word else [])]
    for number, name in pairwise(around):
        if number.kind == "number" and name.text in ("percent", "pct", "percents"):
            at, put = number.span.to(name.span), f"{number.text.rstrip('%')}%"
            return t.says("CBR109", "a percent is written with its sign", at,
                          help=f"write `{put}`", put=put)  # fmt: skip
    if word and word.text == "of" and t.last.endswith("%") and t.next:
        help = f"write `{t.last} * {t.next}`"
        return t.cannot_stand(word, help, put="*")
    return None


# --------------------------------------------------------------------------------- words


def conjunction(t: Trouble) -> Diagnostic | None:
    """`stop and print "x"`: actions joined by a word."""
    word = t.found
    if word is None or not t.is_rule:
        return None
    if word.text in VERBS and t.last == "and" and not t.in_condition and t.before[2:]:
        end = t.before[-2].span.end
        fix = Fix(Span(end, t.before[-1].span.end), ",")
        if _good(t, fix):
            message = "`and` cannot stand between actions"
            help = "put a comma between two actions"
            return t.says("CBR109", message, t.before[-1].span, help=help, fix=fix)
    if word.text not in ("and", "then", "&", "&&", "+"):
        return None
    if "," not in t.accepted or t.next not in VERBS or not t.before:
        return None
    fix = Fix(Span(t.before[-1].span.end, word.span.end), ",")
    return t.cannot_stand(word, "put a comma between two actions", fix=fix)


def doubled(t: Trouble) -> Diagnostic | None:
    """`then then`: a word of the language that stands twice."""
    word = t.found
    if word is None or word.text != t.last or word.text not in WORDS - VERBS:
        return None
    fix = without(t, word.span)
    if not _good(t, fix):
        return None
    # Two of them cancel out, unless the second is a slip.
    good = fix if word.text != "not" else None
    message = f"`{word.text}` stands here twice"
    return t.says("CBR109", message, word.span, help="delete one", fix=good)


_TRAINING = frozenset("now training the model fit fitting it run immediately here early".split())


def stopped(t: Trouble) -> Diagnostic | None:
    """`stop training`, `stop because the loss is high`."""
    word = t.found
    if word is None or t.last != "stop" or word.kind != "name" or not t.is_rule:
        return None
    rest = re.compile(r"[A-Za-z_][\w ]*").match(t.source.text, t.at, t.span.end)
    said = rest[0].strip() if rest else ""
    names = said.split()
    whole = rest is not None and re.match(r"[ ]*(,|$)", t.source.text[rest.end() : t.span.end])
    if (
        not whole
        or names[0] in VERBS
        or names[0] in FOREIGN
        or (names[0] in WORDS and names[0] not in ("the", "of"))
    ):
        return None
    at = Span(t.at, t.at + len(said))
    if _TRAINING.issuperset(names):
        return t.cannot_stand(word, "write `stop` alone", fix=without(t, at))
    said = re.sub(r"^(because|since|when|as)\s+", "", said)
    return t.cannot_stand(word, f'a reason stands in quotes: `stop "{said}"`')


_FILL = frozenset("model to the weights as in into at a it file checkpoint".split())


def saved(t: Trouble) -> Diagnostic | None:
    """`save model to "x.keras"`: words between the verb and its path."""
    word = t.found
    if word is None or t.last != "save" or word.kind != "name" or t.accepted != {"STRING"}:
        return None
    found = re.compile(r"(?P<words>[a-z]+(?:[ ]+[a-z]+)*)[ ]*(?P<path>\"[^\"\n]*\")").match(
        t.source.text, t.at, t.span.end
    )
    if found is None or not _FILL.issuperset(found["words"].split()):
        return None
    help, fix = f"write `save {found['path']}`", Fix(Span(t.at, found.start("path")), "")
    return t.cannot_stand(word, help, fix=fix)


def between(t: Trouble) -> Diagnostic | None:
    """`loss between 1 and 3`, `loss in (1, 3)`, `for 3 epochs in a row`, `epoch mod 5`."""
    if t.is_rule is False or not t.before:
        return None
    word = t.before[-1] if t.accepted and t.accepted <= ASSIGN else t.found
    if word is None or not t.in_condition:
        return None
    text = t.source.text
    rest = text[word.span.end : t.span.end]
    name = next((w.text for w in reversed(t.before) if w.span.end < word.span.start), "")
    if word.text in ("between", "within"):
        ends = re.match(rf"[ ]*\(?({NUMBER})[ ]*(?:and|to|,)[ ]*({NUMBER})", rest)
        help = f"write `{ends[1]} < {name} < {ends[2]}`" if ends else "write `1 < loss < 3`"
        return t.says("CBR109", f"`{word.text}` cannot stand here", word.span, help=help)
    if word.text == "in" and re.match(r"[ ]*(a row|succession|sequence)\b", rest):
        end = re.match(r"[ ]*(a row|succession|sequence)\b", rest)
        at = Span(word.span.start, word.span.end + (end.end() if end else 0))
        why = "`for` counts those in a row"
        message = f"`{t.source.slice(at)}` cannot stand here"
        return t.says("CBR109", message, at, why, "delete it", fix=without(t, at))
    if word.text in ("in", "not") and (
        listed := re.match(r"(?:[ ]*in)?[ ]*[(\[]([^()\[\]]*)[)\]]", rest)
    ):
        op, join = ("==", "or") if word.text == "in" else ("!=", "and")
        each = f" {join} ".join(f"{name} {op} {value.strip()}" for value in listed[1].split(","))
        return t.says(
            "CBR109", f"`{word.text}` cannot stand here", word.span, help=f"write `{each}`"
        )
    if word.text == "mod":
        return t.says("CBR109", "`mod` cannot stand here", word.span, help="write `%`", put="%")
    return None


def patience(t: Trouble) -> Diagnostic | None:
    """`stalls patience 3`, `stalls with patience=3`, `stalls over 3 epochs`."""
    word = t.found
    if word is None or t.last != "stalls":
        return None
    found = _PATIENCE.match(t.source.text, t.at, t.span.end)
    if found is None:
        return None
    unit = (found["unit"] or "").strip()
    counted = unit in UNITS
    put = f"for {found['n']} {unit if counted else 'epochs'}"
    end = found.end() if counted or not found["unit"] else found.start("unit")
    return t.cannot_stand(word, f"write `stalls {put}`", fix=Fix(Span(t.at, end), put))


_PATIENCE = re.compile(
    r"""(?:(?:with[ ]+)?\(?patience[ ]*[=:]?|over|in|during|after|by)[ ]*
        (?P<n>[0-9]+)\)?(?P<unit>[ ]+\w+)?""",
    re.VERBOSE,
)


def place(t: Trouble) -> Diagnostic | None:
    """`at the 5th epoch`, `at epochs 5 and 10`, `until accuracy > 0.9`, `repeat` in a rule."""
    word = t.found
    if word is None or not t.is_rule:
        return None
    text = t.source.text
    if word.text == "repeat" and VERBS & {w.text for w in words_in(text, t.at, t.span.end)}:
        why = "a rule comes again whenever its trigger does"
        help = "delete it; how often a rule may act says `at most 3 times`"
        if not t.before:
            help = "say first when, and how often behind it: `on epoch_end at most 3 times …`"
        return t.says("CBR109", "`repeat` cannot stand here", word.span, why, help)
    if not t.before:
        return None
    if word.text == "," and spelled_hook(t.next) and t.before[-2:][0].text == "on":
        why, help = "a rule has one trigger", "write a second rule"
        return t.says("CBR109", "`,` cannot stand here", word.span, why, help)
    if t.last == "at":
        found = _NTH.match(text, t.at, t.span.end)
        if found and word.text != found["n"]:
            put, at = f"{found['unit']} {found['n']}", Span(*found.span())
            return t.cannot_stand(word, f"write `at {put}`", fix=Fix(at, put))
    numbers = t.before[-1].kind == "number" and t.next[:1].isdigit()
    if word.text in ("and", "or", "&") and numbers:
        # Behind `if` it joins conditions.
        if [w.text for w in t.before if w.text in ("at", "if")][-1:] != ["at"]:
            return None
        help = f"write `{t.last}, {t.next}`"
        fix = Fix(Span(t.before[-1].span.end, word.span.end), ",")
        return t.cannot_stand(word, help, fix=fix)
    if word.text in COMPARE | PREDICATES and not t.in_condition:
        lead = next(
            (w.text for w in reversed(t.before) if w.text in ("after", "until", "from")), ""
        )
        if lead and t.before[-2:][0].text == lead:
            why = "a window is a number of epochs or batches, a percent, or a time"
            condition = f"{t.last} {word.text} {t.next}"
            help = f"for a condition write `if {condition} …`"
            if lead == "until":
                help = f"for a condition write `if not {condition} …`"
            return t.says("CBR109", f"`{word.text}` cannot stand here", word.span, why, help)
    return None


_NTH = re.compile(
    r"""(?:the[ ]+)?(?:start|beginning|end)?(?:[ ]*of[ ]+)?(?:the[ ]+)?
        (?P<n>[0-9]+)(?:st|nd|rd|th)?[ ]+(?P<unit>epoch|batch)\b""",
    re.VERBOSE,
)


def improvement(t: Trouble) -> Diagnostic | None:
    """`no improvement for 3 epochs`, `val_loss does not improve for 3 epochs`, `not improves`."""
    word = t.found
    if word is None or not t.is_rule or not t.in_condition:
        return None
    index = -1
    if (
        t.last in ("does", "did", "has", "doesn", "isn", "stopped", "stops", "fails", "no")
        and t.before[2:]
    ):
        # Read as the name of a variable.
        word, index = t.before[-1], -2
    rest = t.source.text[word.span.start : t.span.end]
    name = t.before[index] if t.before[index].kind in ("name", "metric") else None
    lasting = r"(?P<span>[ ]+for[ ]+\w+[ ]+\w+)"
    if re.match(rf"no[ ]+(improvement|progress)\b{lasting}?", rest) and t.accepts_value:
        found = re.match(rf"no[ ]+\w+{lasting}?", rest)
        span = (found and found["span"]) or " for 3 epochs"
        help = f"say of what: `val_loss stalls{span}`"
        return t.says("CBR109", "`no` cannot stand here", word.span, help=help)
    never = (
        r"(?:(?:does|did|has|is)(?:[ ]+not|n['\u2019]t)|doesn['\u2019]t|not|isn['\u2019]t"
        r"|stopped|stops|fails[ ]+to)"
    )
    found = re.match(rf"{never}[ ]+improv(?:e|es|ed|ing)\b(?P<by>[ ]+by[ ]+[\w.]+)?{lasting}", rest)
    if name and found and not found["by"]:
        put = f"stalls{found['span']}"
        fix = Fix(Span(word.span.start, word.span.start + found.end()), put)
        message = f"`{word.text}` cannot stand here"
        return t.says("CBR109", message, word.span, help=f"write `{name.text} {put}`", fix=fix)
    found = re.match(r"not[ ]+(improves|rises|falls|stalls|crosses)\b", rest)
    if name and found:
        lead = t.before[index - 1].text if t.before[1:] else ""
        fix = Fix(Span(name.span.start, word.span.end), f"not {name.text}")
        help = f"write `not {name.text} {found[1]}`"
        return t.cannot_stand(word, help, fix=fix if lead in ("if", "and", "or", "(") else None)
    return None
