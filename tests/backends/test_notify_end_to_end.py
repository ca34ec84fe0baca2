"""Messages of rules, from a fit and from the commands; and their address nowhere."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorflow_datasets")
pytest.importorskip("apprise")

import backend_cases as cases
from backend_commands import MODEL, cbdsl, tiny_set

import cbdsl as package
from cbdsl.attach import Rules
from cbdsl.journal import Action, read
from cbdsl.train.quiet import quiet

# An import of apprise, harmless where there is an imghdr.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

SECRET = "hunter2"
RULES = """\
tell: on epoch_end notify "epoch {epoch}"
finish: on train_end notify "over after {epoch}"
"""
NO_CONNECTION = "address 1 (json): no connection, or no answer in time"


@pytest.fixture
def dead() -> str:
    """An address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    return f"json://user:{SECRET}@127.0.0.1:{port}/{SECRET}"


def fit(address: str | None, rules: str = RULES, *, strict: bool = False) -> Rules:
    notify = [] if address is None else [address]
    callbacks = package.callbacks(rules, notify=notify, strict=strict)
    watch = cases.Watch()
    host = callbacks[-1]
    assert isinstance(host, Rules)
    try:
        cases.network().fit(**cases.data(False), callbacks=[*callbacks, watch])
    finally:
        assert SECRET not in f"{host!r} {host.record} {host.members} {host.program!r}"
    assert len(watch.ends) == cases.EPOCHS
    return host


def test_messages_arrive_in_order_before_the_fit_returns() -> None:
    messages: list[Any] = []
    with cases.receiving(messages) as address:
        host = fit(address)
    assert messages == [
        *(["cbdsl: tell", f"epoch {n}"] for n in range(1, 5)),
        ["cbdsl: finish", "over after 4"],
    ]
    assert not [a.error for f in host.record.firings for a in f.actions if a.error]


def test_with_a_dead_server_training_goes_on(dead: str, capfd: pytest.CaptureFixture[str]) -> None:
    host = fit(dead)
    said = capfd.readouterr()
    lines = [line for line in said.err.splitlines() if "notify" in line]
    # Once a message, at the end of an epoch or of the training.
    assert sorted(lines) == [
        *(f"<rules>:1: could not notify 'epoch {n}': {NO_CONNECTION}" for n in range(1, 5)),
        f"<rules>:2: could not notify 'over after 4': {NO_CONNECTION}",
    ]
    failed = [a for f in host.record.firings for a in f.actions if a.error]
    assert sorted(a.detail for a in failed) == [
        *(f"epoch {n}" for n in range(1, 5)),
        "over after 4",
    ]
    assert {a.error for a in failed} == {f"RuntimeError: {NO_CONNECTION}"}
    assert SECRET not in said.out + said.err


def test_what_the_server_answers_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with cases.receiving([], status=503) as address:
        fit(address, 'at epoch 2 notify "two"')
    assert capsys.readouterr().err == (
        "\n<rules>:1: could not notify 'two': "
        "address 1 (json): the server answered 503 Service Unavailable\n"
    )


def test_strict_ends_the_training_with_the_rule_and_without_the_address(dead: str) -> None:
    with pytest.raises(RuntimeError) as caught:
        fit(dead, 'tell: at epoch 1 notify "one"', strict=True)
    assert str(caught.value) == NO_CONNECTION
    assert caught.value.__notes__ == ["in the rule tell (<rules>:1)"]


def test_without_addresses_that_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    host = fit(None)
    said = capsys.readouterr().err
    assert said.count("warning: nobody is notified: no addresses are given\n") == 1
    assert host.trained == cases.EPOCHS


def test_a_bad_address_is_refused_when_callbacks_are_made() -> None:
    with pytest.raises(ValueError, match=r"^address 2: apprise knows no service") as caught:
        package.callbacks(RULES, notify=["json://127.0.0.1", f"{SECRET}://{SECRET}"])
    assert SECRET not in str(caught.value)


# ----------------------------------------------------------------------------- by command


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    quiet()
    return tiny_set(tmp_path_factory.mktemp("images") / "set")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("CBDSL_NOTIFY", raising=False)
    (tmp_path / "net_for_notify.py").write_text(MODEL)
    (tmp_path / "r.cbr").write_text(RULES)
    return tmp_path


def train(images: Path, *args: str | Path, **env: str) -> Any:
    set_of = ["--idx", images, "--data-dir", images.parent / "data"]
    small = ["--model", "net_for_notify:small", "--epochs", "2", "--batch-size", "8"]
    return cbdsl("train", "r.cbr", *set_of, *small, *args, **env)


def texts(folder: Path) -> str:
    return "".join(p.read_bytes().decode(errors="replace") for p in folder.rglob("*.*"))


def test_train_sends(images: Path, here: Path) -> None:
    messages: list[Any] = []
    with cases.receiving(messages) as address:
        done = train(images, "--notify", address)
    assert (done.exit_code, [text for _, text in messages]) == (
        0,
        ["epoch 1", "epoch 2", "over after 2"],
    )
    assert "secret-path" not in done.output + texts(here)


def test_train_takes_addresses_from_the_environment(images: Path, here: Path, dead: str) -> None:
    messages: list[Any] = []
    with cases.receiving(messages) as address:
        done = train(images, CBDSL_NOTIFY=f"{address} {dead}")
    assert [text for _, text in messages] == ["epoch 1", "epoch 2", "over after 2"]
    assert done.exit_code == 0
    assert "r.cbr:2: could not notify 'over after 2': address 2 (json): no conn" in done.stderr
    assert "could not notify: RuntimeError: address 2 (json): no connection" in done.stdout
    failed = read(here / "runs" / "r-1").failed
    assert "address 2 (json): no connection" in failed[-1].error
    found = done.output + texts(here)
    assert SECRET not in found
    assert "secret-path" not in found


@pytest.mark.parametrize("verb", ["train", "run"])
def test_a_bad_address_is_refused_before_anything_slow(
    verb: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cbdsl.train import data, script

    def slow(*args: Any, **named: Any) -> Any:
        raise AssertionError("this is slow")

    monkeypatch.setattr(data, "load_data", slow)
    monkeypatch.setattr(script, "execute", slow)
    (here / "script.py").write_text("")
    command = [verb, "r.cbr", "--notify", f"json://{SECRET}:0x/", "--notify", f"{SECRET}://"]
    done = cbdsl(*command, *(["--", "script.py"] if verb == "run" else []))
    assert done.exit_code == 2
    assert done.stderr.startswith("cbdsl: --notify: address ")
    assert "address 2: apprise knows no service with such an address" in done.stderr
    assert SECRET not in done.output
    assert not (here / "runs").exists()


def test_a_run_that_fails_to_send_still_says_why_it_ended(
    images: Path, here: Path, dead: str
) -> None:
    (here / "r.cbr").write_text('bad: at epoch 1 notify "bad", fail "it is bad"')
    done = train(images, "--notify", dead)
    assert done.exit_code == 1
    assert "Training failed after epoch 1 of 2: bad, r.cbr:1, stopped it: it is bad" in done.stdout
    assert read(here / "runs" / "r-1").firings[0].actions[0] == Action("notify", "bad")
    assert SECRET not in done.output + texts(here)


def test_strict_says_what_was_not_sent_without_a_traceback(
    images: Path, here: Path, dead: str
) -> None:
    """Messages still under way when the first failure ends the training fail too."""
    (here / "r.cbr").write_text('a: on epoch_end notify "a{epoch}"\nb: every batch notify "b"\n')
    done = train(images, "--notify", dead, "--strict")
    assert done.exit_code == 2
    assert f"RuntimeError: {NO_CONNECTION}; in the rule " in done.stderr
    assert SECRET not in done.output + texts(here)
