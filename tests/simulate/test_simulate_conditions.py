"""What random programs found out about conditions, each in the smallest file that shows it."""

from collections.abc import Sequence

import pytest

import cbdsl
from cbdsl.simulate import Simulated, simulate

Values = Sequence[float | None]


def run(rules: str, **series: Values) -> Simulated:
    program = cbdsl.compile(rules)
    return simulate(program.plan, program.module, series)


def said(done: Simulated) -> list[object]:
    return [a.detail for f in done.record.firings for a in f.actions if a.verb == "print"]


def test_a_rule_without_a_condition_waits_too() -> None:
    rules = 'on epoch_end wait 2 epochs, print "{epoch} {count(loss > 0 for 2 epochs)}"'
    assert said(run(rules, loss=[1.0] * 7)) == ["1 0", "4 0", "7 0"]


def test_actions_may_ask_a_clock_that_the_firing_starts_again() -> None:
    rules = "let still = false\non epoch_end still = loss stalls for 1 value\n"
    done = run(rules + 'on epoch_end if still print "{epoch}"', loss=[1.0, 1.0, 0.5, 0.5])
    assert said(done) == ["2", "4"]


def test_progress_prints_as_every_number_does() -> None:
    rules = 'on epoch_begin if progress < 1 print "{progress}"'
    assert said(run(rules, loss=[1.0, 1.0])) == ["0", "0.5"]


def test_a_constant_in_a_chain_is_rounded_for_its_32_bit_neighbour_alone() -> None:
    rules = 'on epoch_end if 0.3 >= 0.3 <= loss print "x"'
    assert said(run(rules, loss=[0.3])) == ["x"]


@pytest.mark.parametrize("value", ["1e39", "1e38 * 100"])
def test_a_schedule_sets_no_infinite_rate(value: str) -> None:
    assert run(f"every epoch lr = {value}", loss=[1.0]).rates == [pytest.approx(0.001)]


def test_an_action_that_fails_ten_times_in_a_row_is_given_up() -> None:
    nan = float("nan")
    loss = [*[nan] * 9, 0.25, *[nan] * 10, 0.5]
    done = run("on epoch_end lr = loss", loss=loss)
    errors = [f.actions[0].error for f in done.record.firings]
    assert errors[9] is None
    assert errors[19] == "ValueError: the learning rate would be nan"
    assert errors[20] == "given up after ten failures in a row"
    assert done.rates[-1] == 0.25
