"""What is said to hold never or always does so in every history that is tried."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypothesis import event, given, settings
from hypothesis import strategies as st

import cbdsl
from cbdsl.program import Program
from cbdsl.simulate import simulate
from cbdsl.syntax import read_source

EPOCHS = 8

Column = list[float | None]


@dataclass(frozen=True)
class Case:
    """A rule's head and condition, and what the metrics are."""

    head: str
    condition: str
    history: Mapping[str, Column]

    def fires(self, condition: str) -> bool:
        """Whether a rule on a condition fires in the history."""
        program = Program(read_source(self._text(condition), "rules.cbr"))
        done = simulate(
            program.plan, program.module, dict(self.history), epochs=EPOCHS, batches=1, lr=0.01
        )
        return bool(done.record.firings)

    def said(self, code: str) -> bool:
        """Whether the checker says it of the whole condition."""
        text = self._text(self.condition)
        begin = text.index(" if ") + len(" if (")
        return any(
            d.code == code and d.span == (begin, begin + len(self.condition))
            for d in cbdsl.check(text, epochs=EPOCHS)
        )

    def _text(self, condition: str) -> str:
        return f'{self.head} if ({condition}) print "x"\n'


def columns(low: float, high: float, *, whole: bool) -> st.SearchStrategy[Column]:
    """A metric's values between two bounds; without `whole` some are nan or missing."""
    numbers = st.sampled_from([low, high, (low + high) / 2]) | st.floats(low, high, width=32)
    rest = st.nothing() if whole else st.sampled_from([math.nan, None])
    return st.lists(numbers | rest, min_size=EPOCHS, max_size=EPOCHS)


def histories(*, whole: bool) -> st.SearchStrategy[dict[str, Column]]:
    return st.fixed_dictionaries(
        {
            "accuracy": columns(0, 1, whole=whole),
            "mae": columns(0, 8, whole=whole),
            "loss": columns(-8, 8, whole=whole),
        }
    )


METRIC = st.sampled_from(["accuracy", "mae", "loss"])
LEVEL = st.sampled_from(["-1", "0", "0.5", "1", "2", "8", "9", "90", "50%"])
SERIES = st.sampled_from(
    ["best({})", "lowest({})", "lowest({}, 3)", "highest({})", "prev({})", "prev({}, 8)",
     "mean({}, 3)", "mean({}, 9)", "std({}, 2)", "change({})", "since_best({})", "abs({})",
     "ema({}, 0.5)", "-{}", "{} * 2 - 1", "{} / 4", "1 - {}", "{} % 2", "{} ** 2",
     "clamp({}, 0, 1)", "min({}, 0.5)", "max({}, epoch)", "floor({})", "sqrt({})"]
)  # fmt: skip
COUNTED = st.sampled_from(["epoch", "epochs", "epoch + 1", "lr", "progress", "epoch % 3", "step"])


@st.composite
def values(draw: st.DrawFn) -> str:
    if draw(st.integers(0, 3)) == 0:
        return draw(COUNTED)
    metric = draw(METRIC)
    if draw(st.booleans()):
        return metric
    return draw(SERIES).format(metric)


@st.composite
def atoms(draw: st.DrawFn) -> str:
    op = draw(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))
    metric = draw(METRIC)
    match draw(st.integers(0, 8)):
        case 0:
            return f"{metric} {draw(st.sampled_from(['rises', 'falls']))}"
        case 1:
            states = ["is nan", "is finite", "is missing", "is not nan", "is not finite"]
            return f"{metric} {draw(st.sampled_from(states))}"
        case 2:
            side = draw(st.sampled_from(["above", "below"]))
            return f"{metric} crosses {side} {draw(LEVEL)}"
        case 3:
            span = draw(st.sampled_from([1, 3, 8, 9]))
            return draw(
                st.sampled_from([f"{metric} improves", f"{metric} stalls for {span} epochs"])
            )
        case 4:
            return f"{draw(LEVEL)} <= {draw(values())} < {draw(LEVEL)}"
        case 5:
            return f"{metric} {op} {draw(SERIES).format(metric)}"
        case 6:
            return f"count({metric} {op} {draw(LEVEL)}) > {draw(st.integers(-1, 9))}"
        case _:
            return f"{draw(values())} {op} {draw(LEVEL)}"


CONDITIONS = st.recursive(
    atoms(),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda two: f"({two[0]}) and ({two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}) or ({two[1]})"),
        inner.map(lambda one: f"not ({one})"),
        st.tuples(inner, st.sampled_from([2, 8, 9])).map(lambda p: f"({p[0]}) for {p[1]} epochs"),
    ),
    max_leaves=4,
)
HEADS = st.sampled_from(
    ["on epoch_end", "on epoch_end until 4", "every 3 epochs", "every epoch from 3 to 5",
     "at epoch 2, 6", "on epoch_begin", "on train_end", "on test_begin", "on test_end",
     "at 100%", "on batch_end", "on epoch_begin from 2 to 6"]
)  # fmt: skip


def cases(*, whole: bool) -> st.SearchStrategy[Case]:
    return st.builds(Case, HEADS, CONDITIONS, histories(whole=whole))


@settings(max_examples=600, deadline=None)
@given(cases(whole=False))
def test_what_never_holds_never_fires(case: Case) -> None:
    if case.said("CBR420"):
        event("said to hold never")
        assert not case.fires(case.condition)


@settings(max_examples=600, deadline=None)
@given(cases(whole=True))
def test_what_always_holds_is_never_false(case: Case) -> None:
    if case.said("CBR421"):
        event("said to hold always")
        assert not case.fires(f"not ({case.condition})")


@settings(max_examples=300, deadline=None)
@given(cases(whole=False))
def test_what_fires_is_not_said_to_be_out_of_reach(case: Case) -> None:
    if case.fires(case.condition):
        found = cbdsl.check(case._text(case.condition), epochs=EPOCHS)
        assert not [d for d in found if d.code == "CBR404"]


WRITERS = st.builds(
    " ".join,
    st.tuples(
        st.sampled_from(
            ["on epoch_end", "every epoch", "every epoch until 4", "every epoch from 2 to 6",
             "at epoch 3", "every 2 epochs", "on epoch_begin", "on epoch_end until 3"]
        ),
        st.sampled_from(
            ["", "if mae < 2", "if mae < 4", "if mae < 4 or mae > 6", "if not mae > 4",
             "if mae < 4 and loss < 1", "if epoch > 2", "if mae is finite", "if loss improves",
             "if loss stalls for 1 epoch", "if loss stalls for 2 epochs", "if lr > 0.06"]
        ),
        st.sampled_from(
            ["lr = 0.1", "lr = 0.2", "lr = lr * 0.5", "lr *= 0.5", "lr = 0.1 / epoch",
             "lr = mae", "lr *= 0.9, wait 1 epoch"]
        ),
    ),
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(st.tuples(WRITERS, WRITERS, WRITERS), histories(whole=False))
def test_a_change_that_is_undone_changes_nothing(
    rules: tuple[str, ...], history: dict[str, Column]
) -> None:
    undone = [d for d in cbdsl.check("\n".join(rules), epochs=EPOCHS) if d.code == "CBR422"]
    for diagnostic in undone:
        event("said to be undone")
        line = diagnostic.source.position(diagnostic.span).line if diagnostic.span else 0
        # In its place stands a rule that does nothing, so that all others stay where they were.
        others = [*rules[: line - 1], 'on train_end print "x"', *rules[line:]]
        assert _rates(rules, history) == _rates(others, history), diagnostic


def _rates(rules: Sequence[str], history: dict[str, Column]) -> list[float]:
    """The rate that each epoch is trained with."""
    program = Program(read_source("\n".join(rules), "rules.cbr"))
    done = simulate(program.plan, program.module, dict(history), epochs=EPOCHS, batches=1, lr=0.01)
    return list(done.rates)
