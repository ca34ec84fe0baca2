"""`cbdsl report`: a run's page, from its journal."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cbdsl.cli.files import fail
from cbdsl.diagnostics import visible
from cbdsl.files import write_whole
from cbdsl.journal import NAME, Journal, NoJournal, is_journal, read
from cbdsl.report import page, told
from cbdsl.why import explain

PAGE = "report.html"
"""What the page is called in the folder of a run."""

MOST_EPOCHS = 1_000_000
"""Of runs with more epochs the page does not say what kept rules from firing."""


@click.command("report")
@click.argument("run_dir", metavar="RUN_DIR")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help=f"Where to write the page, instead of {PAGE} in RUN_DIR; - is standard output.",
)
def command(run_dir: str, output: str | None) -> None:
    """Make a page of a run: its curves, what fired, and its rules.

    RUN_DIR is the folder of a run that has a journal, or the journal's file. The page is one HTML
    file that loads nothing and runs no script. It tells how the run stands now: make it again
    for one that goes on.
    """
    journal = _journal(run_dir)
    folder = journal.path.parent
    path = Path(output) if output else folder / PAGE
    if output != "-" and _is_journal(path, journal):
        fail(f"{path}: the page is not written over a journal: name another file with -o")
    name = folder.resolve().name or journal.path.name
    text = page(told(journal, name=name, kept=_kept(journal)))
    if output == "-":
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
        return
    try:
        write_whole(path, text.encode(), follow=output is not None)
    except OSError as e:
        fail(f"{path}: cannot be written: {e.strerror or e}")
    click.echo(visible(str(path)))


def _journal(run_dir: str) -> Journal:
    """The journal of a run; exits if there is none that can be read."""
    try:
        return read(run_dir)
    except NoJournal as e:
        fail(f"{e}{_advice(e)}")


def _is_journal(path: Path, journal: Journal) -> bool:
    """Whether a file is the journal that was read, or another one."""
    try:
        return is_journal(path) or path.samefile(journal.path)
    except OSError:
        return False


def _kept(journal: Journal) -> dict[str, str]:
    """What kept rules from firing, by their keys."""
    if not all(0 < epoch.epoch <= MOST_EPOCHS for epoch in journal.epochs):
        # Rules are run once more over the epochs, which somebody has tampered with.
        return {}
    return {story.key: story.kept for story in explain(journal).stories if story.kept}


def _advice(error: NoJournal) -> str:
    """What to do where a folder has no journal."""
    if not error.path.is_dir():
        return ""
    inside = sorted(path.parent for path in error.path.glob(f"*/{NAME}"))
    if inside:
        more = f" (and {len(inside) - 1} more)" if len(inside) > 1 else ""
        return f"; {inside[-1]}{more} does"
    return "; cbdsl train and cbdsl run write it, and cbdsl.callbacks(..., journal=True)"
