"""`cbdsl why`: why the rules of a run fired, and how near the others came."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from cbdsl.cli.files import complain, fail
from cbdsl.cli.next import say
from cbdsl.diagnostics import did_you_mean, visible
from cbdsl.journal import NoJournal, read
from cbdsl.why import Explained, Story, explain

MOST = 20
"""How many firings of a rule are told: the first ones, and the last."""

_LAST = 5


@click.command("why")
@click.argument("run_dir", type=click.Path(path_type=Path), metavar="RUN_DIR")
@click.argument("rule", required=False)
def command(run_dir: Path, rule: str | None) -> None:
    """Say why each rule of a run fired, or how near it came, from the run's journal.

    RUN_DIR is the folder of a run, or a journal. RULE is a rule's name, its place or its line:
    then each of its firings is told.
    """
    try:
        explained = explain(read(run_dir))
    except NoJournal as e:
        fail(str(e))
    for note in explained.notes:
        complain(note)
    if rule is None:
        said = [explained.ending, *(story.paragraph for story in explained.stories)]
        say("\n\n".join(visible(text) for text in said))
        return
    stories = _named(explained, rule)
    if not stories:
        fail(f"{run_dir}: {_unknown(explained, rule)}")
    say("\n\n".join("\n".join(visible(line) for line in _whole(s)) for s in stories))


def _named(explained: Explained, rule: str) -> list[Story]:
    """The rules that a word names: one, but for those that stand in the same line."""
    stories = explained.stories
    by_name = [story for story in stories if story.rule == rule]
    line = rule.removeprefix(":")
    return by_name or [
        story for story in stories if story.place == rule or story.place.endswith(f":{line}")
    ]


def _unknown(explained: Explained, rule: str) -> str:
    names = [story.rule for story in explained.stories]
    near = did_you_mean(rule, names)
    known = f"there are {', '.join(f'`{name}`' for name in names)}" if names else "it had none"
    return f"the run had no rule `{rule}`: {near or known}"


def _whole(story: Story) -> Iterator[str]:
    """All that is known of a rule."""
    yield story.label
    yield f"    {story.text}"
    if not story.count:
        yield f"did not fire: {story.kept}"
    else:
        yield "fired once:" if story.count == 1 else f"fired {story.count:,} times:"
        firings = story.firings
        left_out = len(firings) - MOST
        for number, (why, actions) in enumerate(firings):
            if left_out > 0 and number == MOST - _LAST:
                yield f"  … {left_out:,} more …"
            if left_out > 0 and MOST - _LAST <= number < len(firings) - _LAST:
                continue
            yield f"  {why}"
            yield from (f"      {action}" for action in actions)
        counted = story.count - len(firings)
        if counted:
            yield f"  and {counted:,} that the journal only counts"
    yield from story.notes
