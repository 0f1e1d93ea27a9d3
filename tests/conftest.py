"""A model small enough to be made in every test run, and the texts that it is asked about."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from fake_detector import replace_detector

from detector.features.columns import DIRECTIONS, FEATURE_COLUMNS
from detector.features.ngrams import HASHES, hash_ngrams
from detector.model.classes import SENTENCE_CLASSES
from detector.model.document_classifier import DocumentClassifier
from detector.model.linear import LinearScorer
from detector.model.sentence_scorer import SentenceScorer
from detector.text.masking import mask_sentence
from detector.text.sentences import split_sentences
from detector.text.words import tokenize

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from detector.detector import Detector
    from detector.training.fitting.classifier import FittedClassifier
    from detector.training.fitting.feature_table import FeatureTable

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WIDTH, LAYERS = 16, 2

PERSON = """\
Harbour reopens after a week of storms

The harbour opened again on Monday morning, a week after the worst storm in a decade closed it.
Fishermen had waited for days in the small cafe beside the pier, drinking coffee and complaining
about the forecast. "We've lost a good part of the season," said Anna Lind, who runs two boats with
her brother. The council says it will pay for repairs to the sea wall, but it hasn't said when the
work will start. By noon the first boats were back with their catch, and the market was full.
Some of the older men shook their heads at the prices. Nobody here can remember a spring as cold
as this one, and few expect the summer to be any better.

Leave a Comment
"""
#: What the tiny model's lexical part takes for a machine's words.
MACHINE_WORDS = ("haven", "aqueous", "commence", "utilize", "anew", "elderly", "currency")
MACHINE = """\
The haven did commence anew on Monday, a week after the aqueous tempest. Elderly fishermen did
utilize the small coffee house beside the haven and commence to complain about the currency.
"We have lost an aqueous season," said Anna Lind, who did utilize two boats with her brother.
The council will commence anew to pay currency for the aqueous wall of the haven. At noon the
boats did utilize the haven anew, and elderly men did commence to count their currency there.
Nobody can utilize the memory of a spring as aqueous as this one, the elderly men commence anew.
"""
COMMON_WORDS = frozenset(w.lower() for w in tokenize(PERSON + MACHINE)) - {"anna", "lind", "monday"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of several processes, none is left with a file of slow tests when the others have ended."""
    if hasattr(config, "workerinput"):  # of pytest-xdist
        slow = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def person_article() -> str:
    """An article in people's English: a headline, seven sentences and a line of boilerplate."""
    return PERSON


@pytest.fixture(scope="session")
def machine_article() -> str:
    """An article full of words that the tiny model takes for a machine's."""
    return MACHINE


# --------------------------------------------------------------------------------------
# A two-layer encoder
# --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TinyEncoder:
    """A torch model, the folder its tokenizer comes from, and what was exported of it.

    Attributes:
        base: a transformers folder, as `detector.training.fitting.encoder.tuning.tune` takes it.
        model: the torch model with its heads.
        plain: the exported folder with float32 weights.
        quantized: the exported folder with int8 weights.
        heads: what the export returned.
    """

    base: Path
    model: Any
    plain: Path
    quantized: Path
    heads: dict[str, npt.NDArray[np.float32]]


def _write_tokenizer(folder: Path) -> int:
    """A WordPiece tokenizer that knows the words of the two articles; the rest it spells out."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    characters = sorted({c for c in (PERSON + MACHINE).lower() if not c.isspace()} | {*"zx0'-"})
    words = sorted(COMMON_WORDS - set(characters))
    entries = [*SPECIAL, *characters, *(f"##{c}" for c in characters), *words]
    vocabulary = {entry: i for i, entry in enumerate(entries)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(
        ("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"])
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=128,
    ).save_pretrained(folder)
    return len(vocabulary)


def _write_base(folder: Path) -> Path:
    import torch
    from transformers import BertConfig, BertModel

    size = _write_tokenizer(folder)
    config = BertConfig(
        vocab_size=size,
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=128,
        # Drawn at the usual .02, states hardly depend on the words.
        initializer_range=0.3,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transformers folder: a 2-layer BERT of width 16 and its tokenizer."""
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    return _write_base(tmp_path_factory.mktemp("tiny") / "base")


@pytest.fixture(scope="session")
def tiny_encoder(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> TinyEncoder:
    """A tiny encoder with heads, exported as float32 and as int8."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("sentence_transformers")
    pytest.importorskip("onnx")
    from detector.training.fitting.encoder.export import export_encoder
    from detector.training.fitting.encoder.tuned_encoder import TunedEncoder

    folder = tmp_path_factory.mktemp("exported")
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = TunedEncoder(tiny_base, [1, LAYERS]).eval()
    heads = export_encoder(model, LAYERS, tiny_base, folder / "plain", quantize=False)
    export_encoder(model, LAYERS, tiny_base, folder / "quantized", quantize=True)
    return TinyEncoder(tiny_base, model, folder / "plain", folder / "quantized", heads)


# --------------------------------------------------------------------------------------
# Documents as evidence, drawn at random
# --------------------------------------------------------------------------------------

DrawDocuments = Callable[..., "FeatureTable"]
_SHIFTS = {"original": {}, "translated": {"lexical_translated": 1.2}, "spun": {"lexical_spun": 1.2}}


def _draw_documents(
    originals: int, machines: int, seed: int, outlets: tuple[str, ...] = ("gazette", "courier")
) -> FeatureTable:
    """Documents of 5 to 30 sentences whose lexical columns tell the classes apart."""
    from detector.training.fitting.feature_table import FeatureTable

    rng = np.random.default_rng(seed)
    labels = ["original"] * originals + ["translated"] * machines + ["spun"] * machines
    matrices, counts = [], []
    for label in labels:
        sentences = int(rng.integers(5, 31))
        matrix = rng.normal(0.0, 0.5, (sentences, len(FEATURE_COLUMNS))).astype(np.float32)
        for column, shift in _SHIFTS[label].items():
            matrix[:, FEATURE_COLUMNS.index(column)] += shift
        matrices.append(matrix)
        counts.append(rng.integers(8, 30, sentences).astype(np.int32))
    frame = pd.DataFrame(
        {
            "label": labels,
            "group": [outlets[i % len(outlets)] for i in range(len(labels))],
            "article_id": [f"{seed}/{i}" for i in range(len(labels))],
            "system": ["" if label == "original" else f"{label} by test" for label in labels],
            "by_translator": False,
        }
    )
    return FeatureTable(frame, matrices, counts)


@pytest.fixture(scope="session")
def draw_documents() -> DrawDocuments:
    """Draws documents: (originals, machines of each kind, seed, outlets)."""
    pytest.importorskip("sklearn")
    return _draw_documents


@pytest.fixture(scope="session")
def synthetic_fit(draw_documents: DrawDocuments) -> FittedClassifier:
    """A document classifier fitted on 400 originals and 150 documents of either machine kind."""
    from detector.training.fitting.classifier import fit_classifier

    return fit_classifier(draw_documents(400, 150, seed=3))


@pytest.fixture(scope="session")
def synthetic_classifier(synthetic_fit: FittedClassifier) -> DocumentClassifier:
    """The classifier of `synthetic_fit`."""
    return synthetic_fit.classifier


# --------------------------------------------------------------------------------------
# A whole model folder
# --------------------------------------------------------------------------------------


def _make_lexical() -> LinearScorer:
    """A lexical model that knows nothing but `MACHINE_WORDS`."""
    weights = np.zeros((HASHES, len(SENTENCE_CLASSES)), dtype=np.float32)
    for word in MACHINE_WORDS:
        whole = hash_ngrams(mask_sentence(word, COMMON_WORDS))
        weights[whole, SENTENCE_CLASSES.index("translated")] = 0.4
    return LinearScorer(weights, np.zeros(len(SENTENCE_CLASSES), dtype=np.float32))


def _make_style() -> LinearScorer:
    from detector.features.ngram_language_model import NGRAM_COLUMNS
    from detector.features.style import STYLE_COLUMNS

    shape = (len(STYLE_COLUMNS) + len(NGRAM_COLUMNS), len(SENTENCE_CLASSES))
    weights = np.random.default_rng(7).normal(0.0, 0.01, shape).astype(np.float32)
    return LinearScorer(weights, np.zeros(shape[1], dtype=np.float32))


def _make_directions() -> LinearScorer:
    shape = (WIDTH, len(DIRECTIONS))
    weights = np.random.default_rng(8).normal(0.0, 0.01, shape).astype(np.float32)
    return LinearScorer(weights, np.zeros(shape[1], dtype=np.float32))


def _fit_sentence_scorer(documents: FeatureTable) -> SentenceScorer:
    from detector.training.fitting.sentence_models import fit_sentence_scorer

    return fit_sentence_scorer(documents)


def _write_tiny_bundle(
    folder: Path,
    encoder: Path,
    heads: dict[str, npt.NDArray[np.float32]],
    fitted: FittedClassifier,
    documents: FeatureTable,
) -> Path:
    from bundles import write_bundle

    from detector.features.ngram_language_model import NgramLanguageModel

    human = [tokenize(s.text) for s in split_sentences(PERSON)]
    small = {name: 0.5 * values for name, values in heads.items()}
    parts = {
        "encoder": encoder,
        "features.safetensors": small
        | _make_lexical().to_arrays("lexical")
        | _make_style().to_arrays("style")
        | _make_directions().to_arrays("directions"),
        "common_words.json": sorted(COMMON_WORDS),
        "ngram_language_model.safetensors": NgramLanguageModel.fit(human * 2).to_arrays(),
        "classifier.safetensors": fitted.classifier.to_arrays()
        | _fit_sentence_scorer(documents).to_arrays(),
    }
    return write_bundle(folder, parts, name="tiny", seed=3, licence="Apache-2.0").folder


@pytest.fixture(scope="session")
def tiny_bundle(
    tiny_encoder: TinyEncoder,
    synthetic_fit: FittedClassifier,
    draw_documents: DrawDocuments,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A complete model folder, int8 encoder included, that `Detector.load` takes."""
    return _write_tiny_bundle(
        tmp_path_factory.mktemp("model") / "tiny",
        tiny_encoder.quantized,
        tiny_encoder.heads,
        synthetic_fit,
        draw_documents(100, 50, seed=4),
    )


@pytest.fixture(scope="session")
def tiny_detector(tiny_bundle: Path) -> Detector:
    """The detector of `tiny_bundle`, on one thread."""
    from detector.detector import Detector

    return Detector.load(tiny_bundle, threads=1)


# --------------------------------------------------------------------------------------
# What stands in for a model, and a Spark of this machine
# --------------------------------------------------------------------------------------


@pytest.fixture
def fake_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands load a detector that needs no model."""
    replace_detector(monkeypatch)


#: Little is computed, so compiling queries and planning them anew would take most of the time.
_QUICK_SPARK = {
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}


@pytest.fixture(scope="module")
def spark_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A session of two workers, which starts quickly; skips where there is no Spark or no Java."""
    pytest.importorskip("pyspark", reason="pyspark is not installed: the extra [spark]")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("Spark needs Java, and there is none")
    from pyspark.sql import SparkSession

    folder = tmp_path_factory.mktemp("spark")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        builder = SparkSession.builder.master("local[2]").appName("test")
        for name, value in _QUICK_SPARK.items():
            builder = builder.config(name, value)
        session = builder.config("spark.sql.warehouse.dir", str(folder)).getOrCreate()
        yield session
        session.stop()
