"""Generated Python is as `ruff format` would leave it, and `ruff check` finds nothing in it.

Only what no formatter can break may be too long: texts, docstrings, and the places in comments.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Iterable

import pytest
from corpus_files import CorpusFile, files, name
from hypothesis import given, settings
from ruff.__main__ import find_ruff_bin
from strategies import programs

import cbdsl
from cbdsl.codegen.layout import WIDTH, laid_out
from cbdsl.program import Program
from cbdsl.simulate import simulate

_STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')


def ruff(command: str, text: str, *arguments: str) -> str:
    settings = ("--isolated", f"--line-length={WIDTH}", "--target-version=py311")
    done = subprocess.run(
        [find_ruff_bin(), command, *settings, *arguments, "-"],
        input=text,
        capture_output=True,
        encoding="utf-8",
    )
    assert not done.stderr, done.stderr
    return done.stdout


def complaints(text: str) -> list[str]:
    """What `ruff check` says of a module, but for lines that cannot be shorter."""
    found = ruff(
        "check",
        text,
        "--select=E,F,I,W",
        '--config=lint.isort.known-first-party=["cbdsl"]',
        "--output-format=json",
    )
    lines, docstrings = text.split("\n"), set(docstring_rows(text))
    said = []
    for problem in json.loads(found):
        row = problem["location"]["row"]
        line = lines[row - 1]
        if problem["code"] != "E501" or not (row in docstrings or cannot_be_shorter(line)):
            said.append(f"{problem['code']} {problem['message']}: {line}")
    return said


def cannot_be_shorter(line: str) -> bool:
    """Whether a text, a place or a single name makes it long."""
    bare = _STRING.sub("", re.sub(r"  # .+:\d+$", "", line))
    return len(bare) <= WIDTH or re.fullmatch(r" *(\S+ )?[\w.-]+,?", bare) is not None


def docstring_rows(text: str) -> Iterable[int]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)


def check(program: Program) -> None:
    for text in (program.python, program.standalone):
        assert ruff("format", text) == text
        assert not complaints(text)


# --------------------------------------------------------------------------------------- modules


@pytest.mark.parametrize("file", files("valid"), ids=name)
def test_the_corpus_is_laid_out(file: CorpusFile) -> None:
    check(file.program())


@settings(max_examples=40, deadline=None)
@given(programs())
def test_programs_are_laid_out(text: str) -> None:
    check(cbdsl.compile(text, filename="rules.cbr"))


LONG = "the_mean_of_the_squared_differences_between_what_was_said_and_seen"
AWKWARD = f"""
param {LONG} = 0.25
param greeting = "it's \\"so\\" called"
metric gap_{LONG} = loss - `損失関数の値` / 2
minimize {LONG}_
maximize `損失関数の値`
on epoch_end if {LONG}_ stalls for 3 epochs or `損失関数の値` improves stop "\\"{{greeting}}\\""
on epoch_end if `損失関数の値` > 1 and mean(gap_{LONG}, 5) > {LONG} lr = {LONG}
on train_end if loss > 1e30 print "{{loss:.3f}} \\"{{greeting:>9}}\\" \\"quoted\\""
on epoch_begin:
  print "a block"   # and a comment

  warn "a \\\\ {{epoch}}"
use EarlyStopping(monitor="loss", min_delta=1e30,
\t  patience=3)
every epoch lr *= 1 - {LONG} / max(epoch, {LONG}, epochs) - 0.5 * {LONG}
"""


@pytest.mark.parametrize("label", ["rules.cbr", f"{LONG}.cbr", "規則" * 14])
def test_awkward_names_are_laid_out(label: str) -> None:
    check(cbdsl.compile(AWKWARD, filename=label))


# ------------------------------------------------------------------------------------ statements

_ARGUMENTS = "first_argument, second_argument + 1, third=third_argument, fourth=[]"
STATEMENTS = [
    "if first_condition_of_all and second_condition_of_all and third_condition:",
    "if first_condition_of_all and (second_condition_of_all or third_condition_of_all):",
    "if (first_condition_of_all or second_condition_of_all) and third_condition_of_all:",
    "if not (first_condition_of_all or second_condition_of_all or third_condition):",
    "if elapsed <= 7200 and elapsed // (60 * self.minutes) > earlier // (60 * self.minutes):",
    "if first_of_all(loss + 1, val_loss) > second_of_all(accuracy, val_accuracy, 0.1):",
    "if first_of_all() > second_of_all() or third_of_all() is not fourth_of_all():",
    "if self.a_memory_with_a_name_that_goes_on_and_on_and_on_until_the_end_of_it.holds():",
    "if not self.a_memory_with_a_name_that_goes_on_and_on_until_the_end_of_the_line.holds(3):",
    "return settable(None if epochs is None or loss is None else 0.01 * (1 + cos(epoch)), lr)",
    "return None if val_loss is None or accuracy is None else val_loss / 2 - accuracy * 3",
    "return 0.5 * lr",
    "return lr",
    "self.lr *= 0.5",
    'logs["gap"] = reported(None if val_loss is None else divide(val_loss, loss) % loss)',
    "self.lr = limited(self.lr * 0.5, 1e-06, self.the_highest_of_all_the_rates_that_may_be)",
    f"self.a_memory_with_a_name_that_goes_on_and_on_and_on = Memory({_ARGUMENTS})",
    'name = "a name that is nearly as long as a line can be, since somebody thought it helps"',
    'memory = ("a_memory_with_a_name_that_goes_on_and_on_and_on_until_the_end_of_the_line",)',
    'memory = ("a_memory_with_a_name_that_goes_on", "another_one_with_a_name_that_goes_on")',
    'start = {"a_variable_with_a_name_that_goes_on": 0.0, "another_one_that_goes_on": True}',
    'self.fired({"loss": loss, "prev(loss, 3)": prev_loss_3, "mean(loss, 5)": mean_loss_5})',
    "self.print(f\"a text, that (as it happens) is very long {loss:.3f} {text(loss, '.3f')}\")",
    f"self.memory.observe(epoch + 1, holds=loss > 3 or made({_ARGUMENTS}) == 3, fails=loss)",
]


@pytest.mark.parametrize("comment", ["", "rules.cbr:3", f"{LONG}.cbr:12345"])
@pytest.mark.parametrize("depth", [1, 2, 5, 9])
def test_statements_are_laid_out(depth: int, comment: str) -> None:
    indent = "    " * depth
    whole: list[str] = []
    broken: list[str] = []
    for number, statement in enumerate(STATEMENTS):
        blocks = ["    " * level + f"if block_{number}:" for level in range(depth)]
        body = [f"{indent}    pass"] if statement.endswith(":") else []
        line = f"{indent}{statement}" + (f"  # {comment}" if comment else "")
        whole += [*blocks, line, *body]
        broken += [*blocks, *laid_out(statement, indent, comment), *body]
    assert "\n".join(broken) + "\n" == ruff("format", "\n".join(whole) + "\n")


def test_the_comma_of_a_list_stays_behind_its_item() -> None:
    lines = laid_out(f"make({_ARGUMENTS}),", " " * 40)
    assert (lines[0].strip(), lines[-1].strip()) == ("make(", "),")


# ----------------------------------------------------------------------------- the way back


@pytest.mark.parametrize("file", files("valid"), ids=name)
def test_every_line_of_a_statement_has_its_place(file: CorpusFile) -> None:
    module = file.program().module
    for node in ast.walk(ast.parse(module.text)):
        if isinstance(node, ast.If):
            last = node.body[0].lineno - 1
        elif isinstance(node, ast.Expr | ast.Assign | ast.AugAssign | ast.Return):
            last = node.end_lineno or node.lineno
        else:
            continue
        if node.lineno in module.places:
            assert len({module.places.get(n) for n in range(node.lineno, last + 1)}) == 1


def test_a_number_sign_in_a_text_is_no_comment() -> None:
    program = cbdsl.compile('on batch_end print "  # {step}"')
    record = simulate(program.plan, program.module, {"loss": [1.0]}, epochs=1, batches=1).record
    assert record.firings[0].actions[0].detail == "  # 1"
