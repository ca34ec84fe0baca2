"""The functions that rules call by name."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from difflib import get_close_matches
from types import ModuleType
from typing import Any

ARGUMENTS = ("model", "epoch", "logs")
"""What a rule gives to a function, by position."""


def function(dotted: str) -> Callable[[Any, int, dict[str, float]], Any]:
    """Import `module.function`, from wherever Python finds modules.

    Raises:
        ValueError: there is no such module or function, importing the module fails, or the
            function cannot be called with a model, an epoch and the logs.
    """
    module_name, _, name = dotted.rpartition(".")
    if not module_name or not all(part.isidentifier() for part in dotted.split(".")):
        raise ValueError(f"`{dotted}` is not module.function")
    module = _module(module_name)
    try:
        found = getattr(module, name)
    except AttributeError:
        named = [key for key, value in vars(module).items() if callable(value)]
        near = get_close_matches(name, named, n=1, cutoff=0.65)
        guess = f"; did you mean `{near[0]}`?" if near else ""
        raise ValueError(f"the module `{module_name}` has no `{name}`{guess}") from None
    if not callable(found):
        raise ValueError(f"`{dotted}` is no function but of type {type(found).__name__}")
    _must_fit(found, dotted)
    called: Callable[[Any, int, dict[str, float]], Any] = found
    return called


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}."):
            raise ValueError(f"there is no module `{error.name}`") from None
        why = f"{type(error).__name__}: {error}".rstrip(": ")
        raise ValueError(f"the module `{name}` cannot be imported: {why}") from error


def _must_fit(found: Callable[..., Any], dotted: str) -> None:
    """Refuse what cannot be called as it will be, or would do nothing when it is."""
    # A call would only make an object, and nothing in the function would run.
    for is_one, kind in (
        (inspect.iscoroutinefunction, "an async function"),
        (inspect.isasyncgenfunction, "an async generator"),
        (inspect.isgeneratorfunction, "a generator"),
    ):
        if is_one(found):
            raise ValueError(f"`{dotted}` is {kind}: a rule can only call a plain function")
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError):
        return  # Written in C: the call will tell.
    try:
        signature.bind(*ARGUMENTS)
    except TypeError as error:
        raise ValueError(
            f"`{dotted}{signature}` is called as `{dotted}({', '.join(ARGUMENTS)})`, "
            f"which does not fit: {error}"
        ) from None
