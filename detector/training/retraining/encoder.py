"""Retraining down to the encoder: tune it anew on a user's pairs, and fit the classifier on them.

What the base learnt above its encoder cannot be carried over: its replay data holds features of
the old encoder. So the classifier and its thresholds rest on the user's articles alone, and two
thirds of these are for them: a classifier must not learn from articles that the encoder learnt by
heart.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from detector.errors import DetectorError
from detector.features.encoder import SentenceEncoder
from detector.features.extractor import FeatureExtractor
from detector.model.manifest import MANIFEST
from detector.results import ORIGINAL
from detector.text.document import Document
from detector.text.language import ENGLISH
from detector.text.words import count_words
from detector.training.corpora.broad.sentence_pairs import FEWEST_WORDS, match_sentences
from detector.training.corpora.labelled_pairs import LabelledPair, label_pair
from detector.training.corpora.splits import hash_fraction
from detector.training.retraining.settings import RetrainSettings

#: Share of the articles that the encoder learns from.
TUNING_SHARE = 1 / 3

#: Layers of the encoder that are kept, as in the shipped model, if it has them.
_LAYERS = 3

_FEWEST_SENTENCES = 50

#: Folder of the tuned encoder, in the work folder.
_TUNED = "encoder"

#: A file that every tuned encoder has.
_MODULES = "modules.json"


class TunedModel(NamedTuple):
    """A tuned encoder, ready for a model folder.

    Attributes:
        folder: a sentence-transformers folder with its ONNX model.
        extractor: measures sentences with it.
        pairs: how many pairs of sentences it was tuned on.
    """

    folder: Path
    extractor: FeatureExtractor
    pairs: int


def is_for_tuning(article_ids: pd.Series) -> pd.Series:
    """Which articles the encoder learns from; the others are for the classifier."""
    return article_ids.map(lambda i: hash_fraction(f"tuning {i}") < TUNING_SHARE).astype(bool)


def iterate_sentence_pairs(
    documents: pd.DataFrame, common_words: Container[str]
) -> Iterator[LabelledPair]:
    """Labelled pairs of the sentences of each machine document and of its original.

    Sentences are aligned within the pair, by likeness and order; one against one is used, and
    what is the same on both sides is left out.
    """
    human = documents[documents["label"] == ORIGINAL].drop_duplicates("article_id")
    originals = dict(zip(human["article_id"], human["text"], strict=True))
    for row in documents[documents["label"] != ORIGINAL].itertuples():
        original = originals.get(row.article_id)
        if original is None:
            continue
        copy = Document.make(str(row.text), common_words, ENGLISH)
        source = Document.make(original, common_words, ENGLISH)
        for own, made in match_sentences(source, copy):
            sides = own.text, made.text
            if made.text != own.text and min(map(count_words, sides)) >= FEWEST_WORDS:
                yield label_pair(*sides, str(row.label), common_words)


def tune_encoder(
    documents: pd.DataFrame,
    base: FeatureExtractor,
    settings: RetrainSettings,
    say: Callable[[str], None],
) -> TunedModel:
    """Tune an encoder on the sentences of labelled documents.

    Args:
        documents: those that it may learn from, see `is_for_tuning`.
        base: whose common words, linear models and n-gram language model stay.
        settings: say what to start from, and where checkpoint and tuned encoder go. The encoder of
            a model folder will not do: it is an int8 ONNX file, which cannot be trained on.
        say: receives a line of progress now and then.

    Raises:
        DetectorError: there are too few pairs of sentences, the base cannot be loaded, or the
            checkpoint is of another run; or the place of the tuned encoder holds something else.
    """
    _check_work(settings.work)
    pairs = list(iterate_sentence_pairs(documents, base.common_words))
    if len(pairs) < _FEWEST_SENTENCES:
        raise DetectorError(
            f"{len(pairs)} pairs of sentences are too few to tune an encoder on; give at least "
            f"{_FEWEST_SENTENCES} (some thousands are a sensible start), or use --depth classifier"
        )
    heads, folder = _tune(pairs, settings, say)
    extractor = FeatureExtractor(
        SentenceEncoder(folder),
        heads,
        base.common_words,
        base.lexical,
        base.style,
        base.language_model,
    )
    return TunedModel(folder, extractor, len(pairs))


def _check_work(work: Path) -> None:
    """Refuse a work folder whose encoder is not one that was tuned here: a new one replaces it.

    Raises:
        DetectorError: it is a model's, or a folder of something else.
    """
    folder = work / _TUNED
    is_taken = folder.is_file() or (folder.is_dir() and any(folder.iterdir()))
    if (work / MANIFEST).exists() or (is_taken and not (folder / _MODULES).is_file()):
        raise DetectorError(
            f"{folder}: the tuned encoder would replace something else; choose another folder with "
            "--work"
        )


def _tune(
    pairs: list[LabelledPair], settings: RetrainSettings, say: Callable[[str], None]
) -> tuple[dict[str, Any], Path]:
    try:
        from detector.training.fitting.encoder.export import export_encoder
        from detector.training.fitting.encoder.settings import TuningConfig
        from detector.training.fitting.encoder.tuning import explain_failures, tune
    except ImportError as error:
        raise DetectorError(
            f"{error.name} is missing: pip install 'mt-artifact-detector[train]'"
        ) from error
    assert settings.encoder_base is not None
    config = TuningConfig(seed=settings.seed)
    with explain_failures(settings.encoder_base):
        model = tune(
            settings.encoder_base, pairs, settings.work, config, resume=settings.resume, report=say
        )
    layers = _LAYERS if _LAYERS in model.exits else max(model.exits)
    folder = settings.work / _TUNED
    return export_encoder(model, layers, settings.encoder_base, folder), folder
