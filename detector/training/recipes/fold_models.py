"""Scores of articles that the document classifier was fitted on, by models that were not.

A comparison learns from the scores of a pair's two texts, and is measured by them. Those of texts
that the classifier was fitted on lie further apart than others', so one scores them that was
fitted on all articles but those of their fold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from detector.features.document_features import DocumentFeatures
from detector.measured_text import apply_classifier
from detector.model.document_classifier import DocumentClassifier
from detector.model.linear import LinearScorer
from detector.training.fitting.directions import fill_matrix
from detector.training.fitting.feature_table import FOLDS, assign_folds
from detector.training.recipes import work_files


def write_fold_models(
    folder: Path,
    directions: Mapping[int, LinearScorer],
    classifiers: Mapping[int, DocumentClassifier],
) -> None:
    """Keep what saw nothing of a fold's articles, a file for each fold."""
    folder.mkdir()
    for fold, scorer in directions.items():
        arrays = scorer.to_arrays("directions") | classifiers[fold].to_arrays()
        work_files.write_arrays(folder / f"{fold}.safetensors", arrays)


@dataclass(frozen=True)
class FoldModels:
    """Models that were fitted on all articles but a fold's, and which articles there are.

    Attributes:
        models: for each fold directions and classifier of the articles of all others. The
            classifier's columns of directions were made by those of other folds, which saw these.
        folds: the fold of each article (by its id) that the whole classifier was fitted on.
        articles: of which of these a text is that it was fitted on.
    """

    models: Mapping[int, tuple[LinearScorer, DocumentClassifier]]
    folds: Mapping[str, int]
    articles: Mapping[str, str]

    @classmethod
    def read(cls, folder: Path, documents: Path) -> FoldModels:
        """What `write_fold_models` kept.

        Args:
            folder: of the models.
            documents: those that the classifier was fitted on, as Parquet.
        """
        models = {}
        for path in sorted(folder.iterdir()):
            arrays = work_files.read_arrays(path)
            directions = LinearScorer.from_arrays(arrays, "directions")
            models[int(path.stem)] = directions, DocumentClassifier.from_arrays(arrays)
        frame = pd.read_parquet(documents, columns=["article_id", "text"])
        ids = frame["article_id"]
        folds = dict(zip(ids, assign_folds(ids, FOLDS).tolist(), strict=True))
        return cls(models, folds, dict(zip(frame["text"], ids, strict=True)))

    def name_articles(self, pairs: pd.DataFrame) -> pd.DataFrame:
        """The pairs, their texts of the articles that the classifier was fitted on them as.

        A corpus may hold another's article under an id of its own. Copy and original of one article
        stay together, and an excerpt is of the article that the whole pair is of.

        Args:
            pairs: with `copy`, `original`, `article_id`, `original_article_id`, `pair` and
                `is_excerpt`, see `add_excerpts`.
        """
        whole = self._name_whole(pairs[~pairs["is_excerpt"]]).set_index("pair")
        ids = ["article_id", "original_article_id"]
        named = whole.loc[pairs["pair"], ids].set_axis(pairs.index)
        return pairs.assign(**{name: named[name] for name in ids})

    def _name_whole(self, pairs: pd.DataFrame) -> pd.DataFrame:
        originals = pairs["original"].map(self.articles).fillna(pairs["original_article_id"])
        copies = pairs["copy"].map(self.articles).fillna(pairs["article_id"])
        is_own = pairs["article_id"] == pairs["original_article_id"]
        return pairs.assign(
            article_id=originals.where(is_own, copies), original_article_id=originals
        )

    def judge(
        self,
        features: DocumentFeatures,
        article_id: str,
        score: Callable[[DocumentFeatures], float],
    ) -> tuple[DocumentFeatures, float]:
        """The features of a text with the directions of its fold, and its score.

        Args:
            features: of the text, as the whole model measures it.
            article_id: of which article it is.
            score: the whole model's, for articles that it was not fitted on.
        """
        fold = self.folds.get(article_id)
        if fold is None:
            return features, score(features)
        directions, classifier = self.models[fold]
        matrix = fill_matrix(features.matrix, features.embeddings, directions)
        judged = replace(features, matrix=matrix)
        return judged, float(apply_classifier(classifier, judged)[0][0])
