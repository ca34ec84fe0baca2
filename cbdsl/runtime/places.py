"""Where rules write: below the run directory, or where the caller allows it."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path

LONGEST_NAME = 200
"""How many characters a name may have: systems end at 255 bytes, and unfinished files have longer
names."""

DEVICE = re.compile(
    r"(?:CON|PRN|AUX|NUL|CLOCK\$|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³])\s*(?:\.|$)", re.IGNORECASE
)
"""Names that Windows takes for devices, whatever their ending."""

FORBIDDEN = frozenset('\\:*?"<>|')
"""Characters that not every system allows in names."""


def inside(folder: str | os.PathLike[str], path: str, allowed: Collection[str] = ()) -> Path:
    """The place of `path` below a folder; raises ValueError if it would lie elsewhere.

    Args:
        folder: the run directory.
        path: with `/`, as a rule has it.
        allowed: other folders, absolute, that a path may begin with and links may lead to.
    """
    within = next((each for each in allowed if path.startswith(each.rstrip("/") + "/")), None)
    below = path if within is None else path[len(within.rstrip("/")) + 1 :]
    parts = below.split("/")
    if not all(map(_is_name, parts)):
        raise ValueError(f"{path!r} is no path below the run directory")
    target = Path(within or folder).resolve().joinpath(*parts)
    parent = target.parent.resolve()
    roots = [Path(root).resolve() for root in (folder, *allowed)]
    if not any(parent.is_relative_to(root) for root in roots) or target.is_symlink():
        raise ValueError(f"{path!r} leads out of the run directory")
    return target


def _is_name(part: str) -> bool:
    """Whether a part of a path names a file or a folder, on every system."""
    return not (
        part.startswith("~")
        or part.endswith((".", " "))
        or FORBIDDEN & set(part)
        or any(c < " " for c in part)
        or DEVICE.match(part)
        or not 0 < len(part) <= LONGEST_NAME
    )


def allowed_folders(allow: Collection[str]) -> tuple[str, ...]:
    """The folders among what a caller allows, `path=DIR`, as absolute paths with `/`."""
    return tuple(
        Path(os.path.abspath(word.removeprefix("path="))).as_posix()
        for word in allow
        if word.startswith("path=")
    )
