"""Random and mutated texts, the same in every run; `make fuzz` tries more."""

from pathlib import Path
from random import Random

import pytest
from fuzz_properties import NOTHING, Asked, assert_holds
from fuzz_words import HOSTILE, TOKENS, mutated, seeds, spliced, value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import programs, statements

from cbdsl.formatter import statement
from cbdsl.syntax import nodes as n

REGRESSIONS = sorted((Path(__file__).parent / "regressions").glob("*.cbr"))

randoms = st.randoms(use_true_random=False)


def bounded(examples: int) -> settings:
    """The same examples in every run, whatever the machine is busy with."""
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


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


# ------------------------------------------------------------------------------ hostile pieces

hostile = st.one_of(
    st.sampled_from(HOSTILE), st.text(max_size=12), st.text("\"'`\\{}#\n\r\t:!", max_size=6)
)

PLACES = (
    'on epoch_end if loss > 1 stop "{}"',
    'on epoch_end print "{}", warn "{}", notify "{}"',
    'on epoch_end if loss > 1 fail "x{}{{loss:.2f}}{}"',
    'on epoch_end save "{}.keras"',
    'on epoch_end save "a/{}{{epoch}}.weights.h5" keep 3',
    'at epoch 3 freeze "{}*"',
    "on epoch_end if `{}` > 1 and `x{}` improves stop",
    'on epoch_end record `{}` = loss, print "{{`{}`}}"',
    "metric `{}` = mean(`{}`, 3)",
    "minimize `{}`\non epoch_end if `{}` stalls for 3 epochs restore best of `{}`",
    'param p = "{}"\non epoch_end print "{{p}}{}"',
    "param {} = 3\non epoch_end if loss > {} stop",
    "let {} = 3\non epoch_end {} += 1",
    "variable {}\nschedule {}:\n    hold at 1 for 3 epochs",
    "{}: on epoch_end stop",
    "on {} stop",
    "on epoch_end if {} > {} stop",
    "on epoch_end if loss > 1 for {} epochs stop",
    "every {} epochs lr *= {}",
    "at epoch {}, {} lr = 1e-3",
    "on epoch_end if mean(loss, {}) > quantile(loss, {}, 5) stop",
    "on epoch_end if optimizer.{} > 1 optimizer.{} = 1",
    'on epoch_end print "{{loss:{}}}"',
    "on epoch_end call {}",
    'include "{}"',
    'resume from "{}"',
    'use CSVLogger(filename="{}", separator="{}")',
    'use ModelCheckpoint(filepath="{}", monitor="{}")',
    "use EarlyStopping(patience={})",
    "schedule lr:\n    linear from 0 to {} over {} epochs\n    repeat {} times stretching by {}",
    'on epoch_end stop\ntest "{}":\n    given `{}`: {}\n    expect stop "{}" at epoch {}',
    'test "t":\n    given epochs: {}\n    given batches: {}\n    expect no stop',
    "# {}\non epoch_end stop # {}",
    "language {}",
)


@bounded(700)
@given(st.sampled_from(PLACES), st.lists(hostile, min_size=4, max_size=4))
def test_hostile_pieces_in_every_place(place: str, pieces: list[str]) -> None:
    pieces = iter(pieces)
    parts = place.replace("{{", "\x00").replace("}}", "\x01").split("{}")
    text = "".join(part + next(pieces, "3") for part in parts[:-1]) + parts[-1]
    assert_holds(text.replace("\x00", "{").replace("\x01", "}"))


# ------------------------------------------------------------------------------ what callers give

RULES = """\
param number = 3
param share = 90%
param truth = true
param text = "x"
param wait_for = 3 epochs
param pause = 10 minutes
variable v
r: on epoch_end if loss > number and val_loss > share stop "{text} {number} {wait_for} {pause}"
on epoch_end if truth and loss stalls for wait_for print "{text}", wait pause
every pause save "{text}.keras" keep number
at epoch number lr *= share
"""


@bounded(250)
@given(
    st.sampled_from(("number", "share", "truth", "text", "wait_for", "pause", "v", "other")),
    randoms,
)
def test_hostile_values_of_parameters(name: str, random: Random) -> None:
    given = value(random)
    assert_holds(RULES, Asked(params={name: given}))


@bounded(100)
@given(hostile)
def test_hostile_names_of_files(name: str) -> None:
    assert_holds(RULES, Asked(name=name))
    assert_holds("on epoch_ned stop", Asked(name=name))


@bounded(60)
@given(st.lists(hostile, max_size=3), st.integers(-1, 10**20))
def test_hostile_knowledge(metrics: list[str], epochs: int) -> None:
    assert_holds("on epoch_end if los > 1 stop\nat 50% stop", Asked(metrics=metrics, epochs=epochs))


def test_nothing_is_asked_of_nothing() -> None:
    assert_holds("", NOTHING)
