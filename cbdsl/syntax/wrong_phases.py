"""What cannot stand in the lines of a schedule.

Each function looks for one kind of mistake and gives its diagnostic, or None if it is another.
"""

from __future__ import annotations

import re

from cbdsl.catalog.actions import ACTIONS
from cbdsl.catalog.words import FOREIGN_ACTIONS, FOREIGN_PHASES, FOREIGN_UNITS
from cbdsl.diagnostics import Diagnostic, did_you_mean
from cbdsl.source import SourceFile, Span
from cbdsl.syntax.expected import ASSIGN, COMPARE, COUNTED, PHASES, TIMES, UNITS, VALUE, VERBS
from cbdsl.syntax.meant_phases import RAMPS, Meant, Part, meant
from cbdsl.syntax.trouble import STATEMENTS, TRIGGERS, Trouble, Word, words_in

FORMS = {
    "linear": "linear [from A] to B over SPAN",
    "cosine": "cosine [from A] to B over SPAN",
    "exponential": "exponential [from A] to B over SPAN",
    "sqrt": "sqrt [from A] to B over SPAN",
    "polynomial": "polynomial(POWER) [from A] to B over SPAN",
    "hold": "hold [at VALUE] for SPAN",
    "step": "step by FACTOR every SPAN for SPAN",
    "decay": "decay exponential by FACTOR per SPAN for SPAN",
    "cycle": "cycle from A to B every SPAN for SPAN",
    "repeat": "repeat [last N phases] [N times] [scaling by FACTOR] [stretching by FACTOR]",
}
"""How each phase is written; what stands in brackets may be left out."""

PHASES_ARE = "phases are " + ", ".join(f"`{phase}`" for phase in FORMS)

_HOLDS = "a schedule holds phases, one a line"

_LEADS: dict[str, dict[str, Part]] = {
    **{ramp: {"from": "from", "to": "to", "over": "span"} for ramp in RAMPS},
    "hold": {"at": "at", "for": "span"},
    "step": {"by": "by", "every": "every", "for": "span"},
    "decay": {"by": "by", "per": "every", "for": "span"},
    "cycle": {"from": "from", "to": "to", "every": "every", "for": "span"},
    "repeat": {},
}
"""The words before the parts of each phase, in their order."""

_OPTIONAL = {**dict.fromkeys(RAMPS, "from"), "hold": "at"}

_MISSING: dict[Part, str] = {
    "from": "the value it begins at",
    "to": "the value it ends at",
    "by": "the factor",
    "span": "the length of this phase",
}
_BETWEEN = {
    "step": "the span between two steps",
    "decay": "the span of that factor",
    "cycle": "the length of one cycle",
}
_SPAN_IS = "a span is a number and a unit, a percent of the planned epochs, or `the rest`"
_FROM_THERE = "each phase begins where the one above it ends, and says how long it is"


def line(t: Trouble) -> Diagnostic | None:
    """A line inside a schedule."""
    if t.start != "phase":
        return None
    words = words_in(t.source.text, t.span.start, t.span.end)
    if not t.before and not t.is_in_word:
        return _first(t, words)
    return _inside(t, words)


def glued(source: SourceFile, line: Span, at: Span) -> Diagnostic | None:
    """Words of a phase that touch, such as `steps` and `forever`."""
    words = words_in(source.text, line.start, line.end)
    word = next((w for w in words if w.span.start <= at.start < w.span.end), None)
    if word is None or word.kind != "name":
        return None
    said = meant(words)
    if word is words[0]:
        help = f"write `{said.written()}`" if said.kind else did_you_mean(word.text, PHASES)
        return Diagnostic(
            "CBR109", f"`{word.text}` is no phase", source, word.span, PHASES_ARE, help
        )
    why, help = _form(said.kind), _rewritten(said, source, line)
    return Diagnostic("CBR109", f"`{word.text}` cannot stand here", source, word.span, why, help)


# ------------------------------------------------------------------------------ the first word


def _first(t: Trouble, words: list[Word]) -> Diagnostic | None:
    """What begins a line and is no phase."""
    word = t.found
    if word is None:
        return None
    if word.kind in ("text", "metric"):
        what = "a text" if word.kind == "text" else "a name in backticks"
        return t.says("CBR109", f"{what} is no phase", word.span, PHASES_ARE)
    text, whole = word.text, t.source.slice(t.span)
    why, help = _HOLDS, _elsewhere(t, words)
    if not help:
        why, help = PHASES_ARE, _in_words(t, words)
    if text in ("-", "*", "•") or re.match(r"\d+[.)]\s", whole):
        marked = re.sub(r"^([-*•]|\d+[.)])\s*", "", whole)
        said = meant(words_in(marked, 0, len(marked)))
        help = f"write `{said.written()}`" if said.kind else ""
        return t.says("CBR109", f"`{whole.split()[0]}` cannot stand here", word.span, _HOLDS, help)
    return t.says("CBR109", f"`{text}` is no phase", word.span, why, help)


def _elsewhere(t: Trouble, words: list[Word]) -> str:
    """What to do about a line that belongs to something else; empty if it is a phase."""
    text, following = words[0].text, words[1].text if words[1:] else ""
    acts = any(word.text in ASSIGN | VERBS for word in words)
    if not acts and (text in UNITS or (text in ("at", "from", "until") and following in UNITS)):
        return "say how long each value holds: `hold at 0.01 for 5 epochs`, one phase after another"
    if text in TRIGGERS or re.match(r"\w+\s*:\s*(on|every|at)\b", t.source.slice(t.span)):
        return "a rule stands outside schedules: begin it in the first column"
    if text in (*STATEMENTS, "schedule", "test"):
        return f"`{text} …` stands outside schedules: begin it in the first column"
    if text in ("if", "when", "unless", "while"):
        return "no phase waits for a condition; a rule can: `on epoch_end if … lr *= 0.5`"
    if following in ASSIGN:
        value = words[2].text if words[2:] else "…"
        if following == "=":
            return f"write `hold at {value} for …`, or set it in a rule: `at epoch 5 {text} = …`"
        return f"write `step by {value} every … for …`, or a rule: `on epoch_end if … {text} *= …`"
    if (text in VERBS or text in FOREIGN_ACTIONS) and text not in FOREIGN_PHASES:
        form = ACTIONS.get(FOREIGN_ACTIONS.get(text, text))
        example = form.form.split(" [")[0] if form else f"{text} …"
        return f"actions stand in rules, outside schedules: `on epoch_end if … {example}`"
    if text in ("set", "given", "expect"):
        return "it is a line of a test, and stands indented below it"
    return ""


def _in_words(t: Trouble, words: list[Word]) -> str:
    """How the phase that is meant is written."""
    text = words[0].text
    if text.lower() in PHASES and text != text.lower():
        return f"the language's words are written small: `{text.lower()}`"
    said = meant(words)
    return f"write `{said.written()}`" if said.kind else ""


# ------------------------------------------------------------------------------ behind it


def _inside(t: Trouble, words: list[Word]) -> Diagnostic | None:
    """What cannot stand behind the first word of a phase, or is missing there."""
    word = next((w for w in words if w.span.start <= t.at < w.span.end), None)
    kind = words[0].text
    said = meant(words)
    if kind not in PHASES:
        # `linearly`: a phase and more, in one word.
        help = f"write `{said.written()}`" if said.kind else did_you_mean(kind, PHASES)
        return t.says("CBR109", f"`{kind}` is no phase", words[0].span, PHASES_ARE, help)
    if word and word.text == ">" and t.source.text[word.span.start - 1] == "-":
        at = Span(word.span.start - 1, word.span.end)
        help = _rewritten(said, t.source, t.span)
        return t.says("CBR109", "`->` cannot stand here", at, _form(kind), help)
    if word and word.text in COMPARE:
        why = "schedules are made of numbers and parameters alone"
        help = "a rule can wait for a condition: `on epoch_end if … lr *= 0.5`"
        return t.says("CBR109", f"`{word.text}` cannot stand here", word.span, why, help)
    power = t.accepted == {"("} or [w.text for w in t.before] == ["polynomial", "("]
    if kind == "polynomial" and power and not (word and word.text in _OTHERS):
        help = _rewritten(said, t.source, t.span)
        return t.says("CBR109", "the power is missing", t.here, _form(kind), help)
    if t.called or (word and (word.kind == "metric" or word.text in _OTHERS)):
        return None
    if word and t.complete and word.text in (",", "then", "and", ";"):
        rest = t.source.text[word.span.end : t.span.end].strip()
        help = f"write `{rest}` on a line of its own" if rest else "delete it"
        return t.says("CBR109", f"`{word.text}` cannot stand here", word.span, _HOLDS, help)
    if word and t.last.endswith("%") and word.text in UNITS:
        help = "a percent is one of the planned epochs, and has no unit"
        return t.says("CBR109", f"`{word.text}` cannot stand here", word.span, help=help)
    if word and word.text in ("if", "when", "unless", "while"):
        help = "a rule can wait for one: `on epoch_end if … lr *= 0.5`"
        return t.says("CBR109", "no phase waits for a condition", word.span, help=help)
    if found := _rest(t, word):
        return found
    if kind == "repeat":
        return _repeat(t, word, said)
    if t.accepted and t.accepted <= COUNTED:
        return _count(t, word)
    return _part(t, word, said, kind)


_OTHERS = frozenset({".", "[", "=", "!"})


def _rest(t: Trouble, word: Word | None) -> Diagnostic | None:
    """`rest` without `the`, another word for it, or more behind it."""
    help = "for what the phases above leave of the training write `the rest`"
    if t.last == "rest" and word and t.complete:
        return t.says("CBR109", f"`{word.text}` cannot stand here", word.span, help=help)
    if word and word.text == "rest" and "the" in t.accepted:
        return t.says("CBR109", "`the` is missing before `rest`", word.span, help=help)
    if t.accepted == {"rest"}:
        at = word.span if word else t.end
        message = f"`{word.text}` cannot stand here" if word else "`rest` is missing behind `the`"
        return t.says("CBR109", message, at, help=help)
    return None


def _count(t: Trouble, word: Word | None) -> Diagnostic | None:
    """A number without its unit, or with one of others."""
    number = t.last
    if word and word.text in (*TIMES, "phases", "phase"):
        help = "for phases that come again write `repeat N times` on a line below them"
        return t.says("CBR109", f"`{word.text}` cannot stand here", word.span, help=help)
    if word and (word.kind == "number" or word.text in UNITS or word.text in FOREIGN_UNITS):
        return None
    lead = f"{t.before[-2].text} " if t.before[-2].kind == "name" else ""
    help = f"write `{lead}{number} epochs` or `{lead}{number} batches`"
    return t.says("CBR109", f"`{number}` needs a unit", t.before[-1].span, _SPAN_IS, help)


def _part(t: Trouble, word: Word | None, said: Meant, kind: str) -> Diagnostic | None:
    """A part of a phase that is missing, or led by another word."""
    leads, why, help = _LEADS[kind], _form(kind), _rewritten(said, t.source, t.span)
    # The first part that could come next and must.
    wanted = next((w for w in leads if w in t.accepted and w != _OPTIONAL.get(kind)), "")
    if "inverse" in t.accepted:
        return _no_law(t, word, said, help)
    if word is None:
        return _ends_early(t, wanted, kind, why, help)
    if said.kind == kind:
        order = list(leads)
        missing = wanted and leads[wanted] not in said.parts and word.text in order
        if missing and order.index(word.text) > order.index(wanted):
            message = f"{_missing(kind, leads[wanted])} is missing"
            return t.says("CBR109", message, word.span, why, help)
        for lead, part in leads.items():
            if lead in t.accepted and said.parts.get(part, ("", -1))[1] == word.span.start:
                message = f"`{lead}` is missing before `{word.text}`"
                return t.says("CBR109", message, word.span, why, help)
    if FOREIGN_PHASES.get(word.text) == "repeat":
        help += ", and `repeat` on the line below it"
    if word.text == "until":
        why = _FROM_THERE
    if t.last in leads and leads[t.last] in ("every", "span") and "the" in t.accepted:
        why = _SPAN_IS
    return t.says("CBR109", f"`{word.text}` cannot stand here", word.span, why, help)


def _missing(kind: str, part: Part) -> str:
    return _BETWEEN[kind] if part == "every" else _MISSING[part]


def _no_law(t: Trouble, word: Word | None, said: Meant, help: str) -> Diagnostic | None:
    """`decay` without a law, or with one that is none."""
    if said.kind != "decay":
        why = f"`{said.kind}` is a phase of its own"
        named = word and word.text in PHASES
        message = f"`{word.text}` is no law" if word and named else _NO_LAW
        return t.says("CBR109", message, t.here, why, help)
    why = "the laws are `exponential`, `inverse` and `inverse_sqrt`"
    if "law" in said.parts and word:
        return t.says("CBR109", f"`{word.text}` is no law", word.span, why, help)
    help += f"; `{Meant('step', said.parts).written()}` goes down in steps"
    return t.says("CBR109", _NO_LAW, t.here, why, help)


_NO_LAW = "by what law it decays is missing"


def _ends_early(t: Trouble, wanted: str, kind: str, why: str, help: str) -> Diagnostic | None:
    """A phase that is not complete."""
    leads = _LEADS[kind]
    if t.last in leads and (t.accepted >= VALUE or "the" in t.accepted):
        what = _missing(kind, leads[t.last]) if t.last != "at" else "the value"
    elif wanted:
        what = _missing(kind, leads[wanted])
    else:
        return None
    return t.says("CBR109", f"{what} is missing", t.end, why, help)


def _repeat(t: Trouble, word: Word | None, said: Meant) -> Diagnostic | None:
    """What cannot stand behind `repeat`."""
    why, help = _form("repeat"), _rewritten(said, t.source, t.span)
    # A name is read as a parameter, and the trouble comes behind it.
    name = t.before[-1] if t.accepted == TIMES and t.before[-1].kind == "name" else word
    if name and name.text in _ALWAYS:
        help = "without a number it goes on to the end of the training: write `repeat` alone"
    elif word and word.text in ("every", "for", "over") and "last" in t.accepted:
        help = "how long the phases above are, they say; write `repeat`, or `repeat 3 times`"
    elif word and (word.text in UNITS or word.text in FOREIGN_UNITS):
        help = "it counts passes, not epochs: write `repeat 3 times`"
    elif t.accepted >= TIMES and t.last[:1].isdigit() and not (word and word.text in _PHASES):
        message = f"`times` is missing behind `{t.last}`"
        return t.says("CBR109", message, word.span if word else t.before[-1].span, why, help)
    elif word is None and "phases" in t.accepted:
        message = f"`phases` is missing behind `{t.last}`"
        return t.says("CBR109", message, t.before[-1].span, why, help)
    elif word is None and name is None:
        what = "how many phases" if t.last == "last" else "the factor"
        return t.says("CBR109", f"{what} is missing", t.end, why, help)
    at = name or t.before[-1]
    return t.says("CBR109", f"`{at.text}` cannot stand here", at.span, why, help)


_PHASES = ("phase", "phases")
_ALWAYS = frozenset(
    "forever ever always endlessly infinitely indefinitely until till all everything".split()
)


def _form(kind: str) -> str:
    return f"it is written `{FORMS[kind]}`" if kind in FORMS else ""


def _rewritten(said: Meant, source: SourceFile, line: Span) -> str:
    """What to write instead; empty if it is what stands there."""
    if not said.kind:
        return ""
    written = said.written()
    return f"write `{written}`" if written != " ".join(source.slice(line).split()) else ""
