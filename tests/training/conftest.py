"""Articles and pairs of them that tests make up, and a tiny model that keeps its evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

if TYPE_CHECKING:
    from conftest import DrawDocuments

_PEOPLE = ("fishermen", "farmers", "teachers", "nurses", "drivers", "bakers", "painters", "clerks")
_PLACES = ("harbour", "market", "school", "station", "chapel", "library", "bridge", "mill")
_DEEDS = ("closed", "repaired", "painted", "sold", "opened", "visited", "cleaned", "measured")
_TIMES = ("on Monday", "before noon", "last spring", "after the storm", "this week", "in the rain")
_ENDS = (
    "and nobody said a word about it",
    "while the council looked on",
    "because the money had come at last",
    "although few people had asked for it",
    "and the old men shook their heads",
    "so that the boats could leave again",
)
#: What the tiny model takes for a machine's words, put in the place of a person's.
_SWAPS = {
    "harbour": "haven",
    "market": "currency",
    "closed": "did commence",
    "opened": "did utilize anew",
    "old": "elderly",
    "money": "currency",
    "rain": "aqueous storm",
    "leave": "commence",
    "looked": "did utilize the look",
    "painted": "did utilize",
}
#: What another spinner puts, whose words the tiny model does not know.
_OTHER_SWAPS = {
    "fishermen": "anglers",
    "farmers": "croppers",
    "repaired": "mended",
    "council": "assembly",
    "school": "academy",
    "bridge": "viaduct",
    "boats": "vessels",
    "storm": "tempest",
    "sold": "vended",
    "nobody": "not anybody",
}


def write_article(number: int, sentences: int = 12) -> str:
    """An invented article; another for each number."""
    rng = np.random.default_rng(number)

    def draw(words: tuple[str, ...]) -> str:
        return str(rng.choice(words))

    lines = [
        f"The {draw(_PEOPLE)} of the {draw(_PLACES)} {draw(_DEEDS)} the {draw(_PLACES)} "
        f"{draw(_TIMES)}, {draw(_ENDS)}."
        for _ in range(sentences)
    ]
    return " ".join(lines)


def spin_article(text: str, swaps: Mapping[str, str] = _SWAPS) -> str:
    """A machine's version of an invented article."""
    for word, other in swaps.items():
        text = text.replace(word, other)
    return text


@pytest.fixture(scope="session")
def make_pairs() -> Callable[..., pd.DataFrame]:
    """Makes so many pairs, from article number `first` on, of a known spinner or of another."""

    def make(count: int, first: int = 0, known: bool = True) -> pd.DataFrame:
        swaps = _SWAPS if known else _OTHER_SWAPS
        originals = [write_article(number) for number in range(first, first + count)]
        return pd.DataFrame(
            {
                "original": originals,
                "text": [spin_article(text, swaps) for text in originals],
                "kind": "spun",
                "system": "a test's spinner",
                "article_id": [f"a{number}" for number in range(first, first + count)],
            }
        )

    return make


@pytest.fixture(scope="session")
def tiny_base_bundle(
    tiny_bundle: Path, draw_documents: DrawDocuments, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A model folder as `tiny_bundle`, with its replay data in ``base-replay`` beside it."""
    from detector.model import parts
    from detector.model.bundle import Bundle
    from detector.model.bundle_writing import NewBundle, write_bundles
    from detector.model.sentence_scorer import SentenceScorer
    from detector.training.fitting.classifier import fit_classifier
    from detector.training.fitting.feature_table import FeatureTable
    from detector.training.retraining.replay_data import draft_replay_data, pack_classifier

    drawn = draw_documents(500, 150, seed=3)
    frame = drawn.frame.assign(pivot="", rate=0.0, split="dev", held_out=False)
    documents = FeatureTable(frame, drawn.matrices, drawn.counts)
    fitted = fit_classifier(documents)
    base = Bundle.open(tiny_bundle)
    scorer = SentenceScorer.from_arrays(base.read_arrays(parts.CLASSIFIER))
    kept = {name: base.path(name) for name in base.manifest.files}
    model = NewBundle(
        tmp_path_factory.mktemp("base") / "base",
        kept | {parts.CLASSIFIER: pack_classifier(fitted.classifier, scorer)},
        name="base",
        seed=3,
        thresholds={str(row["false_positive_rate"]): row for row in fitted.threshold_table},
        licence="Apache-2.0",
        provenance="invented",
    )
    return write_bundles([model, draft_replay_data(model, documents)])[0].folder
