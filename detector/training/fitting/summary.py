"""A fitted classifier in figures."""

from __future__ import annotations

from typing import Any

import numpy as np

from detector.results import ORIGINAL
from detector.training.fitting.classifier import FittedClassifier
from detector.training.fitting.feature_table import FeatureTable


def summarize_fit(fitted: FittedClassifier, documents: FeatureTable) -> dict[str, Any]:
    """Out-of-fold AUROC of each group of machine documents against all human ones."""
    from sklearn.metrics import roc_auc_score

    frame, scores = documents.frame, fitted.out_of_fold
    human = (frame["label"] == ORIGINAL).to_numpy()
    result: dict[str, Any] = {}
    for (group, label), rows in frame[~human].groupby(["group", "label"]):
        chosen = np.concatenate([scores[human], scores[rows.index.to_numpy()]])
        positive = np.concatenate([np.zeros(human.sum()), np.ones(len(rows))])
        result[f"{group}, {label}"] = {
            "documents": len(rows),
            "auroc": round(float(roc_auc_score(positive, chosen)), 4),
        }
    return result
