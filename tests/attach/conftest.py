"""Tests of rules in a real `fit`; they are left out where TensorFlow is not installed."""

from importlib.util import find_spec

collect_ignore_glob: list[str] = []
if find_spec("tensorflow") is None:
    collect_ignore_glob.append("test_*.py")
else:
    from cbdsl.train.quiet import quiet

    quiet()
