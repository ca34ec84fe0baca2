"""Another process that holds something while a test looks at what that does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def another_process(code: str, *arguments: object) -> Iterator[int]:
    """Runs Python code in another process, which is there until the block ends.

    Args:
        code: what it does before the block; it imports what it needs.
        arguments: what it finds in `sys.argv`, behind the first.

    Yields:
        Its number.
    """
    waits = f"{code}\nprint('there', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", f"import sys\n{waits}", *map(str, arguments)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "there\n"
            yield other.pid
        finally:
            other.kill()
