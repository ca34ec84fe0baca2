"""What cannot stand in actions, behind their verbs.

Each function looks for one kind of mistake and gives its diagnostic, or None if it is another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from cbdsl.catalog.optimizer import SETTINGS as OF_OPTIMIZER
from cbdsl.catalog.words import WORDS
from cbdsl.diagnostics import Diagnostic, Fix
from cbdsl.source import Span
from cbdsl.syntax.expected import ASSIGN, VERBS
from cbdsl.syntax.trouble import Trouble, Word, words_in

_ARITHMETIC = frozenset({"+", "-", "*", "/"})
_CLAUSES = frozenset({"if", "then", "once", "after", "until", "from", "on", "every"})


def action(t: Trouble) -> Diagnostic | None:
    """What cannot stand behind the verb of an action, or is missing there."""
    if not t.is_rule:
        return None
    if found := _listed(t):
        return found
    verb = _verb(t)
    if verb is None:
        return _keep_alone(t)
    begin = t.before.index(verb)
    return _EXPLAIN[verb.text](t, t.before[begin + 1 :])


def _listed(t: Trouble) -> Diagnostic | None:
    """`freeze "a", "b"` and `restore best of loss, accuracy`: a list where one is taken."""
    texts = [word.text for word in t.before]
    if t.found and t.found.kind == "text" and t.last == "," and t.before[2:]:
        verb, first = texts[-3], t.before[-2]
        if first.kind == "text" and verb in ("freeze", "unfreeze", "print", "warn", "fail"):
            help = f"write `{verb} {first.text}, {verb} {t.found.text}`"
            return _stands(t, "a text", f"`{verb}` takes one text", help)
        if first.kind == "text" and verb == "notify":
            return _stands(t, "a text", _NO_ADDRESS, f"write `notify {t.found.text}`")
    if t.accepted and t.accepted <= ASSIGN and texts[-4:-3] == ["of"] and texts[-2] == ",":
        help = "for two of them write `metric both = …` above"
        message = f"`{t.last}` cannot stand here"
        return t.says("CBR109", message, t.before[-1].span, "it goes by one metric", help)
    return None


_NO_ADDRESS = "a file holds no addresses; the caller says who is notified"


def _verb(t: Trouble) -> Word | None:
    """The verb of the action in trouble, where that is one of those below."""
    for word in reversed(t.before):
        if word.text in (",", ":") or word.text in _CLAUSES - {"from"}:
            return None
        if word.text in _EXPLAIN:
            return word
    return None


def plain(words: Sequence[Word], without: frozenset[str] = frozenset()) -> str:
    """The first word that can be a metric's name; empty if there is none."""
    found = (w.text for w in words if w.kind in ("name", "metric"))
    return next((name for name in found if name not in WORDS | _NOISE | without), "")


_NOISE = frozenset("weights model checkpoint state snapshot with a an its".split())


def rest_of(t: Trouble) -> list[Word]:
    """The words from the trouble to the next comma."""
    words = words_in(t.source.text, t.at, t.span.end)
    end = next((i for i, word in enumerate(words) if word.text == ","), len(words))
    return words[:end]


def _stands(t: Trouble, what: str, why: str, help: str, missing: str = "") -> Diagnostic:
    """That the word in trouble cannot stand there, or that something is missing at the end."""
    if t.found is None or (t.found.text == "," and missing):
        at = t.end if t.found is None else t.found.span
        return t.says("CBR109", missing or "this ends too early", at, why, help)
    what = what or f"`{t.found.text}`"
    return t.says("CBR109", f"{what} cannot stand here", t.found.span, why, help)


def _what(t: Trouble) -> str:
    """The word in trouble as a message names it; empty for a plain one."""
    kinds = {"text": "a text", "metric": "a name in backticks"}
    return kinds.get(t.found.kind, "") if t.found else ""


# ----------------------------------------------------------------------- restore and roll back


def _restore(t: Trouble, tail: list[Word]) -> Diagnostic | None:
    if t.complete:
        return _one_metric(t)
    words = [*tail, *rest_of(t)]
    metric = plain(words) or "val_loss"
    why = "a rule restores the weights that it saw at the best value of a metric"
    help = f"write `restore best of {metric}`"
    texts = {word.text for word in words}
    if texts & {"last", "good", "snapshot"} and not texts & {"best"}:
        help = "write `roll back to last good`"
    if t.found and t.found.kind == "text":
        why = f"{why}, and no file"
    return _stands(t, _what(t), why, help, "the metric is missing")


def _roll(t: Trouble, tail: list[Word]) -> Diagnostic | None:
    words = [*tail, *rest_of(t)]
    metric = plain(words, frozenset({"epoch", "epochs"}))
    back = "roll back to last good"
    if any(word.text == "best" for word in words) or metric:
        back = f"roll back to best of {metric or 'val_loss'}"
    why = "a rule goes back to the best value of a metric, or to the last good state"
    if any(word.kind == "number" for word in words):
        why = "no other state is kept than the last good one, and the best of a metric"
    if t.complete and "best" in [word.text for word in tail]:
        return _one_metric(t)
    missing = "the state to roll back to is missing"
    if any(word.text == "best" for word in tail):
        missing = "the metric is missing"
    return _stands(t, _what(t), why, f"write `{back}`", missing)


def _one_metric(t: Trouble) -> Diagnostic | None:
    """More behind a metric's name."""
    if t.found and t.found.text in ("and", "or"):
        help = "for two of them write `metric both = …` above"
        return _stands(t, "", "it goes by one metric", help)
    return None


# ---------------------------------------------------------------------------------------- save


def _save(t: Trouble, tail: list[Word]) -> Diagnostic | None:
    """Which files are kept; the path itself is looked at elsewhere."""
    if not tail and (t.found is None or t.found.text == ","):
        return _stands(t, "", "", 'write it, as in `save "best.keras"`', "the path is missing")
    path = tail[0].text if tail and tail[0].kind == "text" else ""
    words = [*tail[1:], *rest_of(t)]
    texts = [word.text for word in words]
    if not path or not {"keep", "best"} & set(texts) or texts[0] in _CLAUSES:
        return None
    count = next((w.text for w in words if re.fullmatch(r"[0-9]+", w.text)), "")
    metric = plain(words, frozenset({"only", "all", "files", "newest", "top", "models", "copies"}))
    kept = f"keep {count or 3}"
    if "best" in texts:
        kept = f"keep best {count or 3} of {metric or 'val_loss'}"
    why = "it is written `keep N`, or `keep best N of METRIC`"
    missing = "how many are kept is missing"
    if "of" in t.accepted or (t.last == "of" and "best" in texts):
        missing = "the metric is missing" if count else missing
    return _stands(t, _what(t), why, f"write `save {path} {kept}`", missing)


def _keep_alone(t: Trouble) -> Diagnostic | None:
    """`keep` away from the path."""
    if t.found is None or t.found.text != "keep" or not t.accepted & VERBS:
        return None
    written = " ".join(word.text for word in rest_of(t))
    why, help = "it belongs to a `save`", f'write `save "model-{{epoch}}.keras" {written}`'
    if t.last == "," and [w.text for w in t.before[-3:-2]] == ["save"]:
        help = f"write it behind the path, without a comma: `save {t.before[-2].text} {written}`"
    return t.says("CBR109", "`keep` is no action", t.found.span, why, help)


# ------------------------------------------------------------------------------------ of a text


def _of_text(t: Trouble, tail: list[Word]) -> Diagnostic | None:
    """`fail`, `notify` and others that take one text."""
    verb = t.before[len(t.before) - len(tail) - 1].text
    rest = words_in(t.source.text, t.at, t.span.end)
    texts = [word.text for word in rest if word.kind == "text"]
    written = t.source.text[t.at : t.span.end]
    if verb == "notify" and t.found:
        mine = [word.text for word in tail if word.kind == "text"]
        to = t.found.text == "to" or t.found.text in _SERVICES
        if to or _is_second(t) or re.match(r'[^\s"]+@[^\s"]|https?:', written):
            text = mine[-1] if mine and t.found.text == "to" else texts[-1] if texts else '"…"'
            return _stands(t, _what(t), _NO_ADDRESS, f"write `notify {text}`")
    if t.accepted != {"STRING"}:
        return None
    if t.found is None or t.found.text == ",":
        return _stands(t, "", "", f"write it, as in `{verb} {_TEXTS[verb]}`", "the text is missing")
    name = t.found.kind == "name" and t.found.text not in _CLAUSES
    if texts and name and rest[1].kind == "text":
        fix = Fix(Span(t.at, rest[1].span.start), "") if t.found.text in _STRINGS else None
        return t.cannot_stand(t.found, f"write `{verb} {texts[0]}`", fix=fix)
    return None


_STRINGS = frozenset({"f", "F", "r", "R", "u", "b"})
"""What Python has before a text."""

_TEXTS = {
    "fail": '"the loss is {loss}"',
    "print": '"the loss is {loss}"',
    "warn": '"the loss is {loss}"',
    "notify": '"epoch {epoch}: the loss is {loss}"',
}


def _is_second(t: Trouble) -> bool:
    """Whether it is a second text behind the first."""
    return t.found is not None and t.found.kind == "text" and t.before[-1].kind == "text"


_SERVICES = frozenset({"slack", "email", "mail", "sms", "telegram", "discord", "webhook"})


def _freeze(t: Trouble, tail: list[Word]) -> Diagnostic | None:
    """`freeze` and `unfreeze`, which take the names of layers as a text."""
    verb = t.before[len(t.before) - len(tail) - 1].text
    found, text = t.found, t.source.text[t.at : t.span.end].split(",")[0].strip()
    why = "layers go by their names, in which `*` stands for any letters"
    if t.accepted == {"STRING"}:
        names = re.sub(r"^((all|the|layers?|every|named|called|of|model)\b\s*)+", "", text)
        plain = re.fullmatch(r"[\w*?.\[\]/-]+", names)
        help = f'write `{verb} "{names}"`' if plain and not names[0].isdigit() else ""
        if quoted := re.search(r'"[^"]*"', text):
            help = f"write `{verb} {quoted[0]}`"
        elif re.match(r"(all|everything|every|model|the model|\*)", text) and not plain:
            help = f'write `{verb} "*"`'
        if names in ("everything", "all", "model"):
            help = f'write `{verb} "*"`'
        help = help or f'write `{verb} "dense*"`'
        return _stands(t, _what(t), why, help, "the name of the layers is missing")
    if found is None or not t.complete:
        return None
    if found.kind == "text" or found.text == "and":
        other = found.text if found.kind == "text" else t.next
        help = f"write `{verb} {t.last}, {verb} {other}`"
        return _stands(t, _what(t), "it takes one name, in which `*` stands for any letters", help)
    if found.text in ("for", "until") and verb == "freeze":
        help = f"unfreeze them by a rule of its own, such as `at epoch 5 unfreeze {t.last}`"
        return _stands(t, "", "layers stay frozen until they are unfrozen", help)
    return None


# ------------------------------------------------------------------------- logs and functions


def _record(t: Trouble, tail: list[Word]) -> Diagnostic | None:
    found, rest = t.found, t.source.text[t.at : t.span.end].split(",")[0]
    form = "what is recorded has a name and a value, as in `record gap = val_loss - loss`"
    if not tail:
        name = found.text.strip('"') if found and found.kind == "text" else ""
        help = f"write `record {name} = …`" if name.isidentifier() else "write `record NAME = …`"
        return _stands(t, _what(t), form, help, "its name and its value are missing")
    if t.accepted != {"="}:
        return None
    name = tail[0].text
    if found is None or found.text == ",":
        help = f"`{name}` is in the logs already if it is a metric; write `record NAME = …`"
        return _stands(t, "", form, help, "the value is missing")
    if found.text == "==":
        return None
    if found.text in ASSIGN:
        help = f"write `record {name} = …`"
        return _stands(t, "", "an epoch begins without it, so there is nothing to add to", help)
    if found.text in _ARITHMETIC:
        help = f"write `record NAME = {name} {rest.strip()}`"
        return t.says("CBR109", "its name is missing", tail[0].span, form, help)
    if found.text == "as":
        number = len(t.behind) > 1 and t.behind[1].kind == "number"
        help = f"write `record {t.next or 'NAME'} = {name}`"
        help = f"write `record {name} = {t.next}`" if number else help
        return _stands(t, "", form, help)
    value = re.sub(r"^\s*[:]\s*", "", rest).strip() or "…"
    help = f"write `record {name} = {value}`"
    return t.says("CBR109", f"`=` is missing behind `{name.strip('`')}`", found.span, form, help)


def _call(t: Trouble, tail: list[Word]) -> Diagnostic | None:
    found = t.found
    why = "a function of Python's is named with its module"
    if not tail:
        written = re.match(r"\"?([A-Za-z_][\w.]*)", t.source.text[t.at : t.span.end])
        name = (written[1] if written else "").strip(".")
        if name in VERBS:
            help = f"`{name}` is an action of its own: write it without `call`"
            return _stands(t, "", why, help)
        name = name if "." in name else f"my_module.{name or 'function'}"
        return _stands(t, _what(t), why, f"write `call {name}`", "which function is missing")
    name = t.source.text[tail[0].span.start : t.at].strip()
    if found and found.text == "(":
        why = "a function is given the model, the epoch and the logs, and nothing else"
        return _stands(t, "", why, f"write `call {name}` without brackets")
    if found and found.kind == "name" and found.text not in _CLAUSES:
        why = "a function is given the model, the epoch and the logs, and nothing else"
        return _stands(t, "", why, f"write `call {name}`")
    return None


def _snapshot(t: Trouble, tail: list[Word]) -> Diagnostic | None:
    if tail or t.found is None or t.found.text in _CLAUSES or t.found.text in VERBS:
        return None
    why = "a snapshot is taken in memory, and is what `roll back to last good` goes back to"
    help = 'write `snapshot` alone; for a file `save "model-{epoch}.keras"`'
    return _stands(t, _what(t), why, help)


# ------------------------------------------------------------------------------------ settings


def _optimizer(t: Trouble, tail: list[Word]) -> Diagnostic | None:
    """A setting of the optimizer that is not set, or has no name."""
    found = t.found
    begin = len(t.before) - len(tail) - 1
    lead = t.before[begin - 1] if begin else None
    if lead and (lead.kind == "sign" or lead.text in _READS) and lead.text not in (",", ":"):
        return None
    if t.accepted == {"."}:
        name = found.text if found and found.text in OF_OPTIMIZER else ""
        if name:
            message = "`.` is missing behind `optimizer`"
            op = t.next if t.next in ASSIGN else "="
            help = f"write `optimizer.{name} {op} …`"
            return t.says("CBR109", message, found.span if found else t.end, help=help)
        if found and found.text == "-":
            help = f"write `optimizer.{t.behind[2].text if t.behind[2:] else 'momentum'} = …`"
            return t.says("CBR109", "`->` cannot stand here", found.span, help=help)
        why = "an optimizer is set up by numbers that have names"
        help = "name the setting, as in `optimizer.weight_decay *= 0.5`; the rate is `lr`"
        return t.says("CBR109", "`optimizer` alone is no setting", t.before[-1].span, why, help)
    if t.accepted and t.accepted <= ASSIGN and len(tail) == 2:
        name = f"optimizer.{tail[1].text}"
        op = f"{found.text}=" if found and found.text in _ARITHMETIC else "="
        if found and found.kind == "number" and t.next in ("", ","):
            fix = Fix(Span(t.before[-1].span.end, t.before[-1].span.end), " =")
            message = f"what stands behind `{name}` does not set it"
            span = t.before[-3].span.to(tail[1].span)
            help = f"write `{name} = {found.text}`"
            return t.says("CBR109", message, span, help=help, fix=fix)
        message = f"what stands behind `{name}` does not set it"
        if found is None or found.text == ",":
            message = f"the value of `{name}` is missing"
        span = t.before[-3].span.to(tail[1].span)
        return t.says("CBR109", message, span, help=f"write `{name} {op} …`")
    return None


_READS = frozenset({"if", "and", "or", "not", "by", "above", "below"})
"""What a value stands behind."""

_EXPLAIN: dict[str, Callable[[Trouble, list[Word]], Diagnostic | None]] = {
    "restore": _restore,
    "roll": _roll,
    "save": _save,
    **dict.fromkeys(_TEXTS, _of_text),
    "freeze": _freeze,
    "unfreeze": _freeze,
    "record": _record,
    "call": _call,
    "snapshot": _snapshot,
    "optimizer": _optimizer,
}
