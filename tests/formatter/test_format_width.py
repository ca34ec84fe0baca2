"""Lines of at most 100 characters, where they can be broken."""

import pytest

import cbdsl
from cbdsl.syntax.statements import MAX_NESTING

LONG = "val_" + "x" * 26  # a metric of 30 characters


@pytest.mark.parametrize("over", [0, 1])
def test_a_rule_becomes_a_block_at_101_characters(over: int) -> None:
    name = "r" * (100 - len(": on epoch_end if loss > 1 lr *= 0.5, stop") + over)
    rule = f"{name}: on epoch_end if loss > 1 lr *= 0.5, stop"
    assert len(rule) == 100 + over
    block = f"{name}: on epoch_end if loss > 1:  # c\n    lr *= 0.5\n    stop\n"
    assert cbdsl.format(f"{rule} # c") == (block if over else f"{rule}  # c\n")


@pytest.mark.parametrize("over", [0, 1])
def test_a_head_is_broken_at_101_characters(over: int) -> None:
    name = "r" * (100 - len(": on epoch_end if loss > 1 and lr > 2:") + over)
    head = f"{name}: on epoch_end if loss > 1 and lr > 2:"
    assert len(head) == 100 + over
    broken = f"{name}: on epoch_end if (\n    loss > 1\n    and lr > 2\n):"
    after = f"{broken if over else head}\n    stop\n"
    assert cbdsl.format(f"{head}\n  stop") == after
    assert cbdsl.format(after) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Conditions.
        (
            f"every epoch if {LONG} > 1 or not ({LONG} > 2 and {LONG} > 3) then once lr = 1",
            f"""\
every epoch if (
    {LONG} > 1
    or not ({LONG} > 2 and {LONG} > 3)
) then once:
    lr = 1
""",
        ),
        (
            f"a: on epoch_end if ({LONG} > 1 and {LONG} > 2 and {LONG} > 3) for 3 epochs stop",
            f"""\
a: on epoch_end if (
    {LONG} > 1
    and {LONG} > 2
    and {LONG} > 3
) for 3 epochs:
    stop
""",
        ),
        (
            f"on epoch_end if not ({LONG} > 1 or {LONG} > 2 or {LONG} > 3) then at most n times"
            " stop",
            f"""\
on epoch_end if not (
    {LONG} > 1
    or {LONG} > 2
    or {LONG} > 3
) then at most n times:
    stop
""",
        ),
        (
            f"on epoch_end if loss > 1 and ({LONG} > 1 or {LONG} > 2 or {LONG} > 3 for 9 epochs)"
            " stop",
            f"""\
on epoch_end if (
    loss > 1
    and (
        {LONG} > 1
        or {LONG} > 2
        or ({LONG} > 3 for 9 epochs)
    )
):
    stop
""",
        ),
        (
            f"{'r' * 40}: on test_batch_end after 2 epochs if {LONG} improves by 0.1 stop",
            f"""\
{"r" * 40}: on test_batch_end after 2 epochs if (
    {LONG} improves by 0.1
):
    stop
""",
        ),
        (
            f"on epoch_end if {LONG} > {LONG} + {LONG} + {LONG} stop",
            f"""\
on epoch_end if (
    {LONG} > {LONG} + {LONG} + {LONG}
):
    stop
""",
        ),
        # Values.
        (
            f"on epoch_end lr = {LONG} - ({LONG} - {LONG}) + 2 * {LONG}",
            f"""\
on epoch_end:
    lr = (
        {LONG}
        - ({LONG} - {LONG})
        + 2 * {LONG}
    )
""",
        ),
        (
            f"metric score = {LONG} * ({LONG} + {LONG}) / {LONG}",
            f"""\
metric score = (
    {LONG}
    * ({LONG} + {LONG})
    / {LONG}
)
""",
        ),
        (
            f"metric m = max({LONG}, min({LONG}, {LONG}), {LONG})",
            f"""\
metric m = max(
    {LONG},
    min({LONG}, {LONG}),
    {LONG}
)
""",
        ),
        (
            f"metric m = {LONG} - mean({LONG}, 5) - max({LONG}, {LONG}, {LONG}, 3)",
            f"""\
metric m = (
    {LONG}
    - mean({LONG}, 5)
    - max(
        {LONG},
        {LONG},
        {LONG},
        3
    )
)
""",
        ),
        (
            f'use CSVLogger(filename="{LONG}.csv", {LONG}=true, {LONG}=none)',
            f"""\
use CSVLogger(
    filename="{LONG}.csv",
    {LONG}=true,
    {LONG}=none,
)
""",
        ),
        # What has no brackets.
        (
            f'on epoch_end print "{LONG * 4}"',
            f'on epoch_end:\n    print "{LONG * 4}"\n',
        ),
        (
            f'at epoch {", ".join("12345" for _ in range(20))} if loud lr = "{LONG * 4}"',
            f'at epoch {", ".join("12345" for _ in range(20))} if loud:\n    lr = "{LONG * 4}"\n',
        ),
        *(
            (f"{s}\n", f"{s}\n")
            for s in (
                f"expects {LONG}, {LONG}, {LONG}, {LONG}",
                f'param x = "{LONG * 4}"',
                f"use {'N' * 120}()",
                f"limit lr from {LONG} + {LONG} to {LONG} + {LONG}",
            )
        ),
    ],
)
def test_long_lines(before: str, after: str) -> None:
    assert cbdsl.format(before) == after
    assert cbdsl.format(after) == after


def test_brackets_are_not_nested_deeper_than_the_reader_takes() -> None:
    value = "loss - loss"
    for _ in range(MAX_NESTING):
        value = f"loss - ({value})"
    (head, action) = cbdsl.format(f"on epoch_end if {value} > 1 stop").splitlines()
    assert head == f"on epoch_end if {value} > 1:"
    assert action == "    stop"
