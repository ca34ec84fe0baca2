"""What cannot stand in a line of a test that says what is expected."""

from __future__ import annotations

import re

from cbdsl.catalog.actions import ACTIONS
from cbdsl.catalog.words import FOREIGN_PLACES, NEGATIONS, TO_COME
from cbdsl.diagnostics import Diagnostic
from cbdsl.syntax.expected import COMPARE, VERBS
from cbdsl.syntax.trouble import Trouble, Word

_ACTIONS = "`stop`, `print`, `warn` or `save`"
_WHAT = f"a rule's name, `lr`, a metric, `no`, {_ACTIONS} could stand here"
_WHAT_NOT = f"a rule's name, {_ACTIONS} could stand here"


def expectation(t: Trouble) -> Diagnostic | None:
    """What cannot stand in a line that begins with `expect`."""
    words = [word.text for word in t.before]
    no = words[1:2] == ["no"]
    if words in (["expect"], ["expect", "no"]):
        return _what(t, no)
    if "NUMBER" in t.accepted or t.accepted == {"epoch"} or t.last.isdigit():
        return _place(t, words)
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
    if word.text in TO_COME:
        return None
    help = ""
    if word.text in NEGATIONS:
        help = f"write `expect no {_behind(t, word)}`"
    elif word.kind == "number":
        help = f"say of what this is the value, as in `expect lr {word.text} at epoch 3`"
    elif word.kind == "text":
        help = f"say what has this text, as in `expect print {word.text}`"
    elif word.text in ACTIONS or word.text == "set":
        help = "write the name of the rule that does it; a rate is `expect lr 0.01 at epoch 3`"
    return t.says("CBR109", f"`{word.text}` cannot stand here", word.span, why, help)


def _place(t: Trouble, words: list[str]) -> Diagnostic | None:
    """Where something is expected: `at epoch 3, 4`, `at epoch 3 batch 2`."""
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
        return t.cannot_stand(word, f'a text stands in quotes, as in `expect {t.last} "…"`')
    return None


def _behind_name(t: Trouble, words: list[str], no: bool) -> Diagnostic | None:
    """What stands behind a name, which a rule has, or a value that is expected."""
    word, name = t.found, t.last if "SERIES" in t.accepted else words[1]
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
    if word.kind == "text":
        help = "a text stands behind `print`, `warn`, `save` and `stop`"
    why = "a rule's name says that it fires; behind it stands `at epoch …`, or a metric's value"
    return t.says("CBR109", f"`{text}` cannot stand here", word.span, why, help)


def _behind(t: Trouble, word: Word) -> str:
    return t.source.text[word.span.end : t.span.end].strip()
