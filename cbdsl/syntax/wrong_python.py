"""What people write who know Keras and Python: calls, attributes, texts put together.

Each function looks for one kind of mistake and gives its diagnostic, or None if it is another.
"""

from __future__ import annotations

import re

from cbdsl.catalog.hooks import ALIASES, HOOKS
from cbdsl.catalog.keras_callbacks import KERAS_CALLBACKS
from cbdsl.catalog.metrics import direction
from cbdsl.catalog.words import FOREIGN_ACTIONS, FOREIGN_CHANGES, WORDS
from cbdsl.diagnostics import Diagnostic, Fix, did_you_mean
from cbdsl.source import Span
from cbdsl.syntax.expected import ASSIGN, COMPARE, VERBS
from cbdsl.syntax.trouble import STATEMENTS, Trouble

_NAME = r"[A-Za-z_]\w*"
_TEXT = r"\"(?:\\.|[^\"\\\n])*\"|'[^'\"\\\n]*'"


def spelled(text: str) -> str:
    """A name without what spellings differ in: capitals and underscores."""
    return text.lower().replace("_", "")


_HOOKS = {spelled(hook): hook for hook in [*HOOKS, *ALIASES]}
_CALLBACKS = {spelled(callback): callback for callback in KERAS_CALLBACKS}


def spelled_hook(name: str) -> str:
    """The hook that a name spells, if it does."""
    return _HOOKS.get(spelled(name.removeprefix("on_")), "")


# ---------------------------------------------------------------------------- of Keras's


def dotted(t: Trouble) -> Diagnostic | None:
    """`model.stop_training = True`, `logs["loss"]`: what rules have words for."""
    if not (t.is_rule or t.start == "expr" or t.statement == "metric"):
        return None
    starts = [word.span.start for word in (*t.before[-1:], *t.behind[:1]) if word.kind == "name"]
    for start in starts:
        for pattern, ours in _DOTTED:
            found = pattern.match(t.source.text, start, t.span.end)
            if found is None:
                continue
            at = Span(*found.span())
            written = found.expand(ours)
            if "'" in written:
                written = written.replace("'", '"')
            name = found["name"]
            message = f"`{name}` is Python, and no part of a rule"
            if name in ("logs", "metrics"):
                message = f"`{name}` stands only in texts, as `{{{name}}}`"
            where = Span(at.start, at.start + len(name))
            return t.says("CBR109", message, where, help=f"write `{written}`", fix=Fix(at, written))
    return None


_MODEL = r"(?:self\.)?(?:model\.)?"
_RATE = r"(?:lr|learning_rate)"
_DOTTED = tuple(
    (re.compile(pattern), ours)
    for pattern, ours in (
        (r"(?P<name>(?:self\.)?model\.stop_training)[ ]*=[ ]*[Tt]rue\b", "stop"),
        (
            rf"(?P<name>(?:self\.)?model\.save(?:_weights)?)\([ ]*(?P<path>{_TEXT})[ ]*\)",
            r"save \g<path>",
        ),
        (
            rf"(?P<name>{_MODEL}(?:optimizer\.)?{_RATE}\.assign)\([ ]*(?P<rate>[^()]*[^() ])[ ]*\)",
            r"lr = \g<rate>",
        ),
        (
            rf"(?P<name>(?:K|backend|keras\.backend)\.set_value)\([\w. ]*\b{_RATE}[ ]*,[ ]*"
            r"(?P<rate>[^()]*[^() ])[ ]*\)",
            r"lr = \g<rate>",
        ),
        (rf"(?P<name>(?:self\.)?model\.optimizer\.{_RATE})\b", "lr"),
        (rf"(?P<name>(?:self\.)?model\.optimizer\.(?P<setting>{_NAME}))\b(?!\()",
         r"optimizer.\g<setting>"),
        (
            rf"(?P<name>(?:logs|history|metrics))(?:\.get\(|\[)[ ]*[\"'](?P<metric>{_NAME})[\"']"
            r"[ ]*(?:,[^()]*)?[\])](?:\[-1\])?",
            r"\g<metric>",
        ),
        (rf"(?P<name>logs)\.(?!get\b)(?P<metric>{_NAME})\b(?!\()", r"\g<metric>"),
    )
)  # fmt: skip


def indexed(t: Trouble) -> Diagnostic | None:
    """`loss['val']`: a metric of the validation."""
    word = t.found
    if word is None or word.text != "[" or not t.before or t.before[-1].kind != "name":
        return None
    name = t.before[-1]
    if re.match(r"\[[ ]*[\"']?val(idation)?[\"']?[ ]*\]", t.source.text[t.at : t.span.end]):
        close = t.source.text.index("]", t.at) + 1
        help, fix = (
            f"write `val_{name.text}`",
            Fix(Span(name.span.start, close), f"val_{name.text}"),
        )
        message = "a metric of the validation has a name of its own"
        return t.says("CBR109", message, word.span, help=help, fix=fix)
    return None


def callback(t: Trouble) -> Diagnostic | None:
    """`EarlyStopping(patience=3)` without `use`, or inside a rule."""
    written = re.compile(rf"(?P<module>(?:{_NAME}\.)*)(?P<name>{_NAME})[ ]*\(")
    if not t.before and t.start in ("statement", "head") and t.found:
        found = written.match(t.source.text, *t.span)
        if not found or spelled(found["name"]) not in _CALLBACKS:
            return None
        name = _CALLBACKS[spelled(found["name"])]
        at = Span(t.span.start, found.end("name"))
        help = f"write `use {name}{_brackets(t, found.end('name'))}`"
        message = f"`{t.source.slice(at)}` begins no statement"
        return t.says("CBR109", message, at, help=help, put=f"use {name}")
    if t.is_rule and t.before:
        found = written.match(t.source.text, t.before[-1].span.start, t.span.end)
        if found and spelled(found["name"]) in _CALLBACKS:
            name = _CALLBACKS[spelled(found["name"])]
            at, why = Span(*found.span("name")), "Keras calls it at its own hooks"
            help = f"write `use {name}{_brackets(t, found.end('name'))}` on a line of its own"
            return t.says("CBR109", f"`{found['name']}` is not an action", at, why, help)
    if t.is_use and t.accepted == {"("} and t.found is None:
        help = f"write `use {t.last}()`"
        why, fix = "its arguments stand in brackets", Fix(t.before[-1].span, f"{t.last}()")
        return t.says("CBR109", "this ends too early", t.end, why, help, fix=fix)
    if t.is_use and t.found and t.found.text == ".":
        path = written.match(t.source.text, t.before[-1].span.start, t.span.end)
        help = "write the callback's name alone, without its module"
        alone = Fix(Span(*path.span("module")), "") if path else None
        return t.says("CBR110", "`.` cannot stand here", t.found.span, help=help, fix=alone)
    return None


def _brackets(t: Trouble, start: int) -> str:
    """What stands in the brackets behind a name, if the line ends with them."""
    rest = t.source.text[start : t.span.end].strip()
    short = len(rest) < 60 and rest.count("(") == 1 and rest.endswith(")") and "\n" not in rest
    return rest if short else "(…)"


# --------------------------------------------------------------------------------- calls


def called(t: Trouble) -> Diagnostic | None:
    """`stop()`, `print("…")`, `save("x.keras")`: an action with brackets."""
    word = t.found
    if word is None or word.text != "(" or not t.is_rule or t.last not in VERBS - {"call"}:
        return None
    verb = t.before[-1]
    inside = re.compile(
        rf"\([ ]*(?:(?P<f>[fFrR])?(?P<text>{_TEXT})|(?P<name>{_NAME}))?[ ]*\)"
    ).match(t.source.text, t.at, t.span.end)
    why = "the verb of an action has no brackets"
    help, fix = f"write `{verb.text}` without brackets", None
    if inside:
        text = inside["text"] and '"' + inside["text"][1:-1] + '"'
        if inside["name"]:
            text = f'"{{{inside["name"]}}}"' if verb.text in ("print", "warn", "notify") else None
        given = f"{verb.text} {text}" if text else verb.text
        if text or not (inside["name"] or verb.text not in ("stop", "snapshot")):
            help, fix = f"write `{given}`", Fix(verb.span.to(Span(*inside.span())), given)
    return t.says("CBR109", "`(` cannot stand here", word.span, why, help, fix=fix)


# --------------------------------------------------------------------------------- texts


def joined(t: Trouble) -> Diagnostic | None:
    """A text that is put together as Python does it: `"…" % x`, `"…".format(x)`, `"…" + x`."""
    verbs = [index for index, word in enumerate(t.before) if word.text in _TELL]
    if not t.is_rule or not verbs or not t.before[verbs[-1] + 1 :]:
        return None
    verb, first = t.before[verbs[-1] : verbs[-1] + 2]
    if first.kind != "text" or first.span.start < verb.span.end:
        return None
    end = first.span.end
    # Of `"…", x` the name was read as that of a variable.
    found = t.found if t.before[-1] is first else t.before[-1]
    if found is None or found.text in {*ASSIGN, *COMPARE, ",", ":", ";"}:
        return None
    if t.before[-1] is not first and not (
        [w.text for w in t.before[-2:-1]] == [","] and t.before[-3] is first
    ):
        return None
    filled = _filled(first.text, t.source.text[end : t.span.end])
    if not filled or t.next in ASSIGN:
        return None
    text, length = filled
    fix = Fix(Span(first.span.start, end + length), text)
    if not t.reads(t.with_fix(fix)):
        return None
    message = f"`{found.text}` cannot stand here"
    why = "what a text fills in stands in it, in braces"
    # Behind a comma may stand an action of a name that nobody knows.
    is_said = found.text != "," and t.before[-1] is not first and not direction(found.text)
    is_said = is_said and [w.text for w in t.before].count(found.text) < 2
    good = None if is_said else fix
    return t.says("CBR109", message, found.span, why, f"write `{verb.text} {text}`", fix=good)


_TELL = frozenset({"print", "warn", "notify", "fail", "stop"})
_ARGUMENTS = rf"(?:\([ ]*(?P<all>{_NAME}(?:[ ]*,[ ]*{_NAME})*)[ ]*\)|(?P<one>{_NAME}))"
_PERCENT = re.compile(rf"[ ]*%[ ]*{_ARGUMENTS}")
_FORMAT = re.compile(rf"\.format{_ARGUMENTS}")
_PLUS = re.compile(rf"(?:[ ]*\+[ ]*(?:str\([ ]*)?(?:{_NAME}|{_TEXT})\)?)+")
_BESIDE = re.compile(rf"(?P<comma>,)?[ ]*(?P<name>{_NAME})")
_SPEC = re.compile(r"%(?P<how>[-+0 #]*\d*(?:\.\d+)?)(?P<what>[sdifgeru%])")
_BRACES = re.compile(r"\{(?::(?P<how>[^{}]*))?\}")


def _filled(text: str, rest: str) -> tuple[str, int] | None:
    """A text with what stands behind it put in, and how much of the rest that was."""
    if found := _PERCENT.match(rest):
        names = re.findall(_NAME, found["all"] or found["one"])
        return _put(text, _SPEC, names, found.end())
    if found := _FORMAT.match(rest):
        names = re.findall(_NAME, found["all"] or found["one"])
        return _put(text, _BRACES, names, found.end())
    if found := _PLUS.match(rest):
        pieces = re.findall(rf"\+[ ]*(?:str\([ ]*)?({_NAME}|{_TEXT})", found[0])
        added = "".join(p[1:-1] if p[0] in "\"'" else f"{{{p}}}" for p in pieces)
        return f'{text[:-1]}{added}"', found.end()
    if (found := _BESIDE.match(rest)) and _may_be_value(found["name"]):
        blank = " " if found["comma"] and not text.endswith(' "') else ""
        return f'{text[:-1]}{blank}{{{found["name"]}}}"', found.end()
    return None


def _may_be_value(name: str) -> bool:
    """Whether a name behind a text can be meant as a value, and not as a verb."""
    verbs = VERBS | set(FOREIGN_ACTIONS) | set(FOREIGN_CHANGES)
    return name not in WORDS | verbs and not did_you_mean(name, verbs)


def _put(
    text: str, place: re.Pattern[str], names: list[str], length: int
) -> tuple[str, int] | None:
    """A text with names in its places, if there are as many."""
    rest = list(names)

    def name(found: re.Match[str]) -> str:
        if place is _SPEC and found["what"] == "%":
            return "%"
        if not rest:
            raise IndexError
        how = found["how"] or ""
        if place is _SPEC and found["what"] in "feg" and how:
            how += found["what"]
        return f"{{{rest.pop(0)}{f':{how}' if how else ''}}}"

    try:
        filled = place.sub(name, text)
    except IndexError:
        return None
    return None if rest else (filled, length)


# --------------------------------------------------------------------------------- hooks


def hook(t: Trouble) -> Diagnostic | None:
    """`on epoch end`, `on the end of each epoch`, `epoch_end if …`, `on every epoch`."""
    if t.start not in ("statement", "head"):
        return None
    label = re.compile(rf"(?:{_NAME}[ ]*:[ ]*)?").match(t.source.text, *t.span)
    start = label.end() if label else t.span.start
    for pattern, place in _SAID:
        found = pattern.match(t.source.text, start, t.span.end)
        if (
            found is None
            or (place == "bare" and start > t.span.start)
            or t.at > found.end() + _NEAR
        ):
            continue
        at = Span(*found.span(place))
        if place == "needless":
            rest = t.source.text[found.end() : t.span.end].lstrip()
            shown = f"every {rest.split()[0]}" if rest else "every epoch"
            at = Span(at.start, found.end("needless"))
            message = f"`on` cannot stand before `{found['often']}`"
            help = f"write `{'every' if found['often'] != 'at' else 'at'} …` without `on`"
            if found["often"] in ("each", "every") and re.match(r"(epoch|batch)\b", rest):
                help = f"write `{shown}`"
            word = "at" if found["often"] == "at" else "every"
            whole = Span(found.start("needless"), found.end("often"))
            return t.says("CBR109", message, at, help=help, fix=Fix(whole, word))
        name = _HOOKS.get(spelled(re.sub(r"[\s-]", "", _turned(found))))
        if name is None:
            continue
        message = f"there is no hook `{found[place]}`"
        help = f"write `on {name}`"
        if place == "bare":
            message = f"`{found['bare']}` begins no statement"
            return t.says("CBR109", message, at, help=help, put=f"on {name}")
        return t.says("CBR201", message, at, help=help, put=name)
    return None


_NEAR = 12
"""The trouble stands in the hook, or in the word behind it."""

_WHOM = r"train(?:ing)?|epoch|batch|test|validation|predict(?:ion)?|train[ _-]batch"
_SAID: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), place)
    for pattern, place in (
        (r"(?P<needless>on)[ ]+(?P<often>each|every|at)\b(?=[ ]+\w)", "needless"),
        (rf"on[ ]+(?P<hook>(?:the[ ]+)?(?P<whom>{_WHOM})[ -]+(?P<when>begin|start|end)(?:ning)?)\b",
         "hook"),
        (rf"on[ ]+(?P<hook>(?:the[ ]+)?(?P<when>begin|start|end)(?:ning)?[ ]+of[ ]+"
         rf"(?:(?:the|each|every|an?)[ ]+)?(?P<whom>{_WHOM}))\b", "hook"),
        (r"(?P<bare>(?:on_)?(?P<whom>(?:train|epoch|batch|test|predict)\w*)_(?P<when>begin|end))\b"
         r"(?![ ]*=)", "bare"),
    )
)  # fmt: skip


def _turned(found: re.Match[str]) -> str:
    """A hook as Keras calls it."""
    whom = re.sub("ing$|ion$", "", found["whom"]) if "ation" not in found["whom"] else "test"
    return f"{whom}_{found['when'].replace('start', 'begin')}"


def glued_hook(text: str) -> str:
    """`on epoch_end` for `on_epoch_end`, which is read as two words; empty if it is no hook."""
    name = spelled_hook(text) if text.startswith("on_") else ""
    return name and f"on {name}"


# --------------------------------------------------------------------------------- names


def labelled(t: Trouble) -> Diagnostic | None:
    """`else:`, `on: epoch_end`, `patience: 3`: a word and a colon as others have them."""
    if t.start not in ("statement", "head") or [w.text for w in t.before[1:]] != [":"]:
        return None
    word, colon = t.before
    name, found = word.text, t.found
    if name in ("else", "elif", "try", "except", "finally"):
        help = "write a second rule with the opposite condition"
        return t.says("CBR109", f"`{name}` begins no statement", word.span, help=help)
    if found is None or found.text == ":" or name in STATEMENTS[3:]:
        return None
    rest = t.source.text[found.span.start : t.span.end]
    if name in VERBS:
        help = f"say first when to do it: `on epoch_end if … {name}`"
        return t.says("CBR109", f"`{name}` begins no statement", word.span, help=help)
    if hook := spelled_hook(name):
        ours = f"on {hook}"
        at, help = word.span.to(colon.span), f"write `{ours}` without `:`"
        return t.says("CBR109", "a hook is no name of a rule", word.span, help=help,
                      fix=Fix(at, ours))  # fmt: skip
    if name in ("on", "every", "at", "if", "then", "once", "after", "until"):
        help = f"write `{name} …` without `:`"
        return t.says("CBR109", f"no `:` stands behind `{name}`", colon.span, help=help, put="")
    if hook := spelled_hook(found.text):
        help = f"say when with `on`, as in `{name}: on {hook} …`"
        return t.says("CBR109", f"`{found.text}` cannot stand here", found.span, help=help,
                      put=f"on {hook}")  # fmt: skip
    if found.text in VERBS or found.text == "if":
        help = f"say first when: `{name}: on epoch_end {found.text} …`"
        return t.says("CBR109", f"`{found.text}` cannot stand here", found.span, help=help)
    if re.fullmatch(r'-?[0-9.]+%?|true|false|"[^"\n]*"', rest) and name not in WORDS:
        help = f"for a parameter write `param {name} = {rest}`"
        return t.says("CBR109", f"`{name}:` is the name of a rule", word.span, help=help)
    return None


def given(t: Trouble) -> Diagnostic | None:
    """`target = 0.9` as a statement."""
    word = t.found
    if t.before or t.start != "statement" or word is None or word.kind != "name":
        return None
    found = re.compile(rf"({_NAME})[ ]*:?=[ ]*(-?[0-9.]+%?|true|false|\"[^\"\n]*\")$").match(
        t.source.text, *t.span
    )
    if not found or found[1] in WORDS or found[1] in ("learning_rate", "momentum"):
        return None
    help = f"write `param {found[1]} = {found[2]}`, or `let …` for a variable that rules set"
    return t.says("CBR109", f"`{word.text}` begins no statement", word.span, help=help)
