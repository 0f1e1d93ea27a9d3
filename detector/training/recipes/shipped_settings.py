"""What decides the shipped model: how much of what, and what its spinners take words from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from detector.training.corpora.broad.licences import LICENCES_OF_FILES
from detector.training.generation.synonym_lists import SynonymLists
from detector.training.recipes import work_files
from detector.training.recipes.broad.settings import BroadMix

TRAINING_CORPORA = (
    "edited_articles", "error_spans_zh_en", "human_articles", "human_news",
    "language_model_articles", "paraphrased_documents", "roundtrip_documents",
    "roundtrip_flores_dev", "roundtrip_news", "translated_documents", "translated_news",
)  # fmt: skip

LICENCE = (
    "Apache-2.0, as far as the project can license them. Some of the texts that they were trained "
    "on are for research or non-commercial use, or their source states no licence (the table of "
    "corpora says which); the recipe leaves those out with `--licences permissive`"
)

PERMISSIVE_LICENCE = (
    "Apache-2.0, as far as the project can license them. Corpora whose terms may bind what is "
    "trained on them were left out, with `--licences permissive`, and measured with alone (the "
    "table of corpora says which). Some of the texts that they were trained on are released for "
    "research (WMT, BBC, Reuters), or are their publishers'"
)

#: What became of files with corpora of restricted licences, where these are left out.
_RESTRICTED_PARTS = {
    "roundtrip_documents": "not trained on",
    "paraphrased_documents": "not trained on",
    "human_articles": "the essays not trained on",
}

#: What the encoder of each shipped model is tuned from.
ENCODERS = {
    "default": "sentence-transformers/all-MiniLM-L6-v2",
    "accurate": "sentence-transformers/all-mpnet-base-v2",
}

_SENTENCES = (
    "sentences: WMT news tests 2008-2016 and FLORES with machine translations from "
    "mozilla/firefox-translations-models (e7957fc4), article bounds from "
    "tobiasvanderwerff/HT-vs-MT (5b89f32e, MIT), MQM marks (google/wmt-mqm-human-evaluation); "
)

_RESTRICTED_DOCUMENTS = (
    "documents with machine versions: school essays (tonysoft828/asap-back-translation), African "
    "news (masakhane-io/lafand-mt), abstracts, stories and reviews (NLP2CT/DetectRL, "
    "Dongping-Chen/MixSet), news and summaries through language models "
    "(amr-mohamedd/LLM-as-a-Broken-Telephone; others made for this project), TED talks "
    "(mozilla/firefox-translations-models, iwslt17), "
)

_FREE_DOCUMENTS = (
    "documents with machine versions: news through language models (made for this project), "
)

_WMT_DOCUMENTS = (
    "WMT 2021-22 (wmt-conference/wmt21-news-systems and wmt22-news-systems, microsoft/gpt-MT, "
    "fe1ixxu/ALMA); "
)

_HUMAN = (
    "human texts: Wikinews (vanatteveldt/wikinews 34725417), BBC and Reuters-21578, and articles "
    "of {outlets} outlets (ramybaly/Article-Bias-Prediction, anshuly10/Biased-News-Detection, "
    "launchnlp/BASIL, lintool/GrimmerSenatePressReleases, GSA/digitalgov.gov, nltk/nltk_data, "
    "seomoz/dragnet_data, FakeNewsChallenge/fnc-1, pmacinec/fake-news-datasets, "
    "Kavyahegde-2609/factuality-aware-indian-news-summarization{essays}), teachers' versions "
    "(nishkalavallabhi/OneStopEnglishCorpus); synonyms: WordNet 3.0, FreeDict deu and spa, for "
    "comparing also hrv and hun, for pointing nld and por too; Apertium eng-spa and eng-cat"
)

PROVENANCE = f"{_SENTENCES}{_RESTRICTED_DOCUMENTS}{_WMT_DOCUMENTS}" + _HUMAN.format(
    outlets=645, essays=", scrosseye/ELLIPSE-Corpus, Weixin-Liang/ChatGPT-Detector-Bias"
)

PERMISSIVE_PROVENANCE = f"{_SENTENCES}{_FREE_DOCUMENTS}{_WMT_DOCUMENTS}" + _HUMAN.format(
    outlets=643, essays=""
)

#: Lists that spinners of the tuning pairs take words from; Aiksaurus and FreeDict's French are
#: held out.
TUNING_SPINNERS = (
    ("wordnet",), ("wordnet",), ("freedict-deu",), ("freedict-spa",), ("wordnet", "freedict-deu"),
)  # fmt: skip

DEVELOPMENT_SPINNERS = {name: (name,) for name in ("wordnet", "freedict-deu", "freedict-spa")}

#: More than the encoder is tuned on: the model of words must not know its lists by heart.
COMPARISON_SPINNERS = {
    name: (name,)
    for name in ("wordnet", "freedict-deu", "freedict-spa", "freedict-hrv", "freedict-hun")
}

WORD_SPINNERS = (
    ("wordnet",), ("wordnet-neighbours",), ("freedict-deu",), ("freedict-spa",), ("freedict-hrv",),
    ("freedict-hun",), ("freedict-por",), ("freedict-nld", "freedict-por"),
    ("wordnet", "freedict-deu"), ("wordnet-neighbours", "freedict-hun"),
    ("freedict-hrv", "freedict-spa"),
)  # fmt: skip


def describe_licence(file: str, permissive: bool) -> str:
    """What a file of the corpora is licensed under and, where it matters, what was left out."""
    licence = LICENCES_OF_FILES[file]
    if permissive and file in _RESTRICTED_PARTS:
        return f"{licence}; {_RESTRICTED_PARTS[file]}"
    return licence


@dataclass(frozen=True)
class Amounts:
    """How much of what the shipped model is made of.

    Attributes:
        memory_versions: how many machine versions of one original the memory of machines' words is
            counted on, by corpus: more than the encoder is tuned on, since counts cannot learn an
            original by heart.
        layers: of the encoder that are kept.
        single_versions: tune the encoder on one machine version of each original sentence.
        tuning: changes to `detector.training.fitting.encoder.settings.TuningConfig`.
        likelier_people: see `detector.model.document_classifier.DocumentClassifier`.
        machine_documents: development documents of a group, label and split, at most.
        human_documents: likewise, human: a threshold for one false positive in a thousand takes
            some thousands.
        spun_documents: human development documents of a group that are spun.
        evaluated_documents: documents of a group, label and split that figures rest on, at most.
        pairs: pairs of copy and original of a kind, at most, by split: the threshold for one of 200
            takes thousands of other pairs.
        marked_documents: copies of a group and split whose words are marked, at most.
        spun_for_words: further spun copies of each article that the model of words is fitted on.
        experts_share: share of the systems' versions of articles with experts' marks that it is
            fitted on: a tenth of its documents, so that what machines do elsewhere is not forgotten
            for what experts mark.
    """

    memory_versions: Mapping[str, int] = field(
        default_factory=lambda: {
            "roundtrip_news": 10,
            "roundtrip_flores": 10,
            "translated_news": 7,
            "error_spans_zh_en": 5,
        }
    )
    layers: int = 3
    single_versions: bool = False
    tuning: Mapping[str, Any] = field(
        default_factory=lambda: {
            "maximum_tokens": 64,
            "exits": {3: 1.0},
            "token_dropout": 0.08,
        }
    )
    likelier_people: bool = False
    machine_documents: int = 450
    human_documents: int = 500
    spun_documents: int = 20
    evaluated_documents: int = 200
    pairs: Mapping[str, int] = field(default_factory=lambda: {"dev": 360, "test": 120})
    marked_documents: Mapping[str, int] = field(default_factory=lambda: {"dev": 800, "test": 120})
    spun_for_words: int = 2
    experts_share: float = 0.35


#: Of the model for accuracy: six layers of all-mpnet-base-v2, which another encoder is put beside.
ACCURATE_AMOUNTS = Amounts(
    layers=6,
    single_versions=True,
    likelier_people=True,
    tuning={
        "learning_rate": 1e-4,
        "maximum_tokens": 64,
        "exits": {4: 0.5, 6: 1.0},
        "token_dropout": 0.08,
        "frozen_positions": True,
        # A step takes five seconds on two cores.
        "checkpoint_every": 100,
        "validate_every": 400,
    },
)


@dataclass(frozen=True)
class ShippedSettings:
    """What the shipped model is made of, and where it goes.

    Attributes:
        corpora: folder of the training corpora.
        output: the model folder; its replay data goes beside it.
        encoder_base: sentence-transformers folder or hub name that the encoder is tuned from; None
            to take the encoder that lies in the work folder.
        resume_encoder: go on from the checkpoint of a tuning that was interrupted.
        amounts: how much of what.
        lists: where the lists of synonyms lie.
        apertium_pivots: languages of rule-based round trips.
        seed: of all that is drawn.
        mix: what the encoder is tuned on.
        name: of the model, one of `ENCODERS`.
        beside: a model folder whose encoder is joined to the tuned one, if any.
    """

    corpora: Path
    output: Path
    encoder_base: str | None = None
    resume_encoder: bool = False
    amounts: Amounts = field(default_factory=Amounts)
    lists: SynonymLists = field(default_factory=SynonymLists)
    apertium_pivots: tuple[str, ...] = ("spa", "cat")
    seed: int = 20260101
    mix: BroadMix = field(default_factory=BroadMix)
    name: str = "default"
    beside: Path | None = None

    def name_tuned(self) -> tuple[str, str]:
        """What the tuned encoder and its heads are called in the work folder."""
        if self.beside is None:
            return work_files.ENCODER, work_files.HEADS
        return work_files.TUNED_ENCODER, work_files.TUNED_HEADS
