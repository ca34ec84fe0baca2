"""What cannot stand in a line of a test that says what is expected."""

from __future__ import annotations

import re

from cbdsl.catalog.actions import ACTIONS
from cbdsl.catalog.words import FOREIGN_ACTIONS, FOREIGN_PLACES, NEGATIONS
from cbdsl.diagnostics import Diagnostic
from cbdsl.syntax.expected import COMPARE, VERBS
from cbdsl.syntax.trouble import Trouble, Word

_WHAT = "a rule's name, an action, `lr`, a metric or `no` could stand here"
_WHAT_NOT = "a rule's name or an action could stand here"


def expectation(t: Trouble) -> Diagnostic | None:
    """What cannot stand in a line that begins with `expect`."""
    words = [word.text for word in t.before]
    no = words[1:2] == ["no"]
    if words in (["expect"], ["expect", "no"]):
        return _what(t, no)
    rolls = t.accepted == {"back"} or words[-2:] == ["roll", "back"]
    if rolls and (found := _rolled(t, no)):
        return found
    if t.accepted == {"."}:
        return _optimizer(t, words)
    if "NUMBER" in t.accepted or t.accepted == {"epoch"} or t.last.isdigit():
        return at_epoch(t, words)
    if "STRING" in t.accepted:
        return _behind_verb(t, words)
    if "SERIES" in t.accepted or t.accepted == {"at"}:
        return _behind_name(t, words, no)
    return None


def _what(t: Trouble, no: bool) -> Diagnostic | None:
    """Nothing, or nothing that can be expected."""
    word, why = t.found, _WHAT_NOT if no else _WHAT
    if word is None:
        help = "say what should happen, as in `expect stop at epoch 3`"
        return t.says("CBR109", "this ends too early", t.end, why, help)
    help = ""
    if word.text in NEGATIONS:
        help = f"write `expect no {_behind(t, word)}`"
    elif word.kind == "number":
        help = f"say of what this is the value, as in `expect lr {word.text} at epoch 3`"
    elif word.kind == "text":
        help = f"say what has this text, as in `expect print {word.text}`"
    elif no and word.text == "optimizer":
        help = "a value is expected as it is: write `expect optimizer.NAME …` without `no`"
    elif word.text == "schedule":
        help = "a schedule is expected by its values, as in `expect lr 0.01 at epoch 3`"
    elif word.text == "record":
        help = f"expect the value, as in `expect {t.next or 'gap'} 0.5 at epoch 3`"
    elif word.text == "keep":
        help = "write `expect save`"
    elif word.text in ACTIONS or word.text == "set":
        help = "write the name of the rule that does it; a rate is `expect lr 0.01 at epoch 3`"
    return t.says("CBR109", f"`{word.text}` cannot stand here", word.span, why, help)


def at_epoch(t: Trouble, words: list[str]) -> Diagnostic | None:
    """Where something is expected, or interrupts: `at epoch 3, 4`, `at epoch 3 batch 2`."""
    word, numbers = t.found, [w for w in words if w.isdigit()]
    here = f"at epoch {numbers[0]}" if numbers else "at epoch 3"
    if word is None:
        help = f"write `{here} batch 2`" if t.last == "batch" else f"write `{here}`"
        return t.says("CBR109", "this ends too early", t.end, help=help)
    if t.accepted == {"epoch"}:
        why, help = "", f"write `at epoch {word.text}`"
        if word.text in ("batch", "batches"):
            why, help = "batches are counted within an epoch here", "write `at epoch 1 batch 3`"
        elif word.kind != "number":
            help = "write `at epoch 3`"
        return t.says("CBR109", f"`{word.text}` cannot stand here", word.span, why, help)
    if t.is_in_word:
        whole, rest = t.last + word.text, _behind(t, word)
        at = t.before[-1].span.to(word.span)
        help = f"write `at epoch {rest}`" if t.last == "epoch" else f"write `{here} batch {rest}`"
        return t.says("CBR109", f"`{whole}` cannot stand here", at, help=help)
    if t.last in ("epoch", "batch"):
        at_batch = f"{here} batch 2" if t.last == "batch" else here
        return t.cannot_stand(word, f"write `{at_batch}`")
    if t.last == "," and word.text in ("batch", "batches", "epoch"):
        help = f"write `{here} batch 4`" if word.text != "epoch" else "write `at epoch 3, 4`"
        return t.cannot_stand(word, help)
    if "batch" in words:
        return t.cannot_stand(word, "write a line for each batch")
    if word.kind == "number" and "." in word.text and words[1] not in VERBS:
        help = f"the value stands before `at`: `expect {words[1]} {word.text} {here}`"
        return t.cannot_stand(word, help)
    if word.text in ("to", "-", "until", "through", "and", "or") or word.kind == "number":
        last = word.text if word.kind == "number" else t.next
        each = [*numbers, last] if last.isdigit() else ["3", "4", "5"]
        if word.text not in ("and", "or", last) and last.isdigit():
            each = _counted(numbers, last)
        return t.cannot_stand(word, f"commas stand between epochs: `at epoch {', '.join(each)}`")
    if word.text == "batches":
        return t.cannot_stand(word, f"write `{here} batch 4`")
    return t.cannot_stand(word)


def _counted(numbers: list[str], last: str) -> list[str]:
    """The numbers, and on to the last, a few of them written out."""
    first, end = int(numbers[-1][:9]), int(last[:9])
    if end - first > 5:
        return [*numbers, str(first + 1), "…", last]
    return [*numbers, *map(str, range(first + 1, end + 1))]


def _behind_verb(t: Trouble, words: list[str]) -> Diagnostic | None:
    word = t.found
    if word is None:
        return None
    if word.text in FOREIGN_PLACES:
        return t.cannot_stand(word, FOREIGN_PLACES[word.text])
    if word.text in (",", "and", "or"):
        return t.cannot_stand(word, f"write a line for each: `expect {t.next or '…'}`")
    if word.kind == "name" and t.last != "stop":
        verb = "roll back" if t.last == "back" else t.last
        rest = re.match(r"(?:best\s+of\s+)?(\w[\w.*]*)", t.source.text[t.at : t.span.end])
        text = rest[1] if rest and verb in ("restore", "freeze", "unfreeze", "call") else "…"
        return t.cannot_stand(word, f'a text stands in quotes, as in `expect {verb} "{text}"`')
    return None


def _rolled(t: Trouble, no: bool) -> Diagnostic | None:
    """What stands behind `roll`, or behind `roll back` and is no text."""
    what = "no roll back" if no else "roll back"
    word, place = t.found, re.search(r"\bat\s+epoch\s.*", t.source.slice(t.span))
    help = f"write `expect {what}{f' {place[0]}' if place else ''}`"
    if word is None:
        return t.says("CBR109", "`back` is missing behind `roll`", t.end, help=help)
    if t.accepted == {"back"}:
        return t.says("CBR109", "`back` is missing behind `roll`", word.span, help=help)
    if word.text in ("to", "best", "last"):
        metric = re.search(r"best\s+of\s+(\w+)", t.source.slice(t.span))
        if metric:
            help = f'write `expect {what} "{metric[1]}"`'
        return t.says("CBR109", f"`{word.text}` cannot stand here", word.span, help=help)
    return None


def _optimizer(t: Trouble, words: list[str]) -> Diagnostic:
    """`optimizer` without the name of a setting."""
    word = t.found
    name = word.text if word and word.kind == "name" else "momentum"
    help = f"write `{words[0]} optimizer.{name}{':' if words[0] == 'given' else ''} …`"
    message = "the name of the setting is missing"
    if word and word.kind == "name":
        message = "`.` is missing behind `optimizer`"
    return t.says("CBR109", message, t.here, help=help)


def setting(t: Trouble, words: list[str]) -> Diagnostic | None:
    """A setting of the optimizer in a line that gives values."""
    if t.accepted == {"."}:
        return _optimizer(t, words)
    if words[1:2] == ["batch"] and t.found and t.found.text == "optimizer":
        help = "what it is at the beginning is given, as in `given optimizer.momentum: 0.9`"
        return t.says("CBR109", "a setting is not given by batches", t.found.span, help=help)
    if words[1:2] != ["optimizer"] or len(words) < 4:
        return None
    name = f"optimizer.{words[3]}"
    if t.complete and t.found:
        why = "it is that of the training's beginning"
        help = f"write `given {name}: {t.last}`; what an epoch was trained with can be expected"
        return t.says("CBR109", f"`{name}` is given as one number", t.found.span, why, help)
    if t.accepted == {":"}:
        value = next((word.text for word in t.behind if word.kind == "number"), "…")
        help = f"write `given {name}: {value}`"
        return t.says("CBR109", f"`:` is missing behind `{name}`", t.here, help=help)
    return None


def _behind_name(t: Trouble, words: list[str], no: bool) -> Diagnostic | None:
    """What stands behind a name, which a rule has, or a value that is expected."""
    word, name = t.found, t.last if "SERIES" in t.accepted else words[1]
    if words[1] == "optimizer" and len(words) > 3:
        name = f"optimizer.{words[3]}"
    place = re.search(r"\bat\s+epoch\s.*", t.source.slice(t.span))
    where = place[0].strip() if place else "at epoch 3"
    if word is None:
        why = "a value is expected of an epoch"
        help = f"write `{t.source.slice(t.span)} {where}`"
        return t.says("CBR109", "the epoch is missing", t.end, why, help)
    text = word.text
    if name in NEGATIONS:
        help = f"write `expect no {_behind(t, t.before[1])}`"
        return t.says("CBR109", f"`{name}` cannot stand here", t.before[1].span, help=help)
    if name in ("rule", "that", "the", "action", "metric"):
        help = f"write `expect {_behind(t, t.before[1])}`"
        return t.says("CBR109", f"`{name}` cannot stand here", t.before[1].span, help=help)
    if no and word.kind == "number":
        message = "a value cannot be expected not to be"
        return t.says("CBR109", message, t.before[1].span, help="write the value that it has")
    if text in ("=", "==", ":", "is", "be", "equals"):
        value = next((w.text for w in t.behind[1:] if w.kind == "number"), "0.5")
        why, help = "a value stands behind its name", f"write `expect {name} {value} {where}`"
        return t.says("CBR109", f"`{text}` cannot stand here", word.span, why, help)
    if text in COMPARE:
        why = "a test expects a value as it is, to a millionth of it"
        help = f"write `expect {name} 0.5 {where}`, or expect the rule that compares it"
        return t.says("CBR109", "a test expects no comparison", word.span, why, help)
    if text in FOREIGN_PLACES:
        return t.cannot_stand(word, FOREIGN_PLACES[text])
    if t.accepted == {"at"}:
        return t.cannot_stand(word, "" if no else "write a line for each epoch")
    if name.startswith("`"):
        why = "a name in backticks is a metric, of which a value is expected"
        help = f"write `expect {name} 0.5 {where}`, and a rule's name without backticks"
        return t.says("CBR109", "the value is missing", word.span, why, help)
    help = f"write `expect {name} {where}` for a rule that fires"
    if name.startswith("optimizer."):
        help = f"write `expect {name} 0.9 {where}`"
        return t.says("CBR109", "the value is missing", word.span, help=help)
    if word.kind == "text" and name in FOREIGN_ACTIONS:
        verb = FOREIGN_ACTIONS[name]
        message = f"`{name}` is no action"
        return t.says("CBR109", message, t.before[-1].span, help=f"write `expect {verb} {text}`")
    if word.kind == "text":
        help = "a text stands behind the verb of an action, as in `expect print …`"
    why = "a rule's name says that it fires; behind it stands `at epoch …`, or a metric's value"
    return t.says("CBR109", f"`{text}` cannot stand here", word.span, why, help)


def _behind(t: Trouble, word: Word) -> str:
    return t.source.text[word.span.end : t.span.end].strip()
