"""What generated modules look like and what they may be called."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import cbdsl
from cbdsl import runtime
from cbdsl.plan.naming import RESERVED, argument
from cbdsl.simulate import simulate

EVERYTHING = """
param target = 90%
param patience = 3
good_enough: on epoch_end if accuracy > target stop "{accuracy:.1%} of {epochs}, {logs}, {metrics}"
every epoch after 2 lr *= 0.99
every 5 epochs from 10% to 50% if epochs > 3 lr *= target
on epoch_end if val_loss improves save "best-{epoch:02d}.weights.h5"
slow: on epoch_end after 1 if val_loss stalls for patience epochs then once warn "{loss / lr}"
every 100 batches print "{step}: {loss} {target}"
every epoch if val_loss > 3 and `top-5 accuracy` % target < 0.5 ** target lr /= loss
at batch 5, 10 lr = 1e-4
"""


def names_at_the_top(text: str) -> set[str]:
    names: set[str] = set()
    for node in ast.parse(text).body:
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.Import() | ast.ImportFrom():
                names |= {alias.asname or alias.name for alias in node.names}
            case ast.Assign():
                names |= {t.id for t in node.targets if isinstance(t, ast.Name)}
    return names


def test_nothing_of_a_file_can_hide_what_the_module_uses() -> None:
    program = cbdsl.compile(EVERYTHING)
    rules = {rule.class_name for rule in program.plan.rules}
    functions = {schedule.function for schedule in program.plan.schedules}
    assert names_at_the_top(program.standalone) - rules - functions <= RESERVED
    assert names_at_the_top(program.python) - rules - functions <= RESERVED
    assert set(runtime.__all__) <= RESERVED
    attributes = {name for name in dir(runtime.Rule) if not name.startswith(("_", "on_"))}
    assert attributes <= RESERVED


def test_parameters_with_awkward_names_reach_their_rules() -> None:
    names = [
        "class",
        "class_",
        "model",
        "share",
        "name",
        "self",
        "_model",
        "__x",
        "param__x",
        "on_epoch_end",
    ]
    params = "\n".join(f"param {name} = {number}" for number, name in enumerate(names, 1))
    message = " ".join(f"{{{name}}}" for name in names)
    program = cbdsl.compile(
        f"{params}\nlambda: every epoch after share lr *= class / class_\n"
        f'path: on epoch_end if `self` > self print "{message}"'
    )
    result = simulate(program.plan, program.module, {"self": [7.0]}, epochs=1)
    (firing,) = result.record.firings
    assert firing.actions[0].detail == "1 2 3 4 5 6 7 8 9 10"
    assert len({argument(name) for name in names}) == len(names)
    ast.parse(program.standalone)


def test_metrics_with_awkward_names_are_told_apart() -> None:
    program = cbdsl.compile(
        "on epoch_end if `a-b` > 1 and `a b` > 2 and `text` > 3 and `epoch` > 4 and `1st` > 5"
        ' print "{`a-b`} {`a b`} {`text`} {`epoch`} {`1st`} {epoch}"'
    )
    series = {"a-b": [1.5], "a b": [2.5], "text": [3.5], "epoch": [4.5], "1st": [5.5]}
    result = simulate(program.plan, program.module, series)
    assert result.record.firings[0].actions[0].detail == "1.5 2.5 3.5 4.5 5.5 1"


@pytest.mark.parametrize(
    "message",
    [r"say \"hi\" {loss}", r"a\\b\n\t\{x\}", "'''", r"\"\"\"", "%s {loss:>8.3f}|", "é漢😀"],
)
def test_any_message_survives(message: str) -> None:
    program = cbdsl.compile(f'on epoch_end print "{message}"')
    result = simulate(program.plan, program.module, {"loss": [0.5]})
    expected = (
        message.replace("{loss:>8.3f}", "   0.500")
        .replace("{loss}", "0.5")
        .replace(r"\"", '"')
        .replace(r"\{", "{")
        .replace(r"\}", "}")
        .replace(r"\n", "\n")
        .replace(r"\t", "\t")
        .replace(r"\\", "\\")
    )
    assert result.record.firings[0].actions[0].detail == expected
    ast.parse(program.standalone)


def test_a_module_has_no_path_and_no_date(tmp_path: Path) -> None:
    path = tmp_path / "rules.cbr"
    path.write_text(EVERYTHING)
    one = cbdsl.load(path).python
    assert str(tmp_path) not in one
    assert one == cbdsl.compile(EVERYTHING, filename="rules.cbr").python


def test_only_hooks_that_a_rule_uses_are_there() -> None:
    program = cbdsl.compile('on epoch_end if loss > 3 print "x"')
    (cls,) = (n for n in ast.parse(program.python).body if isinstance(n, ast.ClassDef))
    assert [f.name for f in cls.body if isinstance(f, ast.FunctionDef)] == ["on_epoch_end"]


def test_keys_say_what_a_rule_is_and_not_where() -> None:
    one = cbdsl.compile("on epoch_end if loss > 3 stop\nx: on epoch_end stop")
    two = cbdsl.compile("# moved\n\nx: on epoch_end stop\n\non epoch_end if  (loss > 3) then stop")
    keys = [{n.key for n in p.plan.named} for p in (one, two)]
    assert keys[0] == keys[1]
    twins = cbdsl.compile("on epoch_end stop\non epoch_end stop\non train_end stop")
    assert len({n.key for n in twins.plan.named}) == 3


def test_a_schedule_is_a_function_of_epoch_and_rate() -> None:
    scope: dict[str, object] = {}
    text = cbdsl.compile("every epoch after 2 lr *= 0.99").python
    tree = ast.parse(text)
    function = [n for n in tree.body if isinstance(n, ast.FunctionDef)][:1]
    exec(compile(ast.Module(function, []), "<test>", "exec"), scope)
    rate = scope["learning_rate"]
    assert [rate(epoch, 0.5) for epoch in range(4)] == [0.5, 0.5, 0.495, 0.495]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("trigger", "epochs"), [("at 0%", [1]), ("at 0%, 50%", [1, 5]), ("at epoch part", [1])]
)
def test_the_first_epoch_is_at_or_past_nothing(trigger: str, epochs: list[int]) -> None:
    params = "param part = 0%\n" if "part" in trigger else ""
    program = cbdsl.compile(f'{params}{trigger} print "x"')
    record = simulate(program.plan, program.module, {"loss": [0.5] * 10}).record
    assert [firing.epoch for firing in record.firings] == epochs


@pytest.mark.parametrize("count", ["3.0", "3e0", "3."])
def test_a_count_may_be_written_in_any_way(count: str) -> None:
    program = cbdsl.compile(f'every {count} epochs print "x"')
    assert program.plan.rules[0].class_name == "PrintEvery3Epochs"
