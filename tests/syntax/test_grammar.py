"""The grammar file: no conflicts, a name for every alternative, all of it used by the corpus."""

import re
from pathlib import Path

import pytest
from corpus_files import files
from lark import Lark, Token, Tree
from lark.lexer import PatternStr

from cbdsl.catalog.actions import ACTIONS, SETTINGS
from cbdsl.catalog.words import FOREIGN, WORDS
from cbdsl.syntax import parse_source, parser

GRAMMAR = Path(__file__).parents[2] / "grammars" / "cbr.lark"
STARTS = ["statement", "head", "actions", "expr", "literal"]


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
        assert counts[rule] == 1 or "->" in alternative or passes_on, (rule, alternative)


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
    assert keywords(lark) <= WORDS


def test_actions_are_those_of_the_catalog(lark: Lark) -> None:
    assert set(ACTIONS) - set(SETTINGS) <= keywords(lark)


def test_foreign_words_are_foreign() -> None:
    assert not WORDS & set(FOREIGN)
