"""Checked rules to a plan: which callbacks and schedules there will be, and what each needs."""

from cbdsl.plan.build import plan
from cbdsl.plan.model import BlockPlan, Gate, MetricPlan, Plan, RulePlan, Schedule, Slot, UsePlan

__all__ = [
    "BlockPlan",
    "Gate",
    "MetricPlan",
    "Plan",
    "RulePlan",
    "Schedule",
    "Slot",
    "UsePlan",
    "plan",
]
