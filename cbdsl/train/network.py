"""Whether a host can be reached, asked with a bound on the wait."""

from __future__ import annotations

import socket
import threading

__all__ = ["answers"]


def answers(host: str, port: int = 443, within: float = 3.0) -> bool:
    """Tells whether `host` accepts a TCP connection on `port`.

    `within` is the longest to wait, in seconds, looking up the name included. Proxies and other
    settings are not honoured. Raises nothing.
    """
    connected = threading.Event()
    done = threading.Event()

    def ask() -> None:
        try:
            with socket.create_connection((host, port), timeout=within):
                connected.set()
        except (OSError, ValueError):  # ValueError: a name that no host can have.
            pass
        finally:
            done.set()

    # A thread, because looking up a name takes no time limit; a daemon, so that one that hangs
    # does not keep the process alive.
    threading.Thread(target=ask, name="cbdsl-answers", daemon=True).start()
    done.wait(within)
    return connected.is_set()
