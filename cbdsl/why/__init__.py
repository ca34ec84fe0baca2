"""Why rules fired in a run, and how near the others came: words about a journal."""

from cbdsl.why.explain import Explained, Story, explain

__all__ = ["Explained", "Story", "explain"]
