"""Without training: when each rule can fire, and the learning rate of each epoch."""

from cbdsl.forecast.model import Forecast, Foreseen, Planned
from cbdsl.forecast.run import forecast

__all__ = ["Forecast", "Foreseen", "Planned", "forecast"]
