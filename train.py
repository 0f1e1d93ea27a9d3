#!/usr/bin/env python3
"""Retrain from labelled pairs: a thin door to `detector.training`.

python train.py --pairs data/pairs.csv --output models/mine
python train.py --corpora FOLDER --encoder-base NAME --output models/default
"""

from __future__ import annotations

from pathlib import Path

import click


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--pairs",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Labelled pairs, CSV or Parquet: original, text, and if there kind, pivot, "
    "system, article_id. May be given several times.",
)
@click.option(
    "--base",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Model to start from.  [default: the shipped one]",
)
@click.option(
    "--corpora",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="Train the shipped model anew from the public corpora.",
)
@click.option(
    "--encoder-base",
    metavar="FOLDER|NAME",
    help="With --corpora: tune the encoder from this sentence-transformers model first.",
)
@click.option(
    "--work",
    type=click.Path(path_type=Path),
    default="build/encoder",
    show_default=True,
    help="With --corpora: where the tuned encoder lies or goes.",
)
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in --work.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FOLDER",
    help="Where the model goes; a model that is there is replaced.",
)
@click.option("--seed", default=20260101, show_default=True, help="Recorded in the model.")
def main(
    pairs: tuple[Path, ...], base: Path | None, corpora: Path | None, encoder_base: str | None,
    work: Path, resume: bool, output: Path, seed: int,
) -> None:  # fmt: skip
    """Train a model and write it as a folder that Detector.load takes."""
    if bool(pairs) == bool(corpora):
        raise click.UsageError("give either --pairs or --corpora")
    from detector.errors import DetectorError
    from detector.training import recipe, retrain

    try:
        if corpora:
            if encoder_base:
                recipe.tune_shipped_encoder(corpora, encoder_base, work, resume)
            bundle = recipe.train_shipped_model(corpora, work, output)
        else:
            bundle = retrain.train_on_pairs(pairs, base, output, seed)
    except DetectorError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"wrote {bundle.folder} ({bundle.identifier})")
    for rate, record in sorted(bundle.manifest.thresholds.items(), reverse=True):
        click.echo(f"  {float(rate):.1%} false positives: {describe_threshold(record)}")


def describe_threshold(record: dict[str, object]) -> str:
    """One threshold of a model, in words."""
    if "withheld" in record:
        return f"withheld: {record['withheld']}"
    return (
        f"{record['flagged']} of {record['articles']} human articles flagged out of fold, "
        f"at most {record['upper_bound']:.2%} with 95 % confidence"
    )


if __name__ == "__main__":
    main()
