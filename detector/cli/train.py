"""``detector train``, and what ``train.py`` calls: retrain a model on labelled pairs."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from detector.cli.options import CannotRunError
from detector.errors import DetectorError
from detector.training.retraining.settings import DEPTHS

if TYPE_CHECKING:
    from detector.model.bundle import Bundle
    from detector.training.recipes.shipped_settings import ShippedSettings
    from detector.training.retraining.settings import RetrainSettings

# What each way of training takes no notice of: given all the same, it is a mistake.
_ONLY_WITH_PAIRS = (
    "base", "replay", "depth", "augment", "round_trip", "translator", "accept_regression", "seed",
    "data_licence",
)  # fmt: skip
_ONLY_WITH_CORPORA = (
    "until", "only", "list_steps", "sentences", "licences", "recipe", "beside",
)  # fmt: skip
_ONLY_WITH_ENCODER = ("encoder_base", "work", "resume")
_WORK = Path("build/training")


@click.command(short_help="Retrain a model on labelled pairs.")
@click.option(
    "--pairs",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Labelled pairs, CSV, JSON lines or Parquet: original, text, and if there kind, pivot, "
    "system, article_id, outlet, split, weight. May be given several times.",
)
@click.option(
    "--base",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Model to start from.  [default: $DETECTOR_MODEL, or the one shipped]",
)
@click.option(
    "--replay",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Replay data of the base: features of what it was fitted on, so that it is not forgotten. "
    "[default: beside the base: models/replay, or NAME-replay]",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default="models/mine",
    show_default=True,
    metavar="FOLDER",
    help="Where the model goes, and its replay data beside it; a model that is there is replaced.",
)
@click.option(
    "--depth",
    type=click.Choice(DEPTHS),
    default="classifier",
    show_default=True,
    help="thresholds: for a new outlet, from its human articles alone. classifier: an adapter "
    "to your machine beside the old classifier or, where that does not do, a new one on the replay "
    "data and the pairs. encoder: tuned anew on the pairs (hours on a CPU).",
)
@click.option(
    "--augment",
    multiple=True,
    metavar="WAY",
    help="Make more versions of your originals: thesaurus, wordnet, dictionary-deu, "
    "dictionary-fra, dictionary-spa, apertium-spa, apertium-cat, or all that are installed. May "
    "be given several times.",
)
@click.option(
    "--round-trip",
    multiple=True,
    metavar="LANGUAGE",
    help="Send your originals through this language (de) and back, by --translator.",
)
@click.option(
    "--translator",
    multiple=True,
    metavar="FOLDER|NAME",
    help="Translation model of transformers: once with {source} and {target} in it, or twice, from "
    "English and back.  [default: Helsinki-NLP/opus-mt-{source}-{target}]",
)
@click.option(
    "--accept-regression",
    is_flag=True,
    help="Write the model even if it is worse than its base; its card says so.",
)
@click.option(
    "--seed",
    default=20260101,
    show_default=True,
    help="Of spinners and encoder tuning; recorded in the model.",
)
@click.option("--data-licence", default="", metavar="TEXT", help="Of the pairs, for the card.")
@click.option(
    "--encoder-base",
    metavar="FOLDER|NAME",
    help="Tune the encoder from this sentence-transformers model, with --depth encoder or "
    "--corpora.",
)
@click.option(
    "--work",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where the files of --corpora's steps lie or go, or the encoder that --depth encoder "
    "tunes.  [default: build/training, with --pairs build/retrained-encoder]",
)
@click.option(
    "--resume",
    is_flag=True,
    help="With --encoder-base: tune the encoder on from the checkpoint in --work.",
)
@click.option(
    "--corpora",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="Train the shipped model anew from the public corpora, instead of --pairs: step by step, "
    "and steps that were done before are skipped.",
)
@click.option(
    "--recipe",
    type=click.Choice(("default", "accurate")),
    default="default",
    show_default=True,
    help="With --corpora: accurate tunes six layers of a larger encoder, all-mpnet-base-v2, and "
    "puts the default model's beside them.",
)
@click.option(
    "--beside",
    metavar="FOLDER|NAME",
    help="With --recipe accurate: the model whose encoder is put beside.  [default: default]",
)
@click.option("--until", metavar="STEP", help="With --corpora: run the steps up to this one.")
@click.option(
    "--only", metavar="STEP", help="With --corpora: run this step alone, even if it is done."
)
@click.option(
    "--sentences",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="With --corpora: of what the encoder is tuned on.  [default: 1,500,000, or as many "
    "as there are]",
)
@click.option(
    "--licences",
    type=click.Choice(("all", "permissive")),
    default="all",
    show_default=True,
    help="With --corpora: permissive leaves out corpora whose terms may bind what is trained on "
    "them: lafand_news, ted_talks, the essays, detectrl, broken_telephone and "
    "paraphrased_documents.",
)
@click.option(
    "--list-steps", is_flag=True, help="List the steps of --corpora, and run none of them."
)
@click.pass_context
def train(
    context: click.Context,
    /,
    pairs: tuple[Path, ...],
    corpora: Path | None,
    output: Path,
    **options: Any,
) -> None:
    """Retrain a model on labelled pairs and write it as a folder that Detector.load takes.

    The pairs are checked first, and the new model is compared with the old one before it is
    written: one that is worse, or that breaks its guarantee of false positives, is not written.

    With --corpora instead of --pairs, the shipped model is trained anew. --output, --encoder-base,
    --work and --resume are for both ways, options that say "With --corpora" for that one, and all
    others for --pairs.
    """
    if not options["list_steps"] and bool(pairs) == bool(corpora):
        raise click.UsageError("give either --pairs or --corpora")
    _refuse_idle_options(context, not pairs, options)
    try:
        if options["list_steps"]:
            return _print_steps(corpora, output, options)
        if corpora:
            bundle = _train_shipped(corpora, output, options)
        else:
            bundle = _retrain(pairs, output, options)
    except ImportError as error:
        raise CannotRunError(
            f"{error.name} is missing: pip install 'mt-artifact-detector[train]'"
        ) from error
    except DetectorError as error:
        raise CannotRunError(str(error)) from error
    if bundle is not None:
        _describe(bundle, output)
    return None


def _refuse_idle_options(context: click.Context, corpora: bool, options: dict[str, Any]) -> None:
    """An option that the chosen way does not heed is an error, not a silence."""
    given = [
        name
        for name in options
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    ]
    if corpora:
        idle, where = [n for n in given if n in _ONLY_WITH_PAIRS], "with --corpora"
    elif steps := [n for n in given if n in _ONLY_WITH_CORPORA]:
        idle, where = steps, "without --corpora"
    elif options["depth"] != "encoder":
        idle = [n for n in given if n in _ONLY_WITH_ENCODER]
        where = "without --depth encoder or --corpora"
    else:
        idle, where = [n for n in given if n == "replay"], "with --depth encoder"
    if idle:
        name = "--" + idle[0].replace("_", "-")
        raise click.UsageError(f"{name} has no effect {where}; leave it out")
    for name in ("until", "only"):
        if options["list_steps"] and options[name]:
            raise click.UsageError(f"--{name} has no effect with --list-steps; leave it out")
    if options["beside"] and options["recipe"] != "accurate":
        raise click.UsageError("--beside has no effect without --recipe accurate; leave it out")
    if options["translator"] and not options["round_trip"]:
        raise click.UsageError("--translator has no effect without --round-trip")


def _retrain(pairs: tuple[Path, ...], output: Path, options: dict[str, Any]) -> Bundle:
    from detector.training.retraining.retrain import retrain
    from detector.training.retraining.settings import check_output
    from detector.training.retraining.writing import write_retrained

    check_output(output)
    result = retrain(pairs, options["base"], _make_settings(options), _say)
    return write_retrained(result, output, _say)


def _train_shipped(corpora: Path, output: Path, options: dict[str, Any]) -> Bundle | None:
    from detector.training.recipes.shipped import train_shipped_model

    if options["resume"] and not options["encoder_base"]:
        raise click.UsageError("--resume has no effect without --encoder-base")
    settings = _make_shipped_settings(corpora, output, options["encoder_base"], options)
    work = options["work"] or _WORK
    return train_shipped_model(settings, work, options["until"], options["only"], _say)


def _print_steps(corpora: Path | None, output: Path, options: dict[str, Any]) -> None:
    """Each step of the recipe, whether it is done, and what it writes."""
    from detector.training.recipes.shipped import list_steps
    from detector.training.recipes.shipped_settings import ENCODERS

    # Without an encoder to start from the recipe takes a tuned one, and lacks the step.
    base = options["encoder_base"] or ENCODERS[options["recipe"]]
    settings = _make_shipped_settings(corpora or Path("corpora"), output, base, options)
    steps = list_steps(settings)
    width = max(len(step.name) for step in steps)
    for step in steps:
        state = "done" if step.is_done(options["work"] or _WORK) else "to do"
        written = ", ".join(Path(name).name for name in step.outputs)
        click.echo(f"{step.name:{width}}  {state:5}  {written}")


def _make_shipped_settings(
    corpora: Path, output: Path, base: str | None, options: dict[str, Any]
) -> ShippedSettings:
    from detector.training.recipes.broad.settings import BroadMix
    from detector.training.recipes.shipped_settings import (
        ACCURATE_AMOUNTS,
        Amounts,
        ShippedSettings,
    )

    is_accurate = options["recipe"] == "accurate"
    mix = BroadMix(permissive=options["licences"] == "permissive")
    if is_accurate:
        mix = replace(mix, draws=1)
    if options["sentences"]:
        mix = replace(mix, sentences=options["sentences"])
    return ShippedSettings(
        corpora,
        output,
        base,
        options["resume"],
        amounts=ACCURATE_AMOUNTS if is_accurate else Amounts(),
        mix=mix,
        name=options["recipe"],
        beside=_find_beside(options) if is_accurate else None,
    )


def _find_beside(options: dict[str, Any]) -> Path:
    """The folder of the model whose encoder the accurate recipe puts beside its own."""
    from detector.model.bundle import locate_model

    if options["licences"] == "permissive" and not options["beside"]:
        raise click.UsageError(
            "the default model, whose encoder goes into this one, was trained on all corpora: "
            "train one with --licences permissive first, and name its folder with --beside"
        )
    return locate_model(options["beside"] or "default")


def _make_settings(options: dict[str, Any]) -> RetrainSettings:
    from detector.training.retraining.settings import RetrainSettings

    return RetrainSettings(
        depth=options["depth"],
        augment=options["augment"],
        round_trips=options["round_trip"],
        translators=options["translator"],
        accept_regression=options["accept_regression"],
        replay=options["replay"],
        seed=options["seed"],
        encoder_base=options["encoder_base"],
        work=options["work"] or RetrainSettings.work,
        resume=options["resume"],
        data_licence=options["data_licence"],
        command=_name_command(sys.argv),
    )


def _name_command(arguments: list[str]) -> str:
    """The call for the card, without the place of the output: the model is the same anywhere."""
    said = [Path(arguments[0]).name]
    is_value = False
    for argument in arguments[1:]:
        if not is_value and not argument.startswith("--output="):
            is_value = argument == "--output"
            said += [] if is_value else [argument]
        else:
            is_value = False
    return shlex.join(said)


def _say(line: str) -> None:
    click.echo(line)


def _describe(bundle: Bundle, output: Path) -> None:
    click.echo(f"wrote {output} ({bundle.identifier})")
    thresholds = bundle.manifest.thresholds.items()
    for rate, record in sorted(thresholds, key=lambda item: -float(item[0])):
        click.echo(f"  {float(rate):.1%} false positives: {describe_threshold(record)}")


def describe_threshold(record: dict[str, object]) -> str:
    """One threshold of a model, in words."""
    if "withheld" in record:
        return f"withheld: {record['withheld']}"
    return (
        f"{record['flagged']} of {record['articles']} human articles flagged out of fold, "
        f"at most {record['upper_bound']:.2%} with 95 % confidence"
    )
