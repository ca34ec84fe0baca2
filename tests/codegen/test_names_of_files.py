"""Names of a file beside the names that generated code makes of its rules."""

import pytest

import cbdsl
from cbdsl.loading import load
from cbdsl.simulate import keras, simulate


@pytest.mark.parametrize(
    "rules",
    [
        "param A = 3\na: on epoch_end if loss < A stop",
        "param Gap = 1\nmetric gap = loss * 2\non epoch_end if gap > Gap stop",
        "param StopOnEpochEnd = 1\non epoch_end if loss > StopOnEpochEnd stop",
        "param lr_every_epoch = 0.5\nevery epoch lr *= lr_every_epoch\nevery 2 epochs lr *= 0.9",
        'param csv_logger = 1\nuse CSVLogger(filename="a.csv")\nat epoch csv_logger stop',
    ],
)
def test_a_parameter_called_like_what_a_rule_becomes(rules: str) -> None:
    made = vars(load(cbdsl.compile(rules).module, keras))["callbacks"]()
    assert len(made) >= 1


def test_a_variable_called_start() -> None:
    program = cbdsl.compile('let start = 0\non epoch_end start += 1, print "{start}"')
    done = simulate(program.plan, program.module, {"loss": [1.0, 1.0]})
    assert [f.actions[1].detail for f in done.record.firings] == ["1", "2"]
