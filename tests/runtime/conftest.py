"""Tests of the runtime; those that compare with NumPy's numbers are left out without it."""

from importlib.util import find_spec

collect_ignore: list[str] = []
if find_spec("numpy") is None:
    collect_ignore += ["test_runtime_arithmetic.py", "test_runtime_words.py"]
