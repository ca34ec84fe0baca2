"""A whole file: comments, empty lines, blocks, margins; and what keeps a bug from doing harm."""

import pytest

import cbdsl
from cbdsl import CbrError
from cbdsl.formatter import Unsafe, page
from cbdsl.syntax import MAX_BYTES
from cbdsl.syntax.statements import MAX_LINES

RULE = "on epoch_end stop"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        (" \n\n\t\n", ""),
        ("\n\n#only this", "# only this\n"),
        (RULE, f"{RULE}\n"),
        (f"\ufeff{RULE}\r\n\r\n\r\n  {RULE}  \r\n".replace("  ", ""), f"{RULE}\n\n{RULE}\n"),
        (f"\n\n    {RULE}\n# out\n      # in\n    {RULE}\n    ", f"{RULE}\n# out\n# in\n{RULE}\n"),
        # What a comment is made of.
        ("#\n#  \n#a  \n# b\t\r\n#\tc", "#\n#\n# a\n# b\n#\tc\n"),
        ("#!x\n##  x\n#####\n#  x", "#!x\n##  x\n#####\n#  x\n"),
        ("#\u00a0x\u3000", "# \u00a0x\u3000\n"),
        ('on epoch_end print "# {`#`}" #"`', 'on epoch_end print "# {`#`}"  # "`\n'),
        ('on epoch_end if `"#` > 1 stop#`', 'on epoch_end if `"#` > 1 stop  # `\n'),
        ('on epoch_end print "\\"#" # "', 'on epoch_end print "\\"#"  # "\n'),
        # Where a comment goes that stands inside brackets.
        (
            "# a\n\nx: on epoch_end if (#b\n\n#c\n loss > 1) stop #d\n",
            "# a\n\n# b\n# c\nx: on epoch_end if loss > 1 stop  # d\n",
        ),
        (
            "on epoch_end if (loss # a\n> 1): #b\n lr = (1 #c\n #d\n) #e\n",
            "# a\non epoch_end if loss > 1:  # b\n    # c\n    # d\n    lr = 1  # e\n",
        ),
        # Blocks.
        (
            "on epoch_end:\n\n\n #a\n\n\n stop #b\n\n\n\n lr = 1, lr = 2 # c",
            "on epoch_end:\n    # a\n\n    stop  # b\n\n    lr = 1\n    lr = 2  # c\n",
        ),
        (
            "on epoch_end:\n# a\n  stop\n# b\n  stop\n\n\n    # c\n # d\n\n# e\n # f\n"
            "param x = 1\n # g",
            "on epoch_end:\n    # a\n    stop\n    # b\n    stop\n\n    # c\n    # d\n\n# e\n# f\n"
            "param x = 1\n# g\n",
        ),
        ("on epoch_end:\n  stop\n  # a", "on epoch_end:\n    stop\n    # a\n"),
        ("  on epoch_end:\n    stop\n  # a", "on epoch_end:\n    stop\n# a\n"),
        # What is said in one way only.
        ("at epochs 1 if loss > 1 then stop", "at epoch 1 if loss > 1 stop\n"),
        ("every 1 epochs after 2 epoch stop", "every 1 epoch after 2 epochs stop\n"),
        (
            "on epoch_end if loss > 1 then at most 1 times stop",
            "on epoch_end if loss > 1 then at most 1 time stop\n",
        ),
        (
            "on epoch_end if a > 1 for 2 epochs and b > 1 for 2 epochs stop",
            "on epoch_end if (a > 1 for 2 epochs) and (b > 1 for 2 epochs) stop\n",
        ),
        (
            "on epoch_end if a > 1 and b > 1 or c > 1 for 2 epochs stop",
            "on epoch_end if a > 1 and b > 1 or (c > 1 for 2 epochs) stop\n",
        ),
        (
            "on epoch_end if (a > 1 or b > 1) for 2 epochs stop",
            "on epoch_end if (a > 1 or b > 1) for 2 epochs stop\n",
        ),
    ],
)
def test_page(before: str, after: str) -> None:
    assert cbdsl.format(before) == after
    assert cbdsl.format(after) == after


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("on epoch_end if loss = 3 stop", "CBR109"),
        ("on epoch_end\x00 stop", "CBR102"),
        ("on epoch_end:\n", "CBR108"),
        ('on epoch_end print "', "CBR106"),
    ],
)
def test_syntax_errors_are_raised(text: str, code: str) -> None:
    with pytest.raises(CbrError) as caught:
        cbdsl.format(f"on  epoch_end stop\n{text}")
    assert [d.code for d in caught.value.diagnostics] == [code]


def test_what_only_the_checks_know_is_no_error() -> None:
    assert cbdsl.format("on  epoch_ned if los>target stop") == (
        "on epoch_ned if los > target stop\n"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("# a\non epoch_end stop stop\n", "could not be read again: `stop`"),
        ("# a\non epoch_begin stop\n", "would say something else"),
        ("# a\n", "would say something else"),
        ("on epoch_end stop\n", "its comments would not be the same"),
        ("on epoch_end stop # a", "its comments would not be the same"),
        ("# a\non epoch_end stop # a", "its comments would not be the same"),
    ],
)
def test_a_bug_does_no_harm(monkeypatch: pytest.MonkeyPatch, text: str, why: str) -> None:
    monkeypatch.setattr(page, "_laid_out", lambda source, file: text)
    with pytest.raises(Unsafe, match=why):
        cbdsl.format("# b\n# a\non epoch_end  stop")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("on epoch_end stop\n" * (MAX_LINES + 1), "more than 3,000 lines"),
        (" " * MAX_BYTES + "\n", "the file is larger"),
    ],
)
def test_what_is_too_long_in_its_layout(
    monkeypatch: pytest.MonkeyPatch, text: str, why: str
) -> None:
    monkeypatch.setattr(page, "_laid_out", lambda source, file: text)
    with pytest.raises(cbdsl.CbrError, match="laid out, these rules could not be read") as raised:
        cbdsl.format("on epoch_end  stop")
    assert why in raised.value.diagnostics[0].why


def test_a_statement_that_is_too_long_in_its_layout() -> None:
    arguments = ", ".join(f"a{number}=1" for number in range(1700))
    with pytest.raises(cbdsl.CbrError, match="laid out, these rules could not be read"):
        cbdsl.format(f"use TensorBoard({arguments})")
