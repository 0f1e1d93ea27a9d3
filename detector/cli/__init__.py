"""The command line: one verb, one file."""

from __future__ import annotations

import click

from detector.cli.compare import compare
from detector.cli.drift import drift
from detector.cli.evaluate import evaluate
from detector.cli.index import index
from detector.cli.info import info
from detector.cli.score import score
from detector.cli.train import train
from detector.version import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="detector")
def main() -> None:
    """Tell whether English news articles were machine-translated, round-tripped or spun."""


for _verb in (score, compare, index, evaluate, drift, train, info):
    main.add_command(_verb)
