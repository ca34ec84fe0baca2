"""What a rule saves lies in the run directory and has an ending that says what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cbdsl.catalog.actions import DEVICE, LONGEST_NAME, SUFFIXES
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
    problem = _problem(context, filled(context, path))
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


def filled(context: Context, path: n.Text) -> str:
    """A path as `shape_of` has it, but with the texts that parameters hold."""
    return "".join(p if isinstance(p, str) else _text_of(context, p) for p in path.parts)


def _text_of(context: Context, placeholder: n.Placeholder) -> str:
    value = placeholder.value
    if isinstance(value, n.Name) and context.kind_of(value) == "param":
        text = context.params[value.name].value
        return text if isinstance(text, str) else "x"
    return "x"


def _problem(context: Context, path: str) -> tuple[str, str] | None:
    """What is wrong with the path of a save, and what to write instead."""
    if not path.endswith(tuple(SUFFIXES)):
        endings = ", ".join(f"`{s}` for {what}" for s, what in SUFFIXES.items())
        return "the ending does not say what is saved", f"endings are {endings}"
    stem = path.split("/")[-1].removesuffix(".keras").removesuffix(".weights.h5")
    if not stem:
        return "the file has no name", f"write a name before {and_list(SUFFIXES)}"
    return trouble_with(context, path)


def below(context: Context, path: str) -> str:
    """A path without the folder that it begins with, if that is one the caller allows."""
    for folder in context.leave.folders:
        path = path.removeprefix(folder.rstrip("/") + "/")
    return path


def trouble_with(context: Context, path: str) -> tuple[str, str] | None:
    """Why a path does not lie in the run directory on every system, and what to write instead."""
    if "\\" in path:
        return "a path is written with `/`", f"write `{path.replace(chr(92), '/')}`"
    path = below(context, path)
    if path.startswith(("/", "~")) or re.match(r"[A-Za-z]:", path) or ".." in path.split("/"):
        return (
            "a rule writes to its run directory only",
            "write a path below it, without `..`; the caller chooses the directory itself, and can "
            "allow another with `--allow path=DIR`",
        )
    if any(part in ("", ".") or part.startswith("~") for part in path.split("/")):
        return "a part of this path is no name", "write names with one `/` between two"
    if any(c < " " or c in '<>:"|?*' for c in path):
        return "the path holds a character that not every system allows", "leave it out"
    for part in path.split("/"):
        if DEVICE.match(part):
            return f"Windows takes `{part}` for a device", "choose another name"
        if part.endswith((".", " ")):
            return f"Windows leaves out the end of `{part}`", "end names in a letter or a digit"
        if len(part) > LONGEST_NAME:
            return f"a name of more than {LONGEST_NAME} characters", "choose a shorter one"
    return None
