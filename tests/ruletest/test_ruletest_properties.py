"""What holds for the tests of any rules (Hypothesis)."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rule_tests import program
from strategies import METRICS, programs

from cbdsl.ruletest import Outcome, coverage, run_tests
from cbdsl.ruletest.formats import as_json, as_junit
from cbdsl.ruletest.report import as_text, coverage_text
from cbdsl.ruletest.shown import table
from cbdsl.simulate.seen import holds
from cbdsl.syntax import nodes as n

values = st.one_of(
    st.sampled_from(["_", "nan", "inf", "0.5x3", "1-0.1x5", "_x2", "0.2+0.1x6"]),
    st.integers(-20, 20).map(lambda tenths: str(tenths / 10)),
)
series = st.lists(values, min_size=1, max_size=6).map(" ".join)
places = st.one_of(
    st.integers(1, 12).map(lambda epoch: f"at epoch {epoch}"),
    st.tuples(st.integers(1, 12), st.integers(1, 7)).map(lambda p: f"at epoch {p[0]} batch {p[1]}"),
)
whats = st.sampled_from(["print", 'print "0"', "one", "two", "three", "save", "stop", "warn"])
numbers = st.sampled_from(["lr 0.001", "lr 0.5", "gap nan", "loss _", "loss 0.5", "accuracy inf"])
happenings = st.tuples(whats, st.one_of(st.just(""), places)).map(" ".join)
amounts = st.tuples(numbers, st.integers(1, 12)).map(lambda v: f"{v[0]} at epoch {v[1]}")


@st.composite
def rules_to_test(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Rules called `one`, `two`, `three`, and what a test of them gives."""
    names = iter(("one", "two", "three"))
    heads = ("on ", "every ", "at ")
    lines = draw(programs()).splitlines()
    rules = [f"{next(names)}: {line}" if line.startswith(heads) else line for line in lines]
    rules += [f"{name}: on epoch_end once stop" for name in names]
    given_lines = [f"given {metric}: {draw(series)}" for metric in METRICS if draw(st.booleans())]
    if draw(st.booleans()):
        given_lines.append(f"given batch loss: {draw(series)}")
    if draw(st.booleans()):
        given_lines.append(f"given batches: {draw(st.integers(1, 7))}")
    if draw(st.booleans()):
        given_lines.append("given epoch takes 25 minutes")
    return "\n".join(rules), given_lines


def run(rules: str, given_lines: list[str], *expected: list[str]) -> list[Outcome]:
    """A test for each list of expectations."""
    tests = []
    for number, lines in enumerate(expected):
        below = [*given_lines, *(f"expect {line}" for line in lines)]
        tests.append(f'test "{number}":\n' + "\n".join(f"    {line}" for line in below))
    return list(run_tests(program("\n".join([rules, *tests, ""]))))


bounded = settings(
    max_examples=50,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@bounded
@given(rules_to_test(), st.lists(st.one_of(happenings, amounts), min_size=1, max_size=5))
def test_every_failure_can_be_shown(rules: tuple[str, list[str]], expected: list[str]) -> None:
    found = run(*rules, expected)
    for outcome in found:
        for failure in outcome.failures:
            shown = table(outcome, failure)
            assert all(len(row.cells) == len(shown.columns) for row in shown.rows)
        assert as_text(outcome)
    ElementTree.fromstring(as_junit(found, {}))
    seen = coverage(found[0].program, found)
    json.loads(as_json(found, {}, {"rules.cbr": seen}))
    assert coverage_text(seen)


@bounded
@given(rules_to_test(), st.lists(happenings, min_size=1, max_size=5))
def test_something_happens_or_it_does_not(
    rules: tuple[str, list[str]], expected: list[str]
) -> None:
    denied = [f"no {line}" for line in expected]
    happened, did_not = run(*rules, expected, denied)
    failed = [
        [any(f.line is line for f in outcome.failures) for line in outcome.test.lines]
        for outcome in (happened, did_not)
    ]
    expectations = len(expected)
    for line, met, denial in zip(
        expected, failed[0][-expectations:], failed[1][-expectations:], strict=True
    ):
        assert met != denial, line


@bounded
@given(rules_to_test())
def test_a_rule_fires_where_its_condition_holds_and_nothing_keeps_it(
    rules: tuple[str, list[str]],
) -> None:
    (outcome,) = run(*rules, ["no stop"])
    for seen in outcome.rules:
        condition = seen.rule.condition
        assert [m.place for m in seen.moments if m.mark == "fired"] == seen.fired
        for moment in seen.moments:
            if condition is None or moment.probe is None:
                assert moment.mark == "fired"
                continue
            held = holds(condition, iter(moment.probe.parts))
            assert held or moment.mark in ("", "waits")
            assert not held or moment.mark
            assert moment.asked or moment.mark != "fired"
            assert moment.mark != "used up" or seen.rule.most is not None
            assert moment.mark != "waits" or seen.rule.wait is not None


@bounded
@given(rules_to_test(), st.lists(amounts, min_size=1, max_size=4))
def test_what_it_was_can_be_expected(rules: tuple[str, list[str]], expected: list[str]) -> None:
    (outcome,) = run(*rules, expected)
    for failure in outcome.failures:
        assert isinstance(failure.line, n.ExpectValue)
        if not failure.instead.startswith("it was "):
            continue
        was = failure.instead.removeprefix("it was ").replace("missing", "_")
        name, _, where = failure.expected.partition(" ")
        told = f"{name} {was} {where.partition(' ')[2]}"
        (again,) = run(*rules, [told])
        assert again.passed, told


def test_rules_without_tests() -> None:
    assert list(run_tests(program("on epoch_end stop"))) == []
