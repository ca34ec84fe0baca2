"""The first word of a statement, where it is none of those.

Each function looks for one kind of mistake and gives its diagnostic, or None if it is another.
"""

from __future__ import annotations

import re

from cbdsl.catalog.actions import ACTIONS
from cbdsl.catalog.optimizer import SETTINGS as OF_OPTIMIZER
from cbdsl.catalog.words import FOREIGN_ACTIONS, FOREIGN_STATEMENTS, WORDS
from cbdsl.diagnostics import Diagnostic, Fix, did_you_mean
from cbdsl.source import Span
from cbdsl.syntax.expected import ASSIGN, VERBS
from cbdsl.syntax.meant_words import meant, plainly
from cbdsl.syntax.trouble import ORDER, STATEMENTS, TRIGGERS, Trouble
from cbdsl.syntax.wrong_order import put_in_order

_CLAUSES = TRIGGERS | {"after", "until", "from", "if", "then", "once"}


def first(t: Trouble) -> Diagnostic | None:
    """The first word of a statement."""
    word = t.found
    if word is None or t.before or t.start not in ("statement", "head") or word.kind == "sign":
        return None
    name = word.text
    beginnings, why = (*STATEMENTS, "schedule", "test"), ""
    fix: Fix | None = None
    label = _LABEL.match(t.source.text, *t.span)
    if name in STATEMENTS:
        help = "only a rule has lines below it; delete the `:`"
        return t.says("CBR109", f"`{name} …` owns no lines", t.end, help=help)
    if label:
        plain = re.sub("[ -]+", "_", label[1].strip('"'))
        help = f"a rule's name is one word: write `{plain}:`"
        if label[1].startswith('"'):
            help = f"a rule's name stands without quotes: write `{plain}:`"
        fix = Fix(Span(t.at, t.at + len(label[1])), plain)
    elif t.next in TRIGGERS and name not in _RULE_WORDS:
        help = f"a colon stands behind a rule's name: `{name}: {t.next} …`"
        fix = Fix(word.span, f"{name}:")
    elif name == "set" and t.next:
        help = f"say first when to do it: `on epoch_end if … {t.next} = …`"
    elif name in VERBS or name in ACTIONS or name in FOREIGN_ACTIONS:
        verb = FOREIGN_ACTIONS.get(name, "roll back" if name == "roll" else name)
        form = ACTIONS[verb].form.split(" [")[0]
        why, (help, fix) = (
            _RULE,
            put_in_order(t, f"say first when to do it: `on epoch_end if … {form}`"),
        )
    elif name == "keep":
        why, help = _RULE, 'it belongs to a `save`, as in `save "model-{epoch}.keras" keep 3`'
    elif name in OF_OPTIMIZER and t.next in ASSIGN:
        why, help = _RULE, f"say first when to do it: `on epoch_end if … optimizer.{name} = …`"
    elif name == "for" and (held := _HELD.match(t.source.text, *t.span)):
        why = _RULE
        help = f"say it behind the condition: `on epoch_end if {held[2]} for {held[1]} …`"
    elif name in ("for", "while"):
        help = "there are no loops; `every epoch …` and `on epoch_end …` come again and again"
    elif name in ("if", "when", "unless"):
        why, (help, fix) = _RULE, put_in_order(t, "say first when to look: `on epoch_end if …`")
    elif name == "from" and "import" in t.source.slice(t.span):
        help = f"write {FOREIGN_STATEMENTS['import']}"
    elif name in _CLAUSES:
        help = "say first when to look: `on epoch_end …` or `every epoch …`"
        why, (help, fix) = ORDER, put_in_order(t, help)
    elif name in FOREIGN_STATEMENTS:
        help = f"write {FOREIGN_STATEMENTS[name]}"
        statement = FOREIGN_STATEMENTS[name].strip("`").split()[0]
        fix = Fix(word.span, statement)
        fix = fix if statement in STATEMENTS[3:] and t.reads(t.with_fix(fix)) else None
    else:
        help = plainly(name) or did_you_mean(name, beginnings)
        fix = meant(word, help, beginnings)
        if not help:
            why = "a rule begins with `on`, `every`, `at` or `NAME:`, other statements with "
            why += ", ".join(f"`{s}`" for s in beginnings if s not in TRIGGERS)
    return t.says("CBR109", f"`{name}` begins no statement", word.span, why, help, fix=fix)


_HELD = re.compile(r"for\s+(\w+\s+\w+)\s+if\s+([^\"]{1,60}?)\s+\w+(\s+\"[^\"]*\")?$")


_RULE_WORDS = frozenset({*WORDS, *ACTIONS, *FOREIGN_ACTIONS, *FOREIGN_STATEMENTS, "when", "unless"})
"""What stands before a trigger for another reason than to name a rule."""

_RULE = "a rule begins with `on`, `every`, `at` or `NAME:`"


_LABEL = re.compile(r"(\w+(?:[ -]+\w+)+|\"[A-Za-z_][\w -]*\")[ ]*:[ ]*(?:on|every|at)\b")
