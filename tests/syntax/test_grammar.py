"""The grammar file: no conflicts, a name for every alternative, all of it used by the corpus."""

import re
from pathlib import Path
from typing import get_args

import pytest
from corpus_files import files
from lark import Lark, Token, Tree
from lark.lexer import PatternStr

from cbdsl.catalog import words
from cbdsl.catalog.actions import ACTIONS
from cbdsl.catalog.functions import FUNCTIONS, SERIES
from cbdsl.catalog.units import PLURAL
from cbdsl.catalog.words import WORDS
from cbdsl.source import SourceFile
from cbdsl.syntax import parse_source, parser
from cbdsl.syntax.expected import COMPARE, PHASES, UNITS, VERBS
from cbdsl.syntax.trouble import STATEMENTS, TRIGGERS

GRAMMAR = Path(__file__).parents[2] / "grammars" / "cbr.lark"
STARTS = list(get_args(parser.Start))


@pytest.fixture(scope="module")
def lark() -> Lark:
    """Strict: conflicts, and terminals that collide, are errors."""
    return Lark(GRAMMAR.read_text("utf-8"), parser="lalr", start=STARTS, strict=True)


def keywords(lark: Lark) -> set[str]:
    values = {t.pattern.value for t in lark.terminals if isinstance(t.pattern, PatternStr)}
    return {value for value in values if value.isidentifier()}


def test_has_no_conflicts(lark: Lark) -> None:
    assert lark.rules


def test_every_alternative_has_a_name() -> None:
    """Where a rule has several, each has an alias, passes one thing on, or is a keyword."""
    rule, found = "", []
    for line in GRAMMAR.read_text("utf-8").splitlines():
        code = line.split("//")[0].rstrip()
        if begun := re.match(r"([?!]?[a-z_]+):", code):
            rule = begun[1]
            alternatives = [code.partition(":")[2]]
        elif code.startswith("  |") and rule:
            alternatives = [code.partition("|")[2]]
        else:
            rule = ""
            continue
        found += [(rule, a.strip(), code.startswith("  |")) for a in alternatives]
    assert len(found) > 60
    counts = {rule: sum(r == rule for r, _, _ in found) for rule, _, _ in found}
    for rule, alternative, _ in found:
        passes_on = rule.startswith("?") and " " not in alternative
        keywords = rule.startswith("!") and re.fullmatch(r'"[^"]+"( (\| )?"[^"]+")*', alternative)
        named = "->" in alternative or passes_on or keywords
        assert counts[rule] == 1 or named, (rule, alternative)


def test_corpus_uses_every_alternative(lark: Lark, monkeypatch: pytest.MonkeyPatch) -> None:
    named = {rule.alias for rule in lark.rules if rule.alias}
    named |= {
        str(rule.origin.name)
        for rule in lark.rules
        if not rule.alias and not rule.options.expand1 and not rule.origin.name.startswith("_")
    }
    seen: set[str] = set()
    parse = parser._parse

    def recorded(*args: object) -> Tree[Token]:
        tree = parse(*args)
        seen.update(str(part.data) for part in tree.iter_subtrees())
        return tree

    monkeypatch.setattr(parser, "_parse", recorded)
    for file in files("valid"):
        parse_source(file.source)
    assert seen == named


def test_keywords_are_reserved(lark: Lark) -> None:
    # Where these stand, no name of a metric can.
    assert keywords(lark) - {"value", "takes", "no", "sqrt", "interrupt"} <= WORDS


def test_functions_are_no_words(lark: Lark) -> None:
    """But `best`, so a parameter may be called `mean`, and a schedule may have a `sqrt`."""
    assert {*FUNCTIONS, *SERIES} & (WORDS | keywords(lark)) == {"best", "sqrt"}


def test_actions_are_those_of_the_catalog(lark: Lark) -> None:
    assert keywords(lark) >= VERBS
    # What is set by its own name:
    assert set(ACTIONS) - VERBS == {"lr", "set", "optimizer", "roll back"}


def test_statements_begin_as_the_messages_say(lark: Lark) -> None:
    first = lark.parse_interactive("", start="statement").accepts() - {"LABEL"}
    assert {t.pattern.value for t in lark.terminals if t.name in first} == set(STATEMENTS)
    assert set(STATEMENTS) > TRIGGERS


def test_units_and_comparisons_are_those_of_the_grammar(lark: Lark) -> None:
    parsed = lark.parse_interactive("", start="expr")
    parsed.feed_token(Token("NUMBER", "3"))
    behind = parsed.accepts()
    accepted = {t.pattern.value for t in lark.terminals if t.name in behind}
    assert accepted >= UNITS | COMPARE
    assert {*PLURAL, *PLURAL.values()} - {"value", "values"} == UNITS


# -------------------------------------------------------------------- words of other languages


@pytest.mark.parametrize("name", [name for name in vars(words) if name.startswith("FOREIGN")])
def test_foreign_words_are_foreign(lark: Lark, name: str) -> None:
    ours = {
        "FOREIGN": WORDS,
        "FOREIGN_ACTIONS": set(ACTIONS),
        "FOREIGN_CHANGES": set(ACTIONS),
        "FOREIGN_FUNCTIONS": {*FUNCTIONS, *SERIES},
        # Lines of tests; `nan` is there for `NaN`, and the words of windows name no place.
        "FOREIGN_LINES": {"set", "given", "expect"},
        "FOREIGN_VALUES": {"_"},
        "FOREIGN_PLACES": {"at"},
        "FOREIGN_STATEMENTS": set(STATEMENTS),
        "FOREIGN_PHASES": PHASES,
        # `over` is there for how long a phase is.
        "FOREIGN_PREDICATES": keywords(lark) - {"over"},
        "FOREIGN_SIDES": keywords(lark) - {"over"},
        "FOREIGN_STATES": {"nan", "finite", "missing", "not"},
        "FOREIGN_UNITS": UNITS,
    }
    assert not set(vars(words)[name]) & ours.get(name, keywords(lark))


@pytest.mark.parametrize("name", sorted(words.FOREIGN_FUNCTIONS))
def test_what_stands_for_a_foreign_function_can_be_read(name: str) -> None:
    for written in re.findall("`([^`]+)`", words.FOREIGN_FUNCTIONS[name]):
        rule = SourceFile("r.cbr", f'on epoch_end print "{{{written}}}"')
        assert not parse_source(rule)[1], written


@pytest.mark.parametrize("unit", sorted(words.FOREIGN_UNITS))
def test_foreign_units_are_so_many_of_ours(unit: str) -> None:
    factor, ours = words.FOREIGN_UNITS[unit]
    assert factor > 0
    assert ours in UNITS
