"""What rules may do beyond the training, each only where the caller allows it."""

from __future__ import annotations

LEAVE = {
    "call": "rules call Python functions, `call module.function`",
    "network": "`use RemoteMonitor(root=…)` sends the metrics of each epoch to a server",
    "path=DIR": "rules write below this folder too: by paths that begin with it, and by links that "
    "lead there",
}
"""The words of `--allow`, and what each lets rules do."""
