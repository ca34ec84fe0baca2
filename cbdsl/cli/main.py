"""The command `cbdsl`: finds the verb's module and loads no other."""

from __future__ import annotations

from importlib import import_module

import click

from cbdsl import __version__
from cbdsl.diagnostics import did_you_mean

VERBS = {
    "check": "say what is wrong with rule files",
    "explain": "explain a code such as CBR404, with examples",
    "compile": "turn a rule file into Python",
    "fmt": "lay out rule files in the one canonical way",
    "init": "write a rule file to begin with",
    "test": "run the tests in rule files, without a training",
    "replay": "say what rules would have decided on past runs",
    "next": "say when rules can fire, and the rate, without a training",
    "plot": "draw the rate, and when rules can fire, without a training",
    "train": "train a model under the rules of a file",
    "run": "run a training script with rules attached to it",
    "why": "say why the rules of a run fired, and how near the others came",
    "report": "make a page of a run: its curves, what fired, and its rules",
}


class _Verbs(click.Group):
    """A verb's module is imported when it is called: `train` alone needs TensorFlow."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in VERBS and not name.startswith("-"):
            help = did_you_mean(name, VERBS)
            if name.endswith(".cbr"):
                help = f"write `cbdsl check {name}`"
            ctx.fail(f"there is no command `{name}`" + (f"; {help}" if help else ""))
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = import_module(f"cbdsl.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cbdsl")
def main() -> None:
    """Training policy as text: rules for Keras, compiled to callbacks."""
