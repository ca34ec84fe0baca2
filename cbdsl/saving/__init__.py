"""The folder that a run is taken up from: its state, a lock, and whether it is finished.

It knows no Keras: a command that only asks how far a run is answers at once.
"""

from cbdsl.saving.folder import CannotResume, Finished, StateFolder
from cbdsl.saving.state_file import Saved

__all__ = ["CannotResume", "Finished", "Saved", "StateFolder"]
