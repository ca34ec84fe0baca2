"""Runs the generated callbacks over numbers instead of a training, without importing keras."""

from cbdsl.simulate.drive import Probe, Simulated, simulate
from cbdsl.simulate.standin import keras

__all__ = ["Probe", "Simulated", "keras", "simulate"]
