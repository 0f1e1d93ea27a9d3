"""Steps from the corpora to what reads a sentence: the mix, the encoder, the sentence models."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from detector.model import parts
from detector.model.bundle import Bundle
from detector.text.masking import mask_sentence
from detector.training.corpora.broad.sentence_pairs import SentencePair
from detector.training.corpora.labelled_pairs import LabelledPair, collect_common_words
from detector.training.fitting.sentence_models import fit_sentence_models
from detector.training.recipes import work_files
from detector.training.recipes.broad.mix import DrawnMix, draw_mix
from detector.training.recipes.broad.sources import Sources
from detector.training.recipes.broad.unpaired import UnpairedSentence
from detector.training.recipes.shipped_settings import ShippedSettings
from detector.training.recipes.steps import compute_code_checksum, compute_tree_checksum

if TYPE_CHECKING:
    from detector.training.fitting.encoder.examples import Example, Unpaired
    from detector.training.fitting.encoder.settings import TuningConfig
    from detector.training.fitting.encoder.tuned_encoder import TunedEncoder

MIX = "broad_mix"

_PAIRS, _UNPAIRED, _VALIDATION, _RECORD = (
    "pairs.parquet", "unpaired.parquet", "validation.parquet", "record.json",
)  # fmt: skip

_EXAMPLES = "examples-{}.npz"

#: Of the draw of one version of each original, see `Amounts.single_versions`.
VERSIONS_SEED = 7

#: Folder of the encoder's checkpoint, in the work folder.
CHECKPOINT = "checkpoint"

#: Code that decides what the encoder becomes, and what it is tuned on is prepared to.
ENCODER_CODE = (
    "text", "training/corpora", "model/classes.py", "features/encoder.py",
    "training/evaluation/encoder_pairs.py", "training/recipes/broad/steps.py",
    "training/recipes/work_files.py",
    *(
        f"training/fitting/encoder/{name}.py"
        for name in ("examples", "export", "flat_graph", "settings", "tuned_encoder", "tuning")
    ),
)  # fmt: skip


def write_mix(settings: ShippedSettings, work: Path, fresh: Path) -> None:
    """The draws of the mix, its validation sets, a record of what was held out, common words.

    All but the pairs and unpaired sentences is of the first draw, and so are sentence models.
    """
    (fresh / MIX).mkdir()
    sources = Sources.load(settings.corpora, settings.mix.permissive)
    for draw in range(settings.mix.draws):
        drawn = draw_mix(sources, settings.mix, settings.lists, settings.seed + draw)
        folder = _find_draw(fresh, draw)
        folder.mkdir(exist_ok=True)
        _tabulate(drawn.pairs).to_parquet(folder / _PAIRS)
        unpaired = pd.DataFrame(drawn.unpaired, columns=list(UnpairedSentence._fields))
        unpaired.to_parquet(folder / _UNPAIRED)
        work_files.write_json(folder / _RECORD, drawn.record)
        if draw == 0:
            sets = [_tabulate(found).assign(set=name) for name, found in drawn.validation.items()]
            pd.concat(sets, ignore_index=True).to_parquet(folder / _VALIDATION)
            words = collect_common_words(_list_texts(drawn))
            work_files.write_json(fresh / work_files.COMMON_WORDS, sorted(words))


def _find_draw(work: Path, draw: int) -> Path:
    """The folder of a draw: the first is the mix's own."""
    return work / MIX / f"draw-{draw + 1}" if draw else work / MIX


def _tabulate(pairs: list[SentencePair]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=list(SentencePair._fields))


def _list_texts(drawn: DrawnMix) -> dict[str, None]:
    """Each text once: a word that only humans write must not stand out by being known."""
    texts = dict.fromkeys(text for pair in drawn.pairs for text in (pair.original, pair.text))
    return texts | dict.fromkeys(sentence.text for sentence in drawn.unpaired)


def write_encoder(settings: ShippedSettings, work: Path, fresh: Path) -> None:
    """Tune the encoder on the mix; what it is prepared to and its checkpoint outlive a stop."""
    from transformers import AutoTokenizer

    from detector.training.fitting.encoder.examples import draw_versions
    from detector.training.fitting.encoder.settings import TuningConfig
    from detector.training.fitting.encoder.tuning import explain_failures, tune_on_examples

    assert settings.encoder_base is not None
    config = TuningConfig(seed=settings.seed, **settings.amounts.tuning)
    checkpoint = work / CHECKPOINT
    checkpoint.mkdir(exist_ok=True)
    with explain_failures(settings.encoder_base):
        tokenizer = AutoTokenizer.from_pretrained(settings.encoder_base)
        draws = (_prepare(work, draw, tokenizer, config) for draw in range(settings.mix.draws))
        if settings.amounts.single_versions:
            draws = (draw_versions(examples, random.Random(VERSIONS_SEED)) for examples in draws)
        model = tune_on_examples(
            settings.encoder_base,
            list(draws),
            checkpoint,
            config,
            _make_validation(work, config),
            resume=settings.resume_encoder,
        )
    _finish_encoder(settings, model, work, fresh)


def _finish_encoder(
    settings: ShippedSettings, model: TunedEncoder, work: Path, fresh: Path
) -> None:
    """Export a tuned encoder with as many layers as are kept, its heads, and the tuning's log."""
    from detector.training.fitting.encoder.export import export_encoder

    assert settings.encoder_base is not None
    folder, heads = (fresh / name for name in settings.name_tuned())
    arrays = export_encoder(model, settings.amounts.layers, settings.encoder_base, folder)
    work_files.write_arrays(heads, arrays)
    log = fresh / work_files.TUNING_LOG
    log.mkdir()
    for name in ("config.json", "log.jsonl"):
        (log / name).write_bytes((work / CHECKPOINT / name).read_bytes())


def write_joint_encoder(beside: Path, work: Path, fresh: Path) -> None:
    """The tuned encoder and a model's, side by side, and heads over the states of both."""
    from detector.training.fitting.encoder.joint_graph import join_encoders, join_heads

    bundle = Bundle.open(beside)
    join_encoders(
        work / work_files.TUNED_ENCODER, bundle.path(parts.ENCODER), fresh / work_files.ENCODER
    )
    tuned = work_files.read_arrays(work / work_files.TUNED_HEADS)
    heads = join_heads(tuned, bundle.read_arrays(parts.FEATURES))
    work_files.write_arrays(fresh / work_files.HEADS, heads)


def _prepare(work: Path, draw: int, tokenizer: Any, config: TuningConfig) -> list[Example]:
    """The examples of a draw, prepared once for all that go on from a checkpoint."""
    from detector.training.fitting.encoder.examples import (
        load_examples,
        prepare_examples,
        save_examples,
    )

    folder = _find_draw(work, draw)
    inputs = (folder / _PAIRS, folder / _UNPAIRED, work / work_files.COMMON_WORDS)
    parts = [compute_tree_checksum(path) for path in inputs]
    settings = (tokenizer.name_or_path, config.maximum_tokens, config.shared_word_weight)
    key = " ".join(map(str, (*parts, *settings, compute_code_checksum(ENCODER_CODE))))
    path = work / CHECKPOINT / _EXAMPLES.format(draw + 1)
    examples = load_examples(path, key)
    if examples is None:
        pairs = work_files.iterate_labelled_pairs(work, str((folder / _PAIRS).relative_to(work)))
        prepared = prepare_examples(pairs, tokenizer, config, _iterate_unpaired(work, folder))
        save_examples(path, prepared, key)
        examples = load_examples(path, key)
        assert examples is not None
    return examples


def _iterate_unpaired(work: Path, folder: Path) -> Iterator[Unpaired]:
    from detector.training.fitting.encoder.examples import Unpaired

    common_words = work_files.read_common_words(work)
    frame = pd.read_parquet(folder / _UNPAIRED)
    for text, label in zip(frame["text"], frame["label"], strict=True):
        yield Unpaired(mask_sentence(text, common_words).words, label)


def read_validation(work: Path) -> dict[str, list[LabelledPair]]:
    """The validation sets of the mix, by name."""
    pairs = work_files.iterate_labelled_pairs(work, f"{MIX}/{_VALIDATION}")
    names = pd.read_parquet(work / MIX / _VALIDATION, columns=["set"])["set"]
    sets: dict[str, list[LabelledPair]] = {}
    for name, pair in zip(names, pairs, strict=True):
        sets.setdefault(str(name), []).append(pair)
    return sets


def _make_validation(
    work: Path, config: TuningConfig
) -> Callable[[TunedEncoder, Any], dict[str, float]]:
    from detector.training.evaluation.encoder_pairs import measure_pairs

    sets = read_validation(work)

    def validate(model: TunedEncoder, tokenizer: Any) -> dict[str, float]:
        return measure_pairs(model, tokenizer, sets, config.maximum_tokens)

    return validate


def write_sentence_models(work: Path, fresh: Path) -> None:
    """The linear models of n-grams and of style, and the n-gram language model."""
    pairs = list(work_files.iterate_labelled_pairs(work, f"{MIX}/{_PAIRS}"))
    lexical, style, language_model = fit_sentence_models(pairs)
    arrays = lexical.to_arrays("lexical") | style.to_arrays("style")
    work_files.write_arrays(fresh / work_files.SENTENCE_MODELS, arrays)
    work_files.write_arrays(fresh / work_files.LANGUAGE_MODEL, language_model.to_arrays())
