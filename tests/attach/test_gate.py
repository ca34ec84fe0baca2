"""Rules in a real `fit`: the same decisions as by hand, and the same in every form they take."""

import ast
import copy
import importlib
import io
import json
import os
import pickle
import subprocess
import sys
import traceback
from pathlib import Path

import attach_fits as fits
import cloudpickle
import keras
import numpy as np
import pytest

import cbdsl
from cbdsl.runtime import Direct
from cbdsl.runtime.record import Recording

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


@pytest.fixture(scope="module")
def program():
    return cbdsl.compile(fits.RULES, filename="rules.cbr")


def given():
    return fits.Given(fits.SERIES, fits.BATCH_SERIES)


def run(callbacks, **arguments):
    """The rates of the epochs of a fit under given metrics."""
    watch = fits.Watch()
    fits.fit([given(), *callbacks, watch], epochs=fits.EPOCHS, **arguments)
    return watch.rates


@pytest.fixture(scope="module")
def expected(program, tmp_path_factory):
    """What the rules decide in a process, that is what they have to decide everywhere."""
    *schedule, host = program.callbacks(run_dir=tmp_path_factory.mktemp("expected"))
    rates = run([*schedule, host])
    return fits.decisions(host.record), rates


def without_schedules(decisions):
    """What a compiled file can tell: its schedule functions keep no record."""
    return [decision for decision in decisions if decision[0] not in ("shrink", "halve")]


def names(decisions):
    return [decision[0] for decision in decisions]


def test_what_is_expected_uses_every_rule(program, expected):
    decisions, rates = expected
    assert set(program.rules) - set(names(decisions)) == {"nothing"}
    assert len(rates) == 8


# ---------------------------------------------------------------- a, b: against a twin by hand

TWIN = """\
every epoch after 2 lr *= 0.9
save_it: on epoch_end if val_loss improves save "sub/{epoch}.weights.h5"
ended: on epoch_end if val_loss stalls for 3 epochs stop
"""


class Save(keras.callbacks.Callback):
    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def on_train_begin(self, logs=None):
        self.best = np.inf

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.best:
            self.best = logs["val_loss"]
            self.model.save_weights(self.folder / f"{epoch + 1}.weights.h5")


def test_a_twin_by_hand_does_the_same(tmp_path):
    (tmp_path / "hand").mkdir()
    rate = 8.0  # So large that the loss goes up and down.
    by_hand = [
        keras.callbacks.LearningRateScheduler(lambda epoch, lr: lr if epoch < 2 else lr * 0.9),
        Save(tmp_path / "hand"),
        keras.callbacks.EarlyStopping("val_loss", patience=3),
        watched := fits.Watch(),
    ]
    one = fits.fit(by_hand, fits.fresh(rate=rate), epochs=30).get_weights()
    history_by_hand = by_hand[0].model.history.history

    callbacks = cbdsl.callbacks(TWIN, run_dir=tmp_path, strict=True)
    watch = fits.Watch()
    model = fits.fit([*callbacks, watch], fits.fresh(rate=rate), epochs=30)

    stopped = len(watched.rates)
    assert 4 < stopped < 30  # Else the test says nothing of the stop.
    assert watch.rates == watched.rates
    assert watch.rates[:3] == [rate, rate, np.float32(rate * 0.9)]
    assert model.history.history == history_by_hand
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), one, strict=True))

    files = sorted(os.listdir(tmp_path / "hand"))
    assert 1 < len(files) < stopped
    assert sorted(os.listdir(tmp_path / "sub")) == files
    for name in files:
        saved = []
        for folder in ("hand", "sub"):
            model.load_weights(tmp_path / folder / name)
            saved.append(model.get_weights())
        assert all(np.array_equal(a, b) for a, b in zip(*saved, strict=True))

    record = callbacks[-1].record
    assert [f.epoch for f in record.firings if f.rule == "ended"] == [stopped]
    assert [f"{f.epoch}.weights.h5" for f in record.firings if f.rule == "save_it"] == sorted(
        files, key=lambda name: int(name.split(".")[0])
    )
    assert record.stopped.rule == "ended"


def test_a_second_fit_begins_afresh(program, expected, tmp_path):
    callbacks = program.callbacks(run_dir=tmp_path)
    host = callbacks[-1]
    states = []
    for _ in range(2):
        rates = run(callbacks)
        assert (fits.decisions(host.record), rates) == expected
        assert host.trained == 8
        states.append(repr(host.state()))
    assert states[0] == states[1]


# ---------------------------------------------------------------- c: copies of a used list


@pytest.fixture(scope="module")
def used(program, tmp_path_factory):
    callbacks = program.callbacks(run_dir=tmp_path_factory.mktemp("used"))
    run(callbacks)
    return callbacks


@pytest.fixture(scope="module")
def large():
    model = keras.Sequential([keras.layers.Input((300,)), keras.layers.Dense(300)])
    assert sum(w.nbytes for w in model.get_weights()) > 300_000
    return model


def by_pickle(callbacks):
    return pickle.loads(pickle.dumps(callbacks))


def by_cloudpickle(callbacks):
    return pickle.loads(cloudpickle.dumps(callbacks))


@pytest.mark.parametrize("travel", [copy.deepcopy, by_pickle, by_cloudpickle])
def test_a_copy_of_a_used_list_works(used, expected, travel):
    schedule, host = used
    scheduled, copied = travel(used)
    assert copied is not host
    assert scheduled.schedule.__self__ is copied
    # What was remembered went along, in an object of its own.
    assert repr(copied.state()) == repr(host.state())
    assert fits.decisions(copied.record) == expected[0]
    assert copied.trained == 8
    before = repr(host.state())
    rates = run([scheduled, copied])
    assert (fits.decisions(copied.record), rates) == expected
    copied.members.rules[0].firings = 99
    assert repr(host.state()) == before
    assert fits.decisions(host.record) == expected[0]
    assert (schedule.schedule.__self__, host.effects.run_dir) == (host, copied.effects.run_dir)


def test_a_copy_leaves_the_model_behind(used, large):
    for callback in used:
        callback.set_model(large)
    for data in (pickle.dumps(used), cloudpickle.dumps(used)):
        assert len(data) < 30_000
    for copied in (*copy.deepcopy(used), *by_pickle(used)):
        assert copied._model is None
        assert copied.params is None
    assert all(rule._model is None for rule in copy.deepcopy(used)[-1].members.rules)


def test_options_travel(program, tmp_path):
    callbacks = program.callbacks(run_dir=tmp_path / "there", strict=True)
    for copied in (copy.deepcopy(callbacks)[-1], by_pickle(callbacks)[-1]):
        assert copied.strict
        assert copied.effects.strict
        assert copied.expected.strict
        assert copied.run_dir == copied.effects.run_dir == tmp_path / "there"
        assert copied.program.python == program.python


def test_a_pickle_is_read_in_another_process(used, expected, tmp_path):
    (tmp_path / "callbacks.pickle").write_bytes(pickle.dumps(used))
    script = """\
        import pickle, json
        callbacks = pickle.load(open("callbacks.pickle", "rb"))
        host = callbacks[-1]
        before = fits.decisions(host.record)
        watch = fits.Watch()
        given = fits.Given(fits.SERIES, fits.BATCH_SERIES)
        fits.fit([given, *callbacks, watch], epochs=fits.EPOCHS)
        answer = [before, fits.decisions(host.record), watch.rates]
        """
    before, after, rates = in_another_process(script, tmp_path)
    assert before == after == fits.plain(expected[0])
    assert rates == expected[1]


def in_another_process(script, folder):
    """Run a script with `attach_fits` as `fits`; gives what it leaves in `answer`."""
    lines = [line.removeprefix("        ") for line in script.splitlines()]
    code = "\n".join(["import attach_fits as fits", *lines, "print('ANSWER', json.dumps(answer))"])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(HERE)])}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.rpartition("ANSWER ")[2])


# ---------------------------------------------------------------- d: the compiled file


@pytest.fixture
def compiled(program, tmp_path, monkeypatch):
    """The module `my_rules`, as `cbdsl compile` writes it, imported by a script in its folder."""
    (tmp_path / "my_rules.py").write_text(program.python, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    sys.modules.pop("my_rules", None)
    yield importlib.import_module("my_rules")
    sys.modules.pop("my_rules", None)


def test_one_class_picked_by_hand(compiled, expected, tmp_path, capsys):
    best, first = compiled.KeepBest(), compiled.First(target=0.6)
    saved = {}

    class Keep(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            saved[epoch + 1] = self.model.get_weights()

    fits.fit([given(), best, first, Keep()], epochs=fits.EPOCHS)
    # As in the whole list, but nothing stops training after epoch 8.
    at = [epoch for name, epoch, *_ in expected[0] if name == "keep_best"]
    assert best.firings == len([*at, 9, 10])
    assert best.fired_at == 10
    model = fits.fresh()
    model.load_weights(tmp_path / "best.weights.h5")
    assert all(np.array_equal(*w) for w in zip(model.get_weights(), saved[10], strict=True))
    assert not any(np.array_equal(*w) for w in zip(model.get_weights(), saved[9], strict=True))
    # Another target than the file's: the first accuracy above 60 % is that of epoch 3.
    assert (first.firings, first.fired_at) == (1, 3)
    assert capsys.readouterr().out == "accuracy 80.0%, missing\n"


def test_the_compiled_list_decides_as_the_host(compiled, expected, tmp_path):
    callbacks = compiled.callbacks()
    effects = Recording(tmp_path)
    for rule in callbacks[1:]:
        rule.effects = effects
    rates = run(callbacks)
    assert fits.decisions(effects.record) == without_schedules(expected[0])
    assert rates == expected[1]


def test_the_compiled_list_takes_parameters(compiled):
    callbacks = compiled.callbacks(target=0.5, patience=7)
    assert [c.target for c in callbacks if hasattr(c, "target")] == [0.5]
    assert [c.patience for c in callbacks if hasattr(c, "patience")] == [7]
    with pytest.raises(TypeError, match="goal"):
        compiled.callbacks(goal=0.5)


# ---------------------------------------------------------------- e: standalone text


def test_the_standalone_file_needs_keras_alone(program, expected, tmp_path):
    (tmp_path / "my_rules.py").write_text(program.standalone, "utf-8")
    script = """\
        import json, sys

        class NoCbdsl:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in ("cbdsl", "lark", "click"):
                    raise ImportError(f"{name} cannot be imported here")

        sys.meta_path.insert(0, NoCbdsl())
        try:
            import cbdsl
        except ImportError:
            pass
        else:
            raise SystemExit("cbdsl could be imported")
        sys.path.insert(0, "")
        import my_rules
        effects = fits.Decided(my_rules.Direct("files"))
        made = my_rules.callbacks()
        for rule in made:
            rule.effects = effects
        watch = fits.Watch()
        given = fits.Given(fits.SERIES, fits.BATCH_SERIES)
        fits.fit([given, *made, watch], epochs=fits.EPOCHS)
        answer = [effects.decisions, watch.rates]
        """
    decisions, rates = in_another_process(script, tmp_path)
    assert decisions == fits.plain(without_schedules(expected[0]))
    assert rates == expected[1]
    assert os.listdir(tmp_path / "files") == ["best.weights.h5"]


@pytest.mark.parametrize(
    "rules",
    [
        fits.RULES,
        "on epoch_end stop",
        "every epoch after 2 lr *= 0.9",
        "at 50% lr = 1 / epoch",
        'on epoch_end if val_loss improves save "a.keras"',
        'on batch_end if loss stalls for 9 batches print "{metrics}"',
        'on epoch_end if loss ** 2 % accuracy < 0.1 print "{logs} {loss}"',
    ],
)
def test_the_standalone_file_holds_nothing_it_does_not_need(rules):
    tree = ast.parse(cbdsl.compile(rules).standalone)
    imported, defined, used = set(), {}, {}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            found = {(a.asname or a.name).partition(".")[0] for a in node.names}
            assert not found & (imported | set(defined))
            imported |= found - {"annotations"}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            assert node.name not in defined
            defined[node.name] = node
        elif isinstance(node, ast.Assign):
            defined[node.targets[0].id] = node
        else:
            assert isinstance(node, ast.Expr)  # The docstring.
    for name, node in defined.items():
        used[name] = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    # What `callbacks()` leads to is needed; nothing else may be there.
    needed, waiting = set(), {"callbacks"}
    while waiting:
        name = waiting.pop()
        needed.add(name)
        waiting |= (used[name] & set(defined)) - needed
    assert set(defined) == needed
    assert imported == {name for names in used.values() for name in names} & imported
    assert "cbdsl" not in imported


# ---------------------------------------------------------------- f: without keras at all


def test_the_stand_in_decides_as_a_real_fit(expected, tmp_path):
    script = f"""
import json, sys
import cbdsl
from cbdsl.simulate import simulate
nan = float("nan")
program = cbdsl.compile({fits.RULES!r}, filename="rules.cbr")
done = simulate(program.plan, program.module, {fits.SERIES!r}, epochs={fits.EPOCHS},
                batches={fits.BATCHES}, batch_series={fits.BATCH_SERIES!r}, lr={fits.RATE})
assert not {{"keras", "tensorflow", "numpy"}} & set(sys.modules)
json.dump([[[f.rule, f.epoch, repr(f.values), [[a.verb, repr(a.detail), a.error]
           for a in f.actions]] for f in done.record.firings], done.rates], sys.stdout)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    decisions, rates = json.loads(done.stdout)
    assert [(rule, epoch) for rule, epoch, *_ in decisions] == [
        (rule, epoch) for rule, epoch, *_ in expected[0]
    ]
    for simulated, real in zip(decisions, expected[0], strict=True):
        assert simulated[2] == repr_of(real[2])
        assert [a[:1] + a[2:] for a in simulated[3]] == [a[:1] + a[2:] for a in real[3]]
        assert [detail.strip("'") for _, detail, _ in simulated[3]] == [
            str(detail) for _, detail, _ in real[3]
        ]
    assert rates == expected[1]
    assert os.listdir(tmp_path) == []  # It saved nothing.


def repr_of(values):
    return "{" + ", ".join(f"{name!r}: {value}" for name, value in values.items()) + "}"


# ---------------------------------------------------------------- g: resuming


class Stopper(keras.callbacks.Callback):
    """Takes the state out after each epoch, as text, with the rate that a backup would hold."""

    def __init__(self, host):
        super().__init__()
        self.host = host
        self.states = {}

    def on_epoch_end(self, epoch, logs=None):
        state = json.dumps(self.host.state())
        self.states[epoch + 1] = state, fits.rate_of(self.model)


class Resume(keras.callbacks.Callback):
    """Stands after the host and gives it its memory back, where a host does it itself one day."""

    def __init__(self, host, state):
        super().__init__()
        self.host = host
        self.state = state

    def on_train_begin(self, logs=None):
        self.host.take_up(json.loads(self.state))


def test_a_memory_taken_up_changes_no_decision(program, expected, tmp_path):
    *schedule, host = program.callbacks(run_dir=tmp_path)
    keep = Stopper(host)
    run([*schedule, host, keep])
    decisions, rates = expected
    assert fits.decisions(host.record) == decisions
    assert list(keep.states) == list(range(1, 9))
    for epoch, (state, rate) in keep.states.items():
        *schedule, other = program.callbacks(run_dir=tmp_path)
        watch = fits.Watch()
        resumed = [given(), *schedule, other, Resume(other, state), watch]
        fits.fit(resumed, fits.fresh(rate=rate), initial_epoch=epoch, epochs=fits.EPOCHS)
        if epoch == 8:
            continue  # It was stopped there; a resumed run goes on, which is for the host to know.
        assert fits.decisions(other.record) == [d for d in decisions if d[1] > epoch]
        assert watch.rates == rates[epoch:]


def test_without_its_memory_a_resumed_run_decides_otherwise(program, expected, tmp_path):
    *schedule, host = program.callbacks(run_dir=tmp_path)
    fits.fit([given(), *schedule, host], initial_epoch=5, epochs=fits.EPOCHS)
    forgetful = set(names(fits.decisions(host.record)))
    remembered = {rule for rule, epoch, *_ in expected[0] if epoch > 5}
    assert "first" in forgetful - remembered
    fives = [decision for decision in fits.decisions(host.record) if decision[0] == "fives"]
    assert fives[0][3][0][1].startswith("45 5 nan ")


def test_state_is_plain_data_by_rule(program, used):
    host = used[-1]
    state = host.state()
    assert list(state) == [named.key for named in program.plan.named]
    # NaN is not itself; everything else comes back as it was.
    assert repr(json.loads(json.dumps(state))) == repr(state)
    slow = next(memory for key, memory in state.items() if key.startswith("slow:"))
    assert slow["val_loss_stalls"]["best"] == pytest.approx(0.6)
    assert slow["fired_at"] == 7


def test_state_of_unknown_rules_is_left_alone(program, tmp_path):
    host = program.callbacks(run_dir=tmp_path)[-1]
    before = repr(host.state())
    host.take_up({"gone:0123": {"firings": 3}})
    assert repr(host.state()) == before


# ---------------------------------------------------------------- h: rules that raise

RAISES = """\
# Größe: é
bad: on epoch_end if accuracy > 0.5 and loss < 1 print "é {accuracy}"
other: on epoch_end print "epoch {epoch}"
"""


class Wrong(keras.callbacks.Callback):
    """Puts into the logs what no metric is, in the second epoch and at second batches."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            logs["accuracy"] = "high"

    def on_train_batch_end(self, batch, logs=None):
        if batch == 1:
            logs["loss"] = "low"


def test_with_strict_the_traceback_shows_the_rule():
    callbacks = cbdsl.callbacks(RAISES, strict=True)
    watch = fits.Watch()
    with pytest.raises(TypeError, match="'>' not supported") as raised:
        fits.fit([Wrong(), *callbacks, watch], epochs=4)
    said = "".join(traceback.format_exception(raised.value))
    digest = said.partition('File "<rules ')[2].partition(">")[0]
    assert len(digest) == 8
    # The rule's own line, with carets below its condition.
    rule = RAISES.splitlines()[1]
    condition = "accuracy > 0.5 and loss < 1"
    assert (
        f'  File "<rules {digest}>", line 2, in on_epoch_end\n'
        f"    {rule}\n"
        f"    {' ' * rule.index(condition)}{'^' * len(condition)}\n"
    ) in said
    assert raised.value.__notes__ == ["in the rule bad (<rules>:2)"]
    assert len(watch.rates) == 2
    assert len(watch.ends) == 1


def test_the_traceback_points_at_the_action():
    rule = 'on epoch_end print "é ü", print "{accuracy:.1%}"'
    with pytest.raises(ValueError, match="format code") as raised:
        fits.fit([Wrong(), *cbdsl.callbacks(rule, strict=True)], epochs=2)
    said = "".join(traceback.format_exception(raised.value))
    action = 'print "{accuracy:.1%}"'
    assert f"    {rule}\n    {' ' * rule.index(action)}{'^' * len(action)}\n" in said


def test_the_traceback_names_a_file(tmp_path):
    path = tmp_path / "rules.cbr"
    path.write_text(RAISES, "utf-8")
    callbacks = cbdsl.callbacks(path, strict=True)
    path.unlink()  # What was compiled is what is shown.
    with pytest.raises(TypeError) as raised:
        fits.fit([Wrong(), *callbacks], epochs=4)
    said = "".join(traceback.format_exception(raised.value))
    assert f'File "{path}", line 2, in on_epoch_end\n    {RAISES.splitlines()[1]}\n' in said
    assert raised.value.__notes__ == ["in the rule bad (rules.cbr:2)"]


def test_a_compiled_file_names_the_rule_in_its_own_lines(tmp_path, monkeypatch):
    text = cbdsl.compile(RAISES, filename="rules.cbr").python
    (tmp_path / "bad_rules.py").write_text(text, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(TypeError) as raised:
        fits.fit([Wrong(), *importlib.import_module("bad_rules").callbacks()], epochs=4)
    last = traceback.extract_tb(raised.value.__traceback__)[-1]
    assert Path(last.filename).name == "bad_rules.py"
    line = text.splitlines()[last.lineno - 1]
    assert "accuracy > 0.5" in line
    assert line.endswith("# rules.cbr:2")


def test_without_strict_the_rule_is_switched_off_and_training_goes_on(capsys):
    callbacks = cbdsl.callbacks(RAISES)
    host, watch = callbacks[-1], fits.Watch()
    fits.fit([Wrong(), *callbacks, watch], epochs=4)
    assert len(watch.ends) == 4
    assert [f.epoch for f in host.record.firings if f.rule == "other"] == [1, 2, 3, 4]
    assert [f.epoch for f in host.record.firings if f.rule == "bad"] == [1]
    out = capsys.readouterr()
    assert out.out.count("epoch ") == 4
    assert out.err == (
        "\n<rules>:2: the rule is switched off for this training, since it failed: TypeError: "
        "'>' not supported between instances of 'str' and 'float'\n"
    )
    assert list(host.broken.values()) == [
        "TypeError: '>' not supported between instances of 'str' and 'float'"
    ]
    # For this training: the next begins with all rules.
    fits.fit(callbacks, epochs=2)
    assert [f.rule for f in host.record.firings] == ["bad", "other"] * 2
    assert host.broken == {}


def test_a_rule_that_raises_in_a_batch_is_switched_off_at_all_its_hooks(capsys):
    callbacks = cbdsl.callbacks(
        'bad: on batch_end if loss > 0.5 print "{step}"\n'
        'counts: every 4 batches print "four {step}"\n'
    )
    host = callbacks[-1]
    fits.fit([Wrong(), *callbacks], epochs=2)
    assert [f.values for f in host.record.firings if f.rule == "bad"][1:] == []
    assert [a.detail for f in host.record.firings if f.rule == "counts" for a in f.actions] == [
        "four 4",
        "four 8",
        "four 12",
        "four 16",
    ]
    assert capsys.readouterr().err.count("switched off") == 1
    assert host.members.rules[0].step == 2


def test_a_schedule_that_raises_is_switched_off_too(capsys):
    rules = "bad: every epoch lr *= 0.5\nother: every epoch lr *= 3"

    def raises(epoch, lr):
        if epoch == 1:
            raise ZeroDivisionError("our bug")
        return lr * 0.5

    callbacks = cbdsl.callbacks(rules)
    host, watch = callbacks[-1], fits.Watch()
    host.members.schedules[0].function = raises
    fits.fit([*callbacks, watch], epochs=3)
    assert watch.rates == [fits.RATE * 1.5, fits.RATE * 4.5, fits.RATE * 13.5]
    said = "the rule is switched off for this training, since it failed: ZeroDivisionError: our bug"
    assert capsys.readouterr().err == f"\n<rules>:1: {said}\n"
    assert [f.rule for f in host.record.firings] == ["bad", "other", "other", "other"]

    callbacks = cbdsl.callbacks(rules, strict=True)
    callbacks[-1].members.schedules[0].function = raises
    with pytest.raises(ZeroDivisionError) as raised:
        fits.fit(callbacks, epochs=3)
    assert raised.value.__notes__ == ["in the rule bad (<rules>:1)"]


# ---------------------------------------------------------------- i: actions that fail

FAILS = """\
lost: on epoch_end save "blocked/{epoch}.keras", save "ok/{epoch}.weights.h5", print "after"
fast: on epoch_end if epoch is finite then once print "{lost}"
"""


@pytest.fixture
def blocked(tmp_path):
    """A run directory in which a folder cannot be made, since there is a file in its place."""
    (tmp_path / "blocked").write_text("a file")
    return tmp_path


def test_an_action_that_fails_is_reported_and_the_next_are_done(blocked, capsys):
    callbacks = cbdsl.callbacks(FAILS.splitlines()[0], run_dir=blocked)
    host = callbacks[-1]
    fits.fit(callbacks, epochs=2)
    assert sorted(os.listdir(blocked / "ok")) == ["1.weights.h5", "2.weights.h5"]
    assert [f.epoch for f in host.record.firings] == [1, 2]  # The firing counts.
    assert host.members.rules[0].firings == 2
    for firing in host.record.firings:
        save, other, after = firing.actions
        assert save.verb == "save"
        assert save.detail == f"blocked/{firing.epoch}.keras"
        assert save.error.startswith(("FileExistsError: ", "NotADirectoryError: "))
        assert (other.error, after.detail, after.error) == (None, "after", None)
    out = capsys.readouterr()
    assert out.out == "after\nafter\n"
    assert out.err.count("<rules>:1: could not save 'blocked/1.keras': ") == 1
    assert out.err.count("<rules>:1: could not save 'blocked/2.keras': ") == 1
    assert (blocked / "blocked").read_text() == "a file"


def test_with_strict_an_action_that_fails_ends_training(blocked):
    callbacks = cbdsl.callbacks(FAILS.splitlines()[0], run_dir=blocked, strict=True)
    host, watch = callbacks[-1], fits.Watch()
    with pytest.raises(OSError, match="blocked") as raised:
        fits.fit([*callbacks, watch], epochs=2)
    assert raised.value.__notes__ == ["in the rule lost (<rules>:1)"]
    assert FAILS.splitlines()[0] in "".join(traceback.format_exception(raised.value))
    assert len(watch.rates) == 1
    (firing,) = host.record.firings
    assert [(a.verb, bool(a.error)) for a in firing.actions] == [("save", True)]
    assert not (blocked / "ok").exists()


def test_a_rate_that_is_no_number_is_not_set(capsys):
    rules = "on epoch_end lr = loss / 0\nevery epoch after 1 lr = 0.25 / (epoch - 3)\n"
    callbacks = cbdsl.callbacks(rules)
    host, watch = callbacks[-1], fits.Watch()
    fits.fit([*callbacks, watch], epochs=4)
    # Epoch 2: -0.25, and no rate lies below zero. Epoch 3: 0.25 / 0.
    assert watch.rates == [fits.RATE, 0.0, 0.0, 0.25]
    of_schedule = [f for f in host.record.firings if f.place == "<rules>:2"]
    assert [(f.epoch, f.actions[0].error) for f in of_schedule] == [
        (2, None),
        (3, "ValueError: the learning rate stays 0: a rule set it to inf"),
        (4, None),
    ]
    assert all(f.actions[0].error for f in host.record.firings if f.place == "<rules>:1")
    said = capsys.readouterr().err
    assert said.count("<rules>:1: could not set lr: the learning rate would be inf") == 4
    assert said.count("<rules>:2: could not set lr: the learning rate stays 0") == 1
    with pytest.raises(ValueError, match="stays 0: a rule set it to inf"):
        fits.fit(cbdsl.callbacks(rules.splitlines()[1], strict=True), epochs=4)


def test_a_rule_by_hand_reports_on_stderr(blocked, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    text = cbdsl.compile(FAILS.splitlines()[0]).python
    module = {}
    exec(compile(text, "by_hand.py", "exec"), module)
    rule = module["Lost"]()
    rule.effects = Direct(blocked)
    fits.fit([rule], epochs=1)
    assert "<rules>:1: could not save 'blocked/1.keras': " in capsys.readouterr().err
    assert sys.stdout.getvalue() == "after\n"
    assert os.listdir(blocked / "ok") == ["1.weights.h5"]
