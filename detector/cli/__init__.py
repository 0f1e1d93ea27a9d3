"""The command line: one verb, one file.

To add a verb, write a module with a command of the module's name, and name it in `VERBS`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from detector.cli.logs import logs_json, set_log_format, tell
from detector.cli.options import INTERRUPTED
from detector.cli.streams import guard_streams
from detector.version import __version__

VERBS = (
    "cluster", "compare", "drift", "evaluate", "explain-rates", "index", "info", "score", "train",
)  # fmt: skip
"""Modules of this package, each with a command of its own name (with "_" for "-"); one is imported
when it is used."""


class _Verbs(click.Group):
    """Imports a verb when it is asked for, so that none waits for the imports of another."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a verb; a standard stream that cannot be used is one line and exit code 2."""
        set_log_format("text")
        with guard_streams():
            return super().main(*args, **extra)

    def invoke(self, context: click.Context) -> Any:
        """Run a verb; where messages are JSON lines, what is wrong with a call is one too.

        Ctrl-C has an exit code of its own: click's is that of inputs that could not be used.
        """
        try:
            return super().invoke(context)
        except KeyboardInterrupt:
            tell("\ninterrupted", exit_code=INTERRUPTED)
            return context.exit(INTERRUPTED)
        except click.ClickException as fault:
            if not logs_json():
                raise
            tell(fault.format_message(), "error", exit_code=fault.exit_code)
            return context.exit(fault.exit_code)

    def list_commands(self, context: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            return None
        module = name.replace("-", "_")
        command: click.Command = getattr(import_module(f"{__name__}.{module}"), module)
        return command


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="detector")
def main() -> None:
    """Tell whether English news articles were machine-translated, round-tripped or spun."""
