"""Hostile pieces in every place that a rule file has, and in what callers give."""

from random import Random

from fuzz_properties import Asked, assert_holds
from fuzz_words import HOSTILE, randoms, value
from hypothesis import given
from hypothesis import strategies as st
from strategies import bounded

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
