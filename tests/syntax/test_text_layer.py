"""From characters to statements: line ends, margins, blocks, brackets, what cannot be seen."""

import pytest

from cbdsl import CbrError, check
from cbdsl.source import SourceFile, Span
from cbdsl.syntax import MAX_BYTES, parse_source, read_source
from cbdsl.syntax.nodes import Statement

RULES = """\
param target = 3
metric gap = val_loss - loss
let seen = 0
on epoch_end if (loss >
    target) stop
named: on epoch_end:
    print "a"
    stop
every epoch lr *= 0.9
every 1 hour 30 minutes at most 3 times seen += mean(loss, 3), wait 2 epochs
"""


def statements(text: str) -> tuple[Statement, ...]:
    file, problems = parse_source(read_source(text, "r.cbr"))
    assert not problems, problems
    return file.statements


def codes(text: str) -> list[str]:
    return [d.code for d in check(text)]


def places(text: str) -> list[tuple[str, int, int]]:
    found = ((d.code, d.source.position(d.span)) for d in check(text) if d.span)
    return [(code, place.line, place.column) for code, place in found]


# ------------------------------------------------------------------------------ one text, many ways


@pytest.mark.parametrize(
    "text",
    [
        RULES.replace("\n", "\r\n"),
        "\ufeff" + RULES,
        RULES.removesuffix("\n"),
        RULES + "   ",
        RULES + "# the end",
        "\n\n" + RULES.replace("\n", "   \n"),
        RULES.replace("\n", " # a comment\n"),
        RULES.replace("\n", "\n\n"),
        RULES.replace("\n", "\n# a comment\n"),
        "".join(f"        {line}\n" for line in RULES.splitlines()),
        "\n  # out\n" + "".join(f"    {line}\n" for line in RULES.splitlines()) + "  ",
        RULES.replace(" ", "\t").replace("\n\t\t\t\t", "\n    "),
        RULES.replace("(loss >", "(\n\n\nloss #)\n>"),
        RULES.replace("    print", " print").replace("    stop", " stop"),
    ],
)
def test_says_the_same(text: str) -> None:
    assert statements(text) == statements(RULES)


def test_bytes_say_the_same() -> None:
    data = ("\ufeff" + RULES.replace("\n", "\r\n")).encode()
    assert parse_source(read_source(data, "r"))[0].statements == statements(RULES)


def test_brackets_may_reach_into_the_first_column() -> None:
    """The margin is that of statements, not of the lines in between."""
    assert codes("    on epoch_end if (loss\n> 3) stop\n    on epoch_end stop") == []


# ------------------------------------------------------------------------------ what cannot be seen


@pytest.mark.parametrize(
    "character",
    "\x00 \x07 \x08 \x0b \x0c \x1b \x7f \x85 \x9b \u061c \u200e \u2028 \u202e \u2066 \ufeff "
    "\ud800 \udfff \r".split(" "),
)
def test_hidden_characters(character: str) -> None:
    text = f'on epoch_end print "a{character}b"\n'
    (found,) = check(text)
    assert found.code == "CBR102"
    assert found.span == Span(21, 22)
    assert f"U+{ord(character):04X}" in found.message
    # Nothing that could steer a terminal, or that a terminal cannot encode, comes out.
    assert all(c.isprintable() or c == "\n" for c in str(CbrError([found])))
    assert codes(f"on epoch_end stop # {character} \n") == ["CBR102"]


def test_each_hidden_character_is_reported() -> None:
    assert codes("on epoch_end stop\x07\n\x07\n# \u202e") == ["CBR102"] * 3
    assert len(codes("\x07" * 10_000)) == 100


@pytest.mark.parametrize("text", ["👩\u200d💻", "نمی\u200cشود", "e\u0301", "\u00a0", "\t"])
def test_texts_hold_what_people_write(text: str) -> None:
    assert codes(f'on epoch_end print "{text}"') == []


def test_not_utf8() -> None:
    with pytest.raises(CbrError) as raised:
        read_source(b"on epoch_end stop\n# caf\xe9\n", "r")
    (found,) = raised.value.diagnostics
    assert found.code == "CBR101"
    assert found.source.position(found.span or Span(0, 0)) == (2, 6)


def test_too_large() -> None:
    for data in (b"#" * (MAX_BYTES + 1), "#" * (MAX_BYTES + 1)):
        with pytest.raises(CbrError, match="larger than"):
            read_source(data, "r")
    assert codes("#" * MAX_BYTES) == ["CBR105"]


# ------------------------------------------------------------------------------ blocks and brackets


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\ton epoch_end stop", [("CBR103", 1, 1)]),
        ("on epoch_end:\n\tstop\n  \tstop", [("CBR103", 2, 1), ("CBR103", 3, 3)]),
        ("on epoch_end:\n  stop\n    stop", [("CBR107", 3, 5)]),
        ("on epoch_end:\n    stop\n  stop\n stop", [("CBR107", 3, 3)]),
        ("on epoch_end stop\n  stop\n  stop", [("CBR107", 2, 3)]),
        ("  on epoch_end stop\non epoch_end stop", [("CBR107", 1, 3)]),
        ("on epoch_end:", [("CBR108", 1, 13)]),
        ("on epoch_end:\n# nothing\n\non epoch_end stop", [("CBR108", 1, 13)]),
        ("on epoch_end\n    stop", [("CBR109", 1, 12)]),
        ("on epoch_end:\n    if loss > 3:\n        stop", [("CBR109", 2, 5)]),
        ("on epoch_end if (loss > 3 stop", [("CBR106", 1, 17)]),
        ("on epoch_end if ((loss > 3 stop\n  a\n b\non epoch_ned stop",
         [("CBR106", 1, 17), ("CBR201", 4, 4)]),
        ("on epoch_end if loss > 3)) stop\non epoch_ned stop",
         [("CBR106", 1, 25), ("CBR201", 2, 4)]),
        ("on epoch_end if ((loss > 3 stop\n  a\nlet a 1",
         [("CBR106", 1, 17), ("CBR109", 3, 7)]),
        ("on epoch_end if (loss > 3 stop\nmetric a b", [("CBR106", 1, 17), ("CBR109", 2, 10)]),
        ("on epoch_end if (loss > 3 stop\ninclude a", [("CBR106", 1, 17), ("CBR109", 2, 9)]),
        ("on epoch_end if (loss > 3 stop\nlimit lr", [("CBR106", 1, 17), ("CBR109", 2, 8)]),
        ("on epoch_end if (loss > 3 stop\nexpects 3", [("CBR106", 1, 17), ("CBR109", 2, 9)]),
        ("let x = 3:\n    stop\non epoch_ned stop", [("CBR109", 1, 10), ("CBR201", 3, 4)]),
        ("on epoch_end:\n    wait 3\n    halt", [("CBR109", 2, 10), ("CBR109", 3, 5)]),
        ('on epoch_end print "a\non epoch_ned stop', [("CBR106", 1, 20), ("CBR201", 2, 4)]),
        ('on epoch_end print "a\nb"\nend', [("CBR106", 1, 20), ("CBR109", 3, 1)]),
        ("on epoch_end if `a > 3 stop", [("CBR106", 1, 17)]),
        ('on epoch_end:\n    print "a\n    halt', [("CBR106", 2, 11), ("CBR109", 3, 5)]),
    ],
)  # fmt: skip
def test_lines_that_are_wrong(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert places(text) == expected


def test_limits() -> None:
    def nested(depth: int) -> str:
        return f"on epoch_end if {'(' * depth}loss{')' * depth} > 1 stop"

    assert codes(nested(64)) == []
    assert codes(nested(65)) == ["CBR104"]
    assert codes(f"on epoch_end if {'not ' * 99}loss > 1 stop") == []
    assert codes(f"on epoch_end if {'not ' * 100}loss > 1 stop") == ["CBR104"]
    assert codes("on epoch_end stop\n" * 3000 + "# the end\n") == ["CBR426"]
    assert codes("on epoch_end stop\n" * 3001) == ["CBR104"]
    assert codes(f'on epoch_end print "{"x" * 16_000}"') == []
    assert codes(f'on epoch_end print "{"x" * 17_000}"\non epoch_ned stop') == ["CBR104", "CBR201"]
    assert codes(f"on epoch_end stop{' ' * 17_000}\non epoch_ned stop") == ["CBR104", "CBR201"]
    assert codes("stop\n" * 100 + "on epoch_end stop") == ["CBR109"] * 100 + ["CBR104"]


def test_what_cannot_be_read_hides_nothing_else() -> None:
    text = "stop\non epoch_end lr == 3\nevery 0 epochs stop\non epoch_end if loss stop\n"
    assert [line for _, line, _ in places(text)] == [1, 2, 3, 4]


# ------------------------------------------------------------------------------ places


def test_line_index() -> None:
    lines = SourceFile("r", "a\r\nbé\u6f22\U0001f389x\n").lines
    assert [lines.line(number) for number in (1, 2, 3)] == ["a", "bé\u6f22\U0001f389x", ""]
    assert lines.position(0) == (1, 1)
    assert lines.position(7) == (2, 5)
    assert lines.position(9) == (3, 1)
    assert lines.utf8_column(7) == 1 + 2 + 3 + 4


def test_labels_leave_out_folders() -> None:
    assert SourceFile("a/b\\c.cbr", "x").label == "c.cbr"
    assert SourceFile("a/c.cbr", "x\ny").place(Span(2, 3)) == "c.cbr:2"
