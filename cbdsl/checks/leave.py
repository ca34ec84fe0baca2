"""What the caller lets rules do beyond the training."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cbdsl.catalog.leave import LEAVE
from cbdsl.diagnostics import did_you_mean

_PATH = "path="


@dataclass(frozen=True)
class Leave:
    """What a caller allows; nothing unless said.

    Attributes:
        call: whether rules may call functions.
        network: whether a callback may reach the network.
        folders: where rules may write beside the run directory; absolute, with `/`.
    """

    call: bool = False
    network: bool = False
    folders: tuple[str, ...] = ()

    @classmethod
    def of(cls, words: Collection[str]) -> Self:
        """What the words of `allow` say.

        Raises:
            TypeError: they are one text.
            ValueError: one of them is none; says which there are.
        """
        if isinstance(words, str):
            raise TypeError(f"allow is a list of words, such as [{words!r}]")
        folders = []
        for word in words:
            if word.startswith(_PATH) and word != _PATH:
                folders.append(Path(os.path.abspath(word.removeprefix(_PATH))).as_posix())
            elif word not in ("call", "network"):
                near = did_you_mean(word, LEAVE)
                known = ", ".join(f"`{known}`" for known in LEAVE)
                help = near or f"what can is {known}"
                raise ValueError(f"nothing called {word!r} can be allowed: {help}")
        return cls("call" in words, "network" in words, tuple(folders))

    @property
    def words(self) -> tuple[str, ...]:
        """The words that say it."""
        said = {"call": self.call, "network": self.network}
        return (*(word for word in said if said[word]), *(_PATH + each for each in self.folders))


NOTHING = Leave()

ANYTHING = Leave(call=True, network=True, folders=("/",))
"""For rules that are only looked at, and do nothing."""
