"""Clauses of a rule that stand in another order than the language has them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cbdsl.catalog.hooks import HOOKS
from cbdsl.diagnostics import Fix
from cbdsl.source import Span
from cbdsl.syntax.expected import ASSIGN, VERBS
from cbdsl.syntax.trouble import Trouble, Word, words_in

_KINDS = {
    "on": "trigger",
    "every": "trigger",
    "at": "trigger",
    "after": "window",
    "until": "window",
    "from": "window",
    "if": "condition",
    "then": "then",
    "once": "times",
}
_ORDER = ("label", "trigger", "window", "condition", "then", "times", "actions")

LONGEST = 100
"""Longer sentences are not repeated in a message."""


@dataclass
class _Piece:
    """A clause of a rule, or its actions."""

    kind: str
    words: list[Word]


def ordered(t: Trouble, rule: str) -> str:
    """A rule with its clauses in order, if that makes it one; else an empty string."""
    words = words_in(rule, 0, len(rule))
    colon = t.start == "head" and words[-1].text == ":"
    pieces = _pieces(words[: len(words) - colon])
    kinds = [piece.kind for piece in pieces]
    if len(set(kinds)) < len(kinds) or "trigger" not in kinds or "lost" in kinds:
        return ""
    if "actions" in kinds:
        behind = kinds[kinds.index("actions") + 1 :]
        actions = pieces[kinds.index("actions")]
        # Whether `print "x", stop if …` is about both, nobody knows.
        if behind and any(word.text == "," for word in actions.words):
            return ""
    text = {piece.kind: rule[slice(*_span(piece))] for piece in pieces}
    if "condition" in kinds and "times" in kinds:
        text["then"] = "then"
    elif "condition" not in kinds:
        text.pop("then", None)
    whole = " ".join(text[kind] for kind in _ORDER if kind in text) + ":" * colon
    return whole if t.reads(whole) else ""


def put_in_order(t: Trouble, help: str) -> tuple[str, Fix | None]:
    """What to write, and the fix; `help` is said where only a person can tell."""
    whole = ordered(t, t.source.slice(t.span))
    if not whole:
        # Where nobody said when, most likely at the end of each epoch.
        text = f"on epoch_end {t.source.slice(t.span)}"
        text = re.sub(r"^on epoch_end (when|while)\b", "on epoch_end if", text)
        names_hook = HOOKS.keys() & {word.text for word in words_in(text, 12, len(text))}
        for likely in () if names_hook else (text, text.replace(":", "", 1)):
            whole = ordered(t, likely) if not t.before else ""
            # Without a condition it would do so after the first epoch, and nobody said that.
            if (
                re.match("on epoch_end .*if ", whole)
                and len(whole) <= LONGEST
                and "\n" not in whole
            ):
                return f"{help.partition(':')[0]}: `{whole}`", None
        return help, None
    if len(whole) <= LONGEST and "\n" not in whole:
        help = f"write `{whole}`"
    return help, Fix(t.span, whole)


def without_several(t: Trouble, word: Word) -> str:
    """What to write for `unless` before several conditions."""
    rule = t.source.text[word.span.end : t.span.end]
    words = words_in(f"if {rule}", 0, len(rule) + 3)
    condition = _pieces(words)[0].words[1:]
    whole = (
        f"if {rule}"[slice(condition[0].span.start, condition[-1].span.end)] if condition else ""
    )
    return f"write `if not ({whole if whole and len(whole) <= LONGEST else '…'})`"


def _pieces(words: list[Word]) -> list[_Piece]:
    pieces: list[_Piece] = []
    depth = 0
    if len(words) > 1 and words[1].text == ":":
        pieces.append(_Piece("label", words[:2]))
        words = words[2:]
    for index, word in enumerate(words):
        kind = "" if depth else _kind(words, index)
        depth += {"(": 1, ")": -1}.get(word.text, 0)
        within = pieces[-1].kind if pieces else ""
        if kind == "actions" and within == "actions":
            kind = ""
        if kind or not within or within == "label":
            pieces.append(_Piece(kind or "lost", [word]))
        else:
            pieces[-1].words.append(word)
    for piece in pieces:
        while len(piece.words) > 1 and piece.words[-1].text == ",":
            piece.words.pop()
    return pieces


def _kind(words: list[Word], index: int) -> str:
    """What kind of clause a word begins; empty if none."""
    word, following = words[index], [other.text for other in words[index + 1 : index + 4]]
    if word.kind != "name" or (index and words[index - 1].text == "."):
        return ""
    if word.text == "at" and following[:1] == ["most"]:
        return "times"
    is_set = following[:1] and following[0] in ASSIGN
    if word.text == "optimizer":
        # In a condition a setting is read.
        is_set = len(following) == 3 and following[2] in ASSIGN
    return "actions" if is_set or word.text in VERBS else _KINDS.get(word.text, "")


def _span(piece: _Piece) -> Span:
    return piece.words[0].span.to(piece.words[-1].span)
