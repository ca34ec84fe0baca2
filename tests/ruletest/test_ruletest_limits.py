"""What tests in a hostile file may cost."""

import pytest

import cbdsl
from cbdsl.ruletest.run import run_tests
from cbdsl.source import Span
from cbdsl.syntax import nodes as n

RULE = 'a: on epoch_end if mean(loss, 5) > 1 print "x"\n'


def errors(text: str) -> list[str]:
    return [d.message for d in cbdsl.check(text) if d.is_error]


@pytest.mark.parametrize("place", ["epoch 1e300", "epoch 2 batch 100001"])
def test_an_interrupt_that_never_comes(place: str) -> None:
    test = f'on interrupt stop\ntest "x":\n    given interrupt at {place}\n    expect stop\n'
    assert errors(test) == ["the interrupt comes too late for a test"]


def test_many_long_tests() -> None:
    one = "    given epochs: 100000\n    expect no a\n"
    tests = "".join(f'test "{number}":\n{one}' for number in range(700))
    assert errors(RULE + tests) == ["up to this test those of the file take too long"]


def test_many_tests_that_set_parameters() -> None:
    rules = "param p = 1\n" + RULE.replace("a: ", "") * 300
    one = "    set p = {}\n    given loss: 1\n    expect no print\n"
    tests = "".join(f'test "{i}":\n{one.format(i)}' for i in range(600))
    assert errors(rules + tests) == ["up to this test those of the file take too long"]


def test_many_places() -> None:
    epochs = ", ".join(map(str, range(20_002, 22_002)))
    lines = f"    expect no a at epoch {epochs}\n" * 9
    text = f'{RULE}test "x":\n    given loss: 2x20000\n{lines}'
    (outcome,) = run_tests(cbdsl.compile(text))
    assert not outcome.failures


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("0.7+0.05x5", 0.95),
        ("1e-4000+1e-4000x20000", 0.0),
        ("2e-4000+3e4000x20000", float("inf")),
        ("-1e4000+0.5x20000", float("-inf")),
        ("-1e300+1e300x3", 2e300),
    ],
)
def test_long_numbers(text: str, last: float) -> None:
    *_, value = n.Item(text, span=Span(0, 0)).values()
    assert value == last
