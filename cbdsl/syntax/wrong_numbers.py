"""Numbers, percents, units and spans that cannot stand where they do.

Each function looks for one kind of mistake and gives its diagnostic, or None if it is another.
"""

from __future__ import annotations

import re
from itertools import pairwise

from cbdsl.catalog.actions import ACTIONS
from cbdsl.catalog.units import COUNTS, PLURAL, SECONDS, SINGULAR
from cbdsl.catalog.words import FOREIGN_ACTIONS, FOREIGN_UNITS, WORDS
from cbdsl.diagnostics import Diagnostic, Fix, did_you_mean, one_slip
from cbdsl.source import Span
from cbdsl.syntax.expected import COUNT_UNITS, COUNTED, MOVES, TIME_UNITS, TIMES, UNITS
from cbdsl.syntax.trouble import ORDER, Trouble, Word


def loose_percent(t: Trouble) -> Diagnostic | None:
    """`90 %`, read as the beginning of a remainder or not at all."""
    around = [*t.before[-2:], *t.behind[:2]]
    for number, sign in pairwise(around):
        if number.kind == "number" and sign.text == "%" and sign.span.end >= t.at - 1:
            help = f"write `{number.text}%`; with a space it is the remainder of a division"
            at, put = number.span.to(sign.span), f"{number.text}%"
            message = "the sign of a percent touches its number"
            return t.says("CBR109", message, at, help=help, put=put)
    return None


def unit(t: Trouble) -> Diagnostic | None:
    """A number without its unit, or with one of other languages."""
    if not t.before or t.before[-1].kind != "number":
        return None
    found, number = t.found, t.before[-1]
    if found and found.text in FOREIGN_UNITS:
        return no_unit(t, number, found)
    if not t.accepted or not t.accepted <= COUNTED:
        return None
    if found and found.kind == "name" and found.text not in WORDS | _VERBS:
        return no_unit(t, number, found)
    if t.complete:
        return None
    why = "a span is one of epochs, batches, seconds, minutes or hours"
    return t.says("CBR109", f"`{number.text}` needs a unit", number.span, why, _spans(t))


def times(t: Trouble) -> Diagnostic | None:
    """`at most` without its number, or without `times`."""
    if t.accepted == TIMES:
        message = f"`times` is missing behind `{t.last}`"
        end = t.before[-1].span.end
        fix = Fix(Span(end, end), " times")
        if t.in_condition and [word.text for word in t.before[-4:-3]] != ["then"]:
            # A comparison was meant, likely: `loss at most 3`.
            help = f"write `<= {t.last}`, or `then at most {t.last} times`"
            return t.says("CBR109", message, t.here, help=help)
        return t.says("CBR109", message, t.here, help=f"write `at most {t.last} times`", fix=fix)
    if t.last == "most" and not _is_number(t.found):
        return t.says("CBR109", "`at most` needs a number", t.here, help="write `at most 3 times`")
    return None


def span(t: Trouble) -> Diagnostic | None:
    """A span that is not there, or that is said in another way."""
    text = t.found.text if t.found else ""
    since = next((word.span.end for word in t.before if word.text == "from"), None)
    if t.accepted == {"to"} and t.is_rule and since is not None:
        help = f"write `from {t.source.text[since : t.at].strip()} to …`, or `after …`"
        return t.says("CBR109", "`to` is missing in this window", t.here, ORDER, help)
    if t.last in ("wait", "for") and t.accepted == {"NUMBER", "NAME"} and text not in UNITS:
        if _is_number(t.found):
            return None
        message = f"`{t.last}` needs a number and a unit"
        return t.says("CBR109", message, t.here, help=f"write `{t.last} 3 epochs`")
    if t.last == "every" and text == "second" and SINGULAR.get(t.next, t.next) in COUNTS:
        put = f"2 {PLURAL[SINGULAR.get(t.next, t.next)]}"
        at = t.behind[0].span.to(t.behind[1].span)
        why = "a second is a time; how many epochs is a number"
        return t.says("CBR109", f"`{t.source.slice(at)}` cannot stand here", at, why,
                      f"write `every {put}`", put=put)  # fmt: skip
    if t.last == "every" and text in TIME_UNITS:
        why = "only an epoch or a batch stands there without a number"
        help = f"write `every 1 {SINGULAR.get(text, text)}`"
        return t.says("CBR109", f"`every {text}` needs a number", t.here, why, help)
    around = [*t.before[-2:], *t.behind[:2]]
    for unit, joint, number in zip(around, around[1:], around[2:], strict=False):
        parts = unit.text in TIME_UNITS and joint.text in ("and", ",") and _is_number(number)
        if parts and t.at in (joint.span.start, number.span.start):
            message = f"`{joint.text}` cannot stand inside a time"
            help = "write the parts of a time one behind the other, as in `1 hour 30 minutes`"
            blank = t.source.text[joint.span.start - 1] == " "
            fix = Fix(Span(joint.span.start - blank, joint.span.end), "")
            return t.says("CBR109", message, joint.span, help=help, fix=fix)
    return None


def _is_number(word: Word | None) -> bool:
    return word is not None and word.kind == "number"


_VERBS = frozenset({*ACTIONS, *FOREIGN_ACTIONS})


def _spans(t: Trouble) -> str:
    """How the number before the trouble is written with a unit."""
    number = t.last
    lead = [word.text for word in t.before[-3:-1]]
    if lead[-1:] and lead[-1] in TIME_UNITS:
        smaller = "minutes" if lead[-1].startswith("hour") else "seconds"
        return f"write `{number} {smaller}`"
    if lead == ["stalls", "for"]:
        return f"write `stalls for {number} epochs`"
    word = f"{lead[-1]} " if lead and lead[-1] in ("for", "every", "wait") else ""
    return f"write `{word}{number} epochs`"


def no_unit(t: Trouble, number: Word, word: Word) -> Diagnostic:
    """That a word behind a number is no unit of cbr."""
    why = "units are " + ", ".join(f"`{PLURAL[unit]}`" for unit in (*COUNTS, *SECONDS))
    help, fix = did_you_mean(word.text, UNITS), None
    slips = {SINGULAR.get(unit, unit) for unit in UNITS if one_slip(word.text, {unit})}
    if word.text in FOREIGN_UNITS or len(slips) == 1:
        put = converted(number.text, word.text if word.text in FOREIGN_UNITS else slips.pop())
        help, fix = f"write `{put}`", Fix(number.span.to(word.span), put)
    return t.says("CBR109", f"`{word.text}` is no unit", word.span, why, help, fix=fix)


def converted(number: str, unit: str) -> str:
    """A number with a unit of others in one of cbr's: `2 days` is `48 hours`."""
    factor, known = FOREIGN_UNITS.get(unit, (1, SINGULAR.get(unit, unit)))
    if factor != 1 and re.fullmatch(r"[0-9]+(\.[0-9]+)?", number):
        number = f"{float(number) * factor:g}"
    return f"{number} {known if number == '1' else PLURAL[known]}"


def number(t: Trouble) -> Diagnostic | None:
    """A number that is none, or one where none can stand."""
    word = t.found
    if word is None or word.kind != "number":
        return None
    text = word.text
    if not re.fullmatch(r"([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?%?", text):
        help = _mended(text)
        only = re.fullmatch(r"write `([^`]*)`", help)
        # Behind a number in a text may stand what should be its format.
        put = only[1] if only and t.start != "expr" else None
        return t.says("CBR111", f"`{text}` is no number", word.span, help=help, put=put)
    help, fix = ARGUMENTS if t.is_use else "", None
    behind = t.behind[1].span if t.behind[1:] else word.span
    if t.last == "at" and "epoch" in t.accepted:
        help = _at(text, t.next)
        if t.next in COUNT_UNITS:
            fix = Fix(word.span.to(behind), f"{SINGULAR.get(t.next, t.next)} {text}")
    elif t.last in MOVES and t.next in {*UNITS, *TIMES}:
        help = f"write `{t.last} for {text} {t.next if t.next in UNITS else 'epochs'}`"
        if t.next in UNITS:
            fix = Fix(Span(t.at, t.at), "for ")
    elif "once" in t.accepted and "NUMBER" not in t.accepted and t.next in (*TIMES, "x"):
        help, fix = (
            f"write `at most {text} times`",
            Fix(word.span.to(behind), f"at most {text} times"),
        )
    elif "," in t.accepted and t.before[-1].kind == "number":
        help = "put a comma between two numbers"
        fix = Fix(Span(t.before[-1].span.end, t.before[-1].span.end), ",")
    elif t.last in COUNT_UNITS and t.before[1:] and t.before[-2].text in _BEFORE_SPANS:
        unit = PLURAL.get(t.last, t.last)
        help = f"the unit stands behind its number, as in `{text} {unit}`"
        fix = Fix(t.before[-1].span.to(word.span), f"{text} {unit}")
    elif t.last in UNITS:
        help = "the unit stands behind its number, as in `3 epochs`"
    elif t.last == "stalls":
        help = f"write `stalls for {text} {t.next if t.next in UNITS else 'epochs'}`"
        fix = Fix(Span(t.at, t.at), "for ") if t.next in UNITS else None
    return t.cannot_stand(word, help, fix=fix)


_BEFORE_SPANS = frozenset({"after", "until", "for", "wait", "from", "to"})


ARGUMENTS = "arguments are written `name=value`"


def _at(number: str, unit: str) -> str:
    """What to write for `at 3`, `at 3 epochs` or `at 3 minutes`."""
    if unit in TIME_UNITS:
        span = f"{number} {unit}"
        once = f"on batch_end if elapsed > {span} then once …"
        return f"write `every {span}`, or for a single time `{once}`"
    if unit in COUNT_UNITS:
        return f"write `at {SINGULAR.get(unit, unit)} {number}`"
    return f"write `at epoch {number}` or `at {number}%`"


_ALL_UNITS = UNITS | set(FOREIGN_UNITS)


def _mended(text: str) -> str:
    """What to write instead of a bad number."""
    if re.fullmatch(r"[0-9][0-9_]*", text):
        return f"write `{text.replace('_', '')}`"
    if parts := re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([kKM])", text):
        return f"write `{float(parts[1]) * (1000 if parts[2] in 'kK' else 1000000):.15g}`"
    if parts := re.fullmatch(r"([0-9.]+(?:[eE][+-]?[0-9]+)?)[fF]", text):
        return f"write `{parts[1]}`"
    if re.fullmatch(r"[0-9.]+[eE][+-]?", text):
        return "how many places stands behind the `e`, as in `1e-3`"
    if parts := re.fullmatch(r"([0-9]+)m", text):
        return f"write `{converted(parts[1], 'm')}`, or `{parts[1]}000000`"
    if parts := re.fullmatch(r"([0-9]+)(st|nd|rd|th)", text):
        return f"write `{parts[1]}`"
    if parts := re.fullmatch(r"([0-9.]+)%(\w+)", text):
        return f"write `{parts[1]}%` and a space, or `{parts[1]} % {parts[2]}` for the remainder"
    if parts := re.fullmatch(r"([0-9]+)h([0-9]+)m?(?:in)?", text):
        return f"write `{converted(parts[1], 'h')} {converted(parts[2], 'm')}`"
    pieces = re.findall(r"([0-9.]+)([a-z]+)", text)
    if "".join(map("".join, pieces)) == text and _ALL_UNITS.issuperset(u for _, u in pieces):
        return f"write `{' '.join(converted(*piece) for piece in pieces)}`"
    if parts := re.fullmatch(r"([0-9.]+)%?(percent|pct)", text):
        return f"write `{parts[1]}%`"
    if parts := re.fullmatch(r"([0-9.]+%?)([a-z]{2,})", text):
        return f"write `{parts[1]} {parts[2]}`"
    return "write digits with at most one point, and a space before a unit"
