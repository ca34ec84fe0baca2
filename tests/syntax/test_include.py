"""Files that include others."""

import os
import pickle
import traceback
from pathlib import Path

import pytest

import cbdsl
from cbdsl import CbrError
from cbdsl.formatter.flat import flattened
from cbdsl.loading import members
from cbdsl.program import Program, read_file
from cbdsl.simulate import keras, simulate


def write(folder: Path, **files: str) -> Path:
    """Files by their names, `__` for `/`; the first is the one that is read."""
    paths = []
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.cbr"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        paths.append(path)
    return paths[0]


def message(path: Path) -> str:
    with pytest.raises(CbrError) as error:
        cbdsl.load(path)
    (diagnostic,) = error.value.diagnostics
    return str(diagnostic)


def test_statements_stand_where_they_are_included(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        main='a: on epoch_end print "a"\ninclude "lib/two.cbr"\nd: on epoch_end print "d"',
        lib__two='b: on epoch_end print "b"\ninclude "three.cbr"',
        lib__three='c: on epoch_end print "c"\n',
    )
    program = cbdsl.load(main)
    assert program.rules == ["a", "b", "c", "d"]
    done = simulate(program.plan, program.module, {"loss": [1.0]})
    assert [f.rule for f in done.record.firings] == ["a", "b", "c", "d"]
    assert [f.place for f in done.record.firings] == [
        "main.cbr:1", "two.cbr:1", "three.cbr:1", "main.cbr:3"
    ]  # fmt: skip
    assert pickle.loads(pickle.dumps(program)).rules == program.rules


def test_the_flat_text_says_the_same(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        main='language 1\nparam p = 1\n  # note\ninclude "two.cbr"  # here\nb: on epoch_end stop',
        two="# two\nlanguage 1\na: every epoch lr *= p",
    )
    flat = flattened(read_file(main))
    assert flat == (
        "# main.cbr, with what it includes: two.cbr\n"
        "language 1\nparam p = 1\na: every epoch lr *= p\nb: on epoch_end stop\n"
    )
    keys = [named.key for named in cbdsl.load(main).plan.named]
    assert [named.key for named in cbdsl.compile(flat).plan.named] == keys


def test_mistakes_are_shown_in_their_own_file(tmp_path: Path) -> None:
    main = write(tmp_path, main='include "two.cbr"\n', two="\n\non epoch_ned stop\n")
    assert message(main).startswith(f"{tmp_path / 'two.cbr'}:3:4: error[CBR201]")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"main": 'include "main.cbr"'}, "this include never ends"),
        ({"main": 'include "a.cbr"', "a": 'include "main.cbr"'}, "this include never ends"),
        ({"main": 'include "a.cbr"'}, "a.cbr` cannot be read"),
        ({"main": 'include "../a.cbr"'}, "an included file lies beside the first file"),
        ({"main": 'include "/etc/hosts"'}, "an included file lies beside the first file"),
        ({"main": 'include "lib\\\\a.cbr"'}, "an included file lies beside the first file"),
        ({"main": 'include "{loss}.cbr"'}, "an include names one file"),
        ({"main": 'include ""'}, "an include names one file"),
        (
            {
                "main": 'param p = 1\ninclude "a.cbr"\non epoch_end if loss > p stop',
                "a": "param p = 2",
            },
            "the name `p` is given twice",
        ),
    ],
)
def test_what_cannot_be_included(files: dict[str, str], said: str, tmp_path: Path) -> None:
    assert said in message(write(tmp_path / "rules", **files))


def test_a_link_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    outside = write(tmp_path, outside="on epoch_end stop")
    main = write(tmp_path / "rules", main='include "a.cbr"')
    (tmp_path / "rules" / "a.cbr").symlink_to(outside)
    assert "an included file lies beside the first file" in message(main)


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.cbr")
    (tmp_path / "round.cbr").symlink_to("round.cbr")
    piped = write(tmp_path, a='include "pipe.cbr"\non epoch_end stop')
    assert message(piped).endswith("pipe.cbr` cannot be read")
    linked = write(tmp_path, a='include "round.cbr"\non epoch_end stop')
    assert message(linked).endswith("round.cbr` cannot be read")


def test_the_name_of_a_file_begins_no_line_of_python(tmp_path: Path) -> None:
    name = tmp_path / "x\nimport os.cbr"
    name.write_text("on epoch_end if loss > 1 stop\non epoch_ned stop\n")
    path = write(tmp_path, a='include "x\\nimport os.cbr"\nevery epoch lr *= 0.9')
    assert "x·import os.cbr:2:4: error" in message(path)
    name.write_text("on epoch_end if loss > 1 stop\n")
    python = cbdsl.load(path).python
    assert "# x·import os.cbr:1\n" in python
    assert "\nimport os" not in python


def test_more_files_than_anybody_writes(tmp_path: Path) -> None:
    files = {f"a{i}": f'include "a{i + 1}.cbr"' for i in range(70)}
    assert "more than 64 files are included" in message(write(tmp_path, **files))


def test_a_traceback_shows_the_included_file(tmp_path: Path) -> None:
    main = write(tmp_path, main='include "two.cbr"', two="\na: on epoch_end if loss > 1 stop")
    program = Program(read_file(main))
    (rule,) = members(program.plan, program.module, keras=keras).rules
    try:
        rule.on_epoch_end(0, {"loss": "text"})
    except TypeError as error:
        shown = traceback.format_exception(error)
    assert f'{tmp_path / "two.cbr"}", line 2' in shown[-2]
    assert "on epoch_end if loss > 1 stop" in shown[-2]


def test_the_flat_text_of_odd_files_can_be_read(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        main='  a: on epoch_end:\n     stop\n  include "two.cbr"  # note\n  b: on epoch_end stop\n',
        two='    c: every epoch lr *= 0.5\r\n    d: on epoch_end print "d"\r\n',
    )
    program = cbdsl.load(main)
    again = cbdsl.compile(flattened(read_file(main)))
    assert again.rules == program.rules == ["a", "c", "d", "b"]


def test_language_is_first_in_each_file(tmp_path: Path) -> None:
    main = write(tmp_path, main='include "a.cbr"\nlanguage 1\n', a="language 1\non epoch_end stop")
    assert "main.cbr:2:1: error[CBR113]" in message(main)
