"""Whether a host answers."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from cbdsl.train.network import answers


def test_a_listening_host_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert answers("127.0.0.1", server.getsockname()[1])


def test_a_closed_port_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert not answers("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "", "." * 300, "a" * 70 + ".invalid"])
def test_a_name_without_an_address_does_not_answer(host: str) -> None:
    assert not answers(host, port=1)


def test_a_lookup_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: over.wait(20) and [])
    began = time.monotonic()
    assert not answers("example.invalid", within=0.05)
    assert time.monotonic() - began < 5
    over.set()
