"""Tests of rules: run over given values, without a training and without keras."""

from cbdsl.ruletest.coverage import Coverage, coverage
from cbdsl.ruletest.run import Failure, Outcome, name_of, run_test, run_tests

__all__ = ["Coverage", "Failure", "Outcome", "coverage", "name_of", "run_test", "run_tests"]
