"""The options of the verbs that train: what the rules may do, and whom they may reach."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypedDict

import click

from cbdsl.checks.leave import Leave
from cbdsl.cli.files import allow_option, fail, refuse
from cbdsl.diagnostics import CbrError, visible
from cbdsl.program import Program
from cbdsl.train.begun import Begun, differences
from cbdsl.train.errors import TrainError


class Attaching(TypedDict):
    """What `Program.callbacks` takes beside the run's folder."""

    watch: bool
    strict: bool
    allow: tuple[str, ...]
    notify: tuple[str, ...]


def run_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--run-dir`, and as the argument `attaching` what `--strict` and the others say."""

    @wraps(command)
    def wrapped(
        *args: Any,
        file: str,
        watch: bool,
        strict: bool,
        leave: Leave,
        notify: tuple[str, ...],
        **named: Any,
    ) -> None:
        if watch and file == "-":
            raise click.UsageError("--watch needs a file, and standard input is none")
        attaching = Attaching(watch=watch, strict=strict, allow=leave.words, notify=notify)
        command(*args, file=file, attaching=attaching, **named)

    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


_OPTIONS = (
    click.option(
        "--run-dir",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="The run's folder; else a new runs/NAME-N.",
    ),
    click.option(
        "--watch", is_flag=True, help="Let an edit of FILE take over as the next epoch begins."
    ),
    click.option("--strict", is_flag=True, help="End the training when an action or a rule fails."),
    allow_option,
    click.option(
        "--notify",
        metavar="URL",
        multiple=True,
        envvar="CBDSL_NOTIFY",
        show_envvar=True,
        help="Where `notify` sends messages, as apprise has it; can be given several times.",
    ),
)


def check_allowed(program: Program) -> None:
    """Exit if rules call functions and may not; said before anything slow."""
    if refused := program.refused(program.leave):
        refuse(CbrError(refused))


def check_addresses(addresses: tuple[str, ...]) -> None:
    """Exit if messages cannot be sent there; said before anything slow."""
    from cbdsl.runtime.notifying import Notifier

    if addresses:
        try:
            Notifier(addresses)
        except (ImportError, ValueError) as e:
            fail(f"--notify: {e}")


def check_same(folder: Path | None, before: Begun | None, now: Begun, *, strict: bool) -> None:
    """Say which options are others than those that a run was begun with that goes on.

    Args:
        folder: the run's folder.
        before: what it was begun with, None where it is not known, or the run begins.
        now: what it would go on with.
        strict: whether to refuse it.

    Raises:
        TrainError: it is refused.
    """
    changed = "" if before is None else differences(before, now)
    if changed:
        told = f"{folder} was begun with {changed}"
        if strict:
            same = "and --strict asks for the same: give these, or another --run-dir"
            raise TrainError(f"{told}, {same}")
        told += ": it is not the run that it would have been"
        click.echo(visible(told), err=True)
