"""TensorFlow Datasets, its habits held back and its errors put into sentences."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import tempfile
import traceback
from collections.abc import Iterator
from typing import Any

from cbdsl.train.errors import EXTRA, TrainError

__all__ = ["in_a_sentence", "library"]

_OURS = {"importlib_resources", "mlxtend", "numpy", "tensorflow", "tensorflow_datasets"}


@contextlib.contextmanager
def library() -> Iterator[Any]:
    """Gives TensorFlow Datasets with its habits held back.

    It logs, it prints to standard output, and each new builder makes a folder by
    `tempfile.mkdtemp` and forgets it. Its progress bars stay.

    Raises:
        TrainError: it is not installed.
    """
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise TrainError(f"cannot train without TensorFlow Datasets ({error}): {EXTRA}") from error
    chatter = logging.getLogger("absl")
    level = chatter.level
    usual = tempfile.tempdir
    with tempfile.TemporaryDirectory() as forgotten, contextlib.redirect_stdout(io.StringIO()):
        chatter.setLevel(logging.ERROR)
        tempfile.tempdir = forgotten
        try:
            yield tfds
        finally:
            tempfile.tempdir = usual
            chatter.setLevel(level)


@contextlib.contextmanager
def in_a_sentence(what: str, advice: str) -> Iterator[None]:
    """Turns any error inside the block into a TrainError: what failed, why, what to do."""
    try:
        yield
    except TrainError:
        raise
    except ImportError as error:  # TensorFlow Datasets imports packages as it needs them.
        missing = (error.name or "").split(".")[0]
        # Some data sets need packages of their own.
        remedy = EXTRA if missing in _OURS or not missing else f"pip install {missing}"
        raise TrainError(f"{what} ({_reason(error)}): {remedy}") from error
    except Exception as error:
        _forget(error)
        raise TrainError(f"{what} ({_reason(error)}): {advice}") from error


def _forget(error: BaseException) -> None:
    """Lets go of what the frames of an error hold: progress bars close with the last of them."""
    at: BaseException | None = error
    while at is not None:
        traceback.clear_frames(at.__traceback__)
        at = at.__cause__ or at.__context__


def _reason(error: Exception) -> str:
    """The first line of what an error says, or its kind where it says nothing."""
    said = error.strerror if isinstance(error, OSError) else None
    said = said or getattr(error, "message", None) or str(error)
    # What tfds.builder puts in front repeats the name and the data folder.
    lines = re.sub(r'^Failed to construct dataset .*?}": ', "", str(said).strip()).splitlines()
    # The names of private folders tell nobody anything: what stands behind them does.
    return re.sub(r"^.*incomplete\.\S*; ", "", lines[0]) if lines else type(error).__name__
