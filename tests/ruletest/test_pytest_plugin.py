"""The plugin for pytest, in the way that its users meet it."""

from __future__ import annotations

from pathlib import Path

import pytest

# Loaded now, or each of the pytests below would load it afresh.
import cbdsl.ruletest.report  # noqa: F401

pytest_plugins = ["pytester"]

RULES = "param target = 0.9\nenough: on epoch_end if accuracy > target stop\n"
TESTS = """include "rules.cbr"

test "stops when accurate":
    given accuracy: 0.5 0.95
    expect stop at epoch 2

test "another target":
    set target = 99%
    given accuracy: 0.5 0.95
    expect enough at epoch 2
"""


@pytest.fixture
def folder(pytester: pytest.Pytester) -> Path:
    (pytester.path / "rules.cbr").write_text(RULES)
    (pytester.path / "rules_test.cbr").write_text(TESTS)
    return pytester.path


def run(pytester: pytest.Pytester, *args: str) -> pytest.RunResult:
    """In this process; the plugin is there as in any pytest of this environment."""
    # Hypothesis is slow to start, and none of these files needs it.
    off = (f"no:{name}" for name in ("cacheprovider", "hypothesispytest", "xdist"))
    return pytester.runpytest_inprocess(*(word for name in off for word in ("-p", name)), *args)


@pytest.mark.usefixtures("folder")
def test_tests_are_items(pytester: pytest.Pytester) -> None:
    done = run(pytester, "-v")
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(
        [
            "rules_test.cbr::stops when accurate PASSED*",
            "rules_test.cbr::another target FAILED*",
            "*___ another target ___*",
            "rules_test.cbr:10:5: expected enough at epoch 2; it never fired",
            "10 |     expect enough at epoch 2",
            "   = why: `accuracy > target` is false at epoch 2",
            "    epoch                  1      2",
            "    accuracy             0.5   0.95",
            "    accuracy > target  false  false",
            "FAILED rules_test.cbr::another target - rules_test.cbr:10:5: expected enough*",
        ]
    )
    assert "Traceback" not in done.stdout.str()


@pytest.mark.usefixtures("folder")
def test_they_are_chosen_as_others_are(pytester: pytest.Pytester) -> None:
    run(pytester, "-k", "accurate").assert_outcomes(passed=1, deselected=1)
    run(pytester, "rules_test.cbr::another target").assert_outcomes(failed=1)


def test_a_file_of_another_name_is_run_when_asked_for(
    pytester: pytest.Pytester, folder: Path
) -> None:
    (folder / "rules.cbr").write_text(RULES + 'test "here":\n    expect no stop\n')
    run(pytester, "rules.cbr").assert_outcomes(passed=1)
    # Those of an included file are run with it, and named by where they stand.
    done = run(pytester, "--collect-only", "-q")
    assert [line for line in done.outlines if "::" in line] == [
        "rules_test.cbr::here",
        "rules_test.cbr::stops when accurate",
        "rules_test.cbr::another target",
    ]


def test_rules_with_errors_are_an_error_of_the_file(
    pytester: pytest.Pytester, folder: Path
) -> None:
    (folder / "rules.cbr").write_text(RULES.replace("epoch_end", "epoch_ned"))
    done = run(pytester)
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(
        ["*ERROR collecting rules_test.cbr*", "rules.cbr:2:12: error[[]CBR201]: there is no hook*"]
    )
    assert "Traceback" not in done.stdout.str()


def test_parameters_that_make_errors_fail_the_test(pytester: pytest.Pytester, folder: Path) -> None:
    rules = "param n = 3\non epoch_end if loss stalls for n epochs stop\n"
    (folder / "rules.cbr").write_text(rules)
    (folder / "rules_test.cbr").write_text(
        'include "rules.cbr"\ntest "none":\n    set n = 0\n    expect stop\n'
    )
    done = run(pytester)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*error[[]CBR302]: `n`, which is 0, is not a count"])


def test_names_of_tests_are_shown_on_one_line(pytester: pytest.Pytester, folder: Path) -> None:
    (folder / "rules_test.cbr").write_text(
        RULES + 'test "two\\nlines":\n    given accuracy: 1\n    expect stop\n'
    )
    run(pytester, "-v").stdout.fnmatch_lines(["rules_test.cbr::two·lines PASSED*"])
