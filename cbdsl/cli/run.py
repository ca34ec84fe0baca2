"""`cbdsl run`: run a training script with rules attached to it."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from cbdsl.checks.leave import Leave
from cbdsl.checks.params import Literal
from cbdsl.cli.files import FINDINGS, fail, read, refuse, set_option, show
from cbdsl.cli.options import Attaching, check_addresses, check_allowed, check_same, run_options
from cbdsl.cli.train import INTERRUPTED, run_name
from cbdsl.diagnostics import CbrError, visible
from cbdsl.program import Program
from cbdsl.runtime.failing import TrainingFailed
from cbdsl.train.begun import Begun
from cbdsl.train.errors import NotBegun, TrainError
from cbdsl.train.resuming import AlreadyFinished, find_unfinished
from cbdsl.train.rundir import shown


@click.command("run")
@click.argument("file")
@click.argument("script", metavar="-- SCRIPT")
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
@run_options
@set_option
def command(
    file: str,
    script: str,
    args: tuple[str, ...],
    run_dir: Path | None,
    attaching: Attaching,
    params: Mapping[str, Literal],
) -> None:
    """Run an unchanged Python SCRIPT with the rules of FILE attached to every fit.

    The script's own callbacks are kept and come first. Exits as the script does; says after each
    training, on standard error, why it ended and what each rule did.
    """
    try:
        program = Program(read(file), params=params, leave=Leave.of(attaching["allow"]))
    except CbrError as e:
        refuse(e)
    show(program.diagnostics)
    check_allowed(program)
    check_addresses(attaching["notify"])
    try:
        status = _run(program, script, args, run_dir, attaching)
    except AlreadyFinished as e:
        click.echo(visible(str(e)), err=True)
        status = 0
    except TrainError as e:
        fail(str(e))
    except TrainingFailed:
        # Said with what the rules did.
        status = FINDINGS
    except KeyboardInterrupt:
        status = INTERRUPTED
    sys.exit(status)


def _run(
    program: Program, script: str, args: tuple[str, ...], run_dir: Path | None, attaching: Attaching
) -> int:
    from cbdsl.train.fits import Fits
    from cbdsl.train.script import check_keras, execute, read_script

    source = read_script(script)
    check_keras(script, source)
    name = str(shown(Path(os.path.abspath(script))))
    options = Begun({"arguments": shlex.join(args) or "none"}, name)
    start = find_unfinished(program, run_dir, run_name(program), name)
    check_same(start.folder, start.begun, options, strict=attaching["strict"])
    fits = Fits(
        program,
        name=run_name(program),
        run_dir=start.folder,
        attaching=attaching,
        options=(start.begun or options) if program.plan.resume else None,
        goes_on=start.begun is not None,
    )
    refused = ended = False
    try:
        with fits.attached():
            status = execute(script, source, args)
        ended = status == 0
        return status
    except NotBegun:
        refused = True
        raise
    except SystemExit as e:
        ended = not e.code
        raise
    except TrainingFailed:
        ended = True
        raise
    finally:
        if ended:
            fits.end()
        if not (fits.count or refused):
            message = f"cbdsl: {script} trained nothing with Keras's fit: no rule was attached"
            click.echo(message, err=True)
