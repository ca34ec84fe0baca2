"""Words that cannot stand where they do.

Each function looks for one kind of mistake and gives its diagnostic, or None if it is another.
"""

from __future__ import annotations

import re

from cbdsl.catalog.actions import ACTIONS, SETTINGS
from cbdsl.catalog.optimizer import SETTINGS as OF_OPTIMIZER
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
    UNITS,
    VERBS,
)
from cbdsl.syntax.trouble import ORDER, STATEMENTS, TRIGGERS, Trouble, Word
from cbdsl.syntax.wrong_signs import known, no_unit, without_brackets
from cbdsl.syntax.wrong_statements import path, plainly
from cbdsl.syntax.wrong_verbs import ACTIONS_ARE, instead

_WINDOWS = frozenset({"after", "until", "from"})
_CLAUSES = _WINDOWS | TRIGGERS | {"if", "then", "once"}
_STATES = frozenset({"nan", "finite", "missing"})
# Words that join others: no metric is meant by one.
_JOINTS = _CLAUSES | PREDICATES | SIDES | {"and", "or", "not", "by", "for", "to", "true", "false"}


# ---------------------------------------------------------------- the first word of a statement


def first(t: Trouble) -> Diagnostic | None:
    """The first word of a statement."""
    word = t.found
    if word is None or t.before or t.start not in ("statement", "head") or word.kind == "sign":
        return None
    name = word.text
    beginnings, why = (*STATEMENTS, "schedule", "test"), ""
    label = _LABEL.match(t.source.text, *t.span)
    if name in STATEMENTS:
        help = "only a rule has lines below it; delete the `:`"
        return t.says("CBR109", f"`{name} …` owns no lines", t.end, help=help)
    if label:
        help = f"a rule's name is one word: write `{re.sub('[ -]+', '_', label[1])}:`"
    elif name == "set" and t.next:
        help = f"say first when to do it: `on epoch_end if … {t.next} = …`"
    elif name in VERBS or name in ACTIONS or name in FOREIGN_ACTIONS:
        verb = FOREIGN_ACTIONS.get(name, "roll back" if name == "roll" else name)
        form = ACTIONS[verb].form.split(" [")[0]
        why, help = _RULE, f"say first when to do it: `on epoch_end if … {form}`"
    elif name == "keep":
        why, help = _RULE, 'it belongs to a `save`, as in `save "model-{epoch}.keras" keep 3`'
    elif name in OF_OPTIMIZER and t.next in ASSIGN:
        why, help = _RULE, f"say first when to do it: `on epoch_end if … optimizer.{name} = …`"
    elif name in TO_COME:
        return t.not_yet(t.behind[0])
    elif name in ("for", "while"):
        help = "there are no loops; `every epoch …` and `on epoch_end …` come again and again"
    elif name in ("if", "when", "unless"):
        why, help = _RULE, "say first when to look: `on epoch_end if …`"
    elif name in _CLAUSES:
        why, help = ORDER, "say first when to look: `on epoch_end …` or `every epoch …`"
    elif name in FOREIGN_STATEMENTS:
        help = f"write {FOREIGN_STATEMENTS[name]}"
    else:
        help = plainly(name) or did_you_mean(name, beginnings)
        if not help:
            why = "a rule begins with `on`, `every`, `at` or `NAME:`, other statements with "
            why += ", ".join(f"`{s}`" for s in beginnings if s not in TRIGGERS)
    return t.says("CBR109", f"`{name}` begins no statement", word.span, why, help)


_RULE = "a rule begins with `on`, `every`, `at` or `NAME:`"


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
    if (function := known(before.text)) and before.text not in FOREIGN_ACTIONS:
        return without_brackets(t, function, word)
    if help := _instead(t, name, found):
        return t.says("CBR109", f"`{name}` cannot stand here", word.span, help=help)
    if found in COMPARE | PREDICATES:
        return _condition(t, word, found)
    help = f"write {FOREIGN_TIMES[name]}" if name in FOREIGN_TIMES else instead(t, name, found)
    why = "" if help else ACTIONS_ARE
    return t.says("CBR109", f"`{name}` is not an action", word.span, why, help)


_ARITHMETIC = frozenset({"+", "-", "*", "/"})


def _instead(t: Trouble, name: str, found: str) -> str:
    """What to write for a word that is neither an action nor part of a condition."""
    if name in UNITS and t.before[-2:][0].text.endswith("%"):
        return _NO_UNIT
    if name in FOREIGN_PREDICATES and t.in_condition:
        return _side(found) if found in SIDES else f"write {FOREIGN_PREDICATES[name]}"
    return plainly(name)


def _condition(t: Trouble, word: Word, found: str) -> Diagnostic:
    """That a condition stands where an action should."""
    if t.in_condition:
        message, help = "two conditions that are not joined", "write `and` or `or` between them"
        return t.says("CBR109", message, word.span, help=help)
    help = f"write `if {word.text} {found} …`"
    return t.says("CBR109", "a condition without its `if`", word.span, ORDER, help)


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
    return plainly(text) or did_you_mean(text, t.accepted & WORDS)


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
        dotted = re.match(r"set\s+([\w.]+)", t.source.text[t.at : t.span.end])
        return f"write `{dotted[1] if dotted else t.next} = …` without `set`"
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
    file = path(t) if path(t).endswith((".keras", ".h5")) else "best.keras"
    return f'a path stands in quotes: `save "{file}"`'


_NO_UNIT = "a percent is one of the planned epochs, and has no unit"
