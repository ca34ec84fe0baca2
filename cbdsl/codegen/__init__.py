"""A plan to Python source, with a map from its lines back to the rules."""

from cbdsl.codegen.module import GeneratedModule, generate
from cbdsl.codegen.standalone import standalone

__all__ = ["GeneratedModule", "generate", "standalone"]
