"""What holds for every tree and every text (Hypothesis)."""

import ast
import re

import pytest
from corpus_files import files
from hypothesis import given
from hypothesis import strategies as st
from strategies import (
    METRICS,
    bounded,
    mutations,
    programs,
    random_texts,
    series_items,
    statements,
    token_soups,
)

from cbdsl import CbrError, check, compile
from cbdsl.formatter import statement
from cbdsl.program import Program
from cbdsl.simulate import simulate
from cbdsl.source import SourceFile
from cbdsl.syntax import nodes as n
from cbdsl.syntax import parse_source

CORPUS = [f.source.text for f in files("valid") if f.path.stem != "limits"]
# One sentence each, so that every change is next to the mistake.
MISTAKES = [
    line
    for f in files("invalid")
    if f.path.stem.startswith("wrong_")
    for line in f.source.text.splitlines()
]


# ------------------------------------------------------------------------------ the formatter


@bounded(300)
@given(statements)
def test_what_is_formatted_says_the_same(tree: n.Statement) -> None:
    text = statement(tree)
    file, problems = parse_source(SourceFile("r", text))
    assert not problems, text
    assert file.statements == (tree,), text
    assert statement(file.statements[0]) == text


# ------------------------------------------------------------------------------ any text


def assert_is_answered(text: str) -> None:
    """Whatever it is: diagnostics that can be shown, or Python."""
    found = check(text)
    if any(d.is_error for d in found):
        with pytest.raises(CbrError, match=r"error\[CBR"):
            compile(text)
    else:
        ast.parse(compile(text).python)
    assert "\x1b" not in str(CbrError(found))


@bounded(300)
@given(random_texts)
def test_any_text_is_answered(text: str) -> None:
    found = check(text)
    assert str(CbrError(found))


@bounded(500)
@given(token_soups)
def test_any_words_are_answered(text: str) -> None:
    assert_is_answered(text)


@bounded(200)
@given(mutations(CORPUS))
def test_any_broken_file_is_answered(text: str) -> None:
    assert_is_answered(text)


@bounded(300)
@given(mutations(MISTAKES))
def test_any_mistake_is_answered(text: str) -> None:
    assert_is_answered(text)


def lines_below(*names: str) -> list[str]:
    """The indented lines of the corpus files whose names hold one of these words."""
    return [
        line
        for f in files("invalid") + files("valid")
        if any(name in f.path.stem for name in names)
        for line in f.source.text.splitlines()
        if line.startswith("    ")
    ]


def assert_is_in_words(text: str) -> None:
    """Answered without the names that Lark has for what it reads."""
    assert_is_answered(text)
    for diagnostic in check(text):
        said = f"{diagnostic.message} {diagnostic.why} {diagnostic.help}"
        assert not re.search(r"`(SERIES|BACKTICK|LABEL|FUNCTION|RESERVED|__\w+)`", said), said


@bounded(400)
@given(mutations(lines_below("test")))
def test_any_line_of_a_test_is_answered(line: str) -> None:
    assert_is_in_words(f'slow: on epoch_end if loss > 1 stop\ntest "x":\n    expect slow\n{line}\n')


@bounded(400)
@given(mutations(lines_below("phases", "schedules", "steps", "schedule_blocks")))
def test_any_line_of_a_schedule_is_answered(line: str) -> None:
    assert_is_in_words(f"schedule lr:\n    hold at 0.1 for 3 epochs\n{line}\n")


ACTIONS = [
    line
    for f in files("invalid")
    if f.path.stem.startswith(("actions_", "files_", "settings_of", "schedule_heads"))
    for line in f.source.text.splitlines()
    if not line.startswith(" ")
]


@bounded(400)
@given(mutations(ACTIONS))
def test_any_action_is_answered(line: str) -> None:
    assert_is_in_words(f"param count = 3\n{line}\n")


@bounded(300)
@given(series_items)
def test_values_of_a_series_are_as_many_as_they_say(item: n.Item) -> None:
    values = list(item.values())
    assert len(values) == item.count
    assert all(value is None or isinstance(value, float) for value in values)


# ------------------------------------------------------------------------------ any program


SERIES = st.lists(
    st.one_of(st.none(), st.just(float("nan")), st.floats(-2, 2, width=32)), min_size=8, max_size=8
)


@bounded(120)
@given(programs(), st.fixed_dictionaries(dict.fromkeys(METRICS, SERIES)))
@pytest.mark.filterwarnings("ignore:.*learning rate")
def test_any_program_runs(text: str, series: dict[str, list[float | None]]) -> None:
    program = Program(SourceFile("r.cbr", text))
    batch = {"loss": series["loss"][:3], "accuracy": series["accuracy"][:3]}
    simulate(
        program.plan, program.module, series, batches=3, batch_series=batch, epoch_seconds=1500
    )
