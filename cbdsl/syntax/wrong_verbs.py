"""Actions of other languages, and what cbr has for them."""

from __future__ import annotations

import re

from cbdsl.catalog.actions import ACTIONS, SETTINGS
from cbdsl.catalog.optimizer import SETTINGS as OF_OPTIMIZER
from cbdsl.catalog.words import FOREIGN_ACTIONS, FOREIGN_CHANGES
from cbdsl.diagnostics import Diagnostic, Fix, did_you_mean, one_slip
from cbdsl.syntax.expected import ASSIGN, TIMES, VERBS
from cbdsl.syntax.trouble import Trouble, words_in
from cbdsl.syntax.wrong_actions import plain, rest_of

_VERBS = ", ".join(f"`{verb}`" for verb in ACTIONS if verb not in ("set", "lr", "optimizer"))
ACTIONS_ARE = f"an action is `lr = …`, `NAME = …`, `optimizer.NAME = …`, or begins with {_VERBS}"

_ARITHMETIC = frozenset({"+", "-", "*", "/"})


def changed(t: Trouble) -> Diagnostic | None:
    """`reduce lr by 0.5`, whether the verb was read as a name or not at all."""
    if not t.is_rule:
        return None
    word, behind = t.found, t.behind[1:]
    if word and behind and word.text in FOREIGN_CHANGES and t.accepted & VERBS:
        words = words_in(t.source.text, behind[0].span.start, t.span.end)
    elif word and t.accepted <= ASSIGN and t.before and t.last in FOREIGN_CHANGES:
        words, word = words_in(t.source.text, t.at, t.span.end), t.before[-1]
    elif word and word.text == "set" and behind and t.accepted & VERBS:
        words = words_in(t.source.text, behind[0].span.start, t.span.end)
        if not {"to", "by"} & {w.text for w in words} and "=" in {w.text for w in words}:
            return None
    else:
        return None
    words = [w for w in words if w.text not in ("the", "learning", "value", "of")]
    texts = [w.text for w in words[: next((i for i, w in enumerate(words) if w.text == ","), 9)]]
    name = ".".join(texts[:3:2]) if texts[:2] == ["optimizer", "."] else "".join(texts[:1])
    if name in ("rate", "learning_rate"):
        name = "lr"
    if name in OF_OPTIMIZER:
        name = f"optimizer.{name}"
    if name not in SETTINGS and not name.startswith("optimizer."):
        return None
    written = _change(word.text, name, texts[3:] if texts[1:2] == ["."] else texts[1:])
    certain = (
        _ARITHMETIC.isdisjoint(texts)
        and written
        and (
            " " in FOREIGN_CHANGES.get(word.text, "")
            or word.text in ("multiply", "divide", "scale", "set")
            or "to" in texts
        )
    )
    fix = Fix(word.span.to(words[len(texts) - 1].span), written) if certain else None
    if not written:
        op = FOREIGN_CHANGES.get(word.text, "=")
        written = f"{name} {op}" if " " in op else f"{name} {op} …"
    message = f"`{word.text}` is not an action"
    return t.says("CBR109", message, word.span, help=f"write `{written}`", fix=fix)


def _change(verb: str, name: str, said: list[str]) -> str:
    """The action of `reduce lr by 0.5`, `said` being the words behind the name; or empty."""
    op, _, factor = FOREIGN_CHANGES.get(verb, "=").partition(" ")
    if factor:
        return f"{name} {op} {factor}" if not said else ""
    if len(said) == 2 and said[0] in _ARITHMETIC:
        return f"{name} {said[0]}= {said[1]}"
    found = _SAID.fullmatch(" ".join(said))
    if found is None:
        return ""
    number, how = found["n"], found["how"] or ""
    is_down, is_up = verb in _DOWN, verb in _UP
    if how == "to":
        return f"{name} = {number}" if verb not in ("multiply", "divide") else ""
    if op == "=" and how:
        return ""
    if (is_down or is_up) and number.endswith("%"):
        return f"{name} *= {_changed_by(number[:-1], -1 if is_down else 1)}"
    if is_down or is_up:
        # A rate is made smaller by a factor: to take away as much would leave none.
        value = float(number)
        if "factor" in how or value > 1 or (name == "lr" and value >= _LEAST_FACTOR):
            op = "/=" if is_down and value > 1 else "*="
            return f"{name} {op} {number}"
        return f"{name} {'-=' if is_down else '+='} {number}"
    return f"{name} {op} {number}"


_SAID = re.compile(
    r"(?:(?P<how>to|by(?: (?:a|the))?(?: factor)?|factor) )?"
    r"(?P<n>(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)(?:[eE][+-]?[0-9]+)?%?)"
)
_LEAST_FACTOR = 0.1
"""By less than this a rate is changed as a difference."""

_DOWN = frozenset("reduce decrease lower cut drop shrink decay".split())
_UP = frozenset({"increase", "raise"})


def _changed_by(percent: str, sign: int) -> str:
    """The factor of `reduce lr by 10%`."""
    return f"{100 + sign * float(percent):g}%"


def instead(t: Trouble, name: str, found: str) -> tuple[str, Fix | None]:
    """What to write instead of something that is no action, and what puts it right."""
    help, word = _instead(t, name, found), t.before[-1]
    if help == "write `stop`" and found != ".":
        return help, Fix(word.span, "stop")
    ours = FOREIGN_ACTIONS.get(name, "")
    rest = rest_of(t)
    if ours and t.found and t.found.kind == "text" and len(rest) == 1 and "…" not in help:
        return help, Fix(word.span, ours) if help == f"write `{ours} {t.found.text}`" else None
    if (
        ours in ("wait", "snapshot", "call")
        and help == f"write `{ours} {t.source.text[t.at : t.span.end]}`"
    ):
        return help, Fix(word.span, ours)
    if slip := one_slip(name, VERBS | set(SETTINGS)):
        return help, Fix(word.span, slip) if help == f"did you mean `{slip}`?" else None
    return help, None


def _instead(t: Trouble, name: str, found: str) -> str:
    if found == "." and t.next == "stop_training":
        return "write `stop`"
    if t.found and t.found.kind == "number" and t.next in TIMES:
        return f"write `at most {found} times`"
    if name in FOREIGN_ACTIONS:
        return f"write `{_form(t, FOREIGN_ACTIONS[name])}`"
    if name in OF_OPTIMIZER:
        return f"write `optimizer.{name} = …`"
    if found == "." and name == "model" and t.next == "optimizer":
        return "write `optimizer.…` without `model`; the rate is `lr`"
    if found == "." and (called := _function(t)):
        return f"write `call {called}`"
    if name in _PARTS:
        return f"write `{_PARTS[name]}`"
    if found in _ARITHMETIC:
        return f"write `{name} {found}= …`"
    return did_you_mean(name, VERBS | set(SETTINGS))


def _function(t: Trouble) -> str:
    """A dotted name with brackets behind it, which begins with the word before the trouble."""
    written = re.match(r"[A-Za-z_][\w.]*(?=[ ]*\()", t.source.text[t.before[-1].span.start :])
    return written[0] if written else ""


_PARTS = {
    "take": "snapshot",
    "make": "snapshot",
    "go": "roll back to last good",
    "un": 'unfreeze "layers"',
}
"""Words before a verb that has none."""


def _form(t: Trouble, verb: str) -> str:
    """An action with what stands behind it in the text, where that fits."""
    rest = rest_of(t)
    text = rest[0].text if rest and rest[0].kind == "text" and len(rest) == 1 else ""
    if verb in SETTINGS:
        return verb
    if verb == "restore":
        return f"restore best of {plain(rest) or 'val_loss'}"
    if verb == "wait" and rest and rest[0].kind == "number":
        return f"wait {rest[0].text} {rest[1].text if rest[1:] else 'epochs'}"
    if verb == "call" and (written := re.match(r"[A-Za-z_]\w*\.[\w.]*", t.source.text[t.at :])):
        return f"call {written[0]}"
    texts = {word.text for word in rest}
    if verb == "roll back" and "best" in texts:
        return f"roll back to best of {plain(rest) or 'val_loss'}"
    if verb == "print" and texts & {"=", ":"} and rest[0].kind == "name":
        return f"record {rest[0].text} = …"
    if verb == "print" and rest and rest[0].kind in ("name", "metric"):
        return f'print "{{{rest[0].text}}}"'
    if text and verb in ("stop", "fail", "print", "warn", "notify", "save", "freeze", "unfreeze"):
        return f"{verb} {text}"
    return ACTIONS[verb].form.split(" [")[0]
