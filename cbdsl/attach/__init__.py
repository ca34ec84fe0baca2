"""Rules in a real training: the only room beside `train` that imports keras."""

from cbdsl.attach.host import Refused, Rules, attach
from cbdsl.attach.summary import summary

__all__ = ["Refused", "Rules", "attach", "summary"]
