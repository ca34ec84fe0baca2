"""Messages sent by apprise to a server of the test, and none of its address in any text."""

import contextlib
import copy
import json
import logging
import pickle
import socket
import subprocess
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

pytest.importorskip("apprise")

from cbdsl.runtime.notifying import MAX_UNSENT, Failure, Notifier

# An import of apprise, harmless where there is an imghdr.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

SECRET = "hunter2"
ADDRESS = "127.0.0.1"


class Server(ThreadingHTTPServer):
    """Answers as `answer` says, and keeps what it got.

    Attributes:
        got: the messages that arrived.
        over: set at the end of the test, for answers that wait.
        asked: counts the requests that began.
    """

    def __init__(self) -> None:
        super().__init__((ADDRESS, 0), Handler)
        self.got: list[dict[str, str]] = []
        self.over = threading.Event()
        self.asked = threading.Semaphore(0)
        self.answer: Callable[[Any], None] = fine

    @property
    def address(self) -> str:
        return f"json://user:{SECRET}@{ADDRESS}:{self.server_port}/{SECRET}?+X-Key={SECRET}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(json.loads(body))
        self.server.asked.release()
        with contextlib.suppress(OSError):
            self.server.answer(self)

    def log_message(self, format: str, *args: object) -> None:
        pass


def fine(request: Handler) -> None:
    request.send_response(204)
    request.end_headers()


def broken(request: Handler) -> None:
    request.send_response(500)
    request.end_headers()


def silent(request: Handler) -> None:
    request.server.over.wait(20)


def by_drops(request: Handler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "1000000")
    request.end_headers()
    while not request.server.over.wait(0.02):
        request.wfile.write(b".")


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_address_in_any_text(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """Whatever a test does, nothing of an address reaches the terminal or the log."""
    caplog.set_level(logging.NOTSET)
    yield
    records = [one for phase in ("setup", "call") for one in caplog.get_records(phase)]
    assert_clean(*capfd.readouterr(), *(record.getMessage() for record in records))


def assert_clean(*texts: str) -> None:
    for text in texts:
        assert SECRET not in text
        assert ADDRESS not in text


def nowhere() -> str:
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind((ADDRESS, 0))
        return f"json://user:{SECRET}@{ADDRESS}:{free.getsockname()[1]}"


def whys(failures: list[Failure]) -> list[str]:
    assert_clean(repr(failures))
    return [failure.why for failure in failures]


# -------------------------------------------------------------------------------- sending


def test_a_message_arrives_with_its_title(server: Server) -> None:
    notifier = Notifier([server.address])
    notifier.send("loss < 0.3 & <b>", "mnist.cbr")
    assert notifier.close() == []
    (got,) = server.got
    assert (got["title"], got["message"]) == ("mnist.cbr", "loss < 0.3 & <b>")


def test_a_message_is_plain_text_to_services_of_another_format(server: Server) -> None:
    notifier = Notifier([f"{server.address}&format=html"])
    notifier.send("loss < 0.3")
    assert notifier.close() == []
    assert "&lt;" in server.got[0]["message"]


def test_messages_arrive_in_order_at_every_address(server: Server) -> None:
    notifier = Notifier([server.address, server.address])
    for text in "abc":
        notifier.send(text)
    assert notifier.close() == []
    assert [got["message"] for got in server.got] == list("aabbcc")


def test_nothing_runs_before_the_first_message_and_after_the_end(server: Server) -> None:
    before = threading.active_count()
    notifier = Notifier([server.address])
    assert notifier.close() == []
    assert threading.active_count() == before
    for text in ("one", "two"):
        notifier.send(text)
        (thread,) = [t for t in threading.enumerate() if t is notifier._worker]
        assert thread.daemon
        assert notifier.close() == []
        assert not thread.is_alive()
    assert [got["message"] for got in server.got] == ["one", "two"]


def test_send_does_not_wait_for_a_silent_server(server: Server) -> None:
    server.answer = silent
    notifier = Notifier([server.address], timeout=0.3)
    began = time.monotonic()
    notifier.send("hello", source="a rule")
    assert time.monotonic() - began < 0.2
    assert notifier.failures() == []
    (failure,) = notifier.close()
    assert (failure.message, failure.source) == ("hello", "a rule")
    assert whys([failure]) == ["address 1 (json): no connection, or no answer in time"]


def test_a_server_that_answers_by_drops_is_not_waited_for(server: Server) -> None:
    server.answer = by_drops
    notifier = Notifier([server.address], timeout=0.2)
    notifier.send("one")
    notifier.send("two")
    began = time.monotonic()
    assert whys(notifier.close()) == [
        "address 1 (json): it was not sent within 0.2 seconds",
        "address 1 (json): it is busy with an earlier message",
    ]
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("answer", "why"),
    [(broken, "500 Internal Server Error"), (lambda r: r.send_error(404), "404 Not Found")],
)
def test_the_answer_of_a_server_is_told(
    server: Server, answer: Callable[[Any], None], why: str
) -> None:
    server.answer = answer
    notifier = Notifier([server.address])
    notifier.send("hello")
    assert whys(notifier.close()) == [f"address 1 (json): the server answered {why}"]


def test_one_address_fails_and_the_other_does_not(server: Server) -> None:
    notifier = Notifier([nowhere(), server.address])
    notifier.send("hello")
    assert whys(notifier.close()) == ["address 1 (json): no connection, or no answer in time"]
    assert len(server.got) == 1


def test_failures_are_told_once(server: Server) -> None:
    server.answer = broken
    notifier = Notifier([server.address])
    notifier.send("one")
    notifier.send("two")
    assert notifier._worker is not None
    notifier._worker.waiting.put(None)
    notifier._worker.join()
    assert [failure.message for failure in notifier.failures()] == ["one", "two"]
    assert notifier.failures() == []
    assert notifier.close() == []


def test_an_address_is_given_up_after_failures_in_a_row(server: Server) -> None:
    server.answer = broken
    notifier = Notifier([server.address])
    for _ in range(MAX_UNSENT + 2):
        notifier.send("hello")
    found = whys(notifier.close())
    assert len(found) == MAX_UNSENT
    assert found[-1] == (
        "address 1 (json): the server answered 500 Internal Server Error; "
        "it failed 10 times in a row and is given up"
    )
    server.answer = fine
    notifier.send("in another training")
    assert notifier.close() == []


def test_a_message_to_addresses_that_are_given_up_is_an_error(server: Server) -> None:
    notifier = Notifier([server.address])
    notifier.send("hello")
    notifier._addresses[0].failures = MAX_UNSENT
    with pytest.raises(RuntimeError, match=r"^every address is given up for this training$"):
        notifier.send("hello")
    notifier.close()


def test_a_service_that_raises_is_a_failure(server: Server) -> None:
    notifier = Notifier([server.address])

    class Service:
        def notify(self, **message: str) -> bool:
            raise SystemExit(server.address)

    notifier._addresses[0].service = Service()
    notifier.send("hello")
    assert whys(notifier.close()) == ["address 1 (json): apprise failed with SystemExit"]


def test_no_thread_is_a_failure(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    notifier = Notifier([server.address])
    monkeypatch.setattr("cbdsl.runtime.notifying._Sending.start", start)
    notifier.send("hello")
    assert whys(notifier.close()) == ["address 1 (json): no thread can be started"]


# ------------------------------------------------------------------------------ the queue


def test_a_full_queue_is_an_error_at_once(server: Server) -> None:
    server.answer = silent
    notifier = Notifier([server.address], timeout=0.3, room=2)
    notifier.send("on its way")
    assert server.asked.acquire(timeout=5)
    notifier.send("first")
    notifier.send("second")
    with pytest.raises(RuntimeError, match=r"^2 messages wait to be sent already$"):
        notifier.send("third")
    notifier.close(timeout=0)


def test_close_gives_up_in_time_and_says_what_was_not_sent(server: Server) -> None:
    server.answer = silent
    notifier = Notifier([server.address], timeout=5)
    for text in ("on its way", "first", "second"):
        notifier.send(text, source=text[0])
    assert server.asked.acquire(timeout=5)
    worker = notifier._worker
    began = time.monotonic()
    failures = notifier.close(timeout=0.1)
    assert time.monotonic() - began < 2
    why = "not sent before the training ended"
    assert failures == [
        Failure("on its way", why, "o"),
        Failure("first", why, "f"),
        Failure("second", why, "s"),
    ]
    server.over.set()
    assert worker is not None
    worker.join(5)
    assert not worker.is_alive()
    assert [got["message"] for got in server.got] == ["on its way"]


def test_python_ends_though_a_message_is_on_its_way() -> None:
    code = """
import sys
from cbdsl.runtime.notifying import Notifier
notifier = Notifier([sys.stdin.read()])
notifier.send("hello")
notifier.send("hello")
"""
    with socket.create_server((ADDRESS, 0)) as hanging:  # It takes calls and never answers.
        done = subprocess.run(
            [sys.executable, "-c", code],
            input=f"json://{SECRET}@{ADDRESS}:{hanging.getsockname()[1]}",
            capture_output=True,
            text=True,
            timeout=8,
            check=False,
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# ------------------------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    ("address", "why"),
    [
        (f"json://{SECRET}:@:x:/{SECRET}", "address 2 (json): apprise cannot read it"),
        (f"slack://{SECRET}/{SECRET}", "address 2 (slack): apprise cannot read it"),
        (f"jsn://{SECRET}", "address 2: apprise knows no service with such an address"),
        (f"{SECRET}://x", "address 2: apprise knows no service with such an address"),
        (SECRET, "address 2: apprise knows no service with such an address"),
        ("", "address 2: apprise knows no service with such an address"),
        (f"https://{SECRET}", "address 2 (https): apprise knows no service with such an address"),
        (7, "address 2: apprise knows no service with such an address"),
    ],
)
def test_a_bad_address_is_named_by_its_number(address: Any, why: str) -> None:
    with pytest.raises(ValueError, match="address") as caught:
        Notifier(["json://localhost", address])
    assert str(caught.value) == why
    assert_clean("".join(traceback.format_exception(caught.value)))
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_all_bad_addresses_are_named() -> None:
    with pytest.raises(ValueError, match=r"address 1: .*; address 3 \(slack\): ") as caught:
        Notifier([SECRET, "json://localhost", f"slack://{SECRET}"])
    assert_clean(str(caught.value))


def test_a_service_that_needs_another_package(monkeypatch: pytest.MonkeyPatch) -> None:
    from apprise.manager_plugins import NotificationManager

    plugin = NotificationManager()["json"]
    monkeypatch.setattr(plugin, "enabled", False)
    monkeypatch.setattr(plugin, "requirements", {"packages_required": "paho-mqtt >= 2.1.0"})
    with pytest.raises(ValueError, match=r"^address 1 \(json\): it needs paho-mqtt >= 2.1.0$"):
        Notifier(["json://localhost"])


def test_addresses_are_a_list_that_is_not_empty() -> None:
    with pytest.raises(TypeError, match="list of strings") as caught:
        Notifier(f"json://{SECRET}")
    assert_clean(str(caught.value))
    with pytest.raises(ValueError, match="no address"):
        Notifier([])


def test_without_apprise_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(
        ImportError, match=r'^notify needs apprise .*: pip install "cbdsl\[notify'
    ) as e:
        Notifier([f"json://{SECRET}"])
    assert_clean("".join(traceback.format_exception(e.value)))


def test_apprise_is_imported_by_nobody_before() -> None:
    code = "import sys, cbdsl.runtime.notifying; print('apprise' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_time_outs_of_an_address_may_be_shorter(server: Server) -> None:
    notifier = Notifier(
        ["json://localhost", "json://localhost?rto=2&cto=30", "mailto://a:b@example.com"]
    )
    times = [
        (plugin.socket_connect_timeout, plugin.socket_read_timeout)
        for address in notifier._addresses
        for plugin in address.service
    ]
    assert times == [(9, 9), (9, 2), (9, 9)]


def test_the_warning_of_an_unchecked_certificate_names_no_host() -> None:
    text = "Unverified HTTPS request is being made to host '{}'. Adding certificate …"
    Notifier([f"jsons://{SECRET}.example?verify=no"])
    with warnings.catch_warnings(record=True) as seen:
        warnings.filterwarnings("always", "Unverified HTTPS request .* host 'other'")
        warnings.warn(text.format(f"{SECRET}.example"), stacklevel=1)
        warnings.warn(text.format("other"), stacklevel=1)
    assert [str(one.message) for one in seen] == [text.format("other")]


# --------------------------------------------------------------------------------- copies


@pytest.mark.parametrize("travel", [copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))])
def test_a_copy_has_the_addresses_and_no_messages(
    server: Server, travel: Callable[[Notifier], Notifier]
) -> None:
    server.answer = silent
    notifier = Notifier([server.address], timeout=0.3, room=7)
    notifier.send("original")
    assert server.asked.acquire(timeout=5)
    other = travel(notifier)
    notifier.close(timeout=0)
    assert (other.timeout, other.room) == (0.3, 7)
    assert other.close() == []
    server.answer = fine
    other.send("copy")
    assert other.close() == []
    assert "copy" in [got["message"] for got in server.got]


def test_nothing_shows_an_address(server: Server) -> None:
    notifier = Notifier([server.address, f"mailto://me:{SECRET}@example.com"])
    assert repr(notifier) == "<Notifier: address 1 (json), address 2 (mailto)>"
    assert_clean(*map(repr, vars(notifier)["_addresses"]))


def test_the_log_of_others_is_as_it_was(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    Notifier([server.address])
    logging.getLogger("apprise").warning("of the user's own")
    logging.getLogger("urllib3.connectionpool").debug("of another thread")
    assert caplog.messages == ["of the user's own", "of another thread"]
