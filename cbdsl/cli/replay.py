"""`cbdsl replay`: what rules would have decided on past runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from cbdsl.checks.leave import ANYTHING
from cbdsl.checks.params import Literal
from cbdsl.cli.files import FAILED, complain, fail, read, refuse, set_option, show
from cbdsl.diagnostics import CbrError
from cbdsl.program import Program
from cbdsl.replaying import Run, Unreadable, read_each
from cbdsl.replaying.decide import Decided, decide
from cbdsl.replaying.report import (
    PLAINLY,
    Refused,
    as_csv,
    as_json,
    compared_as_text,
    many_as_text,
    one_as_text,
)
from cbdsl.replaying.summary import Tally
from cbdsl.replaying.sweep import BadSweep, Point, Range, combinations, read_range, sweep_text


def _ranges(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> list[Range]:
    try:
        return [read_range(text) for text in given]
    except BadSweep as e:
        raise click.BadParameter(str(e), ctx, param) from None


@click.command("replay")
@click.argument("file", metavar="FILE")
@click.argument("histories", nargs=-1, required=True, metavar="HISTORY…")
@click.option("--metric", metavar="NAME", help="The metric by which a stop is judged.")
@click.option("--compare", metavar="OTHER.cbr", help="Another file of rules, side by side.")
@click.option(
    "--sweep",
    "ranges",
    multiple=True,
    metavar="NAME=A..B",
    callback=_ranges,
    help="Try a range of a parameter: 2..10, 0.8..0.95..0.05 or 2,5,10.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw the sweep: a .png, .svg or .pdf.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv"]),
    default="text",
    help="How to report.",
)
@set_option
def command(
    file: str,
    histories: tuple[str, ...],
    metric: str | None,
    compare: str | None,
    ranges: list[Range],
    output: Path | None,
    form: str,
    params: Mapping[str, Literal],
) -> None:
    """Say what rules would have decided on past runs.

    A HISTORY is a file of CSVLogger, a History as JSON, an event file of TensorBoard, or a folder
    of runs or logs. What a changed rate would have done to the metrics is not known.

    Exits with 1 if the rules have errors, and with 2 if no history could be replayed.
    """
    if compare and ranges:
        raise click.UsageError("--compare and --sweep are two questions: ask one")
    if output and not ranges:
        raise click.UsageError("-o draws a sweep: give --sweep NAME=A..B")
    program = _program(file, params)
    if ranges:
        _sweep(program, ranges, output, form, histories, metric)
        return
    programs = [program, *([_program(compare, {})] if compare else [])]
    refused: list[Refused] = []
    decided: list[list[Decided]] = [[] for _ in programs]
    for run in _runs(histories, refused):
        try:
            done = [decide(one, run, metric) for one in programs]
        except Unreadable as e:
            refused.append((run.name, e.reason))
            continue
        for kept, one in zip(decided, done, strict=True):
            # A table has no room for the epochs of each rule, and ten thousand runs have many.
            kept.append(one if form == "json" or not kept else replace(one, fired=()))
    names = [file, *([compare] if compare else [])]
    _report(names, decided, refused, form, any(p.plan.sets_rate for p in programs))
    if not decided[0]:
        sys.exit(FAILED)


def _program(file: str, params: Mapping[str, Literal]) -> Program:
    try:
        program = Program(read(file), params=params, leave=ANYTHING)
    except CbrError as e:
        refuse(e)
    show(program.diagnostics)
    return program


def _runs(histories: Sequence[str], refused: list[Refused]) -> Iterator[Run]:
    """All runs, one history at a time; those that cannot be read are put into `refused`."""
    shown = len(histories) > 50 and sys.stderr.isatty()
    with click.progressbar(histories, file=sys.stderr, label="replaying", hidden=not shown) as bar:
        for history in bar:
            if not os.path.exists(history):
                refused.append((history, "there is no such file or folder"))
                continue
            for found in read_each(history):
                if isinstance(found, Unreadable):
                    refused.append((str(found.path or history), found.reason))
                else:
                    yield from found


def _report(
    names: list[str],
    decided: list[list[Decided]],
    refused: list[Refused],
    form: str,
    sets_rate: bool,
) -> None:
    replays = dict(zip(names, decided, strict=True))
    if form == "json":
        click.echo(as_json(replays, refused))
        return
    if form == "csv":
        click.echo(as_csv(replays))
        _complain_of(refused)
        return
    if len(decided) == 2:
        pairs = list(zip(*decided, strict=True))
        click.echo(compared_as_text((names[0], names[1]), pairs, refused))
    elif len(decided[0]) == 1 and not refused:
        click.echo(one_as_text(decided[0][0]))
    elif decided[0]:
        click.echo(many_as_text(decided[0], refused))
    else:
        _complain_of(refused)
    if sets_rate and decided[0]:
        click.echo(PLAINLY)


def _complain_of(refused: list[Refused]) -> None:
    for name, reason in refused:
        complain(f"{name}: not replayed: {reason}")


def _sweep(
    program: Program,
    ranges: list[Range],
    output: Path | None,
    form: str,
    histories: Sequence[str],
    metric: str | None,
) -> None:
    picture = _picture(output)
    try:
        settings = combinations(ranges)
        programs = [program.changed(params) for params in settings]
    except BadSweep as e:
        raise click.BadParameter(str(e), param_hint="--sweep") from None
    except CbrError as e:
        refuse(e)
    refused: list[Refused] = []
    tallies = [Tally() for _ in settings]
    for run in _runs(histories, refused):
        try:
            for changed, tally in zip(programs, tallies, strict=True):
                tally.add(decide(changed, run, metric))
        except Unreadable as e:
            refused.append((run.name, e.reason))
    points = [
        Point(params, tally.summary()) for params, tally in zip(settings, tallies, strict=True)
    ]
    if not points[0].summary.runs:
        _complain_of(refused)
        sys.exit(FAILED)
    if form == "json":
        rows = [{"params": p.params, **vars(p.summary)} for p in points]
        click.echo(as_json({}, refused, sweep=rows))
    else:
        click.echo(sweep_text(points))
        _complain_of(refused)
    if picture:
        try:
            picture(points)
        except OSError as e:
            fail(f"{output}: cannot be written: {e.strerror or e}")


def _picture(output: Path | None) -> Callable[[list[Point]], None] | None:
    """What draws a sweep to a file, or None where no picture is asked for.

    It is looked for before anything is replayed.
    """
    if output is None:
        return None
    from cbdsl.replaying import pictures

    if output.suffix not in pictures.ENDINGS:
        fail(f"{output}: a picture is called {', '.join(f'*{e}' for e in pictures.ENDINGS)}")
    try:
        pictures.figure()
    except ImportError:
        fail('drawing needs matplotlib: pip install "cbdsl[plot]"')
    return lambda points: pictures.write(pictures.sweep_picture(points), output)
