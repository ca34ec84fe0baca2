"""Writes what the pages of the language, of its names and of the codes hold of the catalog.

    python docs/make_reference.py

That is what stands between `<!-- made from the catalog: NAME -->` and `<!-- end -->` in
docs/language.md, docs/reference.md and docs/codes.md. Needs cbdsl alone. A test asks whether it is
current.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from cbdsl.catalog.actions import ACTIONS, SUFFIXES, Action
from cbdsl.catalog.forms import PHASES, PREDICATES, STATEMENTS, TEST_LINES, TRIGGERS, Form
from cbdsl.catalog.functions import FUNCTIONS, KINDS, MEANS, SERIES, Function
from cbdsl.catalog.hooks import ALIASES, HOOKS, SEEN
from cbdsl.catalog.keras_callbacks import KERAS_CALLBACKS, REFUSED, Argument, Required
from cbdsl.catalog.keras_callbacks import KINDS as ARGUMENT_KINDS
from cbdsl.catalog.metrics import HIGHER, LOWER, SHARES, SIGNED, SIZES
from cbdsl.catalog.optimizer import DOCS, FRACTIONS, LIVE
from cbdsl.catalog.units import DOCS as UNITS
from cbdsl.catalog.units import PLURAL
from cbdsl.catalog.values import VALUES, Value
from cbdsl.catalog.words import WORDS
from cbdsl.diagnostics import CODES, Code
from cbdsl.diagnostics.explain import Example, explanation

FOLDER = Path(__file__).resolve().parent
PAGES = [FOLDER / name for name in ("language.md", "reference.md", "codes.md")]
MADE = re.compile(r"(<!-- made from the catalog: ([a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


# ---------------------------------------------------------------- Markdown


def code(text: str) -> str:
    return f"`{text}`"


def words(names: Iterable[str]) -> str:
    """Names in their order, as code."""
    return " ".join(code(name) for name in names)


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    cells = ([cell.replace("|", r"\|") for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def joined(*parts: str) -> str:
    """What is said of one thing, as one cell."""
    return "; ".join(part for part in parts if part)


def yes(value: bool) -> str:
    return "yes" if value else ""


# ---------------------------------------------------------------- tables


def of_forms(what: str, does: str, forms: Iterable[Form]) -> str:
    return table((what, does), ((", ".join(map(code, f.forms)), f.doc) for f in forms))


def actions() -> str:
    uses = (use for action in ACTIONS.values() for use in action.uses)
    return of_forms("action", "does", uses)


def hooks() -> str:
    rows = ((code(h.name), h.doc, SEEN[h.metrics]) for h in HOOKS.values())
    return table(("hook", "when it comes", "the metrics there"), rows)


def of_functions(what: str, functions: Mapping[str, Function]) -> str:
    rows = ((code(f.form), joined(f.doc, f.note)) for f in functions.values())
    return table((what, "is"), rows)


def values() -> str:
    return table(("value", "is"), ((code(v.name), joined(v.doc, v.note)) for v in VALUES.values()))


def settings() -> str:
    rows = (
        (code(f"optimizer.{name}"), doc, bounds(name), "no" if name in LIVE else "yes")
        for name, doc in DOCS.items()
    )
    return table(("setting", "is", "takes", "traced again"), rows)


def bounds(setting: str) -> str:
    """What numbers a setting takes."""
    if setting == "learning_rate_power":
        return "0 or below"
    return "0 up to, not with, 1" if setting in FRACTIONS else "0 or above"


# ---------------------------------------------------------------- tables of the reference


def all_hooks() -> str:
    shorter = {name: alias for alias, name in ALIASES.items()}
    rows = (
        (
            code(h.name),
            h.doc,
            SEEN[h.metrics],
            code(h.method),
            code(shorter[h.name]) if h.name in shorter else "",
        )
        for h in HOOKS.values()
    )
    return table(("hook", "when it comes", "the metrics there", "in Keras", "also called"), rows)


def all_values() -> str:
    def row(value: Value) -> tuple[str, ...]:
        return code(value.name), joined(value.doc, value.note), yes(value.may_be_missing)

    return table(("value", "is", "can be missing"), map(row, VALUES.values()))


def all_functions(functions: Mapping[str, Function], *, missing: bool) -> str:
    """Functions, or series, of which it is said `missing` when they have no value."""

    def row(f: Function) -> tuple[str, ...]:
        takes = joined(*(f"{code(name)} {kind}" for name, kind in f.arguments))
        cells = (code(f.form), joined(f.doc, f.note), takes, yes(f.same_kind), yes(f.keeps_32_bit))
        return (*cells, f.missing) if missing else cells

    head = ("function", "is", "arguments", "keeps times", "keeps 32 bits")
    return table((*head, "missing") if missing else head, map(row, functions.values()))


def all_actions() -> str:
    def rows(action: Action) -> Iterable[tuple[str, ...]]:
        acts = "start" if action.setting else "end"
        beside = yes(action.setting or action.beside_setting)
        where = "hooks of training" if action.touches_model else "any hook"
        if action.verb == "record":
            where = "any hook but `train_end` and those of predictions"
        for use in action.uses:
            yield ", ".join(map(code, use.forms)), use.doc, acts, beside, where

    head = ("action", "does", "acts at the", "beside a setting", "at")
    return table(head, (row for action in ACTIONS.values() for row in rows(action)))


def keras_callbacks() -> str:
    def takes(argument: Argument) -> str:
        one_of = f" ({', '.join(code(quoted(c)) for c in argument.choices)})"
        default = "" if argument.default is Required else f" = {literal(argument.default)}"
        kind = ARGUMENT_KINDS[argument.kind] + (one_of if argument.choices else "")
        return f"| {code(argument.name + default)} | {kind} |\n"

    text = ""
    for callback in KERAS_CALLBACKS.values():
        text += f"### {callback.name}\n\nIt {callback.doc}."
        text += f" A rule like it: {code(callback.instead)}." if callback.instead else ""
        text += "\n\n| argument | takes |\n| --- | --- |\n"
        text += "".join(map(takes, callback.arguments)) + "\n"
    return text


def quoted(text: str) -> str:
    return f'"{text}"'


def literal(value: object) -> str:
    """A default as a rule file has it."""
    if isinstance(value, str):
        return quoted(value)
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)


def names(*listed: tuple[str, Iterable[str]]) -> str:
    """Lists of names, each behind what is said of them."""
    return "\n".join(f"{said}: {words(sorted(group))}\n" for said, group in listed)


def metrics() -> str:
    return names(
        ("Lower is better", LOWER),
        ("Higher is better", HIGHER),
        ("From 0 to 1", SHARES),
        ("From -1 to 1", SIGNED),
        ("Never below 0", SIZES),
        ("Plain means, for `per_batch`", MEANS),
    )


def pairs(what: str, says: str, rows: Mapping[str, str]) -> str:
    return table((what, says), ((code(name), said) for name, said in rows.items()))


def units() -> str:
    rows = ((code(name), code(PLURAL[name]), doc) for name, doc in UNITS.items())
    return table(("unit", "several", "is"), rows)


# ---------------------------------------------------------------- the codes


def codes() -> str:
    def row(c: Code) -> tuple[str, ...]:
        return f"[{c.code}](#{c.code.lower()})", c.severity, c.title

    return table(("code", "is", "about"), map(row, CODES.values()))


def explanations() -> str:
    return "\n".join(map(explained, CODES.values()))


def explained(c: Code) -> str:
    """What a code means, with rules that give it and rules that do not."""
    text = f"## {c.code}\n\n**{c.severity.capitalize()}**: {c.title}.\n"
    try:
        page = explanation(c.code)
    except FileNotFoundError:  # its own test misses it
        return text
    bad = f"Bad:\n\n{rules(page.bad, c.code)}"
    return f"{text}\n{page.text}\n\n{bad}\nGood:\n\n{rules(page.good)}"


def rules(example: Example, *codes: str) -> str:
    """Rules, marked with the codes that they give."""
    info = "text" if example.is_escaped else " ".join(("cbr", *codes))
    return f"```{info}\n{example.text}```\n"


# ---------------------------------------------------------------- the pages

TABLES: dict[str, Callable[[], str]] = {
    "actions": actions,
    "actions in full": all_actions,
    "arguments": lambda: pairs("argument", "takes", {str(kind): KINDS[kind] for kind in KINDS}),
    "codes": codes,
    "endings": lambda: pairs("ending", "saves", SUFFIXES),
    "explanations": explanations,
    "functions": lambda: of_functions("function", FUNCTIONS),
    "functions in full": lambda: all_functions(FUNCTIONS, missing=False),
    "hooks": hooks,
    "hooks in full": all_hooks,
    "keras callbacks": keras_callbacks,
    "metrics": metrics,
    "phases": lambda: of_forms("phase", "value", PHASES),
    "predicates": lambda: of_forms("predicate", "true when", PREDICATES),
    "refused callbacks": lambda: pairs("callback", "why", REFUSED),
    "series": lambda: of_functions("series", SERIES),
    "series in full": lambda: all_functions(SERIES, missing=True),
    "settings": settings,
    "statements": lambda: of_forms("statement", "what it does", STATEMENTS),
    "test lines": lambda: of_forms("line", "says", TEST_LINES),
    "triggers": lambda: of_forms("trigger", "the rule is looked at", TRIGGERS),
    "units": units,
    "values": values,
    "values in full": all_values,
    "words": lambda: names(("Words", WORDS)),
}
"""What the pages hold of the catalog, by the names in their comments."""


def current(page: str) -> str:
    """The text of a page, with what is made from the catalog as it should be."""
    return MADE.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]().rstrip()}\n\n{found[3]}", page)


def main() -> None:
    for page in PAGES:
        page.write_text(current(page.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
