"""Words that cannot stand where they do.

Each function looks for one kind of mistake and gives its diagnostic, or None if it is another.
"""

from __future__ import annotations

import re

from cbdsl.catalog.actions import ACTIONS, SETTINGS
from cbdsl.catalog.values import VALUES
from cbdsl.catalog.words import FOREIGN, FOREIGN_ACTIONS, FOREIGN_STATES, WORDS
from cbdsl.diagnostics import Diagnostic, did_you_mean
from cbdsl.syntax.expected import ASSIGN, COMPARE, UNITS, VERBS
from cbdsl.syntax.trouble import Trouble, Word

ORDER = "a rule is written `NAME: on HOOK after N if CONDITION then once ACTION, ACTION`"

_STARTS = ("on", "every", "at", "param", "minimize", "maximize", "use", "language")
_WINDOWS = frozenset({"after", "until", "from"})
_CLAUSES = _WINDOWS | {"on", "every", "at", "if", "then", "once"}
_STATES = frozenset({"nan", "finite", "missing"})


def first(t: Trouble) -> Diagnostic | None:
    """The first word of a statement."""
    word = t.found
    if word is None or t.before or t.start not in ("statement", "head") or word.kind == "sign":
        return None
    name = word.text
    why = "a statement begins with " + ", ".join(f"`{s}`" for s in _STARTS) + " or `NAME:`"
    label = _LABEL.match(t.source.text, *t.span)
    if name in _STARTS:
        help = "only a rule has lines below it; delete the `:`"
        return t.says("CBR109", f"`{name} …` owns no lines", t.end, help=help)
    if label:
        help = f"a rule's name is one word: write `{re.sub('[ -]+', '_', label[1])}:`"
    elif name in ACTIONS or name in FOREIGN_ACTIONS:
        form = ACTIONS[FOREIGN_ACTIONS.get(name, name)].form.split(" [")[0]
        help = f"say first when to do it: `on epoch_end if … {form}`"
    elif _is_to_come(t, name):
        return t.not_yet(word)
    elif name in ("for", "while"):
        help = "there are no loops; `every epoch …` and `on epoch_end …` come again and again"
    elif name in ("if", "when", "unless"):
        help = "say first when to look: `on epoch_end if …`"
    elif name in _CLAUSES:
        why, help = ORDER, "say first when to look: `on epoch_end …` or `every epoch …`"
    else:
        help = _meant(name) or did_you_mean(name, _STARTS)
    return t.says("CBR109", f"`{name}` begins no statement", word.span, why, help)


_LABEL = re.compile(r"(\w+(?:[ -]+\w+)+)[ ]*:[ ]*(?:on|every|at)\b")


def verb(t: Trouble) -> Diagnostic | None:
    """A name where an action should begin, with no `=` behind it."""
    if not t.before or not t.accepted or not t.accepted <= ASSIGN:
        return None
    word = t.before[-1]
    name, found = word.text, t.found.text if t.found else ""
    if t.accepted == {"="}:
        at = t.found.span if t.found else t.end
        help = f"write `{name}=…`" if t.is_use else f"write `param {name} = …`"
        return t.says("CBR109", f"`=` is missing behind `{name}`", at, help=help)
    if name in SETTINGS:
        op = f"{found}=" if found in {"+", "-", "*", "/"} else "="
        message = f"what stands behind `{name}` does not set it"
        return t.says("CBR109", message, word.span, help=f"write `{name} {op} …`")
    if name in UNITS and len(t.before) > 1 and t.before[-2].text.endswith("%"):
        return t.says("CBR109", f"`{name}` cannot stand here", word.span, help=_NO_UNIT)
    if meant := _meant(name):
        return t.says("CBR109", f"`{name}` cannot stand here", word.span, help=meant)
    if found in COMPARE | {"improves", "stalls", "is"}:
        if any(before.text == "if" for before in t.before):
            message, help = "two conditions that are not joined", "write `and` or `or` between them"
            return t.says("CBR109", message, word.span, help=help)
        help = f"write `if {name} {found} …`"
        return t.says("CBR109", "a condition without its `if`", word.span, ORDER, help)
    if name in FOREIGN_ACTIONS:
        help = f"write `{FOREIGN_ACTIONS[name]}`"
    else:
        help = did_you_mean(name, ACTIONS)
    why = "actions are " + ", ".join(f"`{action.form}`" for action in ACTIONS.values())
    return t.says("CBR109", f"`{name}` is not an action", word.span, why, help)


def clause(t: Trouble) -> Diagnostic | None:
    """A clause out of its turn."""
    word = t.found
    if word is None or not t.is_rule or word.text not in _CLAUSES:
        return None
    text = word.text
    if text == "at" and t.behind[1:] and t.behind[1].text == "most":
        return t.not_yet(Word("at most", "name", word.span.to(t.behind[1].span)))
    if text in ("on", "every", "at"):
        help = "a rule has one trigger; write a second rule"
    elif t.accepts_value or (t.accepted & {"NUMBER", "STRING"} and "," not in t.accepted):
        help = f"what stands before `{text}` is not complete"
    elif text == "then":
        help = "`then` stands behind a condition"
    elif text in _WINDOWS and _WINDOWS & {w.text for w in t.before}:
        help = "a rule has one window; write `from N to M` for both ends"
    else:
        help = f"move `{text} …` to its place before the actions"
    return t.says("CBR109", f"`{text}` cannot stand here", word.span, ORDER, help)


def later(t: Trouble) -> Diagnostic | None:
    """A word that the language has, and this version of it does not."""
    word = t.found
    if word is None or word.kind != "name":
        return None
    if word.text == "for" and "and" in t.accepted:
        return t.not_yet(word, "a condition that must last")
    if word.text in ("logs", "metrics"):
        message = f"`{word.text}` stands only in texts, as `{{{word.text}}}`"
        help = "name the metric itself, such as `loss`"
        return t.says("CBR109", message, word.span, help=help)
    if word.text == "optimizer" and [w.text for w in t.behind[1:]] in _RATES:
        message = "the learning rate is called `lr`"
        return t.says("CBR109", message, word.span.to(t.behind[-1].span), help="write `lr`")
    return t.not_yet(word) if _is_to_come(t, word.text) else None


def _is_to_come(t: Trouble, name: str) -> bool:
    return name in WORDS and name not in t.words and name not in VALUES


_RATES = [[".", "lr"], [".", "learning_rate"]]


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
    if text in UNITS and t.last.endswith("%"):
        return _NO_UNIT
    if text in UNITS and "NUMBER" in t.accepted:
        return f"the unit stands behind its number, as in `3 {text}`"
    if "," in t.accepted and (text in ACTIONS or text in FOREIGN_ACTIONS):
        return "put a comma between two actions"
    if text in _STATES and value:
        return f"ask for it with `is`, as in `loss is {text}`"
    if t.accepted == {"STRING"}:
        return f'a text stands in quotes, and in braces what it fills in: `"{{{text}}}"`'
    if "true" in t.accepted and not value and text not in FOREIGN:
        return f'a value is written out here; a text stands in quotes: `"{text}"`'
    if t.accepted == {"for"}:
        return "write `stalls for N epochs`"
    if text in ("and", "or") and t.accepted >= _WINDOWS:
        return "a rule has one trigger; write a second rule"
    return _meant(text) or did_you_mean(text, t.accepted & WORDS)


_NO_UNIT = "a percent is one of the planned epochs, and has no unit"


def _meant(text: str) -> str:
    """What to write instead of a word of another language, or of another case."""
    if text in FOREIGN:
        return f"write {FOREIGN[text]}"
    lower = text.lower()
    if lower != text and lower in WORDS:
        return f"the language's words are written small: `{lower}`"
    return ""
