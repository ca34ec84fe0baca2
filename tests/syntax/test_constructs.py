"""What the parts of a rule and the other statements are read as."""

import pytest

from cbdsl.formatter import statement
from cbdsl.source import SourceFile, Span
from cbdsl.syntax import nodes as n
from cbdsl.syntax import parse_source

NOWHERE = Span(0, 0)


def read(text: str) -> n.Statement:
    file, problems = parse_source(SourceFile("r.cbr", text))
    assert not problems, problems
    (found,) = file.statements
    return found


def rule(text: str) -> n.Rule:
    found = read(text)
    assert isinstance(found, n.Rule)
    return found


def condition(text: str) -> n.Expr:
    found = rule(f"on epoch_end if {text} then stop").condition
    assert found
    return found.test


def number(text: str) -> n.Number:
    return n.Number(float(text), text, span=NOWHERE)


def name(text: str) -> n.Name:
    return n.Name(text, span=NOWHERE)


def span(count: str, unit: str | None, *more: n.Duration) -> n.Duration:
    known = number(count) if count[0].isdigit() else name(count)
    return n.Duration(known, unit, more, span=NOWHERE)


HOUR_AND_A_HALF = span("1", "hour", span("30", "minute"))

# ------------------------------------------------------------------------------ expressions


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("a and b for 3 epochs", "a and (b for 3 epochs)"),
        ("a for 3 epochs and b", "(a for 3 epochs) and b"),
        ("a or b for 3 epochs", "a or (b for 3 epochs)"),
        ("not a for 3 epochs", "(not a) for 3 epochs"),
        ("a > 1 for 3 epochs", "(a > 1) for 3 epochs"),
        ("a for 2 epochs for 3 epochs", "(a for 2 epochs) for 3 epochs"),
        ("a rises for 3 epochs", "(a rises) for 3 epochs"),
        ("a + 1 rises", "(a + 1) rises"),
        ("not a rises", "not (a rises)"),
        ("a crosses above b + 1", "a crosses above (b + 1)"),
        ("a crosses below b and c", "(a crosses below b) and c"),
        ("a improves by 1 for 3 epochs", "(a improves by 1) for 3 epochs"),
        ("a stalls for 3 values by 1 for 2 epochs", "(a stalls for 3 values by 1) for 2 epochs"),
        ("elapsed > 1 hour 30 minutes", "elapsed > (1 hour 30 minutes)"),
        ("elapsed - 1 minute > 2 hours", "(elapsed - (1 minute)) > (2 hours)"),
        ("-best(a) ** 2 < 1", "(-((best(a)) ** 2)) < 1"),
        ("2 * optimizer.momentum > 1", "(2 * (optimizer.momentum)) > 1"),
        ("mean(a + 1, 3) > max(1, b, c)", "(mean((a + 1), 3)) > (max(1, b, c))"),
        ("count(a > 1 and b for 2 epochs) > 3", "(count((a > 1) and (b for 2 epochs))) > 3"),
    ],
)
def test_what_holds_tighter(written: str, read_as: str) -> None:
    assert condition(written) == condition(read_as)


@pytest.mark.parametrize(
    ("written", "node"),
    [
        ("a rises", n.Moves(name("a"), "rises", span=NOWHERE)),
        ("a falls", n.Moves(name("a"), "falls", span=NOWHERE)),
        ("a crosses above 3", n.Crosses(name("a"), "above", number("3"), span=NOWHERE)),
        ("a crosses below b", n.Crosses(name("a"), "below", name("b"), span=NOWHERE)),
        ("a for 3 epochs", n.Held(name("a"), span("3", "epoch"), span=NOWHERE)),
        ("a for p", n.Held(name("a"), span("p", None), span=NOWHERE)),
        ("a for p batches", n.Held(name("a"), span("p", "batch"), span=NOWHERE)),
        ("a for 1 hour 30 minutes", n.Held(name("a"), HOUR_AND_A_HALF, span=NOWHERE)),
        ("a stalls for 3 value", n.Stalls(name("a"), span("3", "value"), None, span=NOWHERE)),
        ("a stalls for p values", n.Stalls(name("a"), span("p", "value"), None, span=NOWHERE)),
        ("a stalls for p", n.Stalls(name("a"), span("p", None), None, span=NOWHERE)),
        ("prev(a)", n.Call("prev", NOWHERE, (name("a"),), span=NOWHERE)),
        ("best(a)", n.Call("best", NOWHERE, (name("a"),), span=NOWHERE)),
        ("sqrt(3)", n.Call("sqrt", NOWHERE, (number("3"),), span=NOWHERE)),
        ("what()", n.Call("what", NOWHERE, (), span=NOWHERE)),
        ("mean (a, 3)", n.Call("mean", NOWHERE, (name("a"), number("3")), span=NOWHERE)),
        ("optimizer.beta_1", n.Setting("beta_1", span=NOWHERE)),
        ("1 hour 30 minutes", HOUR_AND_A_HALF),
        ("value", name("value")),
    ],
)
def test_expressions(written: str, node: n.Expr) -> None:
    assert condition(written) == node


# ------------------------------------------------------------------------------ rules


@pytest.mark.parametrize(
    ("written", "trigger"),
    [
        ("every epoch", n.Each("epoch", span=NOWHERE)),
        ("every batches", n.Each("batch", span=NOWHERE)),
        ("every 3 epochs", n.Every(span("3", "epoch"), span=NOWHERE)),
        ("every n batches", n.Every(span("n", "batch"), span=NOWHERE)),
        ("every 10 minutes", n.Every(span("10", "minute"), span=NOWHERE)),
        ("every 1 hour 30 minutes", n.Every(HOUR_AND_A_HALF, span=NOWHERE)),
        ("every pause", n.Every(span("pause", None), span=NOWHERE)),
        ("at epoch 3, n", n.At("epoch", (number("3"), name("n")), span=NOWHERE)),
        ("at share", n.At("epoch", (name("share"),), span=NOWHERE)),
    ],
)
def test_triggers(written: str, trigger: n.Trigger) -> None:
    assert rule(f"{written} stop").trigger == trigger


@pytest.mark.parametrize(
    ("written", "bounds"),
    [
        ("after 10 minutes", (span("10", "minute"), None)),
        ("until 1 hour 30 minutes", (None, HOUR_AND_A_HALF)),
        ("from 3 batches to n epochs", (span("3", "batch"), span("n", "epoch"))),
        ("from n to 3 hours", (span("n", None), span("3", "hour"))),
    ],
)
def test_windows(written: str, bounds: tuple[n.Duration | None, n.Duration | None]) -> None:
    window = rule(f"every epoch {written} stop").window
    assert window
    assert (window.start, window.end) == bounds


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("once", None), ("at most 3 times", number("3")), ("at most 1 time", number("1")),
        ("at most n times", name("n")),
    ],
)  # fmt: skip
def test_times(written: str, count: n.Number | n.Name | None) -> None:
    times = n.Times(count, span=NOWHERE)
    assert rule(f"on epoch_end {written} stop").times == times
    assert rule(f"on epoch_end if a then {written} stop").times == times
    assert rule(f"on epoch_end if a then {written}:\n    stop").times == times
    (problem,) = parse_source(SourceFile("r", f"on epoch_end if a {written} stop"))[1]
    assert problem.code == "CBR114"


def test_waits() -> None:
    written = "on epoch_end wait 1 hour 30 minutes, wait pause, stop"
    first, second, third = rule(written).actions
    assert first == n.Wait(HOUR_AND_A_HALF, span=NOWHERE)
    assert second == n.Wait(span("pause", None), span=NOWHERE)
    assert isinstance(third, n.Stop)
    assert rule("on epoch_end:\n    wait 1 hour 30 minutes\n    wait pause\n    stop") == rule(
        written
    )


# ------------------------------------------------------------------------------ statements


@pytest.mark.parametrize(
    ("written", "node"),
    [
        ("metric a = 3", n.Metric(name("a"), number("3"), span=NOWHERE)),
        ("metric `a b` = c", n.Metric(n.Name("a b", True, span=NOWHERE), name("c"), span=NOWHERE)),
        ("expects a", n.Expects((name("a"),), span=NOWHERE)),
        ("expects a, b", n.Expects((name("a"), name("b")), span=NOWHERE)),
        ("let a = 3", n.Let(name("a"), number("3"), span=NOWHERE)),
        ("let a = -3", n.Let(name("a"), n.Number(-3.0, "-3", span=NOWHERE), span=NOWHERE)),
        ("let a = true", n.Let(name("a"), n.Truth(True, span=NOWHERE), span=NOWHERE)),
        ("limit lr from 3 to a", n.Limit(name("lr"), number("3"), name("a"), span=NOWHERE)),
        ('include "a.cbr"', n.Include(n.Text(("a.cbr",), span=NOWHERE), span=NOWHERE)),
        ("param a = 1 hour 30 minutes", n.Param(name("a"), HOUR_AND_A_HALF, span=NOWHERE)),
    ],
)
def test_statements(written: str, node: n.Statement) -> None:
    assert read(written) == node
    assert statement(node) == written


@pytest.mark.parametrize("written", ["let stop = 3", "metric stop = 3", "param stop = 3"])
def test_names_that_are_words_are_left_to_the_checks(written: str) -> None:
    assert not parse_source(SourceFile("r.cbr", written))[1]
