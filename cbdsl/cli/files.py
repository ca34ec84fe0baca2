"""What the verbs share: reading rule files, printing diagnostics, `--set`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import click

from cbdsl.catalog.leave import LEAVE
from cbdsl.checks.leave import Leave
from cbdsl.checks.params import Literal
from cbdsl.diagnostics import CbrError, Diagnostic, render, visible
from cbdsl.program import read_file
from cbdsl.source import SourceFile
from cbdsl.syntax import MAX_BYTES, read_source

FINDINGS = 1
"""Exit status when there is something wrong with the rules."""

FAILED = 2
"""Exit status when the command could not do its work."""


class Unreadable(Exception):
    """A file that cannot be read, and why."""


def read(path: str) -> SourceFile:
    """A rule file, `-` for standard input; raises `CbrError`, and exits if it cannot be read."""
    try:
        return open_file(path)
    except Unreadable as e:
        fail(str(e))


def open_file(path: str) -> SourceFile:
    """A rule file, `-` for standard input; raises `CbrError`, or `Unreadable`."""
    if path == "-":
        return read_source(read_bytes(path), "<stdin>")
    try:
        return read_file(path)
    except OSError as e:
        raise _unreadable(path, e) from e


def read_bytes(path: str) -> bytes:
    """A file as it is, `-` for standard input; raises `Unreadable`.

    No more is read than tells that it is too large.
    """
    try:
        if path == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with open(path, "rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as e:
        raise _unreadable(path, e) from e


def _unreadable(path: str, error: OSError) -> Unreadable:
    return Unreadable(f"{path}: cannot be read: {error.strerror or error}")


def show(diagnostics: Iterable[Diagnostic]) -> None:
    """Diagnostics on stderr, with an empty line between two."""
    for diagnostic in diagnostics:
        text = render(diagnostic, colour=_wants_colour(sys.stderr))
        click.echo(text + "\n", err=True, color=True)


def count(diagnostics: Iterable[Diagnostic]) -> str:
    """`2 errors, 1 warning`."""
    kinds = [d.severity for d in diagnostics]
    numbers = ((kind, kinds.count(kind)) for kind in ("error", "warning"))
    return ", ".join(f"{n} {kind}{'s' if n > 1 else ''}" for kind, n in numbers if n)


def refuse(error: CbrError) -> NoReturn:
    """Show what is wrong with the rules and exit."""
    show(error.diagnostics)
    click.echo(count(error.diagnostics), err=True)
    sys.exit(FINDINGS)


def fail(message: str) -> NoReturn:
    """Say why the command could not do its work and exit."""
    complain(message)
    sys.exit(FAILED)


def complain(message: str) -> None:
    """Say what the command could not do."""
    # A file's name can hold what would steer a terminal.
    click.echo(f"cbdsl: {visible(message)}", err=True)


def settings(
    ctx: click.Context, param: click.Parameter, given: tuple[str, ...]
) -> dict[str, Literal]:
    """`--set NAME=VALUE`, any number of times, as a dict."""
    values = {}
    for setting in given:
        name, equals, value = setting.partition("=")
        if not equals or not name.strip():
            raise click.BadParameter(f"{setting!r} is not NAME=VALUE", ctx, param)
        values[name.strip()] = Literal(value.strip())
    return values


def set_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--set`."""
    return click.option(
        "--set",
        "params",
        multiple=True,
        metavar="NAME=VALUE",
        callback=settings,
        help="A parameter's value instead of the file's; may be given several times.",
    )(function)


def _leave(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> Leave:
    try:
        return Leave.of(given)
    except ValueError as e:
        raise click.BadParameter(str(e), ctx, param) from e


def allow_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--allow`, as the argument `leave`."""
    return click.option(
        "--allow",
        "leave",
        multiple=True,
        metavar="|".join(LEAVE),
        callback=_leave,
        help="What rules may do beyond the training: call functions, reach the network, write "
        "below DIR. May be given several times.",
    )(function)


def _wants_colour(stream: Any) -> bool:
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR")
