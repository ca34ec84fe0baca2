"""TensorFlow's start-up noise, kept off the screen.

TensorFlow 2.21 writes to file descriptor 2 while it is imported: twice a line on oneDNN, one on
CUDA and one on absl. They come before the library has read `TF_CPP_MIN_LOG_LEVEL`, so no value of
it silences them; what comes later it does silence. Therefore the import alone happens with
descriptor 2 turned to a file, and whatever in that file is not such a line is then shown.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from typing import BinaryIO

from cbdsl.train.errors import EXTRA, TrainError

__all__ = ["quiet"]

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
_NOISE = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog\(\) "
    # absl's log at the levels info and warning:
    # I0000 00:00:1795355217.567055    3403 port.cc:153] oneDNN custom operations are on. ...
    rb"|[IW]\d{4} [\d:.]+ +\d+ [^ ]+:\d+\] "
    # "There is no driver library": a machine without a GPU says it as an error. The other numbers
    # mean a GPU that will not be used, and stay visible.
    rb"|E\d{4} .*failed call to cuInit: .*\(303\)"
)


def quiet() -> None:
    """Imports TensorFlow and keeps its start-up noise off the screen.

    To be called before anything else imports TensorFlow; afterwards it does nothing. Errors and
    Python's warnings stay visible. For the rest of the process C++ messages below the level of an
    error are off, unless the user has set `TF_CPP_MIN_LOG_LEVEL`; with 0 nothing is held back.
    No setting that numbers depend on is touched.

    Raises:
        TrainError: TensorFlow is not installed or cannot be loaded.
    """
    if "tensorflow" in sys.modules:
        return
    everything = os.environ.setdefault(_LEVEL, "2") == "0"
    with contextlib.nullcontext() if everything else without_noise():
        try:
            import tensorflow
        except ImportError as error:
            raise TrainError(f"cannot train without TensorFlow ({error}): {EXTRA}") from error
        # CUDA is asked for its devices here, because it complains at the first question.
        tensorflow.config.list_physical_devices()


@contextlib.contextmanager
def without_noise() -> Iterator[None]:
    """Holds back what the block writes to descriptor 2; at its end writes what is not noise."""
    try:
        screen = os.dup(2)
    except OSError:  # There is no standard error to keep clean.
        yield
        return
    held = _temporary_file()
    if held is None:  # Noise is better than no training.
        os.close(screen)
        yield
        return
    # A crash inside the block would take the held text along. Python then says, on the real
    # screen, where it died.
    watch = not faulthandler.is_enabled()
    _flush()
    os.dup2(held.fileno(), 2)
    if watch:
        faulthandler.enable(file=screen)
    try:
        yield
    finally:
        _flush()
        if watch:
            faulthandler.disable()
        os.dup2(screen, 2)
        os.close(screen)
        _show(held)


def _temporary_file() -> BinaryIO | None:
    """Opens a nameless file, or gives None where there is no room for one."""
    try:
        return tempfile.TemporaryFile()
    except OSError:
        return None


def _flush() -> None:
    if sys.stderr is not None:
        sys.stderr.flush()


def _show(held: BinaryIO) -> None:
    """Writes the lines of the file that are not noise to descriptor 2, and closes the file."""
    with held:
        held.seek(0)
        kept = b"".join(line for line in held if not _NOISE.match(line))
    with contextlib.suppress(OSError):  # The reader of a pipe may be gone.
        while kept:
            kept = kept[os.write(2, kept) :]
