"""The command line: one verb, one file."""

from __future__ import annotations

import click

from detector import __version__
from detector.cli.evaluate import evaluate
from detector.cli.info import info
from detector.cli.score import score


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="detector")
def main() -> None:
    """Tell whether English news articles were machine-translated, round-tripped or spun."""


for _verb in (score, evaluate, info):
    main.add_command(_verb)
