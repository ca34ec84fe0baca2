"""Words that cannot stand where they do.

Each function looks for one kind of mistake and gives its diagnostic, or None if it is another.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from cbdsl.catalog.actions import ACTIONS, SETTINGS
from cbdsl.catalog.units import PLURAL
from cbdsl.catalog.values import VALUES
from cbdsl.catalog.words import (
    FOREIGN,
    FOREIGN_ACTIONS,
    FOREIGN_PREDICATES,
    FOREIGN_SIDES,
    FOREIGN_STATEMENTS,
    FOREIGN_STATES,
    FOREIGN_TIMES,
    FOREIGN_UNITS,
    TO_COME,
    WORDS,
)
from cbdsl.diagnostics import Diagnostic, did_you_mean
from cbdsl.syntax.expected import (
    ASSIGN,
    COMPARE,
    MOVES,
    PREDICATES,
    SIDES,
    TIME_UNITS,
    TIMES,
    UNITS,
    VERBS,
)
from cbdsl.syntax.trouble import ORDER, STATEMENTS, TRIGGERS, Trouble, Word
from cbdsl.syntax.wrong_signs import known, no_unit, without_brackets

_WINDOWS = frozenset({"after", "until", "from"})
_CLAUSES = _WINDOWS | TRIGGERS | {"if", "then", "once"}
_STATES = frozenset({"nan", "finite", "missing"})
# Words that join others: no metric is meant by one.
_JOINTS = _CLAUSES | PREDICATES | SIDES | {"and", "or", "not", "by", "for", "to", "true", "false"}


# --------------------------------------------------------------- statements that are no rule


def statement(t: Trouble) -> Diagnostic | None:
    """A statement that is no rule."""
    word = t.statement
    if not word:
        return None
    if len(t.before) == 2 and t.last == ":":
        help = "only a rule has a name with a colon; delete the `:`"
        return t.says("CBR109", f"no `:` stands behind `{word}`", t.before[1].span, help=help)
    if t.accepted == {"="} and t.last != word:
        name = t.last.strip("`")
        help = f"write `{name}=…`" if t.is_use else f"write `{word} {t.last} = …`"
        return t.says("CBR109", f"`=` is missing behind `{name}`", t.here, help=help)
    explain = _STATEMENTS.get(word)
    return explain(t) if explain else None


def _let(t: Trouble) -> Diagnostic | None:
    found = t.found
    if found is None or "=" not in {word.text for word in t.before} or _meant(found.text):
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


def _param(t: Trouble) -> Diagnostic | None:
    found = t.found
    if found is None or not t.complete or (found.kind == "name" and found.text not in WORDS):
        return None
    why = "a parameter is one value, written out"
    return t.says("CBR109", f"`{found.text}` cannot stand here", found.span, why)


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
        return t.says("CBR109", "a metric's name is no text", found.span, help=help)
    if found.kind in ("name", "metric") and "," in t.accepted:
        return t.cannot_stand(found, "put a comma between two names")
    return None


def _limit(t: Trouble) -> Diagnostic | None:
    found = t.found.text if t.found else ""
    if t.accepted == {"from"}:
        low, high = ("0", t.next or "…") if found == "to" else ("…", "…")
        help = f"write `limit {t.last} from {low} to {high}`"
        return t.says("CBR109", f"`from` is missing behind `{t.last}`", t.here, help=help)
    if t.last == "limit":
        help = "write `limit lr from … to …`"
        return t.says("CBR109", "only the learning rate has limits", t.here, help=help)
    if "to" in t.accepted and not t.accepts_value:
        low = t.source.text[_behind(t, "from") : t.at].strip()
        help = f"a limit has two ends: write `limit lr from {low} to …`"
        return t.says("CBR109", "`to` is missing in this limit", t.here, help=help)
    return None


def _behind(t: Trouble, text: str) -> int:
    return next(word.span.end for word in t.before if word.text == text)


def _include(t: Trouble) -> Diagnostic | None:
    if t.accepted == {"STRING"}:
        path = _path(t) or "other.cbr"
        help = f'write `include "{path}"`'
        return t.says("CBR109", "a file's path is a text in quotes", t.here, help=help)
    if t.found and t.found.text in (",", "and") and t.complete:
        help = "write one `include` a file, each on a line of its own"
        return t.says("CBR109", f"`{t.found.text}` cannot stand here", t.found.span, help=help)
    return None


def _path(t: Trouble) -> str:
    """What stands here up to the next blank, where it looks like a path in no or other quotes."""
    written = re.match(r"[^\w./\"]?([\w./-]+)", t.source.text[t.at : t.span.end])
    return written[1] if written else ""


_STATEMENTS: dict[str, Callable[[Trouble], Diagnostic | None]] = {
    "param": _param,
    "let": _let,
    "metric": _metric,
    "expects": _expects,
    "limit": _limit,
    "include": _include,
}


def first(t: Trouble) -> Diagnostic | None:
    """The first word of a statement."""
    word = t.found
    if word is None or t.before or t.start not in ("statement", "head") or word.kind == "sign":
        return None
    name = word.text
    why = "a statement begins with " + ", ".join(f"`{s}`" for s in STATEMENTS) + " or `NAME:`"
    label = _LABEL.match(t.source.text, *t.span)
    if name in STATEMENTS:
        help = "only a rule has lines below it; delete the `:`"
        return t.says("CBR109", f"`{name} …` owns no lines", t.end, help=help)
    if label:
        help = f"a rule's name is one word: write `{re.sub('[ -]+', '_', label[1])}:`"
    elif name == "set" and t.next:
        help = f"say first when to do it: `on epoch_end if … {t.next} = …`"
    elif name in ACTIONS or name in FOREIGN_ACTIONS:
        form = ACTIONS[FOREIGN_ACTIONS.get(name, name)].form.split(" [")[0]
        help = f"say first when to do it: `on epoch_end if … {form}`"
    elif name in TO_COME:
        return t.not_yet(t.behind[0])
    elif name in ("for", "while"):
        help = "there are no loops; `every epoch …` and `on epoch_end …` come again and again"
    elif name in ("if", "when", "unless"):
        help = "say first when to look: `on epoch_end if …`"
    elif name in _CLAUSES:
        why, help = ORDER, "say first when to look: `on epoch_end …` or `every epoch …`"
    elif name in FOREIGN_STATEMENTS:
        help = f"write {FOREIGN_STATEMENTS[name]}"
    else:
        help = _meant(name) or did_you_mean(name, (*STATEMENTS, "test"))
    return t.says("CBR109", f"`{name}` begins no statement", word.span, why, help)


_LABEL = re.compile(r"(\w+(?:[ -]+\w+)+)[ ]*:[ ]*(?:on|every|at)\b")


# -------------------------------------------------------------------------- words in a rule


def verb(t: Trouble) -> Diagnostic | None:
    """A name where an action should begin, with no `=` behind it."""
    if not t.before or not t.accepted or not t.accepted <= ASSIGN:
        return None
    word, before = t.before[-1], t.before[-2:][0]
    name, found = word.text, t.found.text if t.found else ""
    if name in SETTINGS and found != ".":
        op = f"{found}=" if found in _ARITHMETIC else "="
        message = f"what stands behind `{name}` does not set it"
        return t.says("CBR109", message, word.span, help=f"write `{name} {op} …`")
    is_value = name in VALUES and found in COMPARE
    if before.kind == "number" and name in FOREIGN_UNITS and not is_value:
        return no_unit(t, before, word)
    if function := known(before.text):
        return without_brackets(t, function, word)
    if help := _instead(t, name, found):
        return t.says("CBR109", f"`{name}` cannot stand here", word.span, help=help)
    if found in COMPARE | PREDICATES:
        return _condition(t, word, found)
    why = "actions are " + ", ".join(f"`{action.form}`" for action in ACTIONS.values())
    return t.says("CBR109", f"`{name}` is not an action", word.span, why, _action(t, name, found))


_ARITHMETIC = frozenset({"+", "-", "*", "/"})


def _instead(t: Trouble, name: str, found: str) -> str:
    """What to write for a word that is neither an action nor part of a condition."""
    if name in UNITS and t.before[-2:][0].text.endswith("%"):
        return _NO_UNIT
    if name in FOREIGN_PREDICATES and t.in_condition:
        return _side(found) if found in SIDES else f"write {FOREIGN_PREDICATES[name]}"
    return _meant(name)


def _condition(t: Trouble, word: Word, found: str) -> Diagnostic:
    """That a condition stands where an action should."""
    if t.in_condition:
        message, help = "two conditions that are not joined", "write `and` or `or` between them"
        return t.says("CBR109", message, word.span, help=help)
    help = f"write `if {word.text} {found} …`"
    return t.says("CBR109", "a condition without its `if`", word.span, ORDER, help)


def _action(t: Trouble, name: str, found: str) -> str:
    """What to write instead of something that is no action."""
    if found == "." and t.next == "stop_training":
        return "write `stop`"
    if t.found and t.found.kind == "number" and t.next in TIMES:
        return f"write `at most {found} times`"
    if name in FOREIGN_TIMES:
        return f"write {FOREIGN_TIMES[name]}"
    if found in _ARITHMETIC:
        return f"write `{name} {found}= …`"
    if name in FOREIGN_ACTIONS:
        return f"write `{FOREIGN_ACTIONS[name]}`"
    return did_you_mean(name, VERBS | set(SETTINGS))


def clause(t: Trouble) -> Diagnostic | None:
    """A clause out of its turn."""
    word = t.found
    if word is None or not t.is_rule or word.text not in _CLAUSES:
        return None
    text = word.text
    read = {w.text for w in t.before}
    if text == "at" and t.next == "most":
        text, word = "at most", Word("at most", "name", word.span.to(t.behind[1].span))
    if text in TRIGGERS:
        help = "a rule has one trigger; write a second rule"
    elif t.accepts_value or (t.accepted & {"NUMBER", "STRING"} and "," not in t.accepted):
        help = f"what stands before `{text}` is not complete"
    elif text == "then":
        help = "`then` stands behind a condition"
    elif text in _WINDOWS and _WINDOWS & read:
        help = "a rule has one window; write `from N to M` for both ends"
    elif text == "if" and "if" not in read and "once" in read:
        help = "write the condition first: `if … then once …`"
    elif text == "if" and "if" not in read and "most" in read:
        help = "write the condition first: `if … then at most N times …`"
    else:
        help = f"move `{text} …` to its place before the actions"
    return t.says("CBR109", f"`{text}` cannot stand here", word.span, ORDER, help)


def later(t: Trouble) -> Diagnostic | None:
    """A word that the language has, and this version of it does not, or not here."""
    word = t.found
    if word is None or word.kind != "name":
        return None
    if word.text in ("logs", "metrics"):
        message = f"`{word.text}` stands only in texts, as `{{{word.text}}}`"
        help = "name the metric itself, such as `loss`"
        return t.says("CBR109", message, word.span, help=help)
    if word.text == "optimizer" and [w.text for w in t.behind[1:]] in _RATES:
        message = "the learning rate is called `lr`"
        return t.says("CBR109", message, word.span.to(t.behind[-1].span), help="write `lr`")
    if word.text == "optimizer" and t.next == "." and t.accepted & VERBS:
        name = t.behind[2].text if t.behind[2:] else "…"
        setting = Word(f"optimizer.{name} = …", "name", word.span.to(t.behind[-1].span))
        help = "a rule sets `lr`; it can read the others, as in `if optimizer.momentum > 0.9`"
        return t.not_yet(setting, help=help)
    return t.not_yet(t.behind[0]) if word.text in TO_COME else None


_RATES = [[".", "lr"], [".", "learning_rate"]]


def predicate(t: Trouble) -> Diagnostic | None:
    """What stands behind `crosses`, `rises`, `is` and the like, or what is no predicate at all."""
    word = t.found
    if word is None:
        return None
    text = word.text
    if t.accepted == SIDES:
        side = FOREIGN_SIDES.get(text)
        level = text if word.kind == "number" else "…"
        both = f"`crosses above {level}` or `crosses below {level}`"
        help = f"write `crosses {side}`" if side else f"say from which side it comes: {both}"
    elif t.accepted & _STATES and (word.kind == "number" or text in COMPARE):
        if word.kind == "number":
            text = f"{'==' if 'not' in t.accepted else '!='} {text}"
        help = f"write `{text}` without `is`; behind `is` stands a state"
    elif t.last in MOVES and text == "by":
        help = f"how much is asked with `change`: write `{_change(t)}`"
    elif text in SIDES and "and" in t.accepted:
        help = _side(text)
    elif text == "not" and "<" in t.accepted:
        help = "`not` stands before the whole comparison, as in `not loss rises`"
    elif text == "for" and t.is_rule and "and" not in t.accepted:
        help = "how long a condition holds is said before the actions: `if … for 3 epochs …`"
    elif text in COMPARE and "for" in t.accepted and "<" not in t.accepted:
        help = "compare first, then say for how long, as in `loss > 3 for 3 epochs`"
    elif text in PREDICATES and t.accepts_value and t.next != "(":
        help = f"say first of what, as in `loss {text}`"
    else:
        return None
    return t.cannot_stand(word, help)


def _change(t: Trouble) -> str:
    """A condition on how much a value moves; a part of it is one of the value before."""
    found = t.next if re.match(r"[0-9.]", t.next) else ""
    name = t.before[-2].text if t.before[-2].kind in ("name", "metric") else "x"
    rises = t.last == "rises"
    if found.endswith("%"):
        sign = "+" if rises else "-"
        return f"{name} {'>' if rises else '<'} prev({name}) * (1 {sign} {found})"
    bound = found or "…"
    return f"change({name}) > {bound}" if rises else f"change({name}) < -{bound}"


def _side(side: str) -> str:
    """What to write for a side without `crosses`."""
    sign = ">" if side == "above" else "<"
    return f"write `{sign}`, or `crosses {side}` for the moment when it gets there"


def word(t: Trouble) -> Diagnostic | None:
    """Any other word."""
    if t.found is None or t.found.kind != "name":
        return None
    return t.cannot_stand(t.found, _help(t, t.found.text))


def _help(t: Trouble, text: str) -> str:
    """What was likely meant by a word that cannot stand where it does."""
    value = t.accepts_value
    if text in VERBS and value:
        return f"what stands before `{text}` is not complete"
    if t.accepted & _STATES and text in FOREIGN_STATES:
        return f"write {FOREIGN_STATES[text]}"
    if text in UNITS and (help := _unit(t, text)):
        return help
    if t.accepted & VERBS and (help := _outside(t, text)):
        return help
    if "," in t.accepted and (text in {*ACTIONS, *FOREIGN_ACTIONS} or t.next in {*ASSIGN, "."}):
        return "put a comma between two actions"
    if text in _STATES and value:
        return f"ask for it with `is`, as in `loss is {text}`"
    if t.accepted == {"STRING"}:
        return _text(t, text)
    if "true" in t.accepted and not value and text not in FOREIGN:
        return f'a value is written out here; a text stands in quotes: `"{text}"`'
    if t.accepted == {"for"}:
        return "write `stalls for N epochs`"
    if text in ("and", "or") and t.accepted >= _WINDOWS:
        return "a rule has one trigger; write a second rule"
    if "and" in t.accepted and text in FOREIGN_PREDICATES:
        return f"write {FOREIGN_PREDICATES[text]}"
    if value and text in WORDS - _JOINTS:
        return f"for a metric of that name write `{text}` in backticks"
    return _meant(text) or did_you_mean(text, t.accepted & WORDS)


def _unit(t: Trouble, text: str) -> str:
    """What was meant by a unit without a number before it."""
    plural = PLURAL.get(text, text)
    if t.last.endswith("%"):
        return _NO_UNIT
    if text in TIME_UNITS and t.last == "at":
        return f"there is no such trigger; write `every 10 {plural}`"
    return (
        f"the unit stands behind its number, as in `3 {plural}`" if "NUMBER" in t.accepted else ""
    )


def _outside(t: Trouble, text: str) -> str:
    """What to write for a statement inside a rule."""
    if text == "set" and t.next:
        return f"write `{t.next} = …` without `set`"
    if text in ("let", "param", "metric") and t.next:
        return f"`{text} …` is a statement of its own; a rule sets a variable with `{t.next} = …`"
    return (
        f"`{text} …` is a statement of its own, on a line outside rules"
        if text in STATEMENTS
        else ""
    )


def _text(t: Trouble, text: str) -> str:
    """How a text or a path is written."""
    if t.last != "save":
        return f'a text stands in quotes, and in braces what it fills in: `"{{{text}}}"`'
    if text == "best":
        return 'the model is saved as it is: write `if val_loss improves save "best.keras"`'
    path = _path(t) if _path(t).endswith((".keras", ".h5")) else "best.keras"
    return f'a path stands in quotes: `save "{path}"`'


_NO_UNIT = "a percent is one of the planned epochs, and has no unit"


def _meant(text: str) -> str:
    """What to write instead of a word of another language, or of another case."""
    if text in FOREIGN:
        return f"write {FOREIGN[text]}"
    lower = text.lower()
    if lower != text and lower in WORDS:
        return f"the language's words are written small: `{lower}`"
    return ""
