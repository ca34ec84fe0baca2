"""Files that are made to take long: the work stays in step with the text, or is refused."""

import time

import pytest

import cbdsl
from cbdsl.program import Program
from cbdsl.source import SourceFile
from cbdsl.syntax import MAX_BYTES, with_included

TIMES = 4
"""The larger of two files is so many times the other."""


def seconds(text: str) -> float:
    begun = time.process_time()
    found = cbdsl.check(text)
    if not any(d.is_error for d in found):
        assert cbdsl.compile(text).python
    return time.process_time() - begun


def lines(form: str, count: int) -> str:
    return "".join(form.replace("#", str(i)) + "\n" for i in range(count))


FILES = {
    "parameters": lambda n: lines("param p# = #\non epoch_end if loss > p# stop", n),
    "rates": lambda n: lines("on epoch_end if loss > # then lr *= 0.5", n),
    "metrics": lambda n: lines("on epoch_end if m# > 1 stop", n),
    "limits": lambda n: lines("limit lr from 0 to 0.1\non epoch_end lr = 0.2", n),
    "phases": lambda n: "schedule lr:\n" + lines("    linear from 0 to # over 3 epochs", n),
    "stops": lambda n: (
        lines("on epoch_end if loss stalls for 9# epochs stop", n)
        + lines("on epoch_end if loss stalls for 3 epochs lr *= 0.5", n)
    ),
    "saves": lambda n: "on train_end " + ", ".join(['save "x"'] * n) + "\n",
    "tests": lambda n: (
        lines("on epoch_end if loss > # stop", n)
        + lines('test "#":\n    given momentum: 1\n    expect no stop', n)
    ),
}


@pytest.mark.parametrize("kind", FILES)
def test_four_times_the_text_takes_no_sixteen_times_as_long(kind: str) -> None:
    make = FILES[kind]
    assert seconds(make(10)) < 5  # what is read once
    small = min(seconds(make(150)) for _ in range(2))
    assert seconds(make(150 * TIMES)) < 2.5 * TIMES * small + 0.2


def test_names_that_are_tried_for_ever() -> None:
    rules = cbdsl.compile('every 1000000000000000 epochs print "x"\nevery 1e308 hours stop')
    assert "PrintEvery1e15Epochs" in rules.python


def test_a_thousand_equal_names() -> None:
    program = cbdsl.compile("".join(f"on epoch_end if loss > {i} stop\n" for i in range(1000)))
    assert "StopOnEpochEnd1000" in program.python


def test_what_grows_beyond_what_is_read() -> None:
    text = f'on epoch_end if a>1 stop "{"x" * 16_000}"\n' * 16
    text += f"#{'x' * (MAX_BYTES - len(text) - 1)}"
    assert cbdsl.compile(text)
    with pytest.raises(cbdsl.CbrError, match="laid out, these rules could not be read"):
        cbdsl.format(text)


def test_more_words_than_are_read() -> None:
    found = cbdsl.check("on epoch_end if a + b + c + d + e + f + g + h > 1 stop\n" * 2900)
    (message,) = (d.message for d in found if d.is_error)
    assert message == "more than 50,000 words and signs in all files: none of them is read"


def test_more_is_included_than_is_read() -> None:
    texts = {f"{i}.cbr": b"on epoch_end stop\n" * 250 for i in range(1, 16)}
    first = "".join(f'include "{name}"\n' for name in texts)
    source = with_included(SourceFile("0.cbr", first), texts.__getitem__)
    with pytest.raises(cbdsl.CbrError) as raised:
        Program(source)
    (message,) = (d.message for d in raised.value.diagnostics if d.is_error)
    assert message == "more than 3,000 statements in all files: none of them is read"


def test_conditions_within_conditions() -> None:
    inner = "a > 1" + "".join(f" {'or' if i % 2 else 'and'} m{i} > {i})" for i in range(50))
    text = f"on epoch_end if {'(' * 50}{inner} stop\n" * 20
    assert seconds(text) < 10
