"""Running a Python script as `python script.py` would."""

from __future__ import annotations

import ast
import builtins
import contextlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType, TracebackType

from cbdsl.runtime.failing import TrainingFailed
from cbdsl.train.errors import EXTRA, TrainError
from cbdsl.train.fits import LEGACY

__all__ = ["check_keras", "execute", "read_script"]

_SWITCH = "TF_USE_LEGACY_KERAS"
_ON = ("true", "True", "1")  # What TensorFlow takes for yes.


def read_script(path: str) -> bytes:
    """Reads a script; raises a TrainError if it cannot be read."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise TrainError(f"cannot run {path} ({error.strerror or error})") from error


def check_keras(path: str, source: bytes) -> None:
    """Looks whether the script will train with Keras 3, as far as that shows before it runs.

    Raises:
        TrainError: Keras is not installed, or Keras 2 is asked for.
    """
    if importlib.util.find_spec("keras") is None:
        raise TrainError(f"cannot run {path} under rules, because Keras is not installed: {EXTRA}")
    if os.environ.get(_SWITCH) in _ON:
        raise TrainError(LEGACY.format(what=f"what {_SWITCH}={os.environ[_SWITCH]} asks for"))
    with contextlib.suppress(SyntaxError, ValueError):  # Running it will say so.
        for node in ast.walk(ast.parse(source)):
            if _switches(node):
                raise TrainError(LEGACY.format(what=f"what {_SWITCH} in {path} asks for"))
            if _imports(node, "tf_keras") and importlib.util.find_spec("tf_keras"):
                raise TrainError(LEGACY.format(what=f"tf_keras, which {path} imports,"))


def execute(path: str, source: bytes, args: Sequence[str]) -> int:
    """Runs a script as the main program of this process.

    `sys.argv`, `sys.path[0]` and the module `__main__` are those of `python script.py args`, and
    stay so: what the script has left to be done at the process's end finds them.

    Returns:
        The exit status: 0, or 1 after an error, whose traceback is shown without cbdsl's part.

    Raises:
        SystemExit, KeyboardInterrupt: they end the script.
        TrainError: rules could not be attached.
        TrainingFailed: a rule ended a training as failed, and the script left it at that.
    """
    full = os.path.abspath(path)
    main = ModuleType("__main__")
    vars(main).update(
        __file__=full,
        __loader__=SourceFileLoader("__main__", full),
        __package__=None,
        __spec__=None,
        __cached__=None,
        __annotations__={},
        __builtins__=builtins,
    )
    sys.modules["__main__"] = main
    sys.argv = [path, *args]
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.path.dirname(os.path.realpath(path))
    try:
        exec(compile(source, full, "exec", dont_inherit=True), vars(main))
    except (SystemExit, KeyboardInterrupt, TrainError, TrainingFailed):
        raise
    except BaseException as error:
        _clean(error, set())
        sys.stdout.flush()
        sys.excepthook(type(error), error, error.__traceback__)
        return 1
    return 0


def _switches(node: ast.AST) -> bool:
    """`os.environ["TF_USE_LEGACY_KERAS"] = "1"`, or a call with these two arguments."""
    match node:
        case (
            ast.Assign(
                targets=[ast.Subscript(slice=ast.Constant(value=name))],
                value=ast.Constant(value=value),
            )
            | ast.Call(args=[ast.Constant(value=name), ast.Constant(value=value)])
        ):
            return name == _SWITCH and value in _ON
    return False


def _imports(node: ast.AST, package: str) -> bool:
    match node:
        case ast.Import(names=names):
            modules = [alias.name for alias in names]
        case ast.ImportFrom(module=str(module), level=0):
            modules = [module]
        case _:
            return False
    return any(module.split(".")[0] == package for module in modules)


_PACKAGE = str(Path(__file__).resolve().parent.parent) + os.sep


def _clean(error: BaseException, seen: set[int]) -> None:
    """Takes cbdsl's frames out of the tracebacks of an error and of those that led to it."""
    if id(error) in seen:
        return
    seen.add(id(error))
    frames = []
    at = error.__traceback__
    while at is not None:
        if not at.tb_frame.f_code.co_filename.startswith(_PACKAGE):
            frames.append(at)
        at = at.tb_next
    kept: TracebackType | None = None
    for frame in reversed(frames):
        kept = TracebackType(kept, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    error.__traceback__ = kept
    others = [error.__cause__, error.__context__]
    others += error.exceptions if isinstance(error, BaseExceptionGroup) else []
    for other in others:
        if other is not None:
            _clean(other, seen)
