"""The recipe of the shipped model: which pairs, how many of each, from what."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pyarrow.parquet import ParquetFile

from detector.errors import DetectorError
from detector.features.encoder import SentenceEncoder
from detector.features.extractor import FeatureExtractor
from detector.model import parts
from detector.model.bundle import Bundle
from detector.model.bundle_writing import NewBundle, write_bundles
from detector.results import ORIGINAL
from detector.text.sentences import split_sentences
from detector.training.corpora.documents import load_documents, spin_documents, subsample_documents
from detector.training.corpora.labelled_pairs import (
    LabelledPair,
    choose_pairs,
    collect_common_words,
    label_pair,
)
from detector.training.corpora.loading import (
    load_error_spans,
    load_human_news,
    load_roundtrip_flores,
    load_roundtrip_news,
    load_translated_news,
)
from detector.training.corpora.splits import checksum_file
from detector.training.evaluation.model_card import format_card
from detector.training.fitting.classifier import fit_classifier, summarize_fit
from detector.training.fitting.discriminant import cross_fit_discriminant
from detector.training.fitting.feature_table import (
    FeatureTable,
    extract_features,
)
from detector.training.fitting.sentence_models import fit_sentence_models, fit_sentence_scorer
from detector.training.generation.apertium import ApertiumRoundTrip
from detector.training.generation.freedict import FreeDictPivotSource
from detector.training.generation.spinner import Spinner
from detector.training.generation.synonym_sources import SynonymSource, WordNetSource
from detector.training.retraining.replay_data import draft_replay_data, pack_classifier

#: How many machine versions of one original take part, by corpus.
VERSIONS_PER_ORIGINAL = {
    "roundtrip_news": 6,
    "roundtrip_flores": 8,
    "translated_news": 4,
    "error_spans_zh_en": 4,
}

SEED = 20260101

TRAINING_CORPORA = (
    "error_spans_zh_en", "human_news", "roundtrip_flores_dev", "roundtrip_news", "translated_news",
)  # fmt: skip

#: Layers of the encoder that are shipped: as accurate as four, and faster; see ARCHITECTURE.md.
SHIPPED_LAYERS = 3

LICENCE = "Apache-2.0"

PROVENANCE = (
    "encoder: sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), tuned; texts: WMT news tests "
    "2008-2016 and FLORES with machine translations from mozilla/firefox-translations-models "
    "(e7957fc4, MPL-2.0; FLORES CC BY-SA 4.0), article bounds from tobiasvanderwerff/HT-vs-MT "
    "(5b89f32e, MIT), Wikinews (vanatteveldt/wikinews 34725417, CC BY 2.5), BBC and "
    "Reuters-21578 (research use; 40 % and 30 % of their articles are human originals of spun "
    "training text, the rest for thresholds), MQM marks "
    "(google/wmt-mqm-human-evaluation, Apache-2.0); synonyms: WordNet 3.0, "
    "FreeDict deu and spa, for comparing also hrv and hun, for pointing nld and por too; Apertium "
    "eng-spa and eng-cat"
)

SPIN_RATES = (0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7)


def training_sources() -> list[list[SynonymSource]]:
    """Synonym sources that training may use; Aiksaurus and FreeDict's French are held out."""
    wordnet, german, spanish = (
        WordNetSource(),
        FreeDictPivotSource("deu"),
        FreeDictPivotSource("spa"),
    )
    return [[wordnet], [wordnet], [german], [spanish], [wordnet, german]]


def spin_sentences(
    sentences: Sequence[str], sources: Sequence[Sequence[SynonymSource]], seed: int
) -> list[str]:
    """Each sentence spun by a spinner drawn from `sources`, rates and habits."""
    rng = np.random.default_rng(seed)
    spinners = [
        Spinner(list(chosen), rate=rate, seed=seed, sense=sense, fix_articles=bool(rng.integers(2)))
        for chosen in sources
        for rate in SPIN_RATES
        for sense in ("first", "any")
    ]
    choices = rng.integers(len(spinners), size=len(sentences))
    return [spinners[c].spin(s).text for s, c in zip(sentences, choices, strict=True)]


def sentences_of(texts: Iterable[str], minimum_words: int = 5) -> list[str]:
    """The sentences (no headlines, no boilerplate) of whole articles, normalised."""
    return [
        s.text
        for text in texts
        for s in split_sentences(text)
        if s.kind == "sentence" and s.text.count(" ") + 1 >= minimum_words
    ]


def assemble_tuning_pairs(
    folder: Path,
    seed: int,
    with_apertium: bool = True,
    versions: Mapping[str, int] = VERSIONS_PER_ORIGINAL,
) -> tuple[list[LabelledPair], frozenset[str]]:
    """The pairs that the shipped encoder is tuned on, and the common words their views need.

    Args:
        folder: where the training corpora lie.
        seed: draws versions and spins.
        with_apertium: add rule-based round trips of human news (needs Debian's Apertium).
        versions: how many machine versions of one original take part, by corpus.
    """
    loaded = [
        load_roundtrip_news(folder),
        load_roundtrip_flores(folder),
        load_translated_news(folder),
    ]
    parallel = pd.concat(loaded, ignore_index=True)
    parallel = parallel[(parallel["split"] == "train") & ~parallel["held_out"]]
    parallel = parallel[parallel["original"] != parallel["text"]]
    human = load_human_news(folder)
    human = human[human["split"] == "train"]
    human_sentences = sentences_of(human["text"])
    originals = [str(o) for o in parallel["original"].unique()]
    # Both sides are counted: a word that only people write must not stand out by being known.
    common_words = collect_common_words(
        [*originals, *human_sentences, *map(str, parallel["text"].unique())]
    )
    pairs: list[LabelledPair] = []
    for corpus, frame in parallel.groupby("corpus", sort=True):
        for row in choose_pairs(frame, versions[str(corpus)], seed).itertuples():
            pairs.append(
                label_pair(
                    str(row.original), str(row.text), "translated", common_words,
                    is_translation=corpus == "translated_news",
                )
            )  # fmt: skip
    experts = choose_pairs(load_error_spans(folder), versions["error_spans_zh_en"], seed)
    for row in experts.itertuples():
        pairs.append(
            label_pair(
                str(row.original),
                str(row.text),
                "translated",
                common_words,
                marks=row.marks,
                is_translation=True,
            )
        )
    translations = set(
        parallel.loc[parallel["corpus"] == "translated_news", "original"].astype(str)
    )
    news = [
        str(o) for o in parallel.loc[parallel["corpus"] == "roundtrip_news", "original"].unique()
    ]
    to_spin = [*originals, *news, *human_sentences]
    for original, spun in zip(
        to_spin, spin_sentences(to_spin, training_sources(), seed), strict=True
    ):
        if spun != original:
            pairs.append(
                label_pair(
                    original, spun, "spun", common_words, is_translation=original in translations
                )
            )
    if with_apertium:
        for pivot in ("spa", "cat"):
            part = human_sentences[:: 5 if pivot == "spa" else 8]
            for original, text in zip(part, ApertiumRoundTrip(pivot).translate(part), strict=True):
                if text != original:
                    pairs.append(label_pair(original, text, "translated", common_words))
    return pairs, common_words


def assemble_development_documents(
    folder: Path, seed: int, most: int = 700, most_human: int = 3200
) -> pd.DataFrame:
    """The documents that classifier, calibration and thresholds are fitted on.

    Everything of the development split but held-out pivots and systems, and human articles spun
    by the sources that training may use.
    """
    documents = load_documents(folder)
    documents = documents[(documents["split"] == "dev") & ~documents["held_out"].astype(bool)]
    originals = documents[documents["label"] == ORIGINAL]
    # A threshold for one false alarm in a thousand takes some thousand human articles.
    originals = subsample_documents(originals, most_human, seed)
    machine = subsample_documents(documents[documents["label"] != ORIGINAL], most, seed)
    documents = pd.concat([originals, machine], ignore_index=True)
    wordnet, german, spanish = (sources[0] for sources in training_sources()[1:4])
    sources: dict[str, Sequence[SynonymSource]] = {
        "wordnet": [wordnet],
        "freedict-deu": [german],
        "freedict-spa": [spanish],
    }
    some = subsample_documents(originals, 120, seed)
    spun = spin_documents(some, sources, SPIN_RATES, seed)
    return pd.concat([documents, spun], ignore_index=True)


def list_corpora(folder: Path) -> dict[str, dict[str, Any]]:
    """SHA-256 and rows of each training corpus, for the model's manifest."""
    return {
        path.name: {"sha256": checksum_file(path), "rows": ParquetFile(path).metadata.num_rows}
        for path in (folder / f"{name}.parquet" for name in TRAINING_CORPORA)
    }


def tune_shipped_encoder(folder: Path, base: str, work: Path, resume: bool) -> None:
    """Tune the encoder of the shipped model and export it to ``work/encoder``."""
    from safetensors.numpy import save_file

    from detector.training.fitting.encoder.export import export_encoder
    from detector.training.fitting.encoder.tuning import TuningConfig, tune

    pairs, common_words = assemble_tuning_pairs(folder, SEED)
    config = TuningConfig(seed=SEED)
    model = tune(base, pairs, work, config, resume=resume)
    heads = export_encoder(model, SHIPPED_LAYERS, base, work / "encoder")
    save_file(heads, work / "heads.safetensors")
    (work / "common_words.json").write_text(json.dumps(sorted(common_words)))


def train_shipped_model(
    folder: Path,
    work: Path,
    output: Path,
    pairs: Sequence[LabelledPair],
    evaluate: bool = True,
) -> Bundle:
    """Fit and write the shipped model around a tuned encoder.

    Args:
        folder: where the training corpora lie.
        work: what `tune_shipped_encoder` wrote.
        output: the model folder.
        pairs: see `assemble_tuning_pairs`.
        evaluate: measure it on the test split too (minutes), for the model card.
    """
    from safetensors.numpy import load_file

    if not (work / "heads.safetensors").is_file():
        raise DetectorError(
            f"{work}: holds no tuned encoder; name its folder with --work, or tune one first with "
            "--encoder-base"
        )
    heads = load_file(work / "heads.safetensors")
    common_words = frozenset(json.loads((work / "common_words.json").read_text()))
    extractor = fit_sentence_models(
        pairs, FeatureExtractor(SentenceEncoder(work / "encoder"), heads, common_words)
    )
    documents = extract_features(
        assemble_development_documents(folder, SEED), extractor, keep_embeddings=True
    )
    return write_shipped_model(folder, work, output, extractor, documents, evaluate)


def write_shipped_model(
    folder: Path,
    work: Path,
    output: Path,
    extractor: FeatureExtractor,
    documents: FeatureTable,
    evaluate: bool = True,
) -> Bundle:
    """Fit the classifier on gathered development documents, measure, and write the model folder.

    Args:
        folder: where the training corpora lie.
        work: what `tune_shipped_encoder` wrote.
        output: the model folder.
        extractor: reads sentences; it is given its discriminant here.
        documents: with embeddings, see `assemble_development_documents`.
        evaluate: measure it on the test split too.
    """
    from detector.training.evaluation.corpora_tables import evaluate_corpora

    extractor.discriminant, documents = cross_fit_discriminant(documents)
    fitted = fit_classifier(documents)
    scorer = fit_sentence_scorer(documents)
    figures: dict[str, Any] = {"out of fold": summarize_fit(fitted, documents)}
    if evaluate:
        figures |= evaluate_corpora(folder, extractor, documents, scorer)
    assert extractor.lexical is not None
    assert extractor.style is not None
    logs = {
        f"encoder_tuning/{path.name}": path
        for path in sorted(work.iterdir())
        if path.suffix in (".json", ".jsonl") and path.name != "common_words.json"
    }
    corpora = list_corpora(folder)
    thresholds = {str(row["false_positive_rate"]): row for row in fitted.threshold_table}
    card = format_card("default", corpora, thresholds, figures, LICENCE, PROVENANCE)
    model = NewBundle(
        output,
        {
            parts.ENCODER: work / "encoder",
            parts.FEATURES: dict(extractor.heads)
            | {k: v.astype(np.float16) for k, v in extractor.lexical.to_arrays("lexical").items()}
            | extractor.style.to_arrays("style")
            | extractor.discriminant.to_arrays("discriminant"),
            parts.COMMON_WORDS: sorted(extractor.common_words),
            parts.NGRAM_LANGUAGE_MODEL: extractor.language_model.to_arrays(),
            parts.CLASSIFIER: pack_classifier(fitted.classifier, scorer),
            parts.MODEL_CARD: card.encode(),
        }
        | logs,
        name="default",
        seed=SEED,
        corpora=corpora,
        thresholds=thresholds,
        figures=figures,
        licence=LICENCE,
        provenance=PROVENANCE,
    )
    return write_bundles([model, draft_replay_data(model, documents)])[0]
