"""What cannot stand in the first line of a schedule, and phases outside of one.

Each function looks for one kind of mistake and gives its diagnostic, or None if it is another.
"""

from __future__ import annotations

import re

from cbdsl.catalog.optimizer import SETTINGS
from cbdsl.catalog.words import FOREIGN_PHASES, FOREIGN_STATEMENTS
from cbdsl.diagnostics import Diagnostic, Fix, did_you_mean
from cbdsl.source import Span
from cbdsl.syntax.expected import ASSIGN, PHASES, VERBS
from cbdsl.syntax.meant_phases import meant
from cbdsl.syntax.trouble import Trouble, Word, words_in

RATES = ("lr", "learning_rate", "learningrate", "rate", "LR")
"""What the learning rate is called, by cbr and by others."""

_OWNS = "a schedule owns the indented lines below it, one phase a line"
_TARGETS = "`lr`, a setting such as `optimizer.weight_decay`, or a variable of the caller's"
_SCHEDULE = re.compile(r"(?:\w+\s*:\s*)?(schedules?r?|Schedules?r?)\b\s*(.*)", re.DOTALL)


def head(t: Trouble) -> Diagnostic | None:
    """The line that begins a schedule."""
    if t.start not in ("statement", "head"):
        return None
    whole = t.source.slice(t.span)
    first = t.before[0] if t.before else t.found
    if first is None or first.kind != "name":
        return None
    if first.text == "schedule":
        return _target(t, whole) if t.start == "head" else _one_line(t, whole)
    if [w.text for w in t.before] == [first.text, ":"] and first.text in (*RATES, "optimizer"):
        # `lr:`, and phases below.
        help = f"write `schedule {'lr' if first.text in RATES else 'optimizer.NAME'}:`"
        return t.says("CBR109", "this is no statement", first.span, _OWNS, help)
    if first.text in RATES and t.next.startswith("schedule") and not t.before:
        why = "the word `schedule` stands before what it sets"
        return t.says("CBR109", f"`{first.text}` begins no statement", first.span, why,
                      "write `schedule lr:`")  # fmt: skip
    if t.found and t.found.text == "schedule" and t.last == ":" and len(t.before) == 2:
        help = f"write `{whole.partition(':')[2].strip()}`"
        return t.says("CBR109", "a schedule has no name", first.span, help=help)
    return None


def _one_line(t: Trouble, whole: str) -> Diagnostic:
    """A schedule on a line that does not end in a colon."""
    words = words_in(t.source.text, t.span.start, t.span.end)
    if opened := re.match(r"schedule\b([^:]*):", whole):
        at = Span(t.span.start + opened.end() - 1, t.span.start + opened.end())
        help = f"write what stands behind it on lines of its own, indented below `{opened[0]}`"
        message = "nothing stands behind the `:` of a schedule on its line"
        return t.says("CBR109", message, at, _OWNS, help)
    if len(words) == 1:
        why = f"a schedule sets {_TARGETS}"
        message = "what this schedule sets is missing"
        return t.says("CBR109", message, words[0].span, why, "write `schedule lr:`")
    target = _named(words[1].text, "".join(w.text for w in words[1:4]))
    if re.fullmatch(r"schedule\s+[\w.]+(\s+every\s+batch)?", whole):
        help = f"write `{whole.replace(words[1].text, target, 1)}:`" if target else ""
        help = help if whole.count(".") == 0 else f"write `{whole}:`"
        fix = Fix(Span(t.end.end, t.end.end), ":") if help == f"write `{whole}:`" else None
        message = "`:` is missing at the end of this line"
        return t.says("CBR109", message, t.end, _OWNS, help, fix=fix)
    behind = next((w for w in words[2:] if w.text in PHASES or w.text in FOREIGN_PHASES), None)
    help = f"write `schedule {target or 'lr'}:`, and its phases on indented lines below"
    at = behind.span if behind else words[min(2, len(words) - 1)].span
    return t.says("CBR109", f"`{t.source.slice(at)}` cannot stand here", at, _OWNS, help)


def _named(text: str, dotted: str) -> str:
    """What a schedule sets, as cbr calls it; empty if it is no word."""
    if text in RATES or dotted in ("optimizer.lr", "optimizer.learning_rate"):
        return "lr"
    if text in SETTINGS:
        return f"optimizer.{text}"
    return dotted if text == "optimizer" else text if text.isidentifier() else ""


def _target(t: Trouble, whole: str) -> Diagnostic | None:
    """What a schedule sets, and how often."""
    word, rest = t.found, whole.removeprefix("schedule").strip(" :")
    words = [w.text for w in t.before]
    why = f"a schedule sets {_TARGETS}"
    if words[1:] == [":"] or (word and word.text == ":" and len(words) == 1):
        help = "write `schedule lr:`"
        return t.says("CBR109", "what this schedule sets is missing", t.before[0].span, why, help)
    if word is None:
        return None
    if t.accepted == {"."}:
        help = "name the setting, as in `schedule optimizer.weight_decay:`"
        return t.says("CBR109", "`optimizer` alone is no setting", t.before[-1].span, why, help)
    if len(words) == 1:
        name = re.sub(r"^(the|for|of|on)\s+|[\"'`]", "", rest)
        dotted = _named(name, name)
        help = f"write `schedule {dotted}:`" if dotted.isidentifier() else "write `schedule lr:`"
        what = {"text": "a text", "metric": "a name in backticks"}.get(word.kind, f"`{word.text}`")
        return t.says("CBR109", f"{what} cannot stand here", word.span, why, help)
    target = re.split(r"[\s,=:]", rest)[0]
    return _often(t, target)


def _often(t: Trouble, target: str) -> Diagnostic | None:
    """What stands behind the target of a schedule."""
    word = t.found
    if word is None:
        return None
    text = word.text
    batch, alone = f"write `schedule {target} every batch:`", f"write `schedule {target}:`"
    why = "a schedule sets its value at every epoch, or with `every batch` at every batch"
    if text.rstrip("s") == "epoch" and t.last == "every":
        help = alone
    elif t.last == "every":
        help = f"{alone} or `schedule {target} every batch:`; its phases say how long they are"
    elif text in (",", "and"):
        why, help = "a schedule sets one thing", f"{alone}, and another schedule for `{t.next}`"
    elif text in ("if", "when", "while", "unless"):
        why = "no schedule waits for a condition"
        help = "a rule can: `on epoch_end if … lr *= 0.5`"
    elif text == "=":
        why, help = "what it sets, its phases say", f"{alone}, and `hold at …` indented below it"
    elif text in ("after", "until", "from", "at", "to", "over"):
        why, help = "a schedule begins with the training", f"{alone}; its phases say the rest"
        if text == "after":
            help = f"{alone}, and as its first phase how long to wait, as in `hold for 2 epochs`"
    elif t.next.startswith(("batch", "step", "train_batch")):
        help = batch
    elif text in ("on", "each", "per", "by"):
        help = alone
    elif text in PHASES or text in FOREIGN_PHASES:
        why, help = _OWNS, f"{alone}, and its phases on indented lines below"
    else:
        help = alone
    return t.says("CBR109", f"`{text}` cannot stand here", word.span, why, help)


# ------------------------------------------------------------------------- phases elsewhere


def phase(t: Trouble) -> Diagnostic | None:
    """A phase that stands outside a schedule."""
    word = t.found
    if word is None or word.kind != "name" or t.start not in ("statement", "head", "actions"):
        return None
    if word.text == "by" and t.last == "step" and t.accepted <= ASSIGN:
        # `step` is the name of a value too.
        return _in_schedule(t, t.before[-1])
    begins = not t.before and t.start != "actions"
    if not begins and not t.accepted & VERBS:
        return None
    if word.text == "schedule" and not begins:
        why = "it begins with the training, whatever rules do"
        help = "begin it in the first column, on a line of its own"
        return t.says("CBR109", "a schedule stands outside rules", word.span, why, help)
    known = word.text in PHASES or (begins and word.text in FOREIGN_PHASES)
    if not known or word.text in _NOT_ALONE or t.next in (*RATES, "optimizer"):
        return None
    return _in_schedule(t, word)


def _in_schedule(t: Trouble, word: Word) -> Diagnostic | None:
    """That the phase which begins with a word belongs into a schedule."""
    said = meant(words_in(t.source.text, word.span.start, t.span.end))
    if word.text not in PHASES and not said.parts:
        return None
    if word.text in FOREIGN_STATEMENTS and "=" in t.source.slice(t.span):
        return None
    help = f"write `schedule lr:` and, indented below it, `{said.written()}`"
    return t.says("CBR109", "a phase stands in a schedule", word.span, _OWNS, help)


_NOT_ALONE = frozenset({"raise", "reduce", "keep", "wait", "loop", "increase", "decrease"})
"""What is no phase where a statement begins, but the beginning of something else."""


def glued(text: str, whole: str) -> str:
    """`scheduler lr:`, which is read as two words; empty if it is something else."""
    found = _SCHEDULE.match(whole)
    if found is None or not text.lower().startswith("schedule"):
        return ""
    return f"write `schedule {found[2]}`" if found[2] else did_you_mean(text, {"schedule"})
