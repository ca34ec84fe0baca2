"""What a rule saves lies in the run directory and has an ending that says what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cbdsl.catalog.actions import SUFFIXES
from cbdsl.checks.context import Context, and_list
from cbdsl.diagnostics import Diagnostic
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    for rule in context.file.rules:
        for action in rule.actions:
            if isinstance(action, n.Save):
                yield from _path(context, action.path)
                yield from _kept(context, action)


def _path(context: Context, path: n.Text) -> Iterator[Diagnostic]:
    """What can be said before the names are filled in; the runtime looks again at the result."""
    for placeholder in path.placeholders:
        if isinstance(placeholder.value, str):
            message = f"`{{{placeholder.value}}}` cannot stand in a path"
            yield context.problem("CBR308", message, placeholder)
    problem = _problem(shape_of(path))
    if problem:
        message, help = problem
        yield context.problem("CBR308", message, path, help=help)


def _kept(context: Context, save: n.Save) -> Iterator[Diagnostic]:
    """Of several files some are kept: each save has a path of its own."""
    filled = [p.value for p in save.path.placeholders if not isinstance(p.value, str)]
    if save.keep and all(map(context.is_constant, filled)):
        stem, dot, ending = context.source.slice(save.path.span).strip('"').partition(".")
        yield context.problem(
            "CBR418",
            "each save replaces the one before, so there is nothing to keep",
            save.keep,
            why="the path is the same each time",
            help=f'fill in what changes: `save "{stem}-{{epoch}}{dot}{ending}"`',
        )


def shape_of(path: n.Text) -> str:
    """A path where what is filled in stands as one letter: it can be anything but a way out."""
    return "".join(p if isinstance(p, str) else "x" for p in path.parts)


def _problem(path: str) -> tuple[str, str] | None:
    """What is wrong with the path of a save, and what to write instead."""
    if not path.endswith(tuple(SUFFIXES)):
        endings = ", ".join(f"`{s}` for {what}" for s, what in SUFFIXES.items())
        return "the ending does not say what is saved", f"endings are {endings}"
    stem = path.split("/")[-1].removesuffix(".keras").removesuffix(".weights.h5")
    if not stem:
        return "the file has no name", f"write a name before {and_list(SUFFIXES)}"
    return trouble_with(path)


def trouble_with(path: str) -> tuple[str, str] | None:
    """Why a path does not lie in the run directory on every system, and what to write instead."""
    if "\\" in path:
        return "a path is written with `/`", f"write `{path.replace(chr(92), '/')}`"
    if path.startswith(("/", "~")) or re.match(r"[A-Za-z]:", path) or ".." in path.split("/"):
        return (
            "a rule writes to its run directory only",
            "write a path below it, without `..`; the caller chooses the directory itself",
        )
    if any(part in ("", ".") or part.startswith("~") for part in path.split("/")):
        return "a part of this path is no name", "write names with one `/` between two"
    if any(c < " " or c in '<>:"|?*' for c in path):
        return "the path holds a character that not every system allows", "leave it out"
    return None
