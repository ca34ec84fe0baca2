"""Files inside the run directory, whole or not at all; lines that leave the progress bar whole."""

import io
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cbdsl.runtime import Direct
from cbdsl.runtime.effects import inside, say, write_whole

# ---------------------------------------------------------------- inside


@pytest.mark.parametrize(
    "path", ["a.keras", "a/b/c.keras", "..a.keras", "a..b/ c.keras", "a~.keras"]
)
def test_inside_is_below_the_folder(tmp_path, path):
    assert inside(tmp_path, path) == tmp_path.resolve() / path


@pytest.mark.parametrize(
    "path",
    [
        "/etc/a.keras",
        "../a.keras",
        "a/../../b.keras",
        "a/../b.keras",
        "./a.keras",
        "a//b.keras",
        "a/",
        "",
        ".",
        "..",
        "~/a.keras",
        "~root/a.keras",
        "a/~/b.keras",
        "C:/a.keras",
        "C:a.keras",
        "a\\b.keras",
        "\\\\host\\share\\a.keras",
        "a*.keras",
        "a?.keras",
        'a".keras',
        "<a>.keras",
        "a|b.keras",
    ],
)
def test_inside_refuses(tmp_path, path):
    with pytest.raises(ValueError, match="no path below the run directory"):
        inside(tmp_path, path)


def test_inside_follows_no_link_out(tmp_path):
    run, other = tmp_path / "run", tmp_path / "other"
    run.mkdir()
    other.mkdir()
    (run / "link").symlink_to(other)
    (run / "file.keras").symlink_to(other / "file.keras")
    for path in ("link/a.keras", "link/deeper/a.keras", "file.keras"):
        with pytest.raises(ValueError, match="leads out of the run directory"):
            inside(run, path)


def test_the_folder_itself_may_be_a_link(tmp_path):
    real = tmp_path / "real"
    (real / "sub").mkdir(parents=True)
    (tmp_path / "run").symlink_to(real)
    (real / "link").symlink_to(real / "sub")
    assert inside(tmp_path / "run", "a.keras") == real / "a.keras"
    assert inside(tmp_path / "run", "link/a.keras") == real / "link" / "a.keras"


def test_inside_takes_a_relative_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert inside("run", "a.keras") == tmp_path.resolve() / "run" / "a.keras"


PIECES = st.sampled_from(["..", ".", "/", "\\", "~", "C:", "a", "b.keras", " ", "é", "\0", "//"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=20) | st.lists(PIECES, max_size=6).map("".join))
def test_inside_never_leads_out(tmp_path, path):
    try:
        target = inside(tmp_path, path)
    except (ValueError, OSError):  # A name too long is for the system to refuse.
        return
    root = tmp_path.resolve()
    assert root in Path(os.path.normpath(target)).parents
    assert target.relative_to(root) == Path(path)


# ---------------------------------------------------------------- write_whole


class Model:
    """Writes as Keras does, and may break off in the middle."""

    def __init__(self, error=None):
        self.error = error
        self.saved = []

    def _write(self, how, path):
        self.saved.append((how, Path(path).name))
        Path(path).write_text("half")
        if self.error:
            raise self.error
        Path(path).write_text("whole")

    def save(self, path):
        self._write("model", path)

    def save_weights(self, path):
        self._write("weights", path)


@pytest.mark.parametrize(
    ("name", "how", "ending"),
    [("a.keras", "model", ".keras"), ("a.weights.h5", "weights", ".weights.h5")],
)
def test_a_file_is_written_under_another_name_first(tmp_path, name, how, ending):
    model = Model()
    write_whole(model, tmp_path / "deep" / "er" / name)
    assert (tmp_path / "deep" / "er" / name).read_text() == "whole"
    ((saved_how, saved_name),) = model.saved
    assert saved_how == how
    assert saved_name != name
    assert saved_name.startswith(".")
    assert saved_name.endswith(ending)
    assert os.listdir(tmp_path / "deep" / "er") == [name]


@pytest.mark.parametrize("error", [OSError("no space left"), KeyboardInterrupt()])
@pytest.mark.parametrize("name", ["a.keras", "a.weights.h5"])
def test_what_breaks_off_leaves_no_trace(tmp_path, name, error):
    with pytest.raises(type(error)):
        write_whole(Model(error), tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_what_breaks_off_leaves_the_earlier_file(tmp_path):
    target = tmp_path / "a.keras"
    target.write_bytes(b"PKearlier")
    with pytest.raises(OSError, match="full"):
        write_whole(Model(OSError("full")), target)
    assert target.read_text() == "PKearlier"
    write_whole(Model(), target)
    assert target.read_text() == "whole"
    assert os.listdir(tmp_path) == ["a.keras"]


# ---------------------------------------------------------------- say


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "verbose", "written"),
    [
        (Terminal, 0, "hello\n"),
        (Terminal, 1, "\r\x1b[Khello\n"),
        (Terminal, "auto", "\r\x1b[Khello\n"),
        (Terminal, 2, "hello\n"),
        (io.StringIO, 0, "hello\n"),
        (io.StringIO, 1, "\nhello\n"),
        (io.StringIO, "auto", "\nhello\n"),
        (io.StringIO, 2, "hello\n"),
    ],
)
def test_say_leaves_the_progress_bar_whole(stream, verbose, written):
    out = stream()
    say(SimpleNamespace(params={"verbose": verbose}), "hello", out)
    assert out.getvalue() == written


def test_say_outside_of_training():
    out = Terminal()
    say(SimpleNamespace(params=None), "hello", out)
    assert out.getvalue() == "hello\n"


# ---------------------------------------------------------------- Direct


def rule_of(rate=0.1, **more):
    optimizer = SimpleNamespace(learning_rate=rate)
    model = SimpleNamespace(optimizer=optimizer, stop_training=False)
    return SimpleNamespace(model=model, params={"verbose": 0}, place="rules.cbr:7", **more)


def test_print_and_warn_go_to_their_streams(capsys):
    effects = Direct()
    effects.print(rule_of(), "hello")
    effects.warn(rule_of(), "careful")
    out = capsys.readouterr()
    assert out.out == "hello\n"
    assert out.err == "warning: careful\n"


def test_stop_ends_training_and_says_why(capsys):
    rule = rule_of()
    rule.name = "enough"
    Direct().stop(rule, "why")
    assert rule.model.stop_training is True
    assert capsys.readouterr().out == "enough ends the training: why\n"


def test_stop_says_nothing_where_there_is_nothing_to_say_or_a_summary_does(capsys):
    rule, effects = rule_of(), Direct()
    effects.stop(rule, None)
    effects.summarized = True
    effects.stop(rule, "why")
    assert rule.model.stop_training is True
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("new", "rate"), [(0.5, 0.5), (0, 0.0), (-1.0, 0.0), (3, 3.0)])
def test_a_rate_is_never_below_zero(new, rate):
    rule = rule_of()
    Direct().set_rate(rule, new)
    assert rule.model.optimizer.learning_rate == rate
    assert type(rule.model.optimizer.learning_rate) is float


@pytest.mark.parametrize("new", [None, float("nan"), float("inf"), -float("inf"), 1e39, 2**200])
def test_a_rate_is_always_a_number(new):
    rule = rule_of()
    with pytest.raises(ValueError, match="the learning rate would be"):
        Direct().set_rate(rule, new)
    assert rule.model.optimizer.learning_rate == 0.1


def test_save_goes_below_the_run_directory(tmp_path):
    rule = rule_of()
    rule.model = Model()
    Direct(tmp_path / "run").save(rule, "sub/a.keras")
    assert (tmp_path / "run" / "sub" / "a.keras").read_text() == "whole"
    with pytest.raises(ValueError, match="no path below"):
        Direct(tmp_path / "run").save(rule, "../a.keras")


def test_what_fails_is_reported(capsys):
    effects = Direct()
    effects.failed(rule_of(), "save", "a.keras", OSError("no space left"))
    effects.failed(rule_of(), "lr", None, ValueError("the learning rate would be nan"))
    assert capsys.readouterr().err == (
        "\nrules.cbr:7: could not save 'a.keras': no space left\n"
        "\nrules.cbr:7: could not set lr: the learning rate would be nan\n"
    )
