"""Typography that gives the label away."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.results import ORIGINAL
from detector.training.corpora.findings import ValidationReport

_HABITS = {
    "curly quotation marks": r"[“”„‟‘’‚‛«»]",
    "straight quotation marks": r"[\"]",
    "straight apostrophes": r"\w'\w",
    "long dashes": r"[–—―]",
    "hyphens between blanks": r" -{1,2} ",
    "ellipsis characters": r"…",
    "unbroken or odd blanks": r"[\u00a0\u2000-\u200a\u202f\u3000]",
    "invisible characters": r"[\u00ad\u200b-\u200f\u2060\ufeff]",
    "HTML entities": r"&(?:#\d+|#x[0-9a-fA-F]+|[a-z]{2,8});",
    "blanks before punctuation": r" [.,;:!?](?:\s|$)",
    "double blanks": r"[^\s]  +[^\s]",
    "tabs": r"\t",
    "carriage returns": r"\r",
    "line breaks": r"\n",
    "blank lines": r"\n\s*\n",
    "blanks at the end": r"\s\Z",
}

_COMPILED_HABITS = {name: re.compile(pattern) for name, pattern in _HABITS.items()}

_TELLING_AUROC = 0.75

_FEWEST_TO_COMPARE = 20


def measure_typography(texts: Sequence[str]) -> npt.NDArray[np.float64]:
    """How often each habit shows in 1,000 characters of each text, as logarithms: (texts, habits).

    What is counted here is made alike by `detector.text.normalization.normalize` or left out of
    masked sentences, so no feature rests on it.
    """
    counts = [
        [len(pattern.findall(text)) for pattern in _COMPILED_HABITS.values()] for text in texts
    ]
    lengths = np.array([[max(1, len(text))] for text in texts])
    shares = 1000.0 * np.array(counts, dtype=np.float64).reshape(len(texts), -1) / lengths
    return np.asarray(np.log1p(shares))


def check_typography(documents: pd.DataFrame, report: ValidationReport) -> None:
    """Warn where typography alone tells human texts from machines', articles left out."""
    machine = (documents["label"] != ORIGINAL).to_numpy()
    if min(machine.sum(), (~machine).sum()) < _FEWEST_TO_COMPARE:
        return
    columns = measure_typography(documents["text"].tolist())
    auroc = _predict_out_of_fold(columns, machine, documents["article_id"].to_numpy())
    if auroc < _TELLING_AUROC:
        return
    report.add(
        None,
        f"typography alone tells the classes apart (AUROC {auroc:.2f}; "
        f"{_name_habit(columns, machine)})",
        "it is made alike before anything is learnt, so the model does not read it, but the two "
        "sides came through different software: see whether they differ in more (cut, cleaned, "
        "other outlets)",
    )


def _predict_out_of_fold(
    columns: npt.NDArray[np.float64], machine: npt.NDArray[np.bool_], articles: npt.NDArray[Any]
) -> float:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    folds = min(5, len(set(articles)))
    if folds < 2:
        return 0.5
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=500)
    )
    predicted = cross_val_predict(
        model, columns, machine, groups=articles, cv=GroupKFold(folds), method="decision_function"
    )
    return float(roc_auc_score(machine, predicted))


def _name_habit(columns: npt.NDArray[np.float64], machine: npt.NDArray[np.bool_]) -> str:
    """The habit that differs most, with the share of texts on either side that have it."""
    human_share = (columns[~machine] > 0).mean(0)
    machine_share = (columns[machine] > 0).mean(0)
    most = int(np.argmax(np.abs(columns[machine].mean(0) - columns[~machine].mean(0))))
    return (
        f"most of all {list(_HABITS)[most]}: in {human_share[most]:.0%} of people's texts, "
        f"{machine_share[most]:.0%} of machines'"
    )
