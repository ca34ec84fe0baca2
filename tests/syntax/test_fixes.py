"""Fixes: which of several are made, when one is not, and words that are near but not meant."""

from __future__ import annotations

import pytest

from cbdsl.diagnostics import Diagnostic, Fix, one_slip, only_slip
from cbdsl.diagnostics.fixes import MOST_ROUNDS, MOST_TRIES, applied, put_right
from cbdsl.program import check
from cbdsl.source import SourceFile, Span


def fix(start: int, end: int, text: str) -> Fix:
    return Fix(Span(start, end), text)


@pytest.mark.parametrize(
    ("fixes", "text", "count"),
    [
        ([], "abcdef", 0),
        ([fix(0, 1, "X")], "Xbcdef", 1),
        ([fix(5, 6, ""), fix(0, 0, "> ")], "> abcde", 2),
        ([fix(6, 6, "!")], "abcdef!", 1),
        # Of those that overlap or touch the first is made.
        ([fix(2, 4, "-"), fix(1, 3, "+")], "a+def", 1),
        ([fix(1, 3, "+"), fix(3, 4, "-")], "a+def", 1),
        ([fix(2, 2, "+"), fix(2, 2, "-")], "ab+cdef", 1),
        # The same mistake seen twice is one.
        ([fix(1, 3, "+"), fix(1, 3, "+")], "a+def", 1),
    ],
)
def test_several(fixes: list[Fix], text: str, count: int) -> None:
    assert applied("abcdef", fixes) == (text, count)


def problem(text: str, at: int, put: str) -> Diagnostic:
    where = Span(at, at + 1)
    return Diagnostic("CBR109", "x", SourceFile("x", text), where, fix=Fix(where, put))


def test_one_that_does_harm_does_not_hinder_the_others() -> None:
    def problems(text: str) -> list[Diagnostic]:
        bad = [problem(text, i, {"a": "b", "b": "c", "x": "!!"}[c]) for i, c in enumerate(text)
               if c in "abx"]  # fmt: skip
        return bad + [problem(text, 0, "") for _ in range(3 * text.count("!"))]

    done = put_right("axb", problems)
    assert done.text == "cxc"
    assert done.count == 3
    assert [d.fix and d.fix.text for d in done.left] == ["!!"]


def test_fixes_that_never_end_are_ended() -> None:
    done = put_right("a", lambda text: [problem(text, len(text) - 1, "aa")])
    assert done.text == "a" * (MOST_ROUNDS + 1)


def test_many_that_do_harm_take_no_time() -> None:
    text = 'on epoch_ned if loss && lr > "a" print "{loss:q}"\n' * 40
    asked = 0

    def problems(text: str) -> list[Diagnostic]:
        nonlocal asked
        asked += 1
        return check(text)

    put_right(text, problems)
    assert asked <= MOST_TRIES + 3 * MOST_ROUNDS


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("stpo", "stop"), ("sotp", "stop"), ("stp", ""), ("stoop", "stop"), ("stap", "stop"),
        ("Stop", "stop"), ("stop", ""), ("sopt", ""), ("spot", ""), ("reset", ""), ("stop2", ""),
        ("fi", "if"), ("i", ""), ("iff", ""), ("is", ""), ("IF", "if"), ("", ""), ("every2", ""),
    ],
)  # fmt: skip
def test_one_slip(name: str, meant: str) -> None:
    assert one_slip(name, ["stop", "restore", "if", "every"]) == meant


def test_a_slip_between_two_is_none() -> None:
    assert one_slip("epochz", ["epoch", "epochs"]) == ""
    assert only_slip("stpo", ["stop"], "did you mean `stop`?") == "stop"
    assert only_slip("stpo", ["stop"], "did you mean `stop` or `step`?") == ""


@pytest.mark.parametrize(
    "text",
    [
        # What could mean two things is left to a person.
        "on epoch_end unless loss > 3 and lr > 1 stop",
        'on epoch_end print "x", stop if loss > 3',
        "on epoch_end reduce lr by 0.5",
        "on epoch_end reset",
        "on epoch_end if loss > 1,000 stop",
        "on epoch_end stop,",
        'on epoch_end print "a", sto',
        "on epoch_end if loss above 3 stop",
        "every 2 stop",
        "at 5 stop",
        "every 10m stop",
        'on epoch_end print "loss',
        "on epoch_end if (loss > 3 stop",
        "on epoch_end if val_loss stalls for 3 stop",
        'on epoch_end print "{change(loss)+.4f}"',
        "tell on epoch_end stop",
        "if loss > 3 stop",
        # A fix behind which the rest is wrong too, or of the wrong kind.
        "on epoch_end if val_loss improves by less than margin stop",
        "on epoch_end if loss > 3 and also accuracy == 0.9 stop",
        "on epoch_end if loss > 1 lr = lr = 0.1",
        "on epoch_end if loss is about 3 stop",
        "metric gap becomes val_loss - loss",
        "on epoch_end if mean(loss loss) > 3 stop",
        "on epoch_end if loss at most 3 stop",
        "on epoch_end before warm if loss > 3 stop",
        "on epoch_end before 1 if loss > 3 stop",
        "on epoch_end set lr * 0.5",
        "on epoch_end print stop",
        "at epoch , 5 lr = 0.1",
    ],
)
def test_what_is_not_certain_is_left(text: str) -> None:
    assert [d for d in check(text) if d.is_error]
    assert put_right(text, check).text == text
