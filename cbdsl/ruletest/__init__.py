"""Tests of rules: run over given values, without a training and without keras."""

from cbdsl.ruletest.coverage import Coverage, coverage
from cbdsl.ruletest.expect import Failure
from cbdsl.ruletest.run import Outcome, Tests, name_of, run_tests

__all__ = ["Coverage", "Failure", "Outcome", "Tests", "coverage", "name_of", "run_tests"]
