"""Functions found by their dotted names, and what is wrong with others."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cbdsl.runtime.calling import function

MODULE = '''
import functools

def saved(model, epoch, logs):
    return model, epoch, logs

def anything(*args, **named):
    return args

def longer(model, epoch, logs, folder="."):
    return folder

def shorter(model, epoch):
    """Too short."""

def longer_still(model, epoch, logs, folder):
    """Too long."""

def named(model, epoch, *, logs):
    """Only by name."""

async def later(model, epoch, logs):
    """Not now."""

async def later_yet(model, epoch, logs):
    yield

def slowly(model, epoch, logs):
    yield

class Counter:
    def __call__(self, model, epoch, logs):
        return epoch

counter = Counter()
partly = functools.partial(longer_still, folder=".")
number = 3

def wrong(model, epoch, logs):
    return epoch + logs
'''


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "hooks_here").mkdir()
    (tmp_path / "hooks_here" / "__init__.py").touch()
    (tmp_path / "hooks_here" / "own.py").write_text(MODULE)
    (tmp_path / "hooks_failing.py").write_text("{}['key']")
    (tmp_path / "hooks_silent.py").write_text("raise RuntimeError")
    (tmp_path / "hooks_leaving.py").write_text("raise SystemExit(3)")
    (tmp_path / "hooks_lacking.py").write_text("import hooks_missing.part")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("hooks_")]:
        del sys.modules[name]


def complaint(dotted: str) -> str:
    with pytest.raises(ValueError, match=r"module|function|called") as caught:
        function(dotted)
    return str(caught.value)


def test_a_function_is_found_and_called() -> None:
    assert function("hooks_here.own.saved")("model", 3, {"loss": 1.0}) == (
        "model",
        3,
        {"loss": 1.0},
    )


@pytest.mark.parametrize("name", ["anything", "longer", "counter", "partly"])
def test_what_takes_three_arguments_is_taken(name: str) -> None:
    function(f"hooks_here.own.{name}")


def test_what_tells_no_signature_is_taken() -> None:
    assert function("builtins.max") is max


@pytest.mark.parametrize(
    "dotted", ["f", "", ".f", "hooks_here.", "a..b", "a b.c", "a.b-c", "a.b()"]
)
def test_what_is_no_dotted_name(dotted: str) -> None:
    assert complaint(dotted) == f"`{dotted}` is not module.function"


@pytest.mark.parametrize(
    ("dotted", "why"),
    [
        ("hooks_nowhere.f", "there is no module `hooks_nowhere`"),
        ("hooks_nowhere.deep.f", "there is no module `hooks_nowhere`"),
        ("hooks_here.other.f", "there is no module `hooks_here.other`"),
        ("hooks_here.own.deep.f", "there is no module `hooks_here.own.deep`"),
        (
            "hooks_here.own.save",
            "the module `hooks_here.own` has no `save`; did you mean `saved`?",
        ),
        ("hooks_here.own.xyz", "the module `hooks_here.own` has no `xyz`"),
        ("hooks_here.own.number", "`hooks_here.own.number` is no function but of type int"),
        (
            "hooks_failing.f",
            "the module `hooks_failing` cannot be imported: KeyError: 'key'",
        ),
        ("hooks_silent.f", "the module `hooks_silent` cannot be imported: RuntimeError"),
        ("hooks_leaving.f", "the module `hooks_leaving` cannot be imported: SystemExit: 3"),
        (
            "hooks_lacking.f",
            "the module `hooks_lacking` cannot be imported: "
            "ModuleNotFoundError: No module named 'hooks_missing'",
        ),
    ],
)
def test_what_cannot_be_found(dotted: str, why: str) -> None:
    assert complaint(dotted) == why


def test_an_error_of_a_module_is_its_cause() -> None:
    with pytest.raises(ValueError, match="hooks_failing") as caught:
        function("hooks_failing.f")
    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize(
    ("name", "signature", "why"),
    [
        ("shorter", "(model, epoch)", "too many positional arguments"),
        ("longer_still", "(model, epoch, logs, folder)", "missing a required argument: 'folder'"),
        ("named", "(model, epoch, *, logs)", "too many positional arguments"),
        ("Counter", "()", "too many positional arguments"),
    ],
)
def test_what_takes_other_arguments_is_refused(name: str, signature: str, why: str) -> None:
    dotted = f"hooks_here.own.{name}"
    assert complaint(dotted) == (
        f"`{dotted}{signature}` is called as `{dotted}(model, epoch, logs)`, "
        f"which does not fit: {why}"
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("later", "an async function"),
        ("later_yet", "an async generator"),
        ("slowly", "a generator"),
    ],
)
def test_what_would_do_nothing_is_refused(name: str, kind: str) -> None:
    dotted = f"hooks_here.own.{name}"
    assert complaint(dotted) == f"`{dotted}` is {kind}: a rule can only call a plain function"


def test_errors_of_the_function_are_its_own() -> None:
    """A TypeError inside it must not look as if it could not be called."""
    called = function("hooks_here.own.wrong")
    with pytest.raises(TypeError, match="unsupported operand"):
        called("model", 1, {})


def test_sys_path_stays_as_it_is(modules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (modules / "inner").mkdir()
    (modules / "inner" / "hooks_in_folder.py").write_text("def f(model, epoch, logs): pass")
    monkeypatch.chdir(modules / "inner")
    assert complaint("hooks_in_folder.f") == "there is no module `hooks_in_folder`"
    monkeypatch.syspath_prepend("")
    function("hooks_in_folder.f")
