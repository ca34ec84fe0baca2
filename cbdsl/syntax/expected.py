"""What could have stood somewhere, in words."""

from __future__ import annotations

from collections.abc import Iterable

from cbdsl.catalog.actions import ACTIONS
from cbdsl.catalog.units import COUNTS, PLURAL, SECONDS

VERBS = frozenset(
    action.form.split()[0]
    for verb, action in ACTIONS.items()
    if action.form.startswith(f"{verb} ") or action.form == verb
) - {"lr"}
"""The words that actions begin with; a variable and a setting are set by their own name."""

PHASES = frozenset(
    """linear cosine exponential sqrt polynomial hold step decay cycle repeat""".split()
)
"""The words that the phases of a schedule begin with."""

ASSIGN = frozenset({"=", "+=", "-=", "*=", "/="})
COMPARE = frozenset({"<", "<=", ">", ">=", "==", "!="})
MOVES = frozenset({"rises", "falls"})
SIDES = frozenset({"above", "below"})
PREDICATES = MOVES | {"improves", "stalls", "crosses", "is"}
TIMES = frozenset({"times", "time"})

TIME_UNITS = frozenset({*SECONDS, *(PLURAL[unit] for unit in SECONDS)})
COUNT_UNITS = frozenset({*COUNTS, *(PLURAL[unit] for unit in COUNTS)})
UNITS = COUNT_UNITS | TIME_UNITS
VALUES = frozenset({"value", "values"})
COUNTED = UNITS | VALUES
"""What `stalls` can count."""

_OPERATORS = COMPARE | PREDICATES | {"+", "-", "*", "/", "%", "**", "and", "or", "for"}
_VALUE = frozenset({"NAME", "NUMBER", "PERCENT", "STRING", "BACKTICK", "true", "false"})
_VALUE |= {"-", "(", "not", "best", "optimizer"}

VALUE = frozenset({"(", "NUMBER"})
"""What is accepted where an expression can begin, and nowhere else."""

_WINDOWS = frozenset({"after", "until", "from"})

_STATEMENTS = frozenset(
    """LABEL on every at param metric expects let variable limit include use minimize maximize
    language""".split()
)

# What can stand somewhere, in the groups that people think in: the words by which a group is
# known, all that belong to it, and what it is called.
_GROUPS: tuple[tuple[frozenset[str], frozenset[str], tuple[str, ...]], ...] = (
    (frozenset({"param", "let"}), _STATEMENTS, ("a statement",)),
    (frozenset({"stop"}), VERBS | {"NAME", "optimizer"}, ("an action",)),
    (frozenset({"linear"}), PHASES, ("a phase",)),
    (frozenset({"SERIES"}), frozenset({"SERIES"}), ("a value",)),
    (VALUE, _VALUE, ("a value",)),
    # A function's bracket and a time's further parts go without saying.
    (frozenset({"<"}), _OPERATORS | {"(", "NUMBER"}, ("an operator",)),
    (frozenset({"on"}), frozenset({"on", "every", "at"}), ("a trigger (`on`, `every`, `at`)",)),
    (frozenset({"after"}), _WINDOWS, ("a window (`after`, `until`, `from`)",)),
    (
        frozenset({"hours"}),
        UNITS,
        ("a unit (`epochs`, `batches`, `seconds`, `minutes`, `hours`)",),
    ),
    (frozenset({"epochs"}), COUNT_UNITS, ("`epoch`", "`batch`")),
    (frozenset({"values"}), VALUES, ("`values`",)),
    (TIMES, TIMES, ("`times`",)),
    (frozenset({"+="}), ASSIGN, ("`=`, `+=`, `-=`, `*=` or `/=`",)),
    (frozenset({"true"}), frozenset({"true", "false", "-"}), ("`true` or `false`",)),
    (frozenset({"NUMBER"}), frozenset({"NUMBER"}), ("a number",)),
    (frozenset({"PERCENT"}), frozenset({"PERCENT"}), ("a percent",)),
    (frozenset({"NAME"}), frozenset({"NAME", "BACKTICK", "optimizer"}), ("a name",)),
    (frozenset({"STRING"}), frozenset({"STRING"}), ("a text in quotes",)),
    (frozenset({"FUNCTION"}), frozenset({"FUNCTION"}), ("a function and its module",)),
    (frozenset({"LABEL"}), frozenset({"LABEL"}), ("a name and a colon",)),
    (frozenset({"if"}), frozenset({"if"}), ("`if`",)),
    (frozenset({"then"}), frozenset({"then"}), ("`then`",)),
    (frozenset({"once", "at"}), frozenset({"once", "at"}), ("`once`", "`at most`")),
)

_LATER = ("nan", "finite", "missing", "not", ":", ",")


def expected(accepted: Iterable[str]) -> str:
    """What could stand there, as a sentence; empty if it is nothing or not known."""
    rest = set(accepted)
    items: list[str] = []
    for known_by, members, words in _GROUPS:
        if known_by <= rest:
            items += words
            rest -= members
    items += [f"`{word}`" for word in _LATER if word in rest]
    items += [f"`{word}`" for word in sorted(rest.difference(_LATER))]
    if not items:
        return ""
    listed = items[0] if len(items) == 1 else ", ".join(items[:-1]) + " or " + items[-1]
    return f"{listed} could stand here"
