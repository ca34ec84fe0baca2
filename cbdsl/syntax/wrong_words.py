"""Words that cannot stand where they do.

Each function looks for one kind of mistake and gives its diagnostic, or None if it is another.
"""

from __future__ import annotations

import re

from cbdsl.catalog.actions import ACTIONS, SETTINGS
from cbdsl.catalog.units import PLURAL
from cbdsl.catalog.values import VALUES
from cbdsl.catalog.words import (
    FOREIGN,
    FOREIGN_ACTIONS,
    FOREIGN_PREDICATES,
    FOREIGN_SIDES,
    FOREIGN_STATES,
    FOREIGN_TIMES,
    FOREIGN_UNITS,
    WORDS,
)
from cbdsl.diagnostics import Diagnostic, Fix, did_you_mean, one_slip
from cbdsl.source import Span
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
from cbdsl.syntax.meant_words import alone, meant, plainly
from cbdsl.syntax.trouble import ORDER, STATEMENTS, TRIGGERS, Trouble, Word
from cbdsl.syntax.wrong_numbers import no_unit
from cbdsl.syntax.wrong_order import put_in_order, without_several
from cbdsl.syntax.wrong_signs import known, without_brackets
from cbdsl.syntax.wrong_statements import path
from cbdsl.syntax.wrong_verbs import ACTIONS_ARE, instead

_WINDOWS = frozenset({"after", "until", "from"})
_CLAUSES = _WINDOWS | TRIGGERS | {"if", "then", "once"}
_STATES = frozenset({"nan", "finite", "missing"})
# Words that join others: no metric is meant by one.
_JOINTS = _CLAUSES | PREDICATES | SIDES | {"and", "or", "not", "by", "for", "to", "true", "false"}


# -------------------------------------------------------------------------- words in a rule


def verb(t: Trouble) -> Diagnostic | None:
    """A name where an action should begin, with no `=` behind it."""
    if not t.before or not t.accepted or not t.accepted <= ASSIGN:
        return None
    word, before = t.before[-1], t.before[-2:][0]
    name, found = word.text, t.found.text if t.found else ""
    if name in SETTINGS and found != ".":
        return _not_set(t, word, name, found)
    is_value = name in VALUES and found in COMPARE
    if before.kind == "number" and name in FOREIGN_UNITS and not is_value:
        return no_unit(t, before, word)
    if (function := known(before.text)) and before.text not in FOREIGN_ACTIONS:
        return without_brackets(t, function, word)
    if help := _instead(t, name, found):
        put = alone(help)
        if _of_several(t, word):
            help, put = without_several(t, word), None
        if name in ("goes", "gets"):
            # `goes over 3` may be about the moment, or about being there.
            put = None
        return t.says("CBR109", f"`{name}` cannot stand here", word.span, help=help, put=put)
    is_known = name in FOREIGN_ACTIONS or name in FOREIGN_TIMES
    if not is_known and (slip := one_slip(name, _within(t))):
        help = f"did you mean `{slip}`?"
        what = "is not an action" if slip in VERBS else "cannot stand here"
        return t.says("CBR109", f"`{name}` {what}", word.span, help=help, put=slip)
    if found in COMPARE | PREDICATES:
        return _condition(t, word, found)
    if name in FOREIGN_TIMES:
        return _often(t, word)
    help, fix = instead(t, name, found)
    if _is_predicate(help):
        return t.says("CBR109", f"`{name}` cannot stand here", word.span, help=help, fix=fix)
    why = "" if help else ACTIONS_ARE
    return t.says("CBR109", f"`{name}` is not an action", word.span, why, help, fix=fix)


def _of_several(t: Trouble, word: Word) -> bool:
    """Whether `unless` stands before several conditions: `not` would be said of the first alone."""
    rest = t.source.text[word.span.end : t.span.end]
    return word.text == "unless" and re.search(r"\b(and|or|for)\b", rest) is not None


def _not_set(t: Trouble, word: Word, name: str, found: str) -> Diagnostic:
    """`lr 0.5`, `lr to 0.5`, `lr * 0.5`, `lr := 0.5`: something that is set without `=`."""
    at = t.source.text[t.at : t.span.end]
    sign = re.match(r"(?P<op>[-+*/×÷])=?(?!>)|:=|->|<-|=>|to\b|is\b|by\b|:", at)
    op = "="
    if sign and sign["op"]:
        op = f"{_SIGNS.get(sign['op'], sign['op'])}="
    rest = at[sign.end() :] if sign else at
    value = re.match(r"\s*(-?[0-9.]+(?:[eE][+-]?[0-9]+)?%?|[A-Za-z_]\w*)\s*(?=,|$)", rest)
    message = f"what stands behind `{name}` does not set it"
    if value is None or (sign and sign[0] == "by"):
        return t.says("CBR109", message, word.span, help=f"write `{name} {op} …`")
    end = t.at + (sign.end() if sign else 0)
    put = f" {op}{'' if t.source.text[end : end + 1] == ' ' else ' '}"
    fix = Fix(Span(word.span.end, end), put)
    return t.says("CBR109", message, word.span, help=f"write `{name} {op} {value[1]}`", fix=fix)


_SIGNS = {"×": "*", "÷": "/"}


def _within(t: Trouble) -> frozenset[str]:
    """The words that could stand where a name is read instead."""
    if t.in_condition:
        verbs = frozenset() if t.found and t.found.text in COMPARE | PREDICATES else VERBS
        return verbs | PREDICATES | {"and", "then", "once"}
    return VERBS | _WINDOWS | {"if", "once"}


def _often(t: Trouble, word: Word) -> Diagnostic:
    """`twice`, `only once`, `max 3 times`."""
    help, fix = f"write {FOREIGN_TIMES[word.text]}", None
    if only := re.fullmatch(r"`(.*)`", FOREIGN_TIMES[word.text]):
        fix = Fix(word.span, only[1]) if word.text != "max" else None
    if word.text == "max" and t.found and t.found.kind == "number":
        help = f"write `at most {t.found.text} times`"
        end = t.behind[1].span if t.next in ("times", "time") else t.found.span
        fix = Fix(word.span.to(end), f"at most {t.found.text} times")
    if word.text == "only" and t.found and t.found.text == "once":
        help, fix = "write `once`", Fix(word.span.to(t.found.span), "once")
    message = f"`{word.text}` is not an action"
    return t.says("CBR109", message, word.span, help=help, fix=fix)


def _is_predicate(help: str) -> bool:
    """Whether a help is about a condition, and no action."""
    return any(f"`{word}`" in help for word in PREDICATES | {"and", "if", "then"})


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
        if t.before[-2].text in ("val", "train", "validation"):
            name = f"{t.before[-2].text.removesuffix('idation')}_{word.text}"
            at = t.before[-2].span.to(word.span)
            return t.says(
                "CBR109", "a metric's name is one word", at, help=f"write `{name}`", put=name
            )
        return t.says("CBR109", message, word.span, help=help)
    if word.text.startswith("if") and word.text[2:]:
        help = f"write `if {word.text[2:]} {found} …`"
        fix = Fix(Span(word.span.start + 2, word.span.start + 2), " ")
        return t.says("CBR109", f"`{word.text}` cannot stand here", word.span, ORDER, help, fix=fix)
    help = f"write `if {word.text} {found} …`"
    fix = Fix(Span(word.span.start, word.span.start), "if ")
    good = fix if t.reads(t.with_fix(fix)) else None
    return t.says("CBR109", "a condition without its `if`", word.span, ORDER, help, fix=good)


def clause(t: Trouble) -> Diagnostic | None:
    """A clause out of its turn."""
    word = t.found
    if word is None or not t.is_rule or word.text not in _CLAUSES:
        return None
    text, fix = word.text, None
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
    if not t.accepts_value:
        help, fix = put_in_order(t, help)
    return t.says("CBR109", f"`{text}` cannot stand here", word.span, ORDER, help, fix=fix)


def later(t: Trouble) -> Diagnostic | None:
    """A word that the language has, and not here."""
    word = t.found
    if word is None or word.kind != "name":
        return None
    if word.text in ("logs", "metrics"):
        message = f"`{word.text}` stands only in texts, as `{{{word.text}}}`"
        help = "name the metric itself, such as `loss`"
        return t.says("CBR109", message, word.span, help=help)
    if word.text == "optimizer" and [w.text for w in t.behind[1:]] in _RATES:
        message = "the learning rate is called `lr`"
        at = word.span.to(t.behind[-1].span)
        return t.says("CBR109", message, at, help="write `lr`", put="lr")
    if word.text == "rate" and t.last == "learning" and not t.accepted <= ASSIGN:
        at = t.before[-1].span.to(word.span)
        return t.says("CBR109", "it is called `lr`", at, help="write `lr`", put="lr")
    return None


_RATES = [[".", "lr"], [".", "learning_rate"]]


def predicate(t: Trouble) -> Diagnostic | None:
    """What stands behind `crosses`, `rises`, `is` and the like, or what is no predicate at all."""
    word = t.found
    if word is None:
        return None
    text, fix = word.text, None
    if t.accepted == SIDES:
        side = FOREIGN_SIDES.get(text)
        fix = Fix(word.span, side) if side and text not in ("past", "beyond") else None
        level = text if word.kind == "number" else "…"
        both = f"`crosses above {level}` or `crosses below {level}`"
        help = f"write `crosses {side}`" if side else f"say from which side it comes: {both}"
    elif t.accepted & _STATES and (word.kind == "number" or text in COMPARE):
        if word.kind == "number":
            text = f"{'==' if 'not' in t.accepted else '!='} {text}"
            begin = t.before[-1 if "not" in t.accepted else -2]
            fix = Fix(begin.span.to(word.span), text)
        else:
            fix = Fix(t.before[-1].span.to(word.span), text) if t.last == "is" else None
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
    return t.cannot_stand(word, help, fix=fix)


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
    if _of_several(t, t.found):
        return t.cannot_stand(t.found, without_several(t, t.found))
    help = _named(t, t.found.text) or _help(t, t.found.text)
    return t.cannot_stand(t.found, help, fix=_put(t, t.found, help))


def _named(t: Trouble, text: str) -> str:
    """What a word of the language is called where Keras gives the names."""
    if t.is_use and t.next == "=":
        if text == "metric":
            return "write `monitor`"
        return "an argument has the name that Keras gives it, such as `monitor`"
    if t.last == "." and t.before[-2].text == "optimizer" and text == "decay":
        return "for the weights write `weight_decay`; the rate falls by `lr *= 0.99`"
    return ""


def _put(t: Trouble, word: Word, help: str) -> Fix | None:
    """What puts a word right, where the help says just that."""
    end = t.before[-1].span.end if t.before else t.at
    if help == _COMMA:
        # `lr = rate lr * 0.5` may be two values, or two actions.
        is_set = word.text not in SETTINGS or t.next in {*ASSIGN, "."}
        return Fix(Span(end, end), ",") if is_set else None
    if help.endswith("without `set`") and "…" in help:
        return Fix(Span(t.at, t.behind[1].span.start), "")
    if t.accepted & _STATES and word.text in FOREIGN_STATES:
        return _of_state(t, word)
    if help.startswith("a text stands in quotes") and word.text in VERBS:
        return None
    if help.startswith("a text stands in quotes") and t.next in ("", ","):
        return Fix(word.span, f'"{{{word.text}}}"')
    if help.startswith("a path stands in quotes") and path(t) in help:
        return Fix(Span(t.at, t.at + len(path(t))), f'"{path(t)}"')
    if t.last in ("==", "!=") and help.startswith("write `is "):
        return Fix(t.before[-1].span.to(word.span), help[7:-1])
    if text := alone(help):
        return Fix(word.span, text)
    return meant(word, help, t.accepted & WORDS)


def _of_state(t: Trouble, word: Word) -> Fix | None:
    """`is above 3`, `is NaN`, `is rising`: what stands behind `is` in the words of others."""
    begin = t.before[-1]
    written = re.match(r"`([^`]+)`( instead of `([^`]+)`)?", FOREIGN_STATES[word.text])
    if word.text == "a" and begin.text == "not" and t.next in ("number", "value"):
        # `is not a number` is what it is to be nan.
        return Fix(begin.span.to(t.behind[1].span), "nan")
    if word.text in ("true", "True") and begin.text == "is":
        return Fix(Span(t.before[-2].span.end, word.span.end), "")
    if written is None or begin.text != "is":
        plain = written and not written[2] and "finite" not in written[1] and word.text != "a"
        return Fix(word.span, written[1]) if written and plain else None
    # nan is not finite either, and not infinite.
    if word.text in ("a", "false", "False", "equal", "inf", "infinite"):
        return None
    said = f"{written[3] or ''}".removeprefix("is ").split()
    behind = [w.text for w in t.behind[: len(said)]]
    if written[2] and behind == said:
        return Fix(begin.span.to(t.behind[len(said) - 1].span), written[1])
    return None if written[2] else Fix(word.span, written[1])


def _is(t: Trouble) -> str:
    """`is`, or `is not`, for the comparison before the trouble."""
    return "is" if t.last == "==" else "is not"


_NOTHING = frozenset({"None", "null", "nil", "none", "missing"})
_COMMA = "put a comma between two actions"


def _help(t: Trouble, text: str) -> str:
    """What was likely meant by a word that cannot stand where it does."""
    value = t.accepts_value
    if text in VERBS and value:
        return f"what stands before `{text}` is not complete"
    if t.accepted & _STATES and text in FOREIGN_STATES:
        return f"write {FOREIGN_STATES[text]}"
    if (
        t.accepted & _STATES
        and t.last in ("is", "not")
        and text not in WORDS | set(FOREIGN)
        and text.lower() not in WORDS
    ):
        near = did_you_mean(text, _STATES)
        return near or "compare it with a number, as in `loss > 3`"
    if text in UNITS and (help := _unit(t, text)):
        return help
    if t.accepted & VERBS and (help := _outside(t, text)):
        return help
    if t.accepted & VERBS and text in FOREIGN_ACTIONS and text in WORDS:
        return f"write `{ACTIONS[FOREIGN_ACTIONS[text]].form}`"
    if "," in t.accepted and (text in {*ACTIONS, *FOREIGN_ACTIONS} or t.next in {*ASSIGN, "."}):
        return _COMMA
    if text in _NOTHING and t.last in ("==", "!="):
        return f"write `{_is(t)} missing`"
    if text in _STATES and value:
        if t.last in ("==", "!="):
            return f"write `{_is(t)} {text}`"
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
    named = path(t).endswith((".keras", ".h5"))
    if text == "best" and not named:
        return 'the model is saved as it is: write `if val_loss improves save "best.keras"`'
    file = path(t) if named else "best.keras"
    return f'a path stands in quotes: `save "{file}"`'


_NO_UNIT = "a percent is one of the planned epochs, and has no unit"
