"""Rules in a real training: the only room beside `train` that imports keras."""

from cbdsl.attach.attaching import attach
from cbdsl.attach.beginning import Refused
from cbdsl.attach.host import Rules
from cbdsl.attach.summary import summary

__all__ = ["Refused", "Rules", "attach", "summary"]
