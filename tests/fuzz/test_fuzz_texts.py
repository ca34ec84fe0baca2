"""Random and mutated texts, the same in every run; `make fuzz` tries more."""

from pathlib import Path
from random import Random

import pytest
from fuzz_properties import Asked, assert_holds
from fuzz_words import HOSTILE, TOKENS, mutated, randoms, seeds, spliced
from hypothesis import given
from hypothesis import strategies as st
from strategies import bounded, programs, statements

from cbdsl.formatter import statement
from cbdsl.syntax import nodes as n

REGRESSIONS = sorted((Path(__file__).parent / "regressions").glob("*.cbr"))


@pytest.mark.parametrize("path", REGRESSIONS, ids=lambda path: path.stem)
def test_what_was_found_once(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "surrogatepass")
    assert_holds(text)
    assert_holds(text, Asked(epochs=10**12, metrics=["loss", "val_loss"]))


@bounded(1500)
@given(st.sampled_from(seeds()), randoms)
def test_a_statement_that_was_changed(text: str, random: Random) -> None:
    assert_holds(mutated(text, random))


@bounded(300)
@given(st.sampled_from(seeds()), st.sampled_from(seeds()), randoms)
def test_two_statements_that_run_into_each_other(one: str, other: str, random: Random) -> None:
    assert_holds(spliced(one, other, random))


@bounded(300)
@given(st.lists(st.sampled_from(TOKENS + HOSTILE), max_size=30).map(" ".join))
def test_words_and_hostile_pieces(text: str) -> None:
    assert_holds(text)


@bounded(150)
@given(st.lists(statements, max_size=4))
def test_statements_of_any_shape(trees: list[n.Statement]) -> None:
    assert_holds("\n".join(map(statement, trees)))


@bounded(80)
@given(programs())
def test_programs(text: str) -> None:
    assert_holds(text)
